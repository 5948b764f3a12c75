/* The virtual tables of keyspace system (and system_virtual_schema): shapes and providers.
 * Shapes as in Cassandra 4.1, plus the schema tables of Cassandra 2 for clients of that age. */
#include "base/alloc.h"
#include "cql/virtual.h"

/* ---- types and columns as static tables ---- */

#define NATIVE(name, k) static const type name = {.kind = k}
NATIVE(t_text, TYPE_TEXT);
NATIVE(t_int, TYPE_INT);
NATIVE(t_bigint, TYPE_BIGINT);
NATIVE(t_double, TYPE_DOUBLE);
NATIVE(t_boolean, TYPE_BOOLEAN);
NATIVE(t_uuid, TYPE_UUID);
NATIVE(t_timeuuid, TYPE_TIMEUUID);
NATIVE(t_inet, TYPE_INET);
NATIVE(t_blob, TYPE_BLOB);
NATIVE(t_timestamp, TYPE_TIMESTAMP);
static const type *const text_arg[] = {&t_text};
static const type *const blob_arg[] = {&t_blob};
static const type *const text_text[] = {&t_text, &t_text};
static const type *const text_bigint[] = {&t_text, &t_bigint};
static const type *const uuid_blob[] = {&t_uuid, &t_blob};
static const type *const int_bigint[] = {&t_int, &t_bigint};
#define COLLECTION(name, k, a)                                                                     \
    static const type name = {.kind = k, .frozen = true, .n_args = ARRAY_LEN(a), .args = a}
COLLECTION(t_set_text, TYPE_SET, text_arg);
COLLECTION(t_list_text, TYPE_LIST, text_arg);
COLLECTION(t_list_blob, TYPE_LIST, blob_arg);
COLLECTION(t_map_text, TYPE_MAP, text_text);
COLLECTION(t_map_text_bigint, TYPE_MAP, text_bigint);
COLLECTION(t_map_uuid_blob, TYPE_MAP, uuid_blob);
COLLECTION(t_map_int_bigint, TYPE_MAP, int_bigint);

#define COLUMN(s, t, k, at)                                                                        \
    {                                                                                              \
        {(const uint8_t *)(s), sizeof(s) - 1}, &(t), (k), (at), false                              \
    }
#define P(s, t) COLUMN(s, t, COLUMN_PARTITION, 0)
#define P2(s, t) COLUMN(s, t, COLUMN_PARTITION, 1)
#define C(s, t, at) COLUMN(s, t, COLUMN_CLUSTERING, at)
#define R(s, t) COLUMN(s, t, COLUMN_REGULAR, -1)

static const column_draft local[] = {P("key", t_text),
                                     R("bootstrapped", t_text),
                                     R("broadcast_address", t_inet),
                                     R("broadcast_port", t_int),
                                     R("cluster_name", t_text),
                                     R("cql_version", t_text),
                                     R("data_center", t_text),
                                     R("gossip_generation", t_int),
                                     R("host_id", t_uuid),
                                     R("listen_address", t_inet),
                                     R("listen_port", t_int),
                                     R("native_protocol_version", t_text),
                                     R("partitioner", t_text),
                                     R("rack", t_text),
                                     R("release_version", t_text),
                                     R("rpc_address", t_inet),
                                     R("rpc_port", t_int),
                                     R("schema_version", t_uuid),
                                     R("thrift_version", t_text),
                                     R("tokens", t_set_text),
                                     R("truncated_at", t_map_uuid_blob)};
static const column_draft peers[] = {
    P("peer", t_inet),         R("data_center", t_text),    R("host_id", t_uuid),
    R("preferred_ip", t_inet), R("rack", t_text),           R("release_version", t_text),
    R("rpc_address", t_inet),  R("schema_version", t_uuid), R("tokens", t_set_text)};
static const column_draft peers_v2[] = {P("peer", t_inet),           C("peer_port", t_int, 0),
                                        R("data_center", t_text),    R("host_id", t_uuid),
                                        R("native_address", t_inet), R("native_port", t_int),
                                        R("preferred_ip", t_inet),   R("preferred_port", t_int),
                                        R("rack", t_text),           R("release_version", t_text),
                                        R("schema_version", t_uuid), R("tokens", t_set_text)};
static const column_draft schema_keyspaces[] = {
    P("keyspace_name", t_text), R("durable_writes", t_boolean), R("strategy_class", t_text),
    R("strategy_options", t_text)};
static const column_draft schema_columnfamilies[] = {P("keyspace_name", t_text),
                                                     C("columnfamily_name", t_text, 0),
                                                     R("bloom_filter_fp_chance", t_double),
                                                     R("caching", t_text),
                                                     R("cf_id", t_uuid),
                                                     R("column_aliases", t_text),
                                                     R("comment", t_text),
                                                     R("compaction_strategy_class", t_text),
                                                     R("compaction_strategy_options", t_text),
                                                     R("comparator", t_text),
                                                     R("compression_parameters", t_text),
                                                     R("default_time_to_live", t_int),
                                                     R("default_validator", t_text),
                                                     R("dropped_columns", t_map_text_bigint),
                                                     R("gc_grace_seconds", t_int),
                                                     R("index_interval", t_int),
                                                     R("is_dense", t_boolean),
                                                     R("key_aliases", t_text),
                                                     R("key_validator", t_text),
                                                     R("local_read_repair_chance", t_double),
                                                     R("max_compaction_threshold", t_int),
                                                     R("max_index_interval", t_int),
                                                     R("memtable_flush_period_in_ms", t_int),
                                                     R("min_compaction_threshold", t_int),
                                                     R("min_index_interval", t_int),
                                                     R("populate_io_cache_on_flush", t_boolean),
                                                     R("read_repair_chance", t_double),
                                                     R("replicate_on_write", t_boolean),
                                                     R("speculative_retry", t_text),
                                                     R("subcomparator", t_text),
                                                     R("type", t_text),
                                                     R("value_alias", t_text)};
static const column_draft schema_columns[] = {
    P("keyspace_name", t_text),  C("columnfamily_name", t_text, 0),
    C("column_name", t_text, 1), R("component_index", t_int),
    R("index_name", t_text),     R("index_options", t_text),
    R("index_type", t_text),     R("type", t_text),
    R("validator", t_text)};
static const column_draft schema_triggers[] = {
    P("keyspace_name", t_text), C("columnfamily_name", t_text, 0), C("trigger_name", t_text, 1),
    R("trigger_options", t_map_text)};
static const column_draft schema_usertypes[] = {
    P("keyspace_name", t_text), C("type_name", t_text, 0), R("field_names", t_list_text),
    R("field_types", t_list_text)};
static const column_draft schema_functions[] = {P("keyspace_name", t_text),
                                                C("function_name", t_text, 0),
                                                C("signature", t_list_text, 1),
                                                R("argument_names", t_list_text),
                                                R("argument_types", t_list_text),
                                                R("body", t_text),
                                                R("called_on_null_input", t_boolean),
                                                R("language", t_text),
                                                R("return_type", t_text)};
static const column_draft schema_aggregates[] = {
    P("keyspace_name", t_text),     C("aggregate_name", t_text, 0),
    C("signature", t_list_text, 1), R("argument_types", t_list_text),
    R("final_func", t_text),        R("initcond", t_blob),
    R("return_type", t_text),       R("state_func", t_text),
    R("state_type", t_text)};
static const column_draft size_estimates[] = {
    P("keyspace_name", t_text),         C("table_name", t_text, 0),
    C("range_start", t_text, 1),        C("range_end", t_text, 2),
    R("mean_partition_size", t_bigint), R("partitions_count", t_bigint)};
static const column_draft table_estimates[] = {
    P("keyspace_name", t_text),     C("table_name", t_text, 0), C("range_type", t_text, 1),
    C("range_start", t_text, 2),    C("range_end", t_text, 3),  R("mean_partition_size", t_bigint),
    R("partitions_count", t_bigint)};
static const column_draft prepared_statements[] = {
    P("prepared_id", t_blob), R("logged_keyspace", t_text), R("query_string", t_text)};
static const column_draft built_views[] = {P("keyspace_name", t_text), C("view_name", t_text, 0),
                                           R("status_replicated", t_boolean)};
static const column_draft index_info[] = {P("table_name", t_text), C("index_name", t_text, 0),
                                          R("value", t_blob)};
static const column_draft batches[] = {P("id", t_timeuuid), R("mutations", t_list_blob),
                                       R("version", t_int)};
static const column_draft paxos[] = {P("row_key", t_blob),
                                     C("cf_id", t_uuid, 0),
                                     R("in_progress_ballot", t_timeuuid),
                                     R("most_recent_commit", t_blob),
                                     R("most_recent_commit_at", t_timeuuid),
                                     R("most_recent_commit_version", t_int),
                                     R("proposal", t_blob),
                                     R("proposal_ballot", t_timeuuid),
                                     R("proposal_version", t_int)};
static const column_draft compaction_history[] = {P("id", t_uuid),
                                                  R("bytes_in", t_bigint),
                                                  R("bytes_out", t_bigint),
                                                  R("columnfamily_name", t_text),
                                                  R("compacted_at", t_timestamp),
                                                  R("keyspace_name", t_text),
                                                  R("rows_merged", t_map_int_bigint)};
static const column_draft sstable_activity[] = {P("keyspace_name", t_text),
                                                P2("columnfamily_name", t_text),
                                                COLUMN("generation", t_int, COLUMN_PARTITION, 2),
                                                R("rate_120m", t_double), R("rate_15m", t_double)};
static const column_draft v_keyspaces[] = {P("keyspace_name", t_text)};
static const column_draft v_tables[] = {P("keyspace_name", t_text), C("table_name", t_text, 0),
                                        R("comment", t_text)};
static const column_draft v_columns[] = {
    P("keyspace_name", t_text),     C("table_name", t_text, 0),
    C("column_name", t_text, 1),    R("clustering_order", t_text),
    R("column_name_bytes", t_blob), R("kind", t_text),
    R("position", t_int),           R("type", t_text)};

/* ---- providers ---- */

static void put_tokens(virtual_rows *v, const endpoint *e)
{
    const char **items = arena_array(v->a, const char *, e->n_tokens + 1);
    for (unsigned i = 0; i < e->n_tokens; i++)
        items[i] = token_to_text(v->ring->partitioner, e->tokens[i], v->a);
    virtual_list(v, "tokens", items, e->n_tokens);
}

static void put_place(virtual_rows *v, const endpoint *e, uuid schema_version)
{
    virtual_text(v, "data_center", e->dc);
    virtual_text(v, "rack", e->rack);
    virtual_text(v, "release_version", e->release_version);
    virtual_uuid(v, "host_id", e->host_id);
    virtual_uuid(v, "schema_version", schema_version);
    put_tokens(v, e);
}

static void provide_local(virtual_rows *v)
{
    const node_info *info = coordinator_info(v->x->q->c);
    const endpoint *e = &v->ring->endpoints[v->ring->local];
    virtual_row_text(v, "local", NULL, NULL);
    put_place(v, e, v->schema->version);
    virtual_text(v, "bootstrapped", "COMPLETED");
    virtual_text(v, "cluster_name", info->cluster_name);
    virtual_text(v, "cql_version", info->cql_version);
    virtual_text(v, "native_protocol_version", info->native_version);
    virtual_text(v, "thrift_version", info->thrift_version);
    virtual_text(v, "partitioner", partitioner_class(info->partitioner));
    virtual_int(v, "gossip_generation", e->generation);
    virtual_inet(v, "broadcast_address", e->address);
    virtual_inet(v, "listen_address", e->listen_address);
    virtual_inet(v, "rpc_address", e->rpc_address);
    virtual_int(v, "broadcast_port", e->storage_port);
    virtual_int(v, "listen_port", e->storage_port);
    virtual_int(v, "rpc_port", e->native_port);
}

static void provide_peers(virtual_rows *v)
{
    for (unsigned i = 0; i < v->ring->n_endpoints; i++) {
        const endpoint *e = &v->ring->endpoints[i];
        bytes key = virtual_inet_value(v, e->address);
        if (i == v->ring->local || !key.p)
            continue;
        virtual_row(v, &key, NULL);
        put_place(v, e, e->schema_version);
        virtual_inet(v, "rpc_address", e->rpc_address);
    }
}

static void provide_peers_v2(virtual_rows *v)
{
    for (unsigned i = 0; i < v->ring->n_endpoints; i++) {
        const endpoint *e = &v->ring->endpoints[i];
        bytes key = virtual_inet_value(v, e->address);
        uint8_t *port = arena_alloc(v->a, 4);
        put_be32(port, e->storage_port);
        bytes clustering = bytes_of(port, 4);
        if (i == v->ring->local || !key.p)
            continue;
        virtual_row(v, &key, &clustering);
        put_place(v, e, e->schema_version);
        virtual_inet(v, "native_address", e->rpc_address);
        virtual_int(v, "native_port", e->native_port);
    }
}

static void put_prepared(void *arg, const statement *s)
{
    virtual_rows *v = arg;
    bytes key = arena_copy(v->a, bytes_of(s->info.id, sizeof s->info.id));
    virtual_row(v, &key, NULL);
    virtual_text(v, "logged_keyspace", *s->info.keyspace ? s->info.keyspace : NULL);
    virtual_text(v, "query_string", s->info.text);
}

static void provide_prepared(virtual_rows *v)
{
    prepared_cache_walk(v->x->q->by_id, put_prepared, v);
}

/* ---- the list of them ---- */

#define SYSTEM(n, cols, fn)                                                                        \
    {                                                                                              \
        "system", n, cols, ARRAY_LEN(cols), fn                                                     \
    }
#define VIRTUAL(n, cols, fn)                                                                       \
    {                                                                                              \
        "system_virtual_schema", n, cols, ARRAY_LEN(cols), fn                                      \
    }

static const struct virtual_table {
    const char *keyspace, *name;
    const column_draft *columns;
    unsigned n;
    virtual_fn *fn;
} virtuals[] = {
    SYSTEM("local", local, provide_local),
    SYSTEM("peers", peers, provide_peers),
    SYSTEM("peers_v2", peers_v2, provide_peers_v2),
    SYSTEM("schema_keyspaces", schema_keyspaces, virtual_schema_keyspaces),
    SYSTEM("schema_columnfamilies", schema_columnfamilies, virtual_schema_columnfamilies),
    SYSTEM("schema_columns", schema_columns, virtual_schema_columns),
    SYSTEM("schema_triggers", schema_triggers, NULL),
    SYSTEM("schema_usertypes", schema_usertypes, virtual_schema_usertypes),
    SYSTEM("schema_functions", schema_functions, NULL),
    SYSTEM("schema_aggregates", schema_aggregates, NULL),
    SYSTEM("size_estimates", size_estimates, NULL),
    SYSTEM("table_estimates", table_estimates, NULL),
    SYSTEM("prepared_statements", prepared_statements, provide_prepared),
    SYSTEM("built_views", built_views, NULL),
    SYSTEM("IndexInfo", index_info, NULL),
    SYSTEM("batches", batches, NULL),
    SYSTEM("paxos", paxos, NULL),
    SYSTEM("compaction_history", compaction_history, NULL),
    SYSTEM("sstable_activity", sstable_activity, NULL),
    VIRTUAL("keyspaces", v_keyspaces, virtual_keyspaces),
    VIRTUAL("tables", v_tables, virtual_tables),
    VIRTUAL("columns", v_columns, virtual_columns),
};

virtual_fn *virtual_find(const table *t)
{
    for (size_t i = 0; i < ARRAY_LEN(virtuals); i++)
        if (strcmp(virtuals[i].keyspace, t->keyspace) == 0 &&
            strcmp(virtuals[i].name, t->name) == 0)
            return virtuals[i].fn;
    return NULL;
}

/* Filled anew by each call, always the same: constants that C cannot write as such. */
static table_draft drafts[ARRAY_LEN(virtuals)];

const table_draft *cql_virtual_tables(unsigned *ret_n)
{
    for (size_t i = 0; i < ARRAY_LEN(virtuals); i++)
        drafts[i] = (table_draft){.keyspace = virtuals[i].keyspace,
                                  .name = virtuals[i].name,
                                  .flags = TABLE_COMPOUND | TABLE_VIRTUAL,
                                  .n_columns = virtuals[i].n,
                                  .columns = (column_draft *)virtuals[i].columns,
                                  .options = table_options_default};
    *ret_n = ARRAY_LEN(virtuals);
    return drafts;
}
