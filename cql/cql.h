/* cql.h: CQL statements from text to result.
 *
 * Text is parsed (cql/parse), analysed against a schema snapshot into a `statement` (immutable,
 * reference counted, shared by all workers), then executed with bound values. A query without
 * preparing takes the same way. DDL, system tables, DESCRIBE and functions live here too; both
 * front ends (binary protocol, Thrift) use it.
 *
 * Owner:   cql: one per node. A result lives in the arena given to execute.
 * Thread:  any worker.
 * Errors:  ERR_SYNTAX, ERR_INVALID, ERR_CONFIG, ERR_EXISTS, ERR_UNAUTHORIZED, ERR_UNPREPARED,
 *          ERR_NOT_SUPPORTED, and the coordinator's. Sentences are Cassandra's where it has one.
 */
#pragma once
#include "coordinator/coordinator.h"
#include "model/consistency.h"
#include "runtime/env.h"

typedef struct cql cql;
typedef struct statement statement;

cql *cql_new(coordinator *c, size_t prepared_cache_bytes);
cql *cql_free(cql *q);
/* Over a warning's threshold the client (cql_result.warnings) and the log hear of it; over a
 * failure's the statement is refused. */
typedef struct cql_limits {
    int64_t batch_warn_bytes, batch_fail_bytes;
    int64_t unlogged_partitions_warn;
    int64_t tombstones_warn, tombstones_fail;
} cql_limits;
extern const cql_limits cql_limits_default; /* Cassandra's; a new cql has them */
/* Before the first request. */
void cql_set_limits(cql *q, const cql_limits *l);
/* Drafts of the virtual tables (system.local, peers, ...), to be given to the coordinator. */
const table_draft *cql_virtual_tables(unsigned *ret_n);

/* The client's side of a connection. */
typedef struct cql_client {
    char keyspace[64];    /* "" = none; USE sets it */
    const char *user;     /* NULL: anonymous */
    const char *address;  /* "ip:port" */
    int protocol_version; /* 3..5; 0: Thrift */
} cql_client;

typedef struct statement_info {
    uint8_t id[16];              /* MD5 of keyspace and text, as drivers see it */
    int32_t thrift_id;           /* Java's String.hashCode of keyspace + text */
    const char *text, *keyspace; /* keyspace: that it was prepared in ("" none) */
    unsigned n_markers;
    const column_spec *markers;
    unsigned n_key; /* indexes of markers that make the partition key, or 0 */
    const uint16_t *key_indexes;
    unsigned n_columns; /* result columns, 0: none (not a SELECT) */
    const column_spec *columns;
    bool is_select, is_batchable; /* INSERT, UPDATE, DELETE */
} statement_info;
const statement_info *statement_get_info(const statement *s);
statement *statement_ref(statement *s);
statement *statement_unref(statement *s);

/* Parses, analyses and keeps it for execute by id (LRU by bytes). *ret: a reference. */
int cql_prepare(cql *q, env *e, const cql_client *cl, bytes text, statement **ret, err_info *err);
/* ERR_UNPREPARED with the id. A statement made stale by a schema change is analysed anew; when its
 * markers or columns are others now, the binary protocol's clients have to prepare it again. */
int cql_find(cql *q, env *e, const uint8_t id[16], statement **ret, err_info *err);
int cql_find_thrift(cql *q, env *e, int32_t id, statement **ret, err_info *err);

typedef struct query_options {
    consistency cl, serial_cl;
    unsigned n_values;
    const bytes *values;  /* null: BYTES_NULL; BYTES_UNSET */
    const bytes *names;   /* or NULL: positional */
    int32_t page_size;    /* 0 or less: no paging */
    bytes paging_state;   /* null: from the start */
    int64_t timestamp_us; /* client's default timestamp, or NO_TIMESTAMP */
    int32_t now_s;        /* v5; 0: the clock */
    const char *keyspace; /* v5 per request; NULL: the connection's */
} query_options;

typedef enum result_kind {
    RESULT_VOID,
    RESULT_ROWS,
    RESULT_SET_KEYSPACE,
    RESULT_SCHEMA_CHANGE
} result_kind;

typedef struct cql_result {
    result_kind kind;
    /* rows */
    unsigned n_columns;
    const column_spec *columns;
    size_t n_rows;
    const bytes *values; /* n_rows * n_columns, row by row */
    bytes paging_state;  /* null: no more pages */
    /* set keyspace */
    const char *keyspace;
    /* schema change: "CREATED" "UPDATED" "DROPPED"; "KEYSPACE" "TABLE" "TYPE"; name "" for a
     * keyspace */
    const char *change, *target, *change_keyspace, *change_name;
    unsigned n_warnings;
    const char *const *warnings;
} cql_result;

int co_fn cql_execute(cql *q, env *e, cql_client *cl, statement *s, const query_options *o,
                      arena *a, cql_result *ret, err_info *err);
/* Parse, analyse, execute; not kept. */
int co_fn cql_query(cql *q, env *e, cql_client *cl, bytes text, const query_options *o, arena *a,
                    cql_result *ret, err_info *err);

typedef enum batch_type { BATCH_LOGGED, BATCH_UNLOGGED, BATCH_COUNTER } batch_type;
typedef struct batch_entry {
    statement *prepared; /* or NULL */
    bytes text;          /* when not prepared */
    unsigned n_values;
    const bytes *values;
} batch_entry;
/* Batches of the binary protocol. o: consistency, timestamp. */
int co_fn cql_batch(cql *q, env *e, cql_client *cl, batch_type type, const batch_entry *entries,
                    size_t n, const query_options *o, arena *a, cql_result *ret, err_info *err);

/* DDL pieces that Thrift's system_* calls share: validates a draft as CREATE would and makes it. */
int co_fn cql_create_keyspace(cql *q, env *e, const keyspace_draft *ks, const table_draft *tables,
                              unsigned n, err_info *err);
int co_fn cql_alter_keyspace(cql *q, env *e, const keyspace_draft *ks, err_info *err);
int co_fn cql_drop_keyspace(cql *q, env *e, const char *name, err_info *err);
int co_fn cql_create_table(cql *q, env *e, const table_draft *t, err_info *err);
int co_fn cql_alter_options(cql *q, env *e, const char *keyspace, const char *name,
                            const table_options *o, err_info *err);
int co_fn cql_drop_table(cql *q, env *e, const char *keyspace, const char *name, err_info *err);
/* CREATE TABLE text etc. as DESCRIBE shows it. */
char *cql_describe_table(const table *t, arena *a);
char *cql_describe_keyspace(const keyspace *ks, bool with_tables, arena *a);
