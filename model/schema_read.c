/* schema_read.c: rows of system_schema as values, and their digest. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/must.h"
#include "model/schema_internal.h"
#include "model/type_internal.h"

/* Schema rows never expire; any time tells live from deleted. */
#define NOW 0

bytes row_get(const schema_row *r, const char *name)
{
    const column *c = table_column(r->table, bytes_str(name));
    must(c);
    const cell *x = row_find(r->row, c->id);
    return x && cell_is_live(x, NOW) ? x->value : BYTES_NULL;
}

const char *row_get_text(const schema_row *r, const char *name, const char *otherwise)
{
    bytes v = row_get(r, name);
    return v.p ? arena_str(r->arena, v) : otherwise;
}

/* A value of a fixed size, right-aligned in 8 bytes. */
static bool get_fixed(schema_row *r, const char *name, uint64_t *ret)
{
    bytes v = row_get(r, name);
    const column *c = table_column(r->table, bytes_str(name));
    size_t size = type_infos[c->type->kind].size;
    if (!v.p)
        return false;
    if (v.n != size || size > 8) {
        r->bad = name;
        return false;
    }
    *ret = v.p[0] & 0x80 && size > 1 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        *ret = *ret << 8 | v.p[i];
    return true;
}

int64_t row_get_int(schema_row *r, const char *name, int64_t otherwise)
{
    uint64_t v;
    return get_fixed(r, name, &v) ? (int64_t)v : otherwise;
}

double row_get_double(schema_row *r, const char *name, double otherwise)
{
    uint64_t v;
    if (!get_fixed(r, name, &v))
        return otherwise;
    memcpy(&otherwise, &v, 8);
    return otherwise;
}

bytes *row_get_items(schema_row *r, const char *name, unsigned *ret_n)
{
    bytes v = row_get(r, name), *items = NULL, item;
    const type *t = table_column(r->table, bytes_str(name))->type;
    elements it;
    unsigned n = 0, cap = 0;
    *ret_n = 0;
    if (!v.p)
        return NULL;
    if (elements_open(t, v, &it, NULL) < 0) {
        r->bad = name;
        return NULL;
    }
    while (elements_next(&it, &item)) {
        if (n == cap) {
            cap = cap ? 2 * cap : 8;
            bytes *more = arena_array(r->arena, bytes, cap);
            for (unsigned i = 0; i < n; i++)
                more[i] = items[i];
            items = more;
        }
        items[n++] = item;
    }
    if (it.bad)
        r->bad = name;
    *ret_n = n;
    return items;
}

options row_get_options(schema_row *r, const char *name, options otherwise)
{
    if (!row_get(r, name).p)
        return otherwise;
    unsigned n;
    bytes *items = row_get_items(r, name, &n);
    option *p = arena_array(r->arena, option, n / 2);
    for (unsigned i = 0; i + 1 < n; i += 2)
        p[i / 2] = (option){arena_str(r->arena, items[i]), arena_str(r->arena, items[i + 1])};
    return options_sorted(r->arena, p, n / 2);
}

/* ---- walking ---- */
static int by_key(const void *a, const void *b)
{
    return bytes_cmp((*(const partition *const *)a)->key, (*(const partition *const *)b)->key);
}

static int each_of_partition(schema_row *r, const partition *p, each_row each, void *arg,
                             err_info *e)
{
    r->keyspace = arena_str(r->arena, p->key);
    for (uint32_t i = 0; i < p->n_rows; i++) {
        r->row = p->rows[i];
        r->bad = NULL;
        if (!row_is_live(r->row, NOW))
            continue;
        must(r->table->n_clustering <= ARRAY_LEN(r->clustering));
        int n =
            clustering_decode(&r->table->clustering, r->row->clustering, r->arena, r->clustering);
        if (n != (int)r->table->n_clustering)
            return err_set(e, ERR_CORRUPT, "system_schema.%s, keyspace %s: malformed clustering",
                           r->table->name, r->keyspace);
        int err = each(arg, r, e);
        if (err < 0)
            return err;
    }
    return 0;
}

static int each_of_result(const table *t, const read_result *result, arena *a, each_row each,
                          void *arg, err_info *e)
{
    schema_row r = {.table = t, .arena = a};
    uint32_t n = result->n_partitions;
    const partition **sorted = arena_array(a, const partition *, n);
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = &result->partitions[i];
    qsort(sorted, n, sizeof *sorted, by_key);
    int err = 0;
    for (uint32_t i = 0; i < n && err == 0; i++)
        err = each_of_partition(&r, sorted[i], each, arg, e);
    return err;
}

int schema_rows_each(const schema_rows *rows, const char *name, arena *a, each_row each, void *arg,
                     err_info *e)
{
    int err = 0;
    for (unsigned i = 0; rows && i < rows->n_tables && err == 0; i++)
        if (!strcmp(rows->tables[i].table->name, name))
            err = each_of_result(rows->tables[i].table, rows->tables[i].result, a, each, arg, e);
    return err;
}

/* ---- version ---- */
typedef struct digest {
    buf content;
    bool (*count)(void *arg, schema_row *r);
    void *arg;
} digest;

/* Values only: the same definitions give the same version, whenever they were made. */
static int digest_row(void *arg, schema_row *r, err_info *e)
{
    (void)e;
    digest *d = arg;
    if (!d->count(d->arg, r))
        return 0;
    buf_vbytes(&d->content, bytes_str(r->table->name));
    buf_vbytes(&d->content, bytes_str(r->keyspace));
    buf_vbytes(&d->content, r->row->clustering);
    for (uint32_t i = 0; i < r->row->n_cells; i++) {
        const cell *c = &r->row->cells[i];
        if (!cell_is_live(c, NOW))
            continue;
        buf_be32(&d->content, c->column);
        buf_vbytes(&d->content, c->value);
    }
    buf_be32(&d->content, 0);
    return 0;
}

uuid schema_version(const schema_rows *rows, bool (*count)(void *arg, schema_row *r), void *arg)
{
    digest d = {.count = count, .arg = arg};
    arena scratch;
    arena_init(&scratch, 1 << 14);
    for (unsigned i = 0; i < SCHEMA_TABLES; i++)
        schema_rows_each(rows, schema_table_names[i], &scratch, digest_row, &d, NULL);
    uint8_t md5[16];
    hash_md5(buf_view(&d.content), md5);
    buf_done(&d.content);
    arena_done(&scratch);
    return uuid_name(bytes_of(md5, 16));
}
