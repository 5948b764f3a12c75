/* row_codec.c: rows to bytes and back (docs/formats.md, "row").
 *
 *   flags | base | deletion | column deletions | cells       each part as the flags say
 *   base              i64 timestamp; ROW_EXPIRING: vint ttl, i32 expiry
 *   deletion          svint timestamp - base, i32 local deletion time
 *   column deletions  vint n, then (u32 column, deletion) ascending
 *   cells             vint n, then cells ascending by column and path:
 *     head | u32 column unless the same | svint timestamp - base | vint ttl, i32 expiry
 *     | tombstone: i32 local deletion time | path: vint length, bytes | value: vint length, bytes
 *
 * The base is the row's marker, or else what stands first: a row written by one statement has one
 * timestamp and one ttl, said once. Encoding is a function of the row: equal rows, equal bytes.
 * Decoding refuses everything that encoding would not have made in order, so that a row read from
 * anywhere may be merged without further checks.
 */
#include "base/must.h"
#include "model/row_format.h"

/* ---- deletions ---- */
void deletion_encode(deletion d, buf *out)
{
    buf_be64(out, (uint64_t)d.timestamp);
    buf_be32(out, (uint32_t)d.local_s);
}

int deletion_decode(bytes encoded, deletion *ret)
{
    if (encoded.n != 12)
        return ERR_CORRUPT;
    ret->timestamp = (int64_t)get_be64(encoded.p);
    ret->local_s = (int32_t)get_be32(encoded.p + 8);
    return 0;
}

/* Differences wrap, so every pair of timestamps has one. */
static void put_delta(buf *out, int64_t timestamp, int64_t base)
{
    buf_svint(out, (int64_t)((uint64_t)timestamp - (uint64_t)base));
}

static int64_t take_delta(reader *r, int64_t base)
{
    return (int64_t)((uint64_t)base + (uint64_t)rd_svint(r));
}

static void put_deletion(buf *out, deletion d, int64_t base)
{
    put_delta(out, d.timestamp, base);
    buf_be32(out, (uint32_t)d.local_s);
}

static deletion take_deletion(reader *r, int64_t base)
{
    deletion d = {.timestamp = take_delta(r, base)};
    d.local_s = (int32_t)rd_be32(r);
    r->bad |= d.timestamp == NO_TIMESTAMP;
    return d;
}

/* ---- encoding ---- */
static liveness row_base(const row *r)
{
    if (r->live.timestamp != NO_TIMESTAMP)
        return r->live;
    liveness l = {NO_TIMESTAMP, NO_TTL, NO_DELETION_TIME};
    if (!deletion_is_none(r->deletion))
        l.timestamp = r->deletion.timestamp;
    else if (r->n_column_deletions)
        l.timestamp = r->column_deletions[0].deletion.timestamp;
    else if (r->n_cells)
        l.timestamp = r->cells[0].timestamp;
    if (r->n_cells && (r->cells[0].flags & CELL_EXPIRING)) {
        l.ttl_s = r->cells[0].ttl_s;
        l.expiry_s = r->cells[0].local_s;
    }
    return l;
}

static uint8_t head_of(const cell *c, const cell *before, const liveness *base)
{
    uint8_t h = c->flags & HEAD_FLAGS;
    if (c->path.p)
        h |= HEAD_PATH;
    if (c->timestamp != base->timestamp)
        h |= HEAD_TIMESTAMP;
    if ((h & CELL_EXPIRING) && (c->ttl_s != base->ttl_s || c->local_s != base->expiry_s))
        h |= HEAD_EXPIRY;
    if (before && before->column == c->column)
        h |= HEAD_SAME_COLUMN;
    if (!(h & CELL_TOMBSTONE) && c->value.n == 0)
        h |= HEAD_EMPTY;
    return h;
}

static void put_cell(buf *out, const cell *c, uint8_t h, const liveness *base)
{
    buf_u8(out, h);
    if (!(h & HEAD_SAME_COLUMN))
        buf_be32(out, c->column);
    if (h & HEAD_TIMESTAMP)
        put_delta(out, c->timestamp, base->timestamp);
    if (h & HEAD_EXPIRY) {
        buf_vint(out, (uint32_t)c->ttl_s);
        buf_be32(out, (uint32_t)c->local_s);
    }
    if (h & CELL_TOMBSTONE)
        buf_be32(out, (uint32_t)c->local_s);
    if (h & HEAD_PATH)
        buf_vbytes(out, c->path);
    if (!(h & (CELL_TOMBSTONE | HEAD_EMPTY)))
        buf_vbytes(out, c->value);
}

static void put_column_deletions(buf *out, const row *r, int64_t base)
{
    buf_vint(out, r->n_column_deletions);
    for (uint32_t i = 0; i < r->n_column_deletions; i++) {
        const column_deletion *d = &r->column_deletions[i];
        must(i == 0 || d[-1].column < d->column);
        buf_be32(out, d->column);
        put_deletion(out, d->deletion, base);
    }
}

/* Returns whether all are as ROW_UNIFORM says. */
static bool put_cells(buf *out, const row *r, const liveness *base)
{
    int plain = base->ttl_s != NO_TTL ? CELL_EXPIRING : 0;
    bool uniform = true;
    buf_vint(out, r->n_cells);
    for (uint32_t i = 0; i < r->n_cells; i++) {
        const cell *c = &r->cells[i], *before = i ? c - 1 : NULL;
        must(!before || cell_order(before, c) < 0);
        uint8_t h = head_of(c, before, base);
        uniform &= (h & ~HEAD_EMPTY) == plain;
        put_cell(out, c, h, base);
    }
    return uniform;
}

void row_encode(const row *r, buf *out)
{
    if (row_is_empty(r)) {
        buf_u8(out, 0);
        return;
    }
    liveness base = row_base(r);
    bool expiring = base.ttl_s != NO_TTL, uniform = true;
    uint8_t flags = ROW_BASE;
    flags |= r->live.timestamp != NO_TIMESTAMP ? ROW_MARKER : 0;
    flags |= expiring ? ROW_EXPIRING : 0;
    flags |= deletion_is_none(r->deletion) ? 0 : ROW_DELETION;
    flags |= r->n_column_deletions ? ROW_COLUMN_DELETIONS : 0;
    flags |= r->n_cells ? ROW_CELLS : 0;
    size_t at = out->n;
    buf_u8(out, flags);
    buf_be64(out, (uint64_t)base.timestamp);
    if (expiring) {
        buf_vint(out, (uint32_t)base.ttl_s);
        buf_be32(out, (uint32_t)base.expiry_s);
    }
    if (flags & ROW_DELETION)
        put_deletion(out, r->deletion, base.timestamp);
    if (flags & ROW_COLUMN_DELETIONS)
        put_column_deletions(out, r, base.timestamp);
    if (flags & ROW_CELLS)
        uniform = put_cells(out, r, &base);
    if (uniform && !(flags & (ROW_DELETION | ROW_COLUMN_DELETIONS)))
        out->p[at] |= ROW_UNIFORM;
}

/* ---- decoding ---- */
static int32_t take_ttl(reader *r)
{
    uint64_t ttl = row_vint(r);
    r->bad |= ttl == 0 || ttl > INT32_MAX;
    return (int32_t)ttl;
}

void row_head_decode(reader *r, row_head *ret)
{
    ret->flags = rd_u8(r);
    ret->base = LIVENESS_NONE;
    r->bad |= (ret->flags & 0x80) || (!(ret->flags & ROW_BASE) && ret->flags);
    if (r->bad || !ret->flags)
        return;
    ret->base.timestamp = (int64_t)rd_be64(r);
    r->bad |= (ret->flags & ROW_MARKER) && ret->base.timestamp == NO_TIMESTAMP;
    r->bad |= (ret->flags & ROW_UNIFORM) && (ret->flags & (ROW_DELETION | ROW_COLUMN_DELETIONS));
    if (ret->flags & ROW_EXPIRING) {
        ret->base.ttl_s = take_ttl(r);
        ret->base.expiry_s = (int32_t)rd_be32(r);
    }
}

static bool head_is_valid(uint8_t h, const cell *before)
{
    uint8_t kind = h & HEAD_FLAGS;
    return (kind & (kind - 1)) == 0 && /* at most one of tombstone, expiring, counter */
           (!(h & HEAD_EXPIRY) || kind == CELL_EXPIRING) &&
           (!(h & HEAD_EMPTY) || kind != CELL_TOMBSTONE) && (!(h & HEAD_SAME_COLUMN) || before);
}

static void take_cell(reader *r, const row_head *row, const cell *before, cell *c)
{
    uint8_t h = rd_u8(r);
    bool uniform = row->flags & ROW_UNIFORM;
    if (!head_is_valid(h, before) || (uniform && (h & ~HEAD_EMPTY) != row_uniform_head(row))) {
        r->bad = true;
        return;
    }
    c->flags = h & HEAD_FLAGS;
    c->column = h & HEAD_SAME_COLUMN ? before->column : rd_be32(r);
    c->timestamp = h & HEAD_TIMESTAMP ? take_delta(r, row->base.timestamp) : row->base.timestamp;
    c->ttl_s = NO_TTL;
    c->local_s = NO_DELETION_TIME;
    if (h & HEAD_EXPIRY) {
        c->ttl_s = take_ttl(r);
        c->local_s = (int32_t)rd_be32(r);
    } else if (h & CELL_EXPIRING) {
        r->bad |= !(row->flags & ROW_EXPIRING);
        c->ttl_s = row->base.ttl_s;
        c->local_s = row->base.expiry_s;
    } else if (h & CELL_TOMBSTONE) {
        c->local_s = (int32_t)rd_be32(r);
    }
    c->path = h & HEAD_PATH ? rd_take(r, row_vint(r)) : BYTES_NULL;
    c->value = BYTES_EMPTY;
    if (h & CELL_TOMBSTONE)
        c->value = BYTES_NULL;
    else if (!(h & HEAD_EMPTY))
        c->value = rd_take(r, row_vint(r));
    r->bad |= (h & CELL_COUNTER) && !r->bad && !counter_is_valid(c->value);
}

static void take_cells(reader *r, const row_head *h, arena *a, row *ret)
{
    uint64_t n = row_vint(r);
    if (r->bad || n > rd_left(r)) { /* a cell takes more than a byte */
        r->bad = true;
        return;
    }
    ret->cells = arena_alloc(a, sizeof(cell) * n);
    ret->n_cells = (uint32_t)n;
    const cell *before = NULL;
    for (uint32_t i = 0; i < n && !r->bad; i++) {
        cell *c = &ret->cells[i];
        take_cell(r, h, before, c);
        if (before && !r->bad && before->column >= c->column)
            r->bad = cell_order(before, c) >= 0;
        before = c;
    }
}

static void take_column_deletions(reader *r, int64_t base, arena *a, row *ret)
{
    uint64_t n = row_vint(r);
    if (r->bad || n > rd_left(r) / 9) {
        r->bad = true;
        return;
    }
    ret->column_deletions = arena_alloc(a, sizeof(column_deletion) * n);
    ret->n_column_deletions = (uint32_t)n;
    for (uint32_t i = 0; i < n && !r->bad; i++) {
        column_deletion *d = &ret->column_deletions[i];
        d->column = rd_be32(r);
        d->deletion = take_deletion(r, base);
        r->bad |= i && d[-1].column >= d->column;
    }
}

int row_decode(bytes encoded, arena *a, row *ret, err_info *e)
{
    reader r = reader_of(encoded);
    row_head h;
    row_head_decode(&r, &h);
    *ret = (row){.live = LIVENESS_NONE, .deletion = DELETION_NONE};
    if (h.flags & ROW_MARKER)
        ret->live = h.base;
    if (h.flags & ROW_DELETION)
        ret->deletion = take_deletion(&r, h.base.timestamp);
    if (h.flags & ROW_COLUMN_DELETIONS)
        take_column_deletions(&r, h.base.timestamp, a, ret);
    if (h.flags & ROW_CELLS)
        take_cells(&r, &h, a, ret);
    if (r.bad || rd_left(&r))
        return err_set(e, ERR_CORRUPT, "malformed row of %zu bytes", encoded.n);
    return 0;
}
