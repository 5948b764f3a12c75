/* Reads of virtual tables: rows from a provider, in ring order, cut to what was asked. */
#include "cql/virtual.h"
#include "base/alloc.h"

/* ---- building ---- */

void virtual_row(virtual_rows *v, const bytes *key, const bytes *clustering)
{
    mutation *m = mutations_add(&v->ms, v->a);
    row_builder_init(&v->b, v->table, v->a, m, key, 0);
    row_builder_row(&v->b, clustering);
}

void virtual_row_text(virtual_rows *v, const char *key, const char *c1, const char *c2)
{
    bytes k = arena_copy(v->a, bytes_str(key));
    bytes c[2] = {c1 ? arena_copy(v->a, bytes_str(c1)) : BYTES_NULL,
                  c2 ? arena_copy(v->a, bytes_str(c2)) : BYTES_NULL};
    virtual_row(v, &k, c);
}

void virtual_text(virtual_rows *v, const char *column, const char *text)
{
    if (text)
        row_builder_set_text(&v->b, column, text);
}

void virtual_int(virtual_rows *v, const char *column, int64_t n)
{
    row_builder_set_int(&v->b, column, n);
}

void virtual_bytes(virtual_rows *v, const char *column, bytes value)
{
    if (value.p)
        row_builder_set(&v->b, column, value);
}

void virtual_double(virtual_rows *v, const char *column, double d)
{
    uint64_t u;
    uint8_t *p = arena_alloc(v->a, 8);
    memcpy(&u, &d, 8);
    put_be64(p, u);
    virtual_bytes(v, column, bytes_of(p, 8));
}

void virtual_uuid(virtual_rows *v, const char *column, uuid u)
{
    virtual_bytes(v, column, arena_copy(v->a, uuid_bytes(&u)));
}

bytes virtual_inet_value(virtual_rows *v, const char *address)
{
    bytes value = BYTES_NULL;
    if (address && type_from_text(v->a, type_native(TYPE_INET), bytes_str(address), &value, NULL))
        value = BYTES_NULL;
    return value;
}

void virtual_inet(virtual_rows *v, const char *column, const char *address)
{
    virtual_bytes(v, column, virtual_inet_value(v, address));
}

static int cmp_bytes(const void *a, const void *b)
{
    return bytes_cmp(*(const bytes *)a, *(const bytes *)b);
}

void virtual_list(virtual_rows *v, const char *column, const char *const *items, unsigned n)
{
    const type *t = table_column(v->table, bytes_str(column))->type;
    bytes *values = arena_array(v->a, bytes, n + 1);
    for (unsigned i = 0; i < n; i++)
        values[i] = arena_copy(v->a, bytes_str(items[i]));
    if (t->kind == TYPE_SET)
        qsort(values, n, sizeof *values, cmp_bytes);
    virtual_bytes(v, column, elements_build(v->a, t, values, n));
}

/* ---- reading ---- */

typedef struct found_row {
    bytes storage_key;
    mutation *m;
} found_row;

static int cmp_found(const void *a, const void *b)
{
    const found_row *x = a, *y = b;
    int c = bytes_cmp(x->storage_key, y->storage_key);
    return c ? c : bytes_cmp(x->m->rows[0].clustering, y->m->rows[0].clustering);
}

static bytes storage_key_of(const read_command *cmd, bytes key, arena *a)
{
    buf b = {0};
    key_encode_partition(cmd->partitioner, key, &b);
    bytes out = arena_copy(a, buf_view(&b));
    buf_done(&b);
    return out;
}

static bool wanted_key(const read_command *cmd, const found_row *f)
{
    if (cmd->key.p)
        return bytes_eq(cmd->key, f->m->key);
    return (!cmd->from.p || bytes_cmp(f->storage_key, cmd->from) >= 0) &&
           (!cmd->to.p || bytes_cmp(f->storage_key, cmd->to) < 0);
}

static bool wanted_clustering(const read_command *cmd, bytes clustering)
{
    for (uint32_t i = 0; i < cmd->n_slices; i++)
        if (bytes_cmp(clustering, cmd->slices[i].start) >= 0 &&
            bytes_cmp(clustering, cmd->slices[i].end) < 0)
            return true;
    return cmd->n_slices == 0;
}

/* Not yet returned by an earlier page. */
static bool after_resume(const read_command *cmd, const found_row *f, bytes resume)
{
    if (!cmd->resume_key.p)
        return true;
    int c = bytes_cmp(f->storage_key, resume);
    if (c)
        return c > 0;
    if (!cmd->resume_clustering.p)
        return false;
    c = bytes_cmp(f->m->rows[0].clustering, cmd->resume_clustering);
    return cmd->reversed ? c < 0 : c > 0;
}

static unsigned pick_rows(virtual_rows *v, const read_command *cmd, found_row **ret)
{
    found_row *all = arena_array(v->a, found_row, v->ms.n + 1);
    bytes resume = cmd->resume_key.p ? storage_key_of(cmd, cmd->resume_key, v->a) : BYTES_NULL;
    unsigned n = 0;
    for (unsigned i = 0; i < v->ms.n; i++) {
        found_row f = {storage_key_of(cmd, v->ms.p[i].key, v->a), &v->ms.p[i]};
        if (wanted_key(cmd, &f) && wanted_clustering(cmd, f.m->rows[0].clustering) &&
            after_resume(cmd, &f, resume))
            all[n++] = f;
    }
    qsort(all, n, sizeof *all, cmp_found);
    *ret = all;
    return n;
}

/* Rows [from, to) make one partition; returns how many were taken. */
static void add_partition(const read_command *cmd, read_result *r, const found_row *rows,
                          unsigned n, arena *a)
{
    partition *p = &r->partitions[r->n_partitions++];
    uint32_t before =
        cmd->resume_key.p && cmd->resume_clustering.p && bytes_eq(cmd->resume_key, rows[0].m->key)
            ? cmd->resume_partition_rows
            : 0;
    *p = (partition){.key = rows[0].m->key, .deletion = DELETION_NONE};
    p->rows = arena_array(a, row *, n);
    for (unsigned i = 0; i < n; i++) {
        if (before + p->n_rows >= cmd->partition_limit)
            return;
        if (r->live_rows == cmd->limit) {
            r->more = true;
            return;
        }
        p->rows[p->n_rows++] = &rows[cmd->reversed ? n - 1 - i : i].m->rows[0];
        r->live_rows++;
    }
}

int virtual_read(exec *x, const table *t, const read_command *cmd, arena *a, read_result **ret)
{
    virtual_fn *fn = virtual_find(t);
    virtual_rows v = {.x = x, .table = t, .a = a, .schema = x->s->schema};
    found_row *rows;
    v.ring = coordinator_ring(x->q->c, x->e);
    if (fn)
        fn(&v);
    unsigned n = pick_rows(&v, cmd, &rows);
    read_result *r = arena_new(a, read_result);
    r->partitions = arena_array(a, partition, n + 1);
    for (unsigned i = 0, k; i < n && !r->more; i = k) {
        for (k = i + 1; k < n && bytes_eq(rows[k].m->key, rows[i].m->key);)
            k++;
        if (r->live_rows == cmd->limit)
            r->more = r->partition_finished = true;
        else
            add_partition(cmd, r, rows + i, k - i, a);
    }
    ring_unref(v.ring);
    *ret = r;
    return 0;
}
