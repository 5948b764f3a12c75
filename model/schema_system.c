/* schema_system.c: the tables that every node knows without being told.
 *
 * Shapes are those of Cassandra 4.1, because drivers and tools read them; system.ilion_state is
 * ours: small facts that a node must find again at its next start (host id, tokens, generation,
 * truncation times), one row each. system.local, peers and the rest are answered by functions
 * (cql/) and come in as virtual tables.
 */
#include "base/must.h"
#include "model/schema_internal.h"

const char *const schema_table_names[SCHEMA_TABLES] = {
    "aggregates", "columns", "dropped_columns", "functions", "indexes",
    "keyspaces",  "tables",  "triggers",        "types",     "views",
};

static const option local_replication[] = {{"class", "org.apache.cassandra.locator.LocalStrategy"}};
static const option simple_1[] = {{"class", "org.apache.cassandra.locator.SimpleStrategy"},
                                  {"replication_factor", "1"}};
static const option simple_2[] = {{"class", "org.apache.cassandra.locator.SimpleStrategy"},
                                  {"replication_factor", "2"}};

const static_keyspace static_keyspaces[STATIC_KEYSPACES] = {
    {"system", {1, local_replication}},
    {"system_auth", {2, simple_1}},
    {"system_schema", {1, local_replication}},
    {"system_traces", {2, simple_2}},
};

/* Columns: [P |C ]name type; ... P: partition key, C: clustering, both in order. */
typedef struct definition {
    const char *keyspace, *name, *comment;
    int gc_grace_s;
    const char *columns;
} definition;

#define WEEK 604800
#define NINETY_DAYS 7776000
#define TABLE_OPTION_COLUMNS                                                                       \
    "additional_write_policy text; bloom_filter_fp_chance double;"                                 \
    "caching frozen<map<text, text>>; cdc boolean; comment text;"                                  \
    "compaction frozen<map<text, text>>; compression frozen<map<text, text>>;"                     \
    "crc_check_chance double; dclocal_read_repair_chance double; default_time_to_live int;"        \
    "extensions frozen<map<text, blob>>; gc_grace_seconds int; id uuid; max_index_interval int;"   \
    "memtable text; memtable_flush_period_in_ms int; min_index_interval int; read_repair text;"    \
    "read_repair_chance double; speculative_retry text"

static const definition definitions[] = {
    {"system", "ilion_state", "what this node must remember", 0, "P key text; value blob"},
    {"system_schema", "keyspaces", "keyspace definitions", WEEK,
     "P keyspace_name text; durable_writes boolean; replication frozen<map<text, text>>"},
    {"system_schema", "tables", "table definitions", WEEK,
     "P keyspace_name text; C table_name text; flags frozen<set<text>>;" TABLE_OPTION_COLUMNS},
    {"system_schema", "columns", "column definitions", WEEK,
     "P keyspace_name text; C table_name text; C column_name text; clustering_order text;"
     "column_name_bytes blob; kind text; position int; type text"},
    {"system_schema", "dropped_columns", "dropped column registry", WEEK,
     "P keyspace_name text; C table_name text; C column_name text; dropped_time timestamp;"
     "kind text; type text"},
    {"system_schema", "triggers", "trigger definitions", WEEK,
     "P keyspace_name text; C table_name text; C trigger_name text;"
     "options frozen<map<text, text>>"},
    {"system_schema", "views", "view definitions", WEEK,
     "P keyspace_name text; C view_name text; base_table_id uuid; base_table_name text;"
     "include_all_columns boolean; where_clause text;" TABLE_OPTION_COLUMNS},
    {"system_schema", "indexes", "secondary index definitions", WEEK,
     "P keyspace_name text; C table_name text; C index_name text; kind text;"
     "options frozen<map<text, text>>"},
    {"system_schema", "types", "user defined type definitions", WEEK,
     "P keyspace_name text; C type_name text; field_names frozen<list<text>>;"
     "field_types frozen<list<text>>"},
    {"system_schema", "functions", "user defined function definitions", WEEK,
     "P keyspace_name text; C function_name text; C argument_types frozen<list<text>>;"
     "argument_names frozen<list<text>>; body text; called_on_null_input boolean; language text;"
     "return_type text"},
    {"system_schema", "aggregates", "user defined aggregate definitions", WEEK,
     "P keyspace_name text; C aggregate_name text; C argument_types frozen<list<text>>;"
     "final_func text; initcond text; return_type text; state_func text; state_type text"},
    {"system_traces", "sessions", "tracing sessions", 0,
     "P session_id uuid; client inet; command text; coordinator inet; coordinator_port int;"
     "duration int; parameters map<text, text>; request text; started_at timestamp"},
    {"system_traces", "events", "tracing events", 0,
     "P session_id uuid; C event_id timeuuid; activity text; source inet; source_elapsed int;"
     "source_port int; thread text"},
    {"system_auth", "roles", "role definitions", NINETY_DAYS,
     "P role text; can_login boolean; is_superuser boolean; member_of set<text>;"
     "salted_hash text"},
    {"system_auth", "role_members", "role memberships lookup table", NINETY_DAYS,
     "P role text; C member text"},
    {"system_auth", "role_permissions", "permissions granted to db roles", NINETY_DAYS,
     "P role text; C resource text; permissions set<text>"},
    {"system_auth", "resource_role_permissons_index",
     "index of db roles with permissions granted on a resource", NINETY_DAYS,
     "P resource text; C role text"},
    {"system_auth", "network_permissions", "user network permissions", NINETY_DAYS,
     "P role text; dcs frozen<set<text>>"},
};

/* As Cassandra numbers its own tables: system.local is 7ad54392-bcdd-35a6-8417-4e047860b377. */
uuid static_table_id(const char *keyspace, const char *name)
{
    char both[128];
    size_t k = strlen(keyspace), n = strlen(name);
    must(k + n <= sizeof both);
    memcpy(both, keyspace, k);
    memcpy(both + k, name, n);
    return uuid_name(bytes_of(both, k + n));
}

/* One "[P |C ]name type" of [p, end). */
static column_draft parse_column(arena *a, const char *p, const char *end, int position[2])
{
    column_draft c = {.kind = COLUMN_REGULAR, .position = -1};
    while (*p == ' ')
        p++;
    if (p[1] == ' ') {
        c.kind = *p == 'P' ? COLUMN_PARTITION : COLUMN_CLUSTERING;
        c.position = position[c.kind]++;
        p += 2;
    }
    const char *space = memchr(p, ' ', (size_t)(end - p));
    must(space);
    c.name = bytes_of(p, (size_t)(space - p));
    bytes text = bytes_of(space + 1, (size_t)(end - space - 1));
    must(type_parse_cql(a, text, NULL, &c.type, NULL) == 0);
    return c;
}

static void parse_columns(arena *a, const char *text, table_draft *d)
{
    unsigned n = 1;
    int position[2] = {0, 0};
    for (const char *p = text; *p; p++)
        n += *p == ';';
    d->columns = arena_array(a, column_draft, n);
    for (const char *p = text, *end; d->n_columns < n; p = end + 1) {
        end = strchrnul(p, ';');
        d->columns[d->n_columns++] = parse_column(a, p, end, position);
    }
}

table_draft *static_tables(arena *a, unsigned *ret_n)
{
    unsigned n = ARRAY_LEN(definitions);
    table_draft *all = arena_array(a, table_draft, n);
    for (unsigned i = 0; i < n; i++) {
        const definition *def = &definitions[i];
        table_draft *d = &all[i];
        d->id = static_table_id(def->keyspace, def->name);
        d->keyspace = def->keyspace;
        d->name = def->name;
        d->flags = TABLE_COMPOUND;
        d->options = table_options_default;
        d->options.comment = def->comment;
        d->options.gc_grace_s = def->gc_grace_s;
        parse_columns(a, def->columns, d);
    }
    *ret_n = n;
    return all;
}
