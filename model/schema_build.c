/* schema_build.c: a snapshot from the static definitions, the virtual tables and the rows.
 *
 * Keyspaces come first, then types (each resolves those it needs, whatever their order), then
 * tables: rows of tables, columns, dropped_columns and indexes are gathered into one draft per
 * table, and every draft, static, virtual or read, becomes a table in the same way. Rows that
 * belong to nothing (what a concurrent DROP left) are passed over.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"
#include "model/schema_build.h"

/* ---- keyspaces ---- */
static keyspace_build *add_keyspace(build *b, const char *name)
{
    keyspace_build *k = arena_new(b->arena, keyspace_build);
    k->ks = arena_new(b->arena, keyspace);
    k->ks->name = arena_strdup(b->arena, name);
    k->ks->durable_writes = true;
    vec_push(&b->keyspaces, k);
    map_put(&b->keyspace_by_name, bytes_str(k->ks->name), k);
    return k;
}

static int read_keyspace(void *arg, schema_row *r, err_info *e)
{
    build *b = arg;
    if (keyspace_is_local(r->keyspace))
        return 0;
    keyspace_build *k = find_keyspace(b, r->keyspace);
    if (!k)
        k = add_keyspace(b, r->keyspace);
    k->ks->durable_writes = row_get_int(r, "durable_writes", 1);
    k->ks->replication = row_get_options(r, "replication", k->ks->replication);
    k->ks->virtual_ = false;
    if (r->bad)
        return row_corrupt_value(r, e);
    if (!options_get(k->ks->replication, "class"))
        return row_corrupt(r, e, "replication without a class");
    return 0;
}

static void add_static_keyspaces(build *b)
{
    for (unsigned i = 0; i < STATIC_KEYSPACES; i++) {
        keyspace_build *k = add_keyspace(b, static_keyspaces[i].name);
        k->is_static = true;
        k->ks->replication = static_keyspaces[i].replication;
    }
}

/* ---- tables ---- */
static unsigned read_flags(schema_row *r)
{
    unsigned n, flags = 0;
    bytes *items = row_get_items(r, "flags", &n);
    for (unsigned i = 0; i < n; i++) {
        flags |= bytes_eq_str(items[i], "compound") ? TABLE_COMPOUND : 0;
        flags |= bytes_eq_str(items[i], "dense") ? TABLE_DENSE : 0;
        flags |= bytes_eq_str(items[i], "super") ? TABLE_SUPER : 0;
        flags |= bytes_eq_str(items[i], "counter") ? TABLE_COUNTER : 0;
    }
    return flags;
}

static table_options read_options(schema_row *r)
{
    const table_options *d = &table_options_default;
    return (table_options){
        .comment = row_get_text(r, "comment", d->comment),
        .bloom_filter_fp_chance =
            row_get_double(r, "bloom_filter_fp_chance", d->bloom_filter_fp_chance),
        .crc_check_chance = row_get_double(r, "crc_check_chance", d->crc_check_chance),
        .read_repair_chance = row_get_double(r, "read_repair_chance", d->read_repair_chance),
        .dclocal_read_repair_chance =
            row_get_double(r, "dclocal_read_repair_chance", d->dclocal_read_repair_chance),
        .default_time_to_live_s = (int)row_get_int(r, "default_time_to_live", 0),
        .gc_grace_s = (int)row_get_int(r, "gc_grace_seconds", d->gc_grace_s),
        .min_index_interval = (int)row_get_int(r, "min_index_interval", d->min_index_interval),
        .max_index_interval = (int)row_get_int(r, "max_index_interval", d->max_index_interval),
        .memtable_flush_period_ms = (int)row_get_int(r, "memtable_flush_period_in_ms", 0),
        .speculative_retry = row_get_text(r, "speculative_retry", d->speculative_retry),
        .additional_write_policy =
            row_get_text(r, "additional_write_policy", d->additional_write_policy),
        .read_repair = row_get_text(r, "read_repair", d->read_repair),
        .memtable = row_get_text(r, "memtable", NULL),
        .cdc = row_get_int(r, "cdc", 0),
        .caching = row_get_options(r, "caching", d->caching),
        .compaction = row_get_options(r, "compaction", d->compaction),
        .compression = row_get_options(r, "compression", d->compression),
        .extensions = row_get_options(r, "extensions", d->extensions),
    };
}

static int read_table(void *arg, schema_row *r, err_info *e)
{
    build *b = arg;
    keyspace_build *k = find_keyspace(b, r->keyspace);
    if (!k || k->is_static)
        return 0;
    bytes id = row_get(r, "id");
    if (id.n != 16)
        return row_corrupt(r, e, "no id");
    table_build *t = arena_new(b->arena, table_build);
    memcpy(t->draft.id.b, id.p, 16);
    t->draft.keyspace = k->ks->name;
    t->draft.name = arena_str(b->arena, r->clustering[0]);
    t->draft.flags = read_flags(r);
    t->draft.options = read_options(r);
    vec_push(&b->tables, t);
    map_put(&b->table_by_name, build_pair(b->arena, k->ks->name, bytes_str(t->draft.name)), t);
    return r->bad ? row_corrupt_value(r, e) : 0;
}

static bool kind_of_name(const char *name, column_kind *ret)
{
    static const char *const names[] = {"partition_key", "clustering", "static", "regular"};
    for (unsigned i = 0; name && i < ARRAY_LEN(names); i++)
        if (!strcmp(name, names[i])) {
            *ret = (column_kind)i;
            return true;
        }
    return false;
}

static int read_type_of(build *b, schema_row *r, const type **ret, err_info *e)
{
    err_info why = {0};
    bytes text = row_get(r, "type");
    if (!text.p)
        return row_corrupt(r, e, "a column without a type");
    if (build_parse_type(b, r->keyspace, text, ret, &why) < 0)
        return row_corrupt(r, e, why.text);
    return 0;
}

static int read_column(void *arg, schema_row *r, err_info *e)
{
    build *b = arg;
    table_build *t = build_find_pair(&b->table_by_name, r->keyspace, r->clustering[0]);
    if (!t)
        return 0;
    column_draft c = {.name = row_get(r, "column_name_bytes")};
    c.name = arena_copy(b->arena, c.name.p ? c.name : r->clustering[1]);
    if (!kind_of_name(row_get_text(r, "kind", NULL), &c.kind))
        return row_corrupt(r, e, "a column of unknown kind");
    c.position = (int)row_get_int(r, "position", -1);
    c.desc = bytes_eq_str(row_get(r, "clustering_order"), "desc");
    if (r->bad)
        return row_corrupt_value(r, e);
    int err = read_type_of(b, r, &c.type, e);
    if (err == 0)
        vec_push(&t->columns, c);
    return err;
}

static int read_dropped(void *arg, schema_row *r, err_info *e)
{
    build *b = arg;
    table_build *t = build_find_pair(&b->table_by_name, r->keyspace, r->clustering[0]);
    if (!t)
        return 0;
    dropped_column d = {.name = arena_str(b->arena, r->clustering[1])};
    d.id = column_id_of(r->clustering[1]);
    d.dropped_us = row_get_int(r, "dropped_time", 0) * 1000;
    d.is_static = bytes_eq_str(row_get(r, "kind"), "static");
    int err = r->bad ? row_corrupt_value(r, e) : read_type_of(b, r, &d.type, e);
    if (err == 0)
        vec_push(&t->dropped, d);
    return err;
}

static int read_index(void *arg, schema_row *r, err_info *e)
{
    build *b = arg;
    table_build *t = build_find_pair(&b->table_by_name, r->keyspace, r->clustering[0]);
    if (!t)
        return 0;
    index_def d = {.name = arena_str(b->arena, r->clustering[1]),
                   .kind = row_get_text(r, "kind", "COMPOSITES"),
                   .options = row_get_options(r, "options", (options){0})};
    vec_push(&t->indexes, d);
    return r->bad ? row_corrupt_value(r, e) : 0;
}

static void add_table(build *b, const table_draft *d)
{
    keyspace_build *k = find_keyspace(b, d->keyspace);
    table *t = table_of_draft(b->arena, d);
    t->in = k->ks;
    vec_push(&k->tables, t);
    table *other =
        map_put(&b->s->tables_by_name, build_pair(b->arena, t->keyspace, bytes_str(t->name)), t);
    must(!other);
    map_put(&b->s->tables_by_id, uuid_bytes(&t->id), t);
}

#define MOVE(to, n_to, v)                                                                          \
    do {                                                                                           \
        (to) = arena_alloc(b->arena, sizeof *(v).p * (v).n);                                       \
        (n_to) = (unsigned)(v).n;                                                                  \
        if ((v).n)                                                                                 \
            memcpy((to), (v).p, sizeof *(v).p *(v).n);                                             \
    } while (0)

static int finish_table(build *b, table_build *t, err_info *e)
{
    table_draft *d = &t->draft;
    MOVE(d->columns, d->n_columns, t->columns);
    MOVE(d->dropped, d->n_dropped, t->dropped);
    MOVE(d->indexes, d->n_indexes, t->indexes);
    if (!d->n_columns)
        return 0; /* a table that was dropped while it was altered */
    err_info why = {0};
    table_draft_complete(d, b->arena);
    if (schema_check_table(d, &why) < 0)
        return err_set(e, ERR_CORRUPT, "system_schema.columns, table %s.%s: %s", d->keyspace,
                       d->name, why.text);
    add_table(b, d);
    return 0;
}

static void add_static_tables(build *b, const table_draft *virtuals, unsigned n_virtuals)
{
    unsigned n;
    table_draft *drafts = static_tables(b->arena, &n);
    for (unsigned i = 0; i < n; i++)
        add_table(b, &drafts[i]);
    for (unsigned i = 0; i < n_virtuals; i++) {
        table_draft d;
        table_draft_copy(b->arena, &virtuals[i], &d);
        d.flags |= TABLE_VIRTUAL;
        if (uuid_eq(d.id, (uuid){{0}}))
            d.id = static_table_id(d.keyspace, d.name);
        keyspace_build *k = find_keyspace(b, d.keyspace);
        if (!k) {
            k = add_keyspace(b, d.keyspace);
            k->is_static = k->ks->virtual_ = true;
        }
        add_table(b, &d);
    }
}

/* ---- the snapshot ---- */
static int by_table_name(const void *a, const void *b)
{
    return strcmp((*(const table *const *)a)->name, (*(const table *const *)b)->name);
}

static int by_type_name(const void *a, const void *b)
{
    return strcmp((*(const type *const *)a)->name, (*(const type *const *)b)->name);
}

static int by_keyspace_name(const void *a, const void *b)
{
    return strcmp((*(const keyspace *const *)a)->name, (*(const keyspace *const *)b)->name);
}

static void finish_keyspaces(build *b)
{
    const keyspace **all = arena_array(b->arena, const keyspace *, b->keyspaces.n);
    for (size_t i = 0; i < b->keyspaces.n; i++) {
        keyspace_build *k = b->keyspaces.p[i];
        const table **tables;
        const type **types;
        MOVE(tables, k->ks->n_tables, k->tables);
        MOVE(types, k->ks->n_types, k->types);
        qsort(tables, k->ks->n_tables, sizeof *tables, by_table_name);
        qsort(types, k->ks->n_types, sizeof *types, by_type_name);
        k->ks->tables = tables;
        k->ks->types = types;
        all[i] = k->ks;
        map_put(&b->s->by_name, bytes_str(k->ks->name), k->ks);
    }
    qsort(all, b->keyspaces.n, sizeof *all, by_keyspace_name);
    b->s->keyspaces = all;
    b->s->n_keyspaces = (unsigned)b->keyspaces.n;
}

/* What users made. Of the system keyspaces that is a changed replication only. */
static bool counts_for_version(void *arg, schema_row *r)
{
    (void)arg;
    if (strcmp(r->table->name, "keyspaces"))
        return !keyspace_is_system(r->keyspace);
    for (unsigned i = 0; i < STATIC_KEYSPACES; i++)
        if (!strcmp(static_keyspaces[i].name, r->keyspace))
            return !keyspace_is_local(r->keyspace) &&
                   !options_equal(row_get_options(r, "replication", (options){0}),
                                  static_keyspaces[i].replication);
    return true;
}

static int build_all(build *b, const table_draft *virtuals, unsigned n_virtuals, err_info *e)
{
    static const struct {
        const char *table;
        each_row each;
    } steps[] = {{"tables", read_table},
                 {"columns", read_column},
                 {"dropped_columns", read_dropped},
                 {"indexes", read_index}};
    add_static_keyspaces(b);
    add_static_tables(b, virtuals, n_virtuals);
    int err = schema_rows_each(b->rows, "keyspaces", b->arena, read_keyspace, b, e);
    if (err == 0)
        err = schema_rows_each(b->rows, "types", b->arena, build_read_type, b, e);
    if (err == 0)
        err = build_resolve_types(b);
    for (unsigned i = 0; i < ARRAY_LEN(steps) && err == 0; i++)
        err = schema_rows_each(b->rows, steps[i].table, b->arena, steps[i].each, b, e);
    for (size_t i = 0; i < b->tables.n && err == 0; i++)
        err = finish_table(b, b->tables.p[i], e);
    if (err == 0)
        finish_keyspaces(b);
    return err;
}

static void build_done(build *b)
{
    for (size_t i = 0; i < b->keyspaces.n; i++) {
        vec_done(&b->keyspaces.p[i]->tables);
        vec_done(&b->keyspaces.p[i]->types);
    }
    for (size_t i = 0; i < b->tables.n; i++) {
        vec_done(&b->tables.p[i]->columns);
        vec_done(&b->tables.p[i]->dropped);
        vec_done(&b->tables.p[i]->indexes);
    }
    vec_done(&b->keyspaces);
    vec_done(&b->tables);
    vec_done(&b->udts);
    map_done(&b->keyspace_by_name);
    map_done(&b->table_by_name);
    map_done(&b->udt_by_name);
}

int schema_build(partitioner p, const schema_rows *rows, const table_draft *virtuals,
                 unsigned n_virtuals, schema **ret, err_info *e)
{
    (void)p; /* partitions are sorted by key here, whatever their order on the ring */
    schema *s = xzalloc(sizeof *s);
    atomic_init(&s->refs, 1);
    arena_init(&s->arena, 1 << 16);
    build b = {.s = s, .arena = &s->arena, .rows = rows, .e = e};
    int err = build_all(&b, virtuals, n_virtuals, e);
    if (err == 0)
        s->version = schema_version(rows, counts_for_version, NULL);
    build_done(&b);
    if (err < 0) {
        schema_unref(s);
        return err;
    }
    *ret = s;
    return 0;
}

schema *schema_system(partitioner p)
{
    schema *s;
    must(schema_build(p, NULL, NULL, 0, &s, NULL) == 0);
    return s;
}
