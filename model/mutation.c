/* mutation.c: mutations to bytes and back (docs/formats.md, "mutation").
 *
 *   u8 version | table id (16) | key | flags | deletion (12) | static row | rows | ranges
 *   key, clustering, bounds   vint length, bytes
 *   row                       u32 length, bytes (row_codec.c): the length is known only afterwards
 *   rows, ranges              vint n; a row after its clustering; start, end, deletion (12)
 */
#include "model/mutation.h"

#include "model/codec.h"
#include "model/key.h"

#define MUTATION_VERSION 1
enum { MUTATION_DELETION = 1, MUTATION_STATIC = 2 };

/* ---- pieces shared with read results ---- */
void put_row(buf *out, const row *r)
{
    size_t at = out->n;
    buf_be32(out, 0);
    row_encode(r, out);
    put_be32(out->p + at, (uint32_t)(out->n - at - 4));
}

int take_row(reader *r, arena *a, row *ret, err_info *e)
{
    bytes encoded = rd_take(r, rd_be32(r));
    if (r->bad)
        return err_set(e, ERR_CORRUPT, "a row runs past the end");
    return row_decode(encoded, a, ret, e);
}

void put_ranges(buf *out, const range_tombstone *ranges, uint32_t n)
{
    buf_vint(out, n);
    for (uint32_t i = 0; i < n; i++) {
        buf_vbytes(out, ranges[i].start);
        buf_vbytes(out, ranges[i].end);
        deletion_encode(ranges[i].deletion, out);
    }
}

deletion take_full_deletion(reader *r)
{
    deletion d = DELETION_NONE;
    bytes b = rd_take(r, 12);
    if (!r->bad)
        deletion_decode(b, &d);
    return d;
}

range_tombstone *take_ranges(reader *r, arena *a, uint32_t *ret_n)
{
    uint64_t n = take_count(r, 14);
    range_tombstone *ranges = arena_array(a, range_tombstone, n);
    for (uint64_t i = 0; i < n; i++) {
        ranges[i].start = rd_vbytes(r);
        ranges[i].end = rd_vbytes(r);
        ranges[i].deletion = take_full_deletion(r);
    }
    *ret_n = r->bad ? 0 : (uint32_t)n;
    return ranges;
}

uint64_t take_count(reader *r, size_t least)
{
    uint64_t n = rd_vint(r);
    if (n > rd_left(r) / least)
        r->bad = true;
    return r->bad ? 0 : n;
}

/* ---- mutations ---- */
void mutation_encode(const mutation *m, buf *out)
{
    uint8_t flags = deletion_is_none(m->deletion) ? 0 : MUTATION_DELETION;
    flags |= m->static_row ? MUTATION_STATIC : 0;
    buf_u8(out, MUTATION_VERSION);
    buf_bytes(out, uuid_bytes(&m->table));
    buf_vbytes(out, m->key);
    buf_u8(out, flags);
    if (flags & MUTATION_DELETION)
        deletion_encode(m->deletion, out);
    if (flags & MUTATION_STATIC)
        put_row(out, m->static_row);
    buf_vint(out, m->n_rows);
    for (uint32_t i = 0; i < m->n_rows; i++) {
        buf_vbytes(out, m->rows[i].clustering);
        put_row(out, &m->rows[i]);
    }
    put_ranges(out, m->ranges, m->n_ranges);
}

static int take_rows(reader *r, arena *a, mutation *m, err_info *e)
{
    uint64_t n = take_count(r, 6);
    m->rows = arena_alloc(a, sizeof(row) * n);
    for (uint64_t i = 0; i < n; i++) {
        bytes clustering = rd_vbytes(r);
        int err = take_row(r, a, &m->rows[i], e);
        if (err < 0)
            return err;
        m->rows[i].clustering = clustering;
    }
    m->n_rows = (uint32_t)n;
    return 0;
}

static int take_head(reader *r, mutation *m, uint8_t *ret_flags)
{
    bytes id = rd_take(r, 16);
    if (!r->bad)
        memcpy(m->table.b, id.p, 16);
    m->key = rd_vbytes(r);
    *ret_flags = rd_u8(r);
    m->deletion = DELETION_NONE;
    if (*ret_flags & MUTATION_DELETION)
        m->deletion = take_full_deletion(r);
    bool odd = *ret_flags & ~(MUTATION_DELETION | MUTATION_STATIC);
    return r->bad || odd || m->key.n > PARTITION_KEY_MAX ? ERR_CORRUPT : 0;
}

int mutation_decode(bytes encoded, arena *a, mutation *ret, err_info *e)
{
    reader r = reader_of(encoded);
    uint8_t version = rd_u8(&r), flags;
    *ret = (mutation){0};
    if (version != MUTATION_VERSION)
        return err_set(e, ERR_CORRUPT, "mutation of unknown version %u", version);
    if (take_head(&r, ret, &flags) < 0)
        return err_set(e, ERR_CORRUPT, "malformed head of a mutation");
    int err = 0;
    if (flags & MUTATION_STATIC) {
        ret->static_row = arena_new(a, row);
        err = take_row(&r, a, ret->static_row, e);
    }
    if (err == 0)
        err = take_rows(&r, a, ret, e);
    if (err < 0)
        return err;
    ret->ranges = take_ranges(&r, a, &ret->n_ranges);
    if (r.bad || rd_left(&r))
        return err_set(e, ERR_CORRUPT, "malformed mutation of %zu bytes", encoded.n);
    return 0;
}

static size_t row_size(const row *r)
{
    size_t n = 32 + r->clustering.n + 24 * (size_t)r->n_column_deletions;
    for (uint32_t i = 0; i < r->n_cells; i++)
        n += 8 + r->cells[i].path.n + r->cells[i].value.n;
    return n;
}

size_t mutation_size(const mutation *m)
{
    size_t n = 48 + m->key.n + (m->static_row ? row_size(m->static_row) : 0);
    for (uint32_t i = 0; i < m->n_rows; i++)
        n += row_size(&m->rows[i]);
    for (uint32_t i = 0; i < m->n_ranges; i++)
        n += 16 + m->ranges[i].start.n + m->ranges[i].end.n;
    return n;
}
