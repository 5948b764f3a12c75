/* column_write.c: Thrift's columns and deletions as one mutation.
 *
 * A clustering row written by Thrift has no marker: it lives as long as its value cell. Deleting
 * its column deletes the row, so that a marker which CQL wrote goes, too.
 */
#include "server/thrift/columns.h"

void column_writer_init(column_writer *w, const column_view *v, bytes key, int32_t now_s,
                        mutation *m, buf *scratch, arena *a)
{
    *m = (mutation){.table = v->table->id, .key = key, .deletion = DELETION_NONE};
    *w = (column_writer){.view = v, .mutation = m, .arena = a, .scratch = scratch, .now_s = now_s};
}

/* Room for one more element of an array in the arena. */
static void *grow(arena *a, void *p, uint32_t n, uint32_t *cap, size_t size)
{
    if (n < *cap)
        return p;
    *cap = *cap ? *cap * 2 : 1;
    void *more = arena_alloc(a, *cap * size);
    if (n)
        memcpy(more, p, n * size);
    return more;
}

static row *add_row(column_writer *w, bytes clustering)
{
    mutation *m = w->mutation;
    m->rows = grow(w->arena, m->rows, m->n_rows, &w->row_cap, sizeof *m->rows);
    row *r = &m->rows[m->n_rows++];
    *r = (row){.clustering = clustering, .live = LIVENESS_NONE, .deletion = DELETION_NONE};
    return r;
}

static void add_static_cell(column_writer *w, const cell *c)
{
    mutation *m = w->mutation;
    if (!m->static_row) {
        m->static_row = arena_new(w->arena, row);
        m->static_row->live = LIVENESS_NONE;
        m->static_row->deletion = DELETION_NONE;
    }
    row *r = m->static_row;
    r->cells = grow(w->arena, r->cells, r->n_cells, &w->static_cap, sizeof *r->cells);
    r->cells[r->n_cells++] = *c;
}

static cell tombstone(const column_writer *w, column_id id, int64_t timestamp)
{
    return (cell){.column = id,
                  .flags = CELL_TOMBSTONE,
                  .local_s = w->now_s,
                  .timestamp = timestamp,
                  .path = BYTES_NULL,
                  .value = BYTES_NULL};
}

static cell cell_of(const column_writer *w, column_id id, const thrift_column *c)
{
    int32_t ttl = c->has_ttl ? c->ttl : w->view->table->options.default_time_to_live_s;
    cell out = {.column = id,
                .local_s = NO_DELETION_TIME,
                .timestamp = c->timestamp,
                .path = BYTES_NULL,
                .value = c->value};
    if (ttl > 0) {
        int64_t expiry = (int64_t)w->now_s + ttl;
        out.flags = CELL_EXPIRING;
        out.ttl_s = ttl;
        out.local_s = expiry < NO_DELETION_TIME ? (int32_t)expiry : NO_DELETION_TIME - 1;
    }
    return out;
}

void column_write(column_writer *w, bytes super, const thrift_column *c)
{
    const column *declared = column_declared(w->view, c->name);
    if (declared) {
        cell one = cell_of(w, declared->id, c);
        add_static_cell(w, &one);
        return;
    }
    row *r = add_row(w, column_encode(w->view, super, c->name, w->scratch, w->arena));
    r->cells = arena_alloc(w->arena, sizeof *r->cells);
    r->cells[0] = cell_of(w, w->view->value->id, c);
    r->n_cells = 1;
}

void column_remove_all(column_writer *w, int64_t timestamp)
{
    w->mutation->deletion = deletion_max(w->mutation->deletion, (deletion){timestamp, w->now_s});
}

static void remove_interval(column_writer *w, clustering_slice s, int64_t timestamp)
{
    mutation *m = w->mutation;
    if (bytes_cmp(s.start, s.end) >= 0)
        return;
    m->ranges = grow(w->arena, m->ranges, m->n_ranges, &w->range_cap, sizeof *m->ranges);
    m->ranges[m->n_ranges++] = (range_tombstone){s.start, s.end, (deletion){timestamp, w->now_s}};
}

void column_remove(column_writer *w, bytes super, bytes name, int64_t timestamp)
{
    const column *declared = column_declared(w->view, name);
    if (declared) {
        cell dead = tombstone(w, declared->id, timestamp);
        add_static_cell(w, &dead);
        return;
    }
    clustering_slice s = column_interval(w->view, super, name, w->scratch, w->arena);
    if (w->view->shape == SHAPE_SUPER && !super.p)
        remove_interval(w, s, timestamp);
    else
        add_row(w, s.start)->deletion = (deletion){timestamp, w->now_s};
}

void column_remove_slice(column_writer *w, bytes super, bytes start, bytes finish,
                         int64_t timestamp)
{
    const column_view *v = w->view;
    clustering_slice s = {column_bound(v, super, start, false, w->scratch, w->arena),
                          column_bound(v, super, finish, true, w->scratch, w->arena)};
    remove_interval(w, s, timestamp);
    for (unsigned i = 0; v->shape == SHAPE_STATIC && i < v->table->n_columns; i++) {
        const column *c = &v->table->columns[i];
        if (c->kind != COLUMN_STATIC)
            continue;
        bytes at = column_encode(v, BYTES_NULL, c->name_bytes, w->scratch, w->arena);
        if (bytes_cmp(s.start, at) <= 0 && bytes_cmp(at, s.end) < 0) {
            cell dead = tombstone(w, c->id, timestamp);
            add_static_cell(w, &dead);
        }
    }
}

void column_writer_end(column_writer *w)
{
    if (w->mutation->static_row && w->mutation->static_row->n_cells > 1)
        row_sort(w->mutation->static_row, w->arena);
}
