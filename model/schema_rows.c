/* schema_rows.c: definitions as mutations of system_schema (docs/formats.md, "schema").
 *
 * A definition is always written whole, with one timestamp: of two changes at once the later one
 * wins altogether, never a mixture. What the old definition had and the new one has not is deleted
 * with the same timestamp.
 */
#include "base/must.h"
#include "model/schema_internal.h"

typedef struct change {
    const schema *schema;
    arena *arena;
    mutations *out;
    int64_t timestamp;
    int32_t now_s;
} change;

static const table *schema_table_of(const change *c, const char *name)
{
    const table *t = schema_table(c->schema, "system_schema", name);
    must(t);
    return t;
}

static bytes text(const char *s)
{
    return bytes_str(s);
}

/* A mutation of the partition of a keyspace in one of the tables. */
static row_builder begin(const change *c, const char *name, const char *keyspace)
{
    row_builder b;
    bytes key = arena_copy(c->arena, text(keyspace));
    row_builder_init(&b, schema_table_of(c, name), c->arena, mutations_add(c->out, c->arena), &key,
                     c->timestamp);
    b.now_s = c->now_s;
    return b;
}

static deletion deletion_now(const change *c)
{
    return (deletion){c->timestamp, c->now_s};
}

static void delete_row(const change *c, row_builder *b, const bytes *clustering)
{
    row_builder_row(b, clustering);
    b->row->live = LIVENESS_NONE;
    b->row->deletion = deletion_now(c);
}

/* Everything with this first clustering value. */
static void delete_prefix(const change *c, const char *name, const char *keyspace,
                          const char *first)
{
    row_builder b = begin(c, name, keyspace);
    bytes value = text(first);
    buf start = {0}, end = {0};
    clustering_encode_bound(&b.table->clustering, &value, 1, CK_BEFORE, &start);
    clustering_encode_bound(&b.table->clustering, &value, 1, CK_AFTER, &end);
    range_tombstone *r = arena_new(c->arena, range_tombstone);
    *r = (range_tombstone){arena_copy(c->arena, buf_view(&start)),
                           arena_copy(c->arena, buf_view(&end)), deletion_now(c)};
    b.m->ranges = r;
    b.m->n_ranges = 1;
    buf_done(&start);
    buf_done(&end);
}

/* ---- values ---- */
static void set_options(row_builder *b, const char *name, options o)
{
    const type *t = table_column(b->table, bytes_str(name))->type;
    options sorted = options_sorted(b->arena, (option *)o.p, o.n);
    bytes *items = arena_array(b->arena, bytes, 2 * o.n);
    for (unsigned i = 0; i < o.n; i++) {
        items[2 * i] = text(sorted.p[i].name);
        items[2 * i + 1] = text(sorted.p[i].value);
    }
    row_builder_set(b, name, elements_build(b->arena, t, items, 2 * o.n));
}

static void set_double(row_builder *b, const char *name, double v)
{
    uint64_t bits;
    uint8_t *p = arena_alloc(b->arena, 8);
    memcpy(&bits, &v, 8);
    put_be64(p, bits);
    row_builder_set(b, name, bytes_of(p, 8));
}

/* Without a value: a tombstone if there may be an old one, or nothing. */
static void set_optional(row_builder *b, const char *name, const char *v, bool replaces)
{
    if (v || replaces)
        row_builder_set_text(b, name, v);
}

static void set_flags(row_builder *b, unsigned flags)
{
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {{TABLE_COMPOUND, "compound"},
                 {TABLE_COUNTER, "counter"},
                 {TABLE_DENSE, "dense"},
                 {TABLE_SUPER, "super"}};
    bytes items[ARRAY_LEN(names)];
    unsigned n = 0;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (flags & names[i].flag)
            items[n++] = text(names[i].name);
    const type *t = table_column(b->table, BYTES_LIT("flags"))->type;
    row_builder_set(b, "flags", elements_build(b->arena, t, items, n));
}

static void set_table_options(row_builder *b, const table_options *o, bool replaces)
{
    set_optional(b, "additional_write_policy", o->additional_write_policy, replaces);
    set_double(b, "bloom_filter_fp_chance", o->bloom_filter_fp_chance);
    set_options(b, "caching", o->caching);
    row_builder_set_int(b, "cdc", o->cdc);
    set_optional(b, "comment", o->comment, replaces);
    set_options(b, "compaction", o->compaction);
    set_options(b, "compression", o->compression);
    set_double(b, "crc_check_chance", o->crc_check_chance);
    set_double(b, "dclocal_read_repair_chance", o->dclocal_read_repair_chance);
    row_builder_set_int(b, "default_time_to_live", o->default_time_to_live_s);
    set_options(b, "extensions", o->extensions);
    row_builder_set_int(b, "gc_grace_seconds", o->gc_grace_s);
    row_builder_set_int(b, "max_index_interval", o->max_index_interval);
    set_optional(b, "memtable", o->memtable, replaces);
    row_builder_set_int(b, "memtable_flush_period_in_ms", o->memtable_flush_period_ms);
    row_builder_set_int(b, "min_index_interval", o->min_index_interval);
    set_optional(b, "read_repair", o->read_repair, replaces);
    set_double(b, "read_repair_chance", o->read_repair_chance);
    set_optional(b, "speculative_retry", o->speculative_retry, replaces);
}

/* ---- keyspaces ---- */
static void put_keyspace(const change *c, const keyspace_draft *ks)
{
    row_builder b = begin(c, "keyspaces", ks->name);
    row_builder_row(&b, NULL);
    row_builder_set_int(&b, "durable_writes", ks->durable_writes);
    set_options(&b, "replication", ks->replication);
}

void schema_put_keyspace(const schema *s, const keyspace_draft *ks, int64_t ts, arena *a,
                         mutations *ret)
{
    put_keyspace(&(change){s, a, ret, ts, 0}, ks);
}

void schema_drop_keyspace(const schema *s, const char *name, int64_t ts, int32_t now_s, arena *a,
                          mutations *ret)
{
    change c = {s, a, ret, ts, now_s};
    for (unsigned i = 0; i < SCHEMA_TABLES; i++) {
        row_builder b = begin(&c, schema_table_names[i], name);
        b.m->deletion = deletion_now(&c);
    }
}

/* ---- tables ---- */
static void put_table_row(const change *c, const table_draft *t, bool replaces)
{
    row_builder b = begin(c, "tables", t->keyspace);
    bytes name = text(t->name);
    row_builder_row(&b, &name);
    row_builder_set(&b, "id", arena_copy(c->arena, uuid_bytes(&t->id)));
    set_flags(&b, t->flags);
    set_table_options(&b, &t->options, replaces);
}

static const char *const kind_names[] = {"partition_key", "clustering", "static", "regular"};

static void put_columns(const change *c, const table_draft *t, const table *old)
{
    row_builder b = begin(c, "columns", t->keyspace);
    for (unsigned i = 0; i < t->n_columns; i++) {
        const column_draft *col = &t->columns[i];
        bool key = col->kind == COLUMN_PARTITION || col->kind == COLUMN_CLUSTERING;
        const char *order = col->kind != COLUMN_CLUSTERING ? "none" : col->desc ? "desc" : "asc";
        row_builder_row(&b, (bytes[]){text(t->name), text(column_text(c->arena, col->name))});
        row_builder_set_text(&b, "clustering_order", order);
        row_builder_set(&b, "column_name_bytes", arena_copy(c->arena, col->name));
        row_builder_set_text(&b, "kind", kind_names[col->kind]);
        row_builder_set_int(&b, "position", key ? col->position : -1);
        row_builder_set_text(&b, "type", type_cql_name(c->arena, col->type));
    }
    for (unsigned i = 0; old && i < old->n_columns; i++) {
        bool kept = false;
        for (unsigned k = 0; k < t->n_columns && !kept; k++)
            kept = bytes_eq(t->columns[k].name, old->columns[i].name_bytes);
        if (!kept)
            delete_row(c, &b, (bytes[]){text(t->name), text(old->columns[i].name)});
    }
}

static void put_dropped(const change *c, const table_draft *t, const table *old)
{
    if (!t->n_dropped && !(old && old->n_dropped))
        return;
    row_builder b = begin(c, "dropped_columns", t->keyspace);
    for (unsigned i = 0; i < t->n_dropped; i++) {
        const dropped_column *d = &t->dropped[i];
        row_builder_row(&b, (bytes[]){text(t->name), text(d->name)});
        row_builder_set_int(&b, "dropped_time", d->dropped_us / 1000);
        row_builder_set_text(&b, "kind", d->is_static ? "static" : "regular");
        row_builder_set_text(&b, "type", type_cql_name(c->arena, d->type));
    }
    for (unsigned i = 0; old && i < old->n_dropped; i++) {
        bool kept = false;
        for (unsigned k = 0; k < t->n_dropped && !kept; k++)
            kept = !strcmp(t->dropped[k].name, old->dropped[i].name);
        if (!kept)
            delete_row(c, &b, (bytes[]){text(t->name), text(old->dropped[i].name)});
    }
}

static void put_indexes(const change *c, const table_draft *t, const table *old)
{
    if (!t->n_indexes && !(old && old->n_indexes))
        return;
    row_builder b = begin(c, "indexes", t->keyspace);
    for (unsigned i = 0; i < t->n_indexes; i++) {
        row_builder_row(&b, (bytes[]){text(t->name), text(t->indexes[i].name)});
        row_builder_set_text(&b, "kind", t->indexes[i].kind);
        set_options(&b, "options", t->indexes[i].options);
    }
    for (unsigned i = 0; old && i < old->n_indexes; i++) {
        bool kept = false;
        for (unsigned k = 0; k < t->n_indexes && !kept; k++)
            kept = !strcmp(t->indexes[k].name, old->indexes[i].name);
        if (!kept)
            delete_row(c, &b, (bytes[]){text(t->name), text(old->indexes[i].name)});
    }
}

static void put_table(const change *c, const table_draft *t, const table *old)
{
    table_draft whole = *t;
    table_draft_complete(&whole, c->arena);
    put_table_row(c, &whole, old);
    put_columns(c, &whole, old);
    put_dropped(c, &whole, old);
    put_indexes(c, &whole, old);
}

void schema_put_table(const schema *s, const table_draft *t, const table *old, int64_t ts,
                      int32_t now_s, arena *a, mutations *ret)
{
    put_table(&(change){s, a, ret, ts, now_s}, t, old);
}

void schema_drop_table(const schema *s, const table *t, int64_t ts, int32_t now_s, arena *a,
                       mutations *ret)
{
    change c = {s, a, ret, ts, now_s};
    row_builder b = begin(&c, "tables", t->keyspace);
    bytes name = text(t->name);
    delete_row(&c, &b, &name);
    static const char *const parts[] = {"columns", "dropped_columns", "indexes", "triggers"};
    for (unsigned i = 0; i < ARRAY_LEN(parts); i++)
        delete_prefix(&c, parts[i], t->keyspace, t->name);
}

/* ---- types ---- */
void schema_put_type(const schema *s, const char *keyspace, const type *udt, int64_t ts, arena *a,
                     mutations *ret)
{
    change c = {s, a, ret, ts, 0};
    row_builder b = begin(&c, "types", keyspace);
    bytes name = text(udt->name);
    bytes *names = arena_array(a, bytes, udt->n_args), *types = arena_array(a, bytes, udt->n_args);
    for (unsigned i = 0; i < udt->n_args; i++) {
        names[i] = text(udt->fields[i]);
        types[i] = text(type_cql_name(a, udt->args[i]));
    }
    const type *list = table_column(b.table, BYTES_LIT("field_names"))->type;
    row_builder_row(&b, &name);
    row_builder_set(&b, "field_names", elements_build(a, list, names, udt->n_args));
    row_builder_set(&b, "field_types", elements_build(a, list, types, udt->n_args));
}

void schema_drop_type(const schema *s, const char *keyspace, const char *name, int64_t ts,
                      int32_t now_s, arena *a, mutations *ret)
{
    change c = {s, a, ret, ts, now_s};
    row_builder b = begin(&c, "types", keyspace);
    bytes clustering = text(name);
    delete_row(&c, &b, &clustering);
}

/* ---- the system keyspaces' own rows ---- */
/* Raised when the definitions of static or virtual tables change, so that rows of an older version
 * go. Low, so that what users change (the replication of system_auth) wins. */
#define SYSTEM_GENERATION 1

void schema_put_system(const schema *s, arena *a, mutations *ret)
{
    change c = {s, a, ret, 2 * SYSTEM_GENERATION + 1, 0};
    for (unsigned i = 0; i < STATIC_KEYSPACES; i++) {
        const static_keyspace *sk = &static_keyspaces[i];
        const keyspace *ks = schema_keyspace(s, sk->name);
        schema_drop_keyspace(s, sk->name, 2 * SYSTEM_GENERATION, 0, a, ret);
        put_keyspace(&c, &(keyspace_draft){sk->name, true, sk->replication});
        for (unsigned k = 0; k < ks->n_tables; k++) {
            table_draft d;
            table_draft_of(ks->tables[k], a, &d);
            put_table(&c, &d, NULL);
        }
    }
}
