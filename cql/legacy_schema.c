/* The schema as tables: of Cassandra 2 (system.schema_*), and of the virtual tables themselves. */
#include "base/alloc.h"
#include "cql/virtual.h"

/* ---- JSON texts as Cassandra 2 wrote them ---- */

static const char *json_options(arena *a, options o, const char *without)
{
    char *out = arena_strdup(a, "{");
    bool first = true;
    for (unsigned i = 0; i < o.n; i++) {
        if (strcmp(o.p[i].name, without) == 0)
            continue;
        out =
            arena_printf(a, "%s%s\"%s\":\"%s\"", out, first ? "" : ",", o.p[i].name, o.p[i].value);
        first = false;
    }
    return arena_printf(a, "%s}", out);
}

static const char *json_names(arena *a, const column *cols, unsigned n)
{
    char *out = arena_strdup(a, "[");
    for (unsigned i = 0; i < n; i++)
        out = arena_printf(a, "%s%s\"%s\"", out, i ? "," : "", cols[i].name);
    return arena_printf(a, "%s]", out);
}

/* ---- system.schema_keyspaces ---- */

void virtual_schema_keyspaces(virtual_rows *v)
{
    for (unsigned i = 0; i < v->schema->n_keyspaces; i++) {
        const keyspace *ks = v->schema->keyspaces[i];
        if (ks->virtual_)
            continue;
        virtual_row_text(v, ks->name, NULL, NULL);
        virtual_int(v, "durable_writes", ks->durable_writes);
        virtual_text(v, "strategy_class", options_get(ks->replication, "class"));
        virtual_text(v, "strategy_options", json_options(v->a, ks->replication, "class"));
    }
}

/* ---- system.schema_columnfamilies ---- */

static const char *ordered_class(arena *a, const column *c)
{
    const char *name = type_class_name(a, c->type);
    return c->desc ? arena_printf(a, "org.apache.cassandra.db.marshal.ReversedType(%s)", name)
                   : name;
}

static const char *collections_part(arena *a, const table *t)
{
    char *out = NULL;
    for (unsigned i = 0; i < t->n_columns; i++) {
        const column *c = &t->columns[i];
        if (!type_is_multicell(c->type) || !type_is_collection(c->type))
            continue;
        char *hex = arena_alloc(a, 2 * c->name_bytes.n + 1);
        for (size_t k = 0; k < c->name_bytes.n; k++)
            snprintf(hex + 2 * k, 3, "%02x", c->name_bytes.p[k]);
        out = arena_printf(a, "%s%s%s:%s", out ? out : "", out ? "," : "", hex,
                           type_class_name(a, c->type));
    }
    return out ? arena_printf(a, ",org.apache.cassandra.db.marshal.ColumnToCollectionType(%s)", out)
               : "";
}

/* The type of cell names, as tables were laid out then. */
static const char *comparator(arena *a, const table *t)
{
    bool dense = t->flags & (TABLE_DENSE | TABLE_SUPER);
    if (t->n_clustering == 1 && table_is_compact(t))
        return ordered_class(a, &t->clustering_columns[0]);
    char *out = arena_strdup(a, "org.apache.cassandra.db.marshal.CompositeType(");
    for (unsigned i = 0; i < t->n_clustering; i++)
        out = arena_printf(a, "%s%s%s", out, i ? "," : "",
                           ordered_class(a, &t->clustering_columns[i]));
    if (dense)
        return arena_printf(a, "%s)", out);
    return arena_printf(a, "%s%sorg.apache.cassandra.db.marshal.UTF8Type%s)", out,
                        t->n_clustering ? "," : "", collections_part(a, t));
}

static const column *compact_value(const table *t)
{
    for (unsigned i = 0; i < t->n_columns; i++)
        if (t->columns[i].kind == COLUMN_REGULAR)
            return &t->columns[i];
    return NULL;
}

static const char *default_validator(arena *a, const table *t)
{
    const column *value = table_is_compact(t) ? compact_value(t) : NULL;
    if (value && value->type->kind != TYPE_EMPTY)
        return type_class_name(a, value->type);
    return type_class_name(a, type_native(table_is_counter(t) ? TYPE_COUNTER : TYPE_BLOB));
}

static const char *caching_text(const table *t)
{
    const char *keys = options_get(t->options.caching, "keys");
    const char *rows = options_get(t->options.caching, "rows_per_partition");
    bool k = !keys || strcasecmp(keys, "NONE") != 0, r = rows && strcasecmp(rows, "NONE") != 0;
    return k && r ? "ALL" : k ? "KEYS_ONLY" : r ? "ROWS_ONLY" : "NONE";
}

static int threshold(const table *t, const char *name, int otherwise)
{
    const char *v = options_get(t->options.compaction, name);
    return v ? atoi(v) : otherwise;
}

static const char *compression_text(arena *a, const table *t)
{
    const char *name = options_get(t->options.compression, "class");
    return name ? arena_printf(a, "{\"sstable_compression\":\"%s\"}", name) : "{}";
}

static void put_table_options(virtual_rows *v, const table *t)
{
    const table_options *o = &t->options;
    virtual_double(v, "bloom_filter_fp_chance", o->bloom_filter_fp_chance);
    virtual_text(v, "caching", caching_text(t));
    virtual_text(v, "comment", o->comment ? o->comment : "");
    virtual_text(v, "compaction_strategy_class", options_get(o->compaction, "class"));
    virtual_text(v, "compaction_strategy_options", "{}");
    virtual_text(v, "compression_parameters", compression_text(v->a, t));
    virtual_int(v, "default_time_to_live", o->default_time_to_live_s);
    virtual_int(v, "gc_grace_seconds", o->gc_grace_s);
    virtual_int(v, "index_interval", o->min_index_interval);
    virtual_int(v, "min_index_interval", o->min_index_interval);
    virtual_int(v, "max_index_interval", o->max_index_interval);
    virtual_double(v, "read_repair_chance", o->read_repair_chance);
    virtual_double(v, "local_read_repair_chance", o->dclocal_read_repair_chance);
    virtual_int(v, "memtable_flush_period_in_ms", o->memtable_flush_period_ms);
    virtual_int(v, "max_compaction_threshold", threshold(t, "max_threshold", 32));
    virtual_int(v, "min_compaction_threshold", threshold(t, "min_threshold", 4));
    virtual_int(v, "populate_io_cache_on_flush", 0);
    virtual_int(v, "replicate_on_write", 1);
    virtual_text(v, "speculative_retry", o->speculative_retry);
}

static void put_columnfamily(virtual_rows *v, const table *t)
{
    bool shown = !table_is_static_compact(t);
    virtual_row_text(v, t->keyspace, t->name, NULL);
    virtual_uuid(v, "cf_id", t->id);
    virtual_text(v, "type", t->flags & TABLE_SUPER ? "Super" : "Standard");
    virtual_int(v, "is_dense", !!(t->flags & TABLE_DENSE));
    virtual_text(v, "comparator", comparator(v->a, t));
    virtual_text(v, "key_validator", type_class_name(v->a, t->key_type));
    virtual_text(v, "default_validator", default_validator(v->a, t));
    virtual_text(v, "key_aliases", json_names(v->a, t->partition_columns, t->n_partition));
    virtual_text(v, "column_aliases",
                 json_names(v->a, t->clustering_columns, shown ? t->n_clustering : 0));
    const column *value = compact_value(t);
    if (table_is_compact(t) && value && !column_is_hidden(t, value))
        virtual_text(v, "value_alias", value->name);
    put_table_options(v, t);
}

static void each_table(virtual_rows *v, bool virtuals, void (*fn)(virtual_rows *v, const table *t))
{
    for (unsigned i = 0; i < v->schema->n_keyspaces; i++) {
        const keyspace *ks = v->schema->keyspaces[i];
        for (unsigned k = 0; k < ks->n_tables; k++)
            if (!!(ks->tables[k]->flags & TABLE_VIRTUAL) == virtuals)
                fn(v, ks->tables[k]);
    }
}

void virtual_schema_columnfamilies(virtual_rows *v)
{
    each_table(v, false, put_columnfamily);
}

/* ---- system.schema_columns ---- */

static void put_column(virtual_rows *v, const table *t, const column *c)
{
    static const char *const kinds[] = {[COLUMN_PARTITION] = "partition_key",
                                        [COLUMN_CLUSTERING] = "clustering_key",
                                        [COLUMN_STATIC] = "static",
                                        [COLUMN_REGULAR] = "regular"};
    const char *kind = kinds[c->kind];
    bool compact = table_is_compact(t);
    if (table_is_static_compact(t) && c->kind == COLUMN_STATIC)
        kind = "regular";
    else if (compact && c->kind == COLUMN_REGULAR)
        kind = "compact_value";
    virtual_row_text(v, t->keyspace, t->name, c->name);
    virtual_text(v, "type", kind);
    virtual_text(v, "validator", ordered_class(v->a, c));
    if (c->kind == COLUMN_CLUSTERING || (c->kind == COLUMN_PARTITION && t->n_partition > 1))
        virtual_int(v, "component_index", c->position);
    else if (!compact && c->kind != COLUMN_PARTITION)
        virtual_int(v, "component_index", t->n_clustering);
}

static void put_columns(virtual_rows *v, const table *t)
{
    for (unsigned i = 0; i < t->n_select; i++)
        put_column(v, t, t->select_order[i]);
}

void virtual_schema_columns(virtual_rows *v)
{
    each_table(v, false, put_columns);
}

void virtual_schema_usertypes(virtual_rows *v)
{
    for (unsigned i = 0; i < v->schema->n_keyspaces; i++) {
        const keyspace *ks = v->schema->keyspaces[i];
        for (unsigned k = 0; k < ks->n_types; k++) {
            const type *t = ks->types[k];
            const char **classes = arena_array(v->a, const char *, t->n_args + 1);
            for (unsigned f = 0; f < t->n_args; f++)
                classes[f] = type_class_name(v->a, t->args[f]);
            virtual_row_text(v, ks->name, t->name, NULL);
            virtual_list(v, "field_names", t->fields, t->n_args);
            virtual_list(v, "field_types", classes, t->n_args);
        }
    }
}

/* ---- system_virtual_schema: only keyspaces that are virtual as a whole ---- */

void virtual_keyspaces(virtual_rows *v)
{
    for (unsigned i = 0; i < v->schema->n_keyspaces; i++)
        if (v->schema->keyspaces[i]->virtual_)
            virtual_row_text(v, v->schema->keyspaces[i]->name, NULL, NULL);
}

static void put_virtual_table(virtual_rows *v, const table *t)
{
    if (!t->in->virtual_)
        return;
    virtual_row_text(v, t->keyspace, t->name, NULL);
    virtual_text(v, "comment", t->options.comment ? t->options.comment : "");
}

void virtual_tables(virtual_rows *v)
{
    each_table(v, true, put_virtual_table);
}

static void put_virtual_columns(virtual_rows *v, const table *t)
{
    static const char *const kinds[] = {"partition_key", "clustering", "static", "regular"};
    for (unsigned i = 0; t->in->virtual_ && i < t->n_columns; i++) {
        const column *c = &t->columns[i];
        bool clustering = c->kind == COLUMN_CLUSTERING;
        virtual_row_text(v, t->keyspace, t->name, c->name);
        virtual_text(v, "clustering_order", !clustering ? "none" : c->desc ? "desc" : "asc");
        virtual_bytes(v, "column_name_bytes", c->name_bytes);
        virtual_text(v, "kind", kinds[c->kind]);
        virtual_int(v, "position", c->position);
        virtual_text(v, "type", type_cql_name(v->a, c->type));
    }
}

void virtual_columns(virtual_rows *v)
{
    each_table(v, true, put_virtual_columns);
}
