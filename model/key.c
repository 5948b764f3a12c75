#include "model/key.h"

#include "base/must.h"
#include "model/type_internal.h"

void key_encode_partition(partitioner p, bytes partition_key, buf *out)
{
    uint8_t room[TOKEN_FIXED_MAX];
    if (token_prefix_size(p))
        buf_bytes(out, token_of(p, partition_key, room));
    key_put_escaped(partition_key, out);
}

/* Length of an escaped string with its end mark, 0 when there is none. */
static size_t escaped_length(bytes b)
{
    const uint8_t *at = b.p, *end = b.p + b.n, *zero;
    while (at < end && (zero = memchr(at, 0, (size_t)(end - at))) && zero + 1 < end) {
        if (zero[1] == 1)
            return (size_t)(zero + 2 - b.p);
        if (zero[1] != 0xff)
            return 0;
        at = zero + 2;
    }
    return 0;
}

size_t key_partition_length(partitioner p, bytes storage_key)
{
    size_t prefix = token_prefix_size(p);
    if (storage_key.n < prefix)
        return 0;
    size_t n = escaped_length(bytes_of(storage_key.p + prefix, storage_key.n - prefix));
    return n ? prefix + n : 0;
}

bytes key_decode_partition(partitioner p, bytes storage_key, arena *a)
{
    reader r = reader_of(storage_key);
    rd_take(&r, token_prefix_size(p));
    return key_get_escaped(&r, 0, a);
}

/* The next greater prefix of a fixed size; false: there is none. */
static bool increment(uint8_t *p, size_t n)
{
    while (n--)
        if (++p[n])
            return true;
    return false;
}

void key_encode_token_bound(partitioner p, bytes token, bool after, buf *out)
{
    if (token.n == 0 && !after)
        return;
    if (!token_prefix_size(p)) {
        key_put_escaped(token, out);
        out->p[out->n - 1] = after ? 2 : 1;
        return;
    }
    size_t start = out->n;
    if (token.n == 0)
        return; /* the minimum: nothing has it */
    must(token.n == token_prefix_size(p));
    buf_bytes(out, token);
    if (after && !increment(out->p + start, token.n)) {
        size_t n = token.n + PARTITION_KEY_MAX + 1;
        out->n = start;
        memset(buf_reserve(out, n), 0xff, n);
        out->n += n;
    }
}

static void put_components(const clustering_type *ct, const bytes *values, unsigned n, buf *out)
{
    must(n <= ct->n);
    for (unsigned i = 0; i < n; i++) {
        if (bytes_is_null(values[i])) {
            buf_u8(out, CK_NULL);
            continue;
        }
        buf_u8(out, CK_COMPONENT);
        type_key_encode(ct->types[i], values[i], ct->desc[i], out);
    }
}

void clustering_encode(const clustering_type *ct, const bytes *values, unsigned n, buf *out)
{
    put_components(ct, values, n, out);
    buf_u8(out, CK_END);
}

void clustering_encode_bound(const clustering_type *ct, const bytes *values, unsigned n,
                             uint8_t end, buf *out)
{
    must(end == CK_BEFORE || end == CK_AFTER);
    put_components(ct, values, n, out);
    buf_u8(out, end);
}

int clustering_decode(const clustering_type *ct, bytes encoded, arena *a, bytes *ret_values)
{
    reader r = reader_of(encoded);
    unsigned n = 0;
    for (unsigned i = 0; i < ct->n; i++)
        ret_values[i] = BYTES_NULL;
    uint8_t mark = rd_u8(&r);
    for (; !r.bad && (mark == CK_COMPONENT || mark == CK_NULL); mark = rd_u8(&r)) {
        if (n == ct->n)
            return -1;
        if (mark == CK_COMPONENT)
            ret_values[n] = type_key_decode(ct->types[n], &r, ct->desc[n], a);
        n++;
    }
    bool ended = mark == CK_END || mark == CK_BEFORE || mark == CK_AFTER;
    return r.bad || !ended || rd_left(&r) ? -1 : (int)n;
}

bytes partition_key_join(arena *a, const bytes *parts, unsigned n)
{
    if (n == 1)
        return parts[0];
    size_t size = 0;
    for (unsigned i = 0; i < n; i++)
        size += parts[i].n + 3;
    uint8_t *start = arena_alloc(a, size), *p = start;
    for (unsigned i = 0; i < n; i++) {
        put_be16(p, (uint16_t)parts[i].n);
        p += 2;
        if (parts[i].n)
            memcpy(p, parts[i].p, parts[i].n);
        p += parts[i].n;
        *p++ = 0;
    }
    return bytes_of(start, size);
}

int partition_key_split(bytes key, unsigned n, bytes *ret_parts)
{
    if (n == 1) {
        ret_parts[0] = key;
        return 0;
    }
    reader r = reader_of(key);
    for (unsigned i = 0; i < n; i++) {
        ret_parts[i] = rd_take(&r, rd_be16(&r));
        if (rd_u8(&r) != 0)
            return ERR_INVALID;
    }
    return r.bad || rd_left(&r) ? ERR_INVALID : 0;
}
