/* cf_def.c: tables and keyspaces as Thrift describes them. */
#include "server/thrift/cf_def.h"

#include <stdlib.h>
#include <strings.h>

#define MARSHAL "org.apache.cassandra.db.marshal."

static bytes class_of(const type *t, bool reversed, arena *a)
{
    const char *name = type_class_name(a, t);
    return bytes_str(reversed ? arena_printf(a, MARSHAL "ReversedType(%s)", name) : name);
}

static bytes class_of_column(const column *c, arena *a)
{
    return class_of(c->type, c->desc, a);
}

/* CompositeType of the clustering columns. */
static bytes composite_class(const table *t, arena *a)
{
    const char *text = MARSHAL "CompositeType(";
    for (unsigned i = 0; i < t->n_clustering; i++)
        text = arena_printf(a, "%s%s%s", text, i ? "," : "",
                            (const char *)class_of_column(&t->clustering_columns[i], a).p);
    return bytes_str(arena_printf(a, "%s)", text));
}

static void describe_columns(const table *t, thrift_cf_def *d, arena *a)
{
    bool composite = !(t->flags & TABLE_SUPER) && (t->flags & TABLE_DENSE) &&
                     (t->n_clustering > 1 || (t->flags & TABLE_COMPOUND));
    const column *value = NULL;
    for (unsigned i = 0; i < t->n_columns; i++)
        if (t->columns[i].kind == COLUMN_REGULAR)
            value = &t->columns[i];
    d->column_type = t->flags & TABLE_SUPER ? BYTES_LIT("Super") : BYTES_LIT("Standard");
    d->comparator_type =
        composite ? composite_class(t, a) : class_of_column(&t->clustering_columns[0], a);
    if (t->flags & TABLE_SUPER)
        d->subcomparator_type = class_of_column(&t->clustering_columns[1], a);
    d->default_validation_class = class_of(value->type, false, a);
    d->key_validation_class = class_of(t->key_type, false, a);
    if (t->n_partition == 1)
        d->key_alias = t->partition_columns[0].name_bytes;
}

static void describe_metadata(const table *t, thrift_cf_def *d, arena *a)
{
    d->has_column_metadata = true;
    d->column_metadata.v = arena_array(a, thrift_column_def, t->n_static);
    for (unsigned i = 0; i < t->n_columns && table_is_static_compact(t); i++) {
        if (t->columns[i].kind != COLUMN_STATIC)
            continue;
        thrift_column_def *c = &d->column_metadata.v[d->column_metadata.n++];
        *c = thrift_column_def_default;
        c->name = t->columns[i].name_bytes;
        c->validation_class = class_of(t->columns[i].type, false, a);
    }
}

/* ---- options ---- */

static bytes caching_text(options o)
{
    const char *keys = options_get(o, "keys"), *rows = options_get(o, "rows_per_partition");
    bool no_keys = keys && !strcasecmp(keys, "NONE"), no_rows = !rows || !strcasecmp(rows, "NONE");
    return no_keys ? (no_rows ? BYTES_LIT("NONE") : BYTES_LIT("ROWS_ONLY"))
                   : (no_rows ? BYTES_LIT("KEYS_ONLY") : BYTES_LIT("ALL"));
}

/* "99p" is 99.0PERCENTILE here, and "never" is NONE. */
static bytes retry_text(const char *s, arena *a)
{
    char *end;
    if (!s || !strcasecmp(s, "never") || !strcasecmp(s, "none"))
        return BYTES_LIT("NONE");
    double percent = strtod(s, &end);
    if (end == s || strcasecmp(end, "p"))
        return bytes_str(s);
    bool whole = percent == (double)(int)percent;
    return bytes_str(arena_printf(a, whole ? "%.1fPERCENTILE" : "%gPERCENTILE", percent));
}

static int threshold(options o, const char *name, int otherwise)
{
    const char *text = options_get(o, name);
    return text ? atoi(text) : otherwise;
}

static void add_pair(thrift_map_bytes_bytes *m, const char *name, const char *value)
{
    m->v[m->n].key = bytes_str(name);
    m->v[m->n++].value = bytes_str(value);
}

static void describe_compaction(const table *t, thrift_cf_def *d, arena *a)
{
    options o = t->options.compaction;
    const char *class_name = options_get(o, "class");
    if (class_name)
        d->compaction_strategy = bytes_str(class_name);
    d->has_min_compaction_threshold = d->has_max_compaction_threshold = true;
    d->min_compaction_threshold = threshold(o, "min_threshold", 4);
    d->max_compaction_threshold = threshold(o, "max_threshold", 32);
    d->has_compaction_strategy_options = true;
    d->compaction_strategy_options.v = arena_alloc(a, o.n * sizeof(thrift_pair_bytes_bytes));
    for (unsigned i = 0; i < o.n; i++)
        if (strcmp(o.p[i].name, "class") && strcmp(o.p[i].name, "min_threshold") &&
            strcmp(o.p[i].name, "max_threshold"))
            add_pair(&d->compaction_strategy_options, o.p[i].name, o.p[i].value);
}

/* The chunk length is told only when it is not the usual one. */
static void describe_compression(const table *t, thrift_cf_def *d, arena *a)
{
    options o = t->options.compression;
    thrift_map_bytes_bytes *m = &d->compression_options;
    d->has_compression_options = true;
    m->v = arena_alloc(a, o.n * sizeof *m->v);
    for (unsigned i = 0; i < o.n; i++)
        if (!strcmp(o.p[i].name, "class"))
            add_pair(m, "sstable_compression", o.p[i].value);
        else if (!strcmp(o.p[i].name, "chunk_length_in_kb") && strcmp(o.p[i].value, "16"))
            add_pair(m, "chunk_length_kb", o.p[i].value);
}

static void describe_options(const table *t, thrift_cf_def *d, arena *a)
{
    const table_options *o = &t->options;
    d->comment = bytes_str(o->comment ? o->comment : "");
    d->read_repair_chance = o->read_repair_chance;
    d->dclocal_read_repair_chance = o->dclocal_read_repair_chance;
    d->gc_grace_seconds = o->gc_grace_s;
    d->bloom_filter_fp_chance = o->bloom_filter_fp_chance;
    d->memtable_flush_period_in_ms = o->memtable_flush_period_ms;
    d->default_time_to_live = o->default_time_to_live_s;
    d->index_interval = o->min_index_interval;
    d->replicate_on_write = true;
    d->has_read_repair_chance = d->has_dclocal_read_repair_chance = d->has_gc_grace_seconds = true;
    d->has_bloom_filter_fp_chance = d->has_memtable_flush_period_in_ms = true;
    d->has_default_time_to_live = d->has_index_interval = d->has_replicate_on_write = true;
    d->has_populate_io_cache_on_flush = d->has_triggers = true;
    d->caching = caching_text(o->caching);
    d->speculative_retry = retry_text(o->speculative_retry, a);
    d->cells_per_row_to_cache = BYTES_NULL;
}

const thrift_cf_def *cf_def_of(const table *t, arena *a)
{
    bool seen = table_is_compact(t) && !(t->flags & TABLE_VIRTUAL) && t->n_regular == 1 &&
                t->n_clustering >= (t->flags & TABLE_SUPER ? 2u : 1u);
    if (!seen)
        return NULL;
    thrift_cf_def *d = arena_alloc(a, sizeof *d);
    *d = thrift_cf_def_default;
    d->keyspace = bytes_str(t->keyspace);
    d->name = bytes_str(t->name);
    describe_columns(t, d, a);
    describe_metadata(t, d, a);
    describe_options(t, d, a);
    describe_compaction(t, d, a);
    describe_compression(t, d, a);
    return d;
}

thrift_ks_def *ks_def_of(const keyspace *ks, arena *a)
{
    thrift_ks_def *d = arena_alloc(a, sizeof *d);
    *d = thrift_ks_def_default;
    options o = ks->replication;
    const char *class_name = options_get(o, "class");
    d->name = bytes_str(ks->name);
    d->strategy_class = bytes_str(class_name ? class_name : "");
    d->has_strategy_options = d->has_durable_writes = true;
    d->durable_writes = ks->durable_writes;
    d->strategy_options.v = arena_alloc(a, o.n * sizeof *d->strategy_options.v);
    for (unsigned i = 0; i < o.n; i++)
        if (strcmp(o.p[i].name, "class"))
            add_pair(&d->strategy_options, o.p[i].name, o.p[i].value);
    d->cf_defs.v = arena_alloc(a, ks->n_tables * sizeof *d->cf_defs.v);
    for (unsigned i = 0; i < ks->n_tables; i++) {
        const thrift_cf_def *one = cf_def_of(ks->tables[i], a);
        if (one)
            d->cf_defs.v[d->cf_defs.n++] = *one;
    }
    return d;
}
