#include "model/repair.h"

static const partition *find_partition(const read_result *r, bytes key)
{
    for (uint32_t i = 0; i < r->n_partitions; i++)
        if (bytes_eq(r->partitions[i].key, key))
            return &r->partitions[i];
    return NULL;
}

static bool row_equal(const row *a, const row *b)
{
    buf x = {0}, y = {0};
    row_encode(a, &x);
    row_encode(b, &y);
    bool same = bytes_eq(buf_view(&x), buf_view(&y));
    buf_done(&x);
    buf_done(&y);
    return same;
}

/* Rows of both come in the asked order: theirs is searched onwards from the last one found. */
static const row *find_row(const partition *p, bytes clustering, uint32_t *at)
{
    for (uint32_t i = *at; p && i < p->n_rows; i++)
        if (bytes_eq(p->rows[i]->clustering, clustering)) {
            *at = i + 1;
            return p->rows[i];
        }
    return NULL;
}

static void diff_rows(const partition *merged, const partition *theirs, arena *a, mutation *m)
{
    uint32_t at = 0;
    m->rows = arena_array(a, row, merged->n_rows);
    for (uint32_t i = 0; i < merged->n_rows; i++) {
        const row *other = find_row(theirs, merged->rows[i]->clustering, &at);
        if (!row_is_empty(merged->rows[i]) && (!other || !row_equal(merged->rows[i], other)))
            m->rows[m->n_rows++] = *merged->rows[i];
    }
}

static bool ranges_equal(const partition *a, const partition *b)
{
    if (!b || a->n_ranges != b->n_ranges)
        return false;
    for (uint32_t i = 0; i < a->n_ranges; i++) {
        const range_tombstone *x = &a->ranges[i], *y = &b->ranges[i];
        if (!bytes_eq(x->start, y->start) || !bytes_eq(x->end, y->end) ||
            x->deletion.timestamp != y->deletion.timestamp)
            return false;
    }
    return true;
}

static bool diff_partition(const read_command *c, const partition *merged, const partition *theirs,
                           arena *a, mutation *m)
{
    *m = (mutation){.table = c->table, .key = merged->key, .deletion = DELETION_NONE};
    if (!theirs || merged->deletion.timestamp > theirs->deletion.timestamp)
        m->deletion = merged->deletion;
    if (merged->static_row && !row_is_empty(merged->static_row) &&
        (!theirs || !theirs->static_row || !row_equal(merged->static_row, theirs->static_row)))
        m->static_row = merged->static_row;
    if (merged->n_ranges && !ranges_equal(merged, theirs)) {
        m->ranges = merged->ranges;
        m->n_ranges = merged->n_ranges;
    }
    diff_rows(merged, theirs, a, m);
    return m->n_rows || m->n_ranges || m->static_row || !deletion_is_none(m->deletion);
}

void read_result_diff(const read_command *c, const read_result *merged, const read_result *theirs,
                      arena *a, mutations *ret)
{
    for (uint32_t i = 0; i < merged->n_partitions; i++) {
        const partition *p = &merged->partitions[i];
        mutation m;
        if (diff_partition(c, p, find_partition(theirs, p->key), a, &m))
            *mutations_add(ret, a) = m;
    }
}
