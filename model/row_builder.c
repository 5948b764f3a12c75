/* row_builder.c: rows by column name. */
#include "base/must.h"
#include "model/schema.h"
#include "model/type_internal.h"

mutation *mutations_add(mutations *ms, arena *a)
{
    if (ms->n == ms->cap) {
        unsigned cap = ms->cap ? 2 * ms->cap : 8;
        mutation *p = arena_array(a, mutation, cap);
        for (unsigned i = 0; i < ms->n; i++)
            p[i] = ms->p[i];
        ms->p = p;
        ms->cap = cap;
    }
    mutation *m = &ms->p[ms->n++];
    *m = (mutation){.deletion = DELETION_NONE};
    return m;
}

void row_builder_init(row_builder *b, const table *t, arena *a, mutation *m,
                      const bytes *key_values, int64_t ts)
{
    *b = (row_builder){.table = t, .arena = a, .timestamp = ts, .m = m};
    *m = (mutation){.table = t->id, .deletion = DELETION_NONE};
    m->key = partition_key_join(a, key_values, t->n_partition);
}

/* Arrays of mutations grow at powers of two, so that no capacity need be kept. */
static row *add_row(row_builder *b)
{
    mutation *m = b->m;
    if ((m->n_rows & (m->n_rows - 1)) == 0) {
        row *rows = arena_array(b->arena, row, m->n_rows ? 2 * m->n_rows : 1);
        for (uint32_t i = 0; i < m->n_rows; i++)
            rows[i] = m->rows[i];
        m->rows = rows;
    }
    return &m->rows[m->n_rows++];
}

static void start_row(row_builder *b, row *r)
{
    *r = (row){.live = LIVENESS_NONE, .deletion = DELETION_NONE};
    b->row = r;
    b->cap = 0;
}

void row_builder_row(row_builder *b, const bytes *clustering_values)
{
    const table *t = b->table;
    buf encoded = {0};
    clustering_encode(&t->clustering, clustering_values, t->n_clustering, &encoded);
    start_row(b, add_row(b));
    b->row->clustering = arena_copy(b->arena, buf_view(&encoded));
    buf_done(&encoded);
    b->row->live.timestamp = b->timestamp;
    if (b->ttl_s) {
        b->row->live.ttl_s = b->ttl_s;
        b->row->live.expiry_s = b->now_s + b->ttl_s;
    }
}

static void insert_cell(row_builder *b, cell c)
{
    row *r = b->row;
    if (r->n_cells == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 8;
        cell *cells = arena_array(b->arena, cell, b->cap);
        for (uint32_t i = 0; i < r->n_cells; i++)
            cells[i] = r->cells[i];
        r->cells = cells;
    }
    uint32_t at = r->n_cells;
    for (; at && r->cells[at - 1].column > c.column; at--)
        r->cells[at] = r->cells[at - 1];
    must(at == 0 || r->cells[at - 1].column != c.column);
    r->cells[at] = c;
    r->n_cells++;
}

static const column *settable(const row_builder *b, const char *name)
{
    const column *c = table_column(b->table, bytes_str(name));
    must(c && c->kind == (b->row == b->m->static_row ? COLUMN_STATIC : COLUMN_REGULAR));
    must(!type_is_multicell(c->type));
    return c;
}

void row_builder_set(row_builder *b, const char *name, bytes value)
{
    const column *c = settable(b, name);
    cell x = {
        .column = c->id, .timestamp = b->timestamp, .local_s = NO_DELETION_TIME, .value = value};
    if (!value.p) {
        x.flags = CELL_TOMBSTONE;
        x.local_s = b->now_s;
    } else if (b->ttl_s) {
        x.flags = CELL_EXPIRING;
        x.ttl_s = b->ttl_s;
        x.local_s = b->now_s + b->ttl_s;
    }
    insert_cell(b, x);
}

void row_builder_set_text(row_builder *b, const char *name, const char *text)
{
    row_builder_set(b, name, text ? arena_copy(b->arena, bytes_str(text)) : BYTES_NULL);
}

void row_builder_set_int(row_builder *b, const char *name, int64_t v)
{
    size_t size = type_infos[settable(b, name)->type->kind].size;
    must(size > 0 && size <= 8);
    uint8_t *p = arena_alloc(b->arena, 8);
    put_be64(p, (uint64_t)v);
    row_builder_set(b, name, bytes_of(p + 8 - size, size));
}
