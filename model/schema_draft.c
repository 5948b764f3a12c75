/* schema_draft.c: table definitions in the making: completing, checking, laying out. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"
#include "model/schema_internal.h"
#include "model/type_internal.h"

/* ---- hidden columns ---- */
static bool has_name(const table_draft *d, const char *name)
{
    for (unsigned i = 0; i < d->n_columns; i++)
        if (bytes_eq_str(d->columns[i].name, name))
            return true;
    return false;
}

static unsigned count_kind(const table_draft *d, column_kind kind)
{
    unsigned n = 0;
    for (unsigned i = 0; i < d->n_columns; i++)
        n += d->columns[i].kind == kind;
    return n;
}

/* `first`, or stem2, stem3, ... when that is taken. */
static const char *free_name(const table_draft *d, arena *a, const char *first, const char *stem)
{
    const char *name = first;
    for (int i = 2; has_name(d, name); i++)
        name = arena_printf(a, "%s%d", stem, i);
    return name;
}

static void add_column(table_draft *d, arena *a, column_draft c)
{
    column_draft *all = arena_array(a, column_draft, d->n_columns + 1);
    for (unsigned i = 0; i < d->n_columns; i++)
        all[i] = d->columns[i];
    all[d->n_columns++] = c;
    d->columns = all;
}

void table_draft_complete(table_draft *d, arena *a)
{
    bool dense = d->flags & (TABLE_DENSE | TABLE_SUPER);
    bool compact = dense || !(d->flags & TABLE_COMPOUND);
    column_draft value = {.type = type_native(TYPE_EMPTY), .kind = COLUMN_REGULAR, .position = -1};
    if (compact && !dense && !count_kind(d, COLUMN_CLUSTERING)) {
        column_draft *columns = arena_array(a, column_draft, d->n_columns);
        for (unsigned i = 0; i < d->n_columns; i++) {
            columns[i] = d->columns[i];
            if (columns[i].kind == COLUMN_REGULAR)
                columns[i].kind = COLUMN_STATIC;
        }
        d->columns = columns;
        column_draft name = {.type = type_native(TYPE_TEXT), .kind = COLUMN_CLUSTERING};
        name.name = bytes_str(free_name(d, a, "column1", "column"));
        add_column(d, a, name);
        bool counter = d->flags & TABLE_COUNTER;
        value.type = type_native(counter ? TYPE_COUNTER : TYPE_BLOB);
    }
    if (compact && !count_kind(d, COLUMN_REGULAR)) {
        value.name = bytes_str(free_name(d, a, "value", "value"));
        add_column(d, a, value);
    }
}

/* ---- checks ---- */
static int check_positions(const table_draft *d, column_kind kind, err_info *e)
{
    unsigned n = count_kind(d, kind);
    for (unsigned at = 0; at < n; at++) {
        unsigned found = 0;
        for (unsigned i = 0; i < d->n_columns; i++)
            found += d->columns[i].kind == kind && d->columns[i].position == (int)at;
        if (found != 1)
            return err_set(e, ERR_INVALID, "Table %s.%s: %s key has %u columns at position %u",
                           d->keyspace, d->name,
                           kind == COLUMN_PARTITION ? "partition" : "clustering", found, at);
    }
    return 0;
}

typedef struct numbered {
    column_id id;
    bytes name;
    bool dropped;
} numbered;

static int by_id(const void *a, const void *b)
{
    const numbered *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int check_pair(const table_draft *d, const numbered *x, const numbered *y, err_info *e)
{
    if (x->id != y->id || (bytes_eq(x->name, y->name) && x->dropped != y->dropped))
        return 0;
    if (bytes_eq(x->name, y->name))
        return err_set(e, ERR_INVALID, "Multiple definition of identifier %.*s in table %s.%s",
                       (int)x->name.n, (const char *)x->name.p, d->keyspace, d->name);
    return err_set(e, ERR_INVALID,
                   "Columns %.*s and %.*s of table %s.%s have the same internal number: please "
                   "choose another name for one of them",
                   (int)x->name.n, (const char *)x->name.p, (int)y->name.n, (const char *)y->name.p,
                   d->keyspace, d->name);
}

static int check_ids(const table_draft *d, err_info *e)
{
    unsigned n = d->n_columns + d->n_dropped;
    numbered *all = xmalloc(n * sizeof *all + 1);
    for (unsigned i = 0; i < d->n_columns; i++)
        all[i] = (numbered){column_id_of(d->columns[i].name), d->columns[i].name, false};
    for (unsigned i = 0; i < d->n_dropped; i++) {
        bytes name = bytes_str(d->dropped[i].name);
        all[d->n_columns + i] = (numbered){column_id_of(name), name, true};
    }
    qsort(all, n, sizeof *all, by_id);
    int err = 0;
    for (unsigned i = 0; i < n && err == 0; i++)
        for (unsigned j = i + 1; j < n && all[j].id == all[i].id && err == 0; j++)
            err = check_pair(d, &all[i], &all[j], e);
    free(all);
    return err;
}

int schema_check_table(const table_draft *d, err_info *e)
{
    if (!count_kind(d, COLUMN_PARTITION))
        return err_set(e, ERR_INVALID,
                       "No PRIMARY KEY specified for table '%s.%s' (exactly one "
                       "required)",
                       d->keyspace, d->name);
    int err = check_positions(d, COLUMN_PARTITION, e);
    if (err == 0)
        err = check_positions(d, COLUMN_CLUSTERING, e);
    return err < 0 ? err : check_ids(d, e);
}

/* ---- layout ---- */
static int by_layout(const void *a, const void *b)
{
    const column *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return bytes_cmp(x->name_bytes, y->name_bytes);
}

const char *column_text(arena *a, bytes name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] < ' ') { /* no text: shown as a blob is */
            char *hex = arena_alloc(a, 2 * name.n + 3), *at = hex + sprintf(hex, "0x");
            for (size_t k = 0; k < name.n; k++)
                at += sprintf(at, "%02x", name.p[k]);
            return hex;
        }
    return arena_str(a, name);
}

static void lay_out_columns(arena *a, const table_draft *d, table *t)
{
    column *columns = arena_array(a, column, d->n_columns);
    for (unsigned i = 0; i < d->n_columns; i++) {
        const column_draft *c = &d->columns[i];
        bool key = c->kind == COLUMN_PARTITION || c->kind == COLUMN_CLUSTERING;
        columns[i] =
            (column){c->name, column_text(a, c->name), c->type, c->kind, key ? c->position : -1,
                     c->desc, column_id_of(c->name),   0};
    }
    qsort(columns, d->n_columns, sizeof *columns, by_layout);
    unsigned *const count[] = {&t->n_partition, &t->n_clustering, &t->n_static, &t->n_regular};
    for (unsigned i = 0; i < d->n_columns; i++) {
        columns[i].ordinal = (int)i;
        ++*count[columns[i].kind];
    }
    t->n_columns = d->n_columns;
    t->columns = t->partition_columns = columns;
    t->clustering_columns = columns + t->n_partition;
}

static void index_columns(arena *a, table *t)
{
    const column **order = arena_array(a, const column *, t->n_columns);
    unsigned n = 0;
    for (unsigned i = 0; i < t->n_columns; i++) {
        const column *c = &t->columns[i];
        if (column_is_hidden(t, c))
            continue;
        order[n++] = c;
        map_put(&t->by_name, c->name_bytes, (void *)c);
        if (!bytes_eq_str(c->name_bytes, c->name))
            map_put(&t->by_name, bytes_str(c->name), (void *)c);
    }
    t->select_order = order;
    t->n_select = n;
}

static void lay_out_keys(arena *a, table *t)
{
    const type **clustering = arena_array(a, const type *, t->n_clustering);
    bool *desc = arena_array(a, bool, t->n_clustering);
    for (unsigned i = 0; i < t->n_clustering; i++) {
        clustering[i] = t->clustering_columns[i].type;
        desc[i] = t->clustering_columns[i].desc;
    }
    t->clustering = (clustering_type){t->n_clustering, clustering, desc};
    t->key_type = t->partition_columns[0].type;
    if (t->n_partition == 1)
        return;
    const type **parts = arena_array(a, const type *, t->n_partition);
    for (unsigned i = 0; i < t->n_partition; i++)
        parts[i] = t->partition_columns[i].type;
    type *composite = arena_new(a, type);
    *composite = (type){.kind = TYPE_COMPOSITE, .n_args = (uint16_t)t->n_partition, .args = parts};
    t->key_type = composite;
}

table *table_of_draft(arena *a, const table_draft *d)
{
    table *t = arena_new(a, table);
    t->id = d->id;
    t->keyspace = d->keyspace;
    t->name = d->name;
    t->flags = d->flags;
    t->options = d->options;
    t->n_dropped = d->n_dropped;
    t->dropped = d->dropped;
    t->n_indexes = d->n_indexes;
    t->indexes = d->indexes;
    lay_out_columns(a, d, t);
    for (unsigned i = 0; i < t->n_columns; i++)
        if (t->columns[i].type->kind == TYPE_COUNTER)
            t->flags |= TABLE_COUNTER;
    index_columns(a, t);
    lay_out_keys(a, t);
    return t;
}

/* ---- copies ---- */
void table_draft_of(const table *t, arena *a, table_draft *ret)
{
    *ret = (table_draft){.id = t->id,
                         .keyspace = t->keyspace,
                         .name = t->name,
                         .flags = t->flags,
                         .n_columns = t->n_columns,
                         .options = t->options,
                         .n_dropped = t->n_dropped,
                         .n_indexes = t->n_indexes};
    ret->columns = arena_array(a, column_draft, t->n_columns);
    for (unsigned i = 0; i < t->n_columns; i++) {
        const column *c = &t->columns[i];
        ret->columns[i] = (column_draft){c->name_bytes, c->type, c->kind, c->position, c->desc};
    }
    ret->dropped = arena_array(a, dropped_column, t->n_dropped);
    for (unsigned i = 0; i < t->n_dropped; i++)
        ret->dropped[i] = t->dropped[i];
    ret->indexes = arena_array(a, index_def, t->n_indexes);
    for (unsigned i = 0; i < t->n_indexes; i++)
        ret->indexes[i] = t->indexes[i];
}

static const char *str_copy(arena *a, const char *s)
{
    return s ? arena_strdup(a, s) : NULL;
}

static const type *type_copy(arena *a, const type *t)
{
    if (type_is_native(t->kind))
        return t;
    type *c = arena_new(a, type);
    *c = *t;
    const type **args = arena_array(a, const type *, t->n_args);
    const char **fields = arena_array(a, const char *, t->n_args);
    for (unsigned i = 0; i < t->n_args; i++) {
        args[i] = type_copy(a, t->args[i]);
        fields[i] = t->fields ? arena_strdup(a, t->fields[i]) : NULL;
    }
    c->args = args;
    c->fields = t->fields ? fields : NULL;
    c->keyspace = str_copy(a, t->keyspace);
    c->name = str_copy(a, t->name);
    return c;
}

static options options_copy(arena *a, options o)
{
    option *p = arena_array(a, option, o.n);
    for (unsigned i = 0; i < o.n; i++)
        p[i] = (option){arena_strdup(a, o.p[i].name), arena_strdup(a, o.p[i].value)};
    return (options){o.n, p};
}

/* Columns, names and options; virtual tables have neither indexes nor dropped columns. */
void table_draft_copy(arena *a, const table_draft *from, table_draft *ret)
{
    *ret = *from;
    ret->keyspace = str_copy(a, from->keyspace);
    ret->name = str_copy(a, from->name);
    ret->n_dropped = ret->n_indexes = 0;
    ret->columns = arena_array(a, column_draft, from->n_columns);
    for (unsigned i = 0; i < from->n_columns; i++) {
        ret->columns[i] = from->columns[i];
        ret->columns[i].name = arena_copy(a, from->columns[i].name);
        ret->columns[i].type = type_copy(a, from->columns[i].type);
    }
    table_options *o = &ret->options;
    const char **const texts[] = {&o->comment, &o->speculative_retry, &o->additional_write_policy,
                                  &o->read_repair, &o->memtable};
    for (unsigned i = 0; i < ARRAY_LEN(texts); i++)
        *texts[i] = str_copy(a, *texts[i]);
    options *const maps[] = {&o->caching, &o->compaction, &o->compression, &o->extensions};
    for (unsigned i = 0; i < ARRAY_LEN(maps); i++)
        *maps[i] = options_copy(a, *maps[i]);
}
