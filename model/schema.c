/* schema.c: finding things in a snapshot, and letting it go. */
#include "model/schema.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"
#include "model/schema_internal.h"

static const option default_caching[] = {{"keys", "ALL"}, {"rows_per_partition", "NONE"}};
static const option default_compaction[] = {
    {"class", "org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy"},
    {"max_threshold", "32"},
    {"min_threshold", "4"},
};
static const option default_compression[] = {
    {"chunk_length_in_kb", "16"},
    {"class", "org.apache.cassandra.io.compress.LZ4Compressor"},
};

const table_options table_options_default = {
    .comment = "",
    .bloom_filter_fp_chance = 0.01,
    .crc_check_chance = 1.0,
    .gc_grace_s = 864000,
    .min_index_interval = 128,
    .max_index_interval = 2048,
    .speculative_retry = "99p",
    .additional_write_policy = "99p",
    .read_repair = "BLOCKING",
    .caching = {2, default_caching},
    .compaction = {3, default_compaction},
    .compression = {2, default_compression},
};

/* ---- options ---- */
const char *options_get(options o, const char *name)
{
    for (unsigned i = 0; i < o.n; i++)
        if (!strcmp(o.p[i].name, name))
            return o.p[i].value;
    return NULL;
}

static int by_option_name(const void *a, const void *b)
{
    return strcmp(((const option *)a)->name, ((const option *)b)->name);
}

options options_sorted(arena *a, option *p, unsigned n)
{
    option *copy = arena_array(a, option, n);
    for (unsigned i = 0; i < n; i++)
        copy[i] = p[i];
    qsort(copy, n, sizeof *copy, by_option_name);
    return (options){n, copy};
}

bool options_equal(options a, options b)
{
    bool same = a.n == b.n;
    for (unsigned i = 0; same && i < a.n; i++) {
        const char *v = options_get(b, a.p[i].name);
        same = v && !strcmp(v, a.p[i].value);
    }
    return same;
}

/* ---- snapshots ---- */
schema *schema_ref(schema *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

static void schema_free(schema *s)
{
    const map_slot *slot;
    for (size_t i = 0; (slot = map_next(&s->tables_by_name, &i));)
        map_done(&((table *)slot->value)->by_name);
    map_done(&s->by_name);
    map_done(&s->tables_by_name);
    map_done(&s->tables_by_id);
    arena_done(&s->arena);
    free(s);
}

schema *schema_unref(schema *s)
{
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
        schema_free(s);
    return NULL;
}

const keyspace *schema_keyspace(const schema *s, const char *name)
{
    return map_get(&s->by_name, bytes_str(name));
}

const table *schema_table(const schema *s, const char *keyspace, const char *name)
{
    char key[256];
    size_t k = strlen(keyspace), n = strlen(name);
    if (k + n + 1 > sizeof key)
        return NULL;
    memcpy(key, keyspace, k + 1);
    memcpy(key + k + 1, name, n);
    return map_get(&s->tables_by_name, bytes_of(key, k + n + 1));
}

const table *schema_table_by_id(const schema *s, const uuid *id)
{
    return map_get(&s->tables_by_id, uuid_bytes(id));
}

const type *keyspace_type(const keyspace *ks, const char *name)
{
    for (unsigned i = 0; i < ks->n_types; i++)
        if (!strcmp(ks->types[i]->name, name))
            return ks->types[i];
    return NULL;
}

bool keyspace_is_local(const char *name)
{
    return !strcmp(name, "system") || !strcmp(name, "system_schema");
}

bool keyspace_is_system(const char *name)
{
    static const char *const others[] = {"system_virtual_schema", "system_views",
                                         "system_distributed"};
    for (unsigned i = 0; i < STATIC_KEYSPACES; i++)
        if (!strcmp(static_keyspaces[i].name, name))
            return true;
    for (unsigned i = 0; i < ARRAY_LEN(others); i++)
        if (!strcmp(others[i], name))
            return true;
    return false;
}

const column *table_column(const table *t, bytes name)
{
    return map_get(&t->by_name, name);
}

const column *table_column_by_id(const table *t, column_id id)
{
    for (unsigned i = 0; i < t->n_columns; i++)
        if (t->columns[i].id == id)
            return &t->columns[i];
    return NULL;
}
