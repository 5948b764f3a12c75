/* entry.c: see entry.h. */
#include "storage/entry.h"

uint8_t entry_part(partitioner p, bytes key, bytes *ret_partition, bytes *ret_rest)
{
    size_t n = key_partition_length(p, key);
    if (n == 0 || n >= key.n)
        return 0;
    *ret_partition = bytes_of(key.p, n);
    *ret_rest = bytes_of(key.p + n + 1, key.n - n - 1);
    return key.p[n];
}

static int bad_entry(err_info *e, const char *what)
{
    return err_set(e, ERR_CORRUPT, "stored %s is malformed", what);
}

static int merge_deletions(bytes a, bytes b, buf *out, err_info *e)
{
    deletion da, db;
    if (deletion_decode(a, &da) < 0 || deletion_decode(b, &db) < 0)
        return bad_entry(e, "partition deletion");
    deletion_encode(deletion_max(da, db), out);
    return 0;
}

static int range_value(bytes value, uint64_t *ret_start_size, deletion *ret)
{
    reader r = reader_of(value);
    *ret_start_size = rd_vint(&r);
    if (r.bad || deletion_decode(bytes_of(r.p, rd_left(&r)), ret) < 0)
        return ERR_CORRUPT;
    return 0;
}

static int merge_ranges(bytes a, bytes b, buf *out, err_info *e)
{
    deletion da, db;
    uint64_t na, nb;
    /* Equal keys with another split of the bounds cannot be: a bound ends itself. */
    if (range_value(a, &na, &da) < 0 || range_value(b, &nb, &db) < 0 || na != nb)
        return bad_entry(e, "range tombstone");
    buf_vint(out, na);
    deletion_encode(deletion_max(da, db), out);
    return 0;
}

int entry_merge(uint8_t part, bytes a, bytes b, arena *room, buf *out, err_info *e)
{
    out->n = 0;
    switch (part) {
    case PART_DELETION:
        return merge_deletions(a, b, out, e);
    case PART_RANGE:
        return merge_ranges(a, b, out, e);
    case PART_STATIC:
    case PART_ROW:
        return row_merge_encoded(a, b, room, out, e);
    default:
        return bad_entry(e, "key");
    }
}

int entry_decode_range(bytes rest, bytes value, range_tombstone *ret)
{
    uint64_t n;
    if (range_value(value, &n, &ret->deletion) < 0 || n > rest.n)
        return ERR_CORRUPT;
    ret->start = bytes_of(rest.p, n);
    ret->end = bytes_of(rest.p + n, rest.n - n);
    return 0;
}

/* Writes partition prefix, part and rest; the value follows. */
static void entry_begin(entry_list *l, uint8_t part, bytes rest, bytes rest2)
{
    entry e = {.key_at = l->bytes.n, .part = part};
    buf_reserve(&l->bytes, l->partition_size);
    buf_put(&l->bytes, l->bytes.p, l->partition_size);
    buf_u8(&l->bytes, part);
    buf_bytes(&l->bytes, rest);
    buf_bytes(&l->bytes, rest2);
    e.key_size = (uint32_t)(l->bytes.n - e.key_at);
    e.value_at = l->bytes.n;
    vec_push(&l->entries, e);
}

static void entry_end(entry_list *l)
{
    entry *e = &l->entries.p[l->entries.n - 1];
    e->value_size = (uint32_t)(l->bytes.n - e->value_at);
}

void entry_list_fill(entry_list *l, partitioner p, const mutation *m)
{
    l->bytes.n = l->entries.n = 0;
    key_encode_partition(p, m->key, &l->bytes);
    l->partition_size = l->bytes.n;
    if (!deletion_is_none(m->deletion)) {
        entry_begin(l, PART_DELETION, BYTES_EMPTY, BYTES_EMPTY);
        deletion_encode(m->deletion, &l->bytes);
        entry_end(l);
    }
    for (uint32_t i = 0; i < m->n_ranges; i++) {
        const range_tombstone *t = &m->ranges[i];
        entry_begin(l, PART_RANGE, t->start, t->end);
        buf_vint(&l->bytes, t->start.n);
        deletion_encode(t->deletion, &l->bytes);
        entry_end(l);
    }
    if (m->static_row) {
        entry_begin(l, PART_STATIC, BYTES_EMPTY, BYTES_EMPTY);
        row_encode(m->static_row, &l->bytes);
        entry_end(l);
    }
    for (uint32_t i = 0; i < m->n_rows; i++) {
        entry_begin(l, PART_ROW, m->rows[i].clustering, BYTES_EMPTY);
        row_encode(&m->rows[i], &l->bytes);
        entry_end(l);
    }
}

void entry_list_done(entry_list *l)
{
    buf_done(&l->bytes);
    vec_done(&l->entries);
}
