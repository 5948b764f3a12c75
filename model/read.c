/* read.c: read commands and results to bytes and back, digests.
 *
 * Formats: docs/formats.md, "read command" and "read result". Nullable bytes are a vint length + 1
 * and the bytes; 0 is null.
 */
#include "model/read.h"

#include "base/hash.h"
#include "model/codec.h"

#define READ_VERSION 1

static void put_nullable(buf *out, bytes b)
{
    buf_vint(out, b.p ? b.n + 1 : 0);
    buf_bytes(out, b);
}

static bytes take_nullable(reader *r)
{
    uint64_t n = rd_vint(r);
    return n ? rd_take(r, n - 1) : BYTES_NULL;
}

static uint32_t take_u32(reader *r)
{
    uint64_t v = rd_vint(r);
    r->bad |= v > UINT32_MAX;
    return (uint32_t)v;
}

/* ---- commands ---- */
enum { COMMAND_REVERSED = 1, COMMAND_STATIC_ONLY = 2, COMMAND_WITH_STATIC = 4, COMMAND_FLAGS = 7 };

void read_command_encode(const read_command *c, buf *out)
{
    buf_u8(out, READ_VERSION);
    buf_bytes(out, uuid_bytes(&c->table));
    buf_u8(out, (uint8_t)c->partitioner);
    buf_u8(out, (c->reversed ? COMMAND_REVERSED : 0) | (c->static_only ? COMMAND_STATIC_ONLY : 0) |
                    (c->with_static ? COMMAND_WITH_STATIC : 0));
    put_nullable(out, c->key);
    put_nullable(out, c->from);
    put_nullable(out, c->to);
    buf_vint(out, c->n_slices);
    for (uint32_t i = 0; i < c->n_slices; i++) {
        buf_vbytes(out, c->slices[i].start);
        buf_vbytes(out, c->slices[i].end);
    }
    buf_vint(out, c->limit);
    buf_vint(out, c->partition_limit);
    buf_vint(out, c->max_bytes);
    buf_svint(out, c->now_s);
    put_nullable(out, c->resume_key);
    put_nullable(out, c->resume_clustering);
    buf_vint(out, c->resume_partition_rows);
}

static void take_slices(reader *r, arena *a, read_command *c)
{
    uint64_t n = take_count(r, 2);
    clustering_slice *slices = arena_array(a, clustering_slice, n);
    for (uint64_t i = 0; i < n && !r->bad; i++) {
        slices[i].start = rd_vbytes(r);
        slices[i].end = rd_vbytes(r);
        /* sorted and disjoint, as storage relies on */
        r->bad |= bytes_cmp(slices[i].start, slices[i].end) > 0;
        r->bad |= i && bytes_cmp(slices[i - 1].end, slices[i].start) > 0;
    }
    c->n_slices = (uint32_t)n;
    c->slices = slices;
}

int read_command_decode(bytes encoded, arena *a, read_command *ret, err_info *e)
{
    reader r = reader_of(encoded);
    read_command c = {0};
    r.bad = rd_u8(&r) != READ_VERSION;
    bytes id = rd_take(&r, 16);
    if (id.p)
        memcpy(c.table.b, id.p, 16);
    c.partitioner = (partitioner)rd_u8(&r);
    uint8_t flags = rd_u8(&r);
    c.reversed = flags & COMMAND_REVERSED;
    c.static_only = flags & COMMAND_STATIC_ONLY;
    c.with_static = flags & COMMAND_WITH_STATIC;
    c.key = take_nullable(&r);
    c.from = take_nullable(&r);
    c.to = take_nullable(&r);
    take_slices(&r, a, &c);
    c.limit = take_u32(&r);
    c.partition_limit = take_u32(&r);
    c.max_bytes = rd_vint(&r);
    c.now_s = rd_svint(&r);
    c.resume_key = take_nullable(&r);
    c.resume_clustering = take_nullable(&r);
    c.resume_partition_rows = take_u32(&r);
    r.bad |= (flags & ~COMMAND_FLAGS) || (unsigned)c.partitioner > PARTITIONER_BYTE_ORDERED ||
             c.key.n > PARTITION_KEY_MAX || c.resume_key.n > PARTITION_KEY_MAX;
    if (r.bad || rd_left(&r))
        return err_set(e, ERR_CORRUPT, "malformed read command of %zu bytes", encoded.n);
    *ret = c;
    return 0;
}

/* ---- results ---- */
enum { RESULT_MORE = 1, RESULT_FINISHED = 2, RESULT_FLAGS = 3 };
enum { PARTITION_DELETED = 1, PARTITION_HAS_STATIC = 2, PARTITION_FLAGS = 3 };

static void put_partition(buf *out, const partition *p)
{
    bool deleted = !deletion_is_none(p->deletion);
    buf_vbytes(out, p->key);
    buf_u8(out, (deleted ? PARTITION_DELETED : 0) | (p->static_row ? PARTITION_HAS_STATIC : 0));
    if (deleted)
        deletion_encode(p->deletion, out);
    if (p->static_row)
        put_row(out, p->static_row);
    buf_vint(out, p->n_rows);
    for (uint32_t i = 0; i < p->n_rows; i++) {
        buf_vbytes(out, p->rows[i]->clustering);
        put_row(out, p->rows[i]);
    }
    put_ranges(out, p->ranges, p->n_ranges);
}

void read_result_encode(const read_result *r, buf *out)
{
    buf_u8(out, READ_VERSION);
    buf_u8(out, (r->more ? RESULT_MORE : 0) | (r->partition_finished ? RESULT_FINISHED : 0));
    buf_vint(out, r->live_rows);
    buf_vint(out, r->tombstones);
    buf_vint(out, r->n_partitions);
    for (uint32_t i = 0; i < r->n_partitions; i++)
        put_partition(out, &r->partitions[i]);
}

static int take_partition(reader *r, arena *a, partition *p, err_info *e)
{
    int err = 0;
    p->key = rd_vbytes(r);
    uint8_t flags = rd_u8(r);
    p->deletion = DELETION_NONE;
    r->bad |= p->key.n > PARTITION_KEY_MAX || (flags & ~PARTITION_FLAGS);
    if (flags & PARTITION_DELETED)
        p->deletion = take_full_deletion(r);
    if (flags & PARTITION_HAS_STATIC) {
        p->static_row = arena_new(a, row);
        err = take_row(r, a, p->static_row, e);
    }
    uint64_t n = take_count(r, 6);
    p->rows = arena_array(a, row *, n);
    row *rows = arena_array(a, row, n);
    for (uint64_t i = 0; i < n && err == 0; i++) {
        bytes clustering = rd_vbytes(r);
        err = take_row(r, a, &rows[i], e);
        rows[i].clustering = clustering;
        p->rows[i] = &rows[i];
    }
    p->n_rows = (uint32_t)n;
    p->ranges = take_ranges(r, a, &p->n_ranges);
    return err;
}

int read_result_decode(bytes encoded, arena *a, read_result *ret, err_info *e)
{
    reader r = reader_of(encoded);
    read_result x = {0};
    r.bad = rd_u8(&r) != READ_VERSION;
    uint8_t flags = rd_u8(&r);
    x.more = flags & RESULT_MORE;
    x.partition_finished = flags & RESULT_FINISHED;
    x.live_rows = take_u32(&r);
    x.tombstones = take_u32(&r);
    r.bad |= (flags & ~RESULT_FLAGS) != 0;
    uint64_t n = take_count(&r, 4);
    x.partitions = arena_array(a, partition, n);
    int err = 0;
    for (uint64_t i = 0; i < n && err == 0 && !r.bad; i++)
        err = take_partition(&r, a, &x.partitions[i], e);
    x.n_partitions = (uint32_t)n;
    if (err < 0)
        return err;
    if (r.bad || rd_left(&r))
        return err_set(e, ERR_CORRUPT, "malformed read result of %zu bytes", encoded.n);
    *ret = x;
    return 0;
}

/* ---- digest ---- */
static void digest_cell(buf *out, const cell *c)
{
    buf_be32(out, c->column);
    buf_u8(out, c->flags);
    buf_be64(out, (uint64_t)c->timestamp);
    put_nullable(out, c->path);
    if (c->flags & CELL_TOMBSTONE)
        return;
    buf_be32(out, (uint32_t)c->ttl_s);
    buf_be32(out, (uint32_t)c->local_s);
    buf_vbytes(out, c->value);
}

static void digest_row(buf *out, const row *r)
{
    buf_vbytes(out, r->clustering);
    buf_be64(out, (uint64_t)r->live.timestamp);
    buf_be32(out, (uint32_t)r->live.ttl_s);
    buf_be32(out, (uint32_t)r->live.expiry_s);
    buf_be64(out, (uint64_t)r->deletion.timestamp);
    buf_vint(out, r->n_column_deletions);
    for (uint32_t i = 0; i < r->n_column_deletions; i++) {
        buf_be32(out, r->column_deletions[i].column);
        buf_be64(out, (uint64_t)r->column_deletions[i].deletion.timestamp);
    }
    buf_vint(out, r->n_cells);
    for (uint32_t i = 0; i < r->n_cells; i++)
        digest_cell(out, &r->cells[i]);
}

static void digest_ranges(buf *out, const partition *p, arena *a)
{
    range_tombstone *timeless = arena_array(a, range_tombstone, p->n_ranges);
    for (uint32_t i = 0; i < p->n_ranges; i++) {
        timeless[i] = p->ranges[i];
        timeless[i].deletion.local_s = 0;
    }
    uint32_t n;
    range_tombstone *ranges = ranges_normalize(timeless, p->n_ranges, p->deletion, a, &n);
    for (uint32_t i = 0; i < n; i++) {
        buf_u8(out, 't');
        buf_vbytes(out, ranges[i].start);
        buf_vbytes(out, ranges[i].end);
        buf_be64(out, (uint64_t)ranges[i].deletion.timestamp);
    }
}

static void digest_partition(buf *out, const partition *p, arena *a)
{
    size_t before = out->n;
    buf_u8(out, 'p');
    buf_vbytes(out, p->key);
    buf_be64(out, (uint64_t)p->deletion.timestamp);
    size_t head = out->n;
    if (p->static_row && !row_is_empty(p->static_row)) {
        buf_u8(out, 's');
        digest_row(out, p->static_row);
    }
    for (uint32_t i = 0; i < p->n_rows; i++) {
        if (row_is_empty(p->rows[i]))
            continue;
        buf_u8(out, 'r');
        digest_row(out, p->rows[i]);
    }
    digest_ranges(out, p, a);
    if (out->n == head && deletion_is_none(p->deletion))
        out->n = before;
}

void read_result_digest(const read_result *r, uint8_t ret[16])
{
    buf content = {0};
    arena scratch;
    arena_init(&scratch, 1024);
    for (uint32_t i = 0; i < r->n_partitions; i++)
        digest_partition(&content, &r->partitions[i], &scratch);
    hash_md5(buf_view(&content), ret);
    buf_done(&content);
    arena_done(&scratch);
}
