/* counter.c: a counter's value as global shards.
 *
 * Format: per shard 32 bytes: node id (16), clock (i64), count (i64), big-endian, sorted by node.
 * A node only ever raises its own clock, so the highest clock of each node is the newest count it
 * knows: merging keeps that one (the greater count on equal clocks, which only a restored backup
 * can bring about, so that merging stays a function).
 */
#include "base/must.h"
#include "model/row_format.h"

#define SHARD 32

static int64_t shard_clock(const uint8_t *s)
{
    return (int64_t)get_be64(s + 16);
}

static int64_t shard_count(const uint8_t *s)
{
    return (int64_t)get_be64(s + 24);
}

static const uint8_t *newer_shard(const uint8_t *a, const uint8_t *b)
{
    if (shard_clock(a) != shard_clock(b))
        return shard_clock(a) > shard_clock(b) ? a : b;
    return shard_count(a) >= shard_count(b) ? a : b;
}

bytes counter_merge(bytes a, bytes b, arena *room)
{
    must(a.n % SHARD == 0 && b.n % SHARD == 0);
    uint8_t *out = arena_alloc(room, a.n + b.n + 1), *at = out;
    const uint8_t *p = a.p, *q = b.p, *pe = p + a.n, *qe = q + b.n;
    while (p < pe || q < qe) {
        int c = p == pe ? 1 : q == qe ? -1 : memcmp(p, q, 16);
        memcpy(at, c < 0 ? p : c > 0 ? q : newer_shard(p, q), SHARD);
        p += c <= 0 ? SHARD : 0;
        q += c >= 0 ? SHARD : 0;
        at += SHARD;
    }
    return bytes_of(out, (size_t)(at - out));
}

bytes counter_build(arena *a, const counter_shard *shards, size_t n)
{
    bytes all = BYTES_EMPTY;
    for (size_t i = 0; i < n; i++) {
        uint8_t *s = arena_alloc(a, SHARD);
        memcpy(s, shards[i].node, 16);
        put_be64(s + 16, (uint64_t)shards[i].clock);
        put_be64(s + 24, (uint64_t)shards[i].count);
        all = counter_merge(all, bytes_of(s, SHARD), a);
    }
    return all;
}

int64_t counter_total(bytes shards)
{
    uint64_t sum = 0;
    for (size_t i = 0; i + SHARD <= shards.n; i += SHARD)
        sum += (uint64_t)shard_count(shards.p + i);
    return (int64_t)sum;
}

bool counter_find(bytes shards, const uint8_t node[16], counter_shard *ret)
{
    for (size_t i = 0; i + SHARD <= shards.n; i += SHARD) {
        const uint8_t *s = shards.p + i;
        if (memcmp(s, node, 16) != 0)
            continue;
        memcpy(ret->node, s, 16);
        ret->clock = shard_clock(s);
        ret->count = shard_count(s);
        return true;
    }
    return false;
}

bool counter_is_valid(bytes shards)
{
    if (shards.n % SHARD != 0)
        return false;
    for (size_t i = SHARD; i < shards.n; i += SHARD)
        if (memcmp(shards.p + i - SHARD, shards.p + i, 16) >= 0)
            return false;
    return true;
}
