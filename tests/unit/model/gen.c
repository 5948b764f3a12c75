#include "gen.h"

void gen_init(gen *g, uint64_t seed)
{
    *g = (gen){.state = seed * 0x9E3779B97F4A7C15ULL + 1, .times = 3};
    arena_init(&g->arena, 4096);
}

void gen_done(gen *g)
{
    arena_done(&g->arena);
}

unsigned gen_below(gen *g, unsigned n)
{
    g->state ^= g->state << 13;
    g->state ^= g->state >> 7;
    g->state ^= g->state << 17;
    return (unsigned)((g->state >> 20) % n);
}

static bytes pick(gen *g, const char *const *from, unsigned n)
{
    return bytes_str(from[gen_below(g, n)]);
}

static int32_t gen_expiry(gen *g, int64_t timestamp)
{
    return g->expiry_by_time ? (int32_t)(10 + timestamp) : (int32_t)(10 + gen_below(g, 3));
}

static bytes gen_shards(gen *g)
{
    counter_shard shards[3];
    unsigned n = gen_below(g, 4);
    for (unsigned i = 0; i < n; i++) {
        memset(shards[i].node, (int)gen_below(g, 3), 16);
        shards[i].clock = gen_below(g, 3);
        shards[i].count = gen_below(g, 3);
    }
    return counter_build(&g->arena, shards, n);
}

static cell gen_cell(gen *g)
{
    static const char *const values[] = {"", "a", "b", "ba"}, *const paths[] = {"", "x", "y"};
    cell c = {.column = 1 + gen_below(g, 3), .local_s = NO_DELETION_TIME};
    c.timestamp = 1 + gen_below(g, g->times);
    if (c.column == 2)
        c.path = pick(g, paths, 3);
    c.value = pick(g, values, 4);
    unsigned kind = gen_below(g, 4);
    if (kind == 0) {
        c.flags = CELL_TOMBSTONE;
        c.local_s = (int32_t)(5 + gen_below(g, 3));
        c.value = BYTES_NULL;
    } else if (c.column == 3 && g->counters) {
        c.flags = CELL_COUNTER;
        c.value = gen_shards(g);
    } else if (kind == 1) {
        c.flags = CELL_EXPIRING;
        c.ttl_s = (int32_t)(g->expiry_by_time ? 5 : 4 + gen_below(g, 2));
        c.local_s = gen_expiry(g, c.timestamp);
    }
    return c;
}

static deletion gen_deletion(gen *g)
{
    return (deletion){1 + gen_below(g, g->times), (int32_t)(5 + gen_below(g, 3))};
}

row *gen_row(gen *g)
{
    row *r = arena_new(&g->arena, row);
    r->live = LIVENESS_NONE;
    r->deletion = DELETION_NONE;
    if (gen_below(g, 2)) {
        r->live.timestamp = 1 + gen_below(g, g->times);
        if (gen_below(g, 3) == 0) {
            r->live.ttl_s = (int32_t)(g->expiry_by_time ? 5 : 4 + gen_below(g, 2));
            r->live.expiry_s = gen_expiry(g, r->live.timestamp);
        }
    }
    if (!g->no_row_delete && gen_below(g, 4) == 0)
        r->deletion = gen_deletion(g);
    r->n_cells = gen_below(g, 6);
    r->cells = arena_array(&g->arena, cell, r->n_cells);
    for (uint32_t i = 0; i < r->n_cells; i++)
        r->cells[i] = gen_cell(g);
    if (gen_below(g, 3) == 0) {
        r->n_column_deletions = 1 + gen_below(g, 2);
        r->column_deletions = arena_array(&g->arena, column_deletion, r->n_column_deletions);
        for (uint32_t i = 0; i < r->n_column_deletions; i++)
            r->column_deletions[i] = (column_deletion){1 + gen_below(g, 2), gen_deletion(g)};
    }
    row_sort(r, &g->arena);
    return r;
}

bool row_same(const row *a, const row *b)
{
    buf x = {0}, y = {0};
    row_encode(a, &x);
    row_encode(b, &y);
    bool same = bytes_eq(buf_view(&x), buf_view(&y));
    buf_done(&x);
    buf_done(&y);
    return same;
}
