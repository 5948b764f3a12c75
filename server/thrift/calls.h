/* calls.h: Thrift calls: one handler per method, in one table.
 *
 * A handler gets decoded arguments and either answers (thrift_answer) and returns 0, or returns
 * an error with its sentence in x->err; the dispatcher makes the exception of it.
 *
 * Rooms:  session.c (login, keyspace, version), cql_calls.c, describe.c, column_calls.c (get,
 * insert, batch_mutate, ...), schema_calls.c (system_*). Thread: the worker's. Suspend: every
 * handler may.
 */
#pragma once
#include "proto/thrift/thrift.h"
#include "server/thrift/connection.h"

typedef struct thrift_session {
    worker *worker;
    stream *stream;
    connection base;
    bool framed;
    cql_client client; /* holds the keyspace */
    int cql_major;     /* of set_cql_version; 0: never called */
} thrift_session;

typedef struct thrift_context {
    thrift_session *session;
    node *node;
    env *env;
    const thrift_call *call;
    arena *arena;
    err_info err;
} thrift_context;

typedef int thrift_handler(thrift_context *x); /* co_fn */

/* Appends the reply to the connection's output. reply: thrift_<method>_reply of the call. */
void thrift_answer(thrift_context *x, const void *reply);

/* Runs a call and appends its answer, whatever happens. */
void co_fn thrift_run(thrift_session *s, const thrift_call *call, arena *a);

/* ---- what handlers share ---- */
int thrift_consistency(thrift_context *x, int32_t number, consistency *ret);
/* The session's keyspace, or the classic error. */
int thrift_keyspace(thrift_context *x, const schema *s, const keyspace **ret);

#define THRIFT_HANDLERS(X)                                                                         \
    X(LOGIN, login)                                                                                \
    X(SET_KEYSPACE, set_keyspace)                                                                  \
    X(SET_CQL_VERSION, set_cql_version)                                                            \
    X(EXECUTE_CQL3_QUERY, execute_cql3_query)                                                      \
    X(PREPARE_CQL3_QUERY, prepare_cql3_query)                                                      \
    X(EXECUTE_PREPARED_CQL3_QUERY, execute_prepared_cql3_query)                                    \
    X(DESCRIBE_CLUSTER_NAME, describe_cluster_name)                                                \
    X(DESCRIBE_VERSION, describe_version)                                                          \
    X(DESCRIBE_PARTITIONER, describe_partitioner)                                                  \
    X(DESCRIBE_SNITCH, describe_snitch)                                                            \
    X(DESCRIBE_SCHEMA_VERSIONS, describe_schema_versions)                                          \
    X(DESCRIBE_TOKEN_MAP, describe_token_map)                                                      \
    X(DESCRIBE_RING, describe_ring)                                                                \
    X(DESCRIBE_LOCAL_RING, describe_local_ring)                                                    \
    X(DESCRIBE_KEYSPACE, describe_keyspace)                                                        \
    X(DESCRIBE_KEYSPACES, describe_keyspaces)                                                      \
    X(GET, get)                                                                                    \
    X(GET_SLICE, get_slice)                                                                        \
    X(GET_COUNT, get_count)                                                                        \
    X(MULTIGET_SLICE, multiget_slice)                                                              \
    X(MULTIGET_COUNT, multiget_count)                                                              \
    X(INSERT, insert)                                                                              \
    X(REMOVE, remove)                                                                              \
    X(BATCH_MUTATE, batch_mutate)                                                                  \
    X(TRUNCATE, truncate)                                                                          \
    X(SYSTEM_ADD_KEYSPACE, system_add_keyspace)                                                    \
    X(SYSTEM_DROP_KEYSPACE, system_drop_keyspace)                                                  \
    X(SYSTEM_ADD_COLUMN_FAMILY, system_add_column_family)                                          \
    X(SYSTEM_DROP_COLUMN_FAMILY, system_drop_column_family)

#define X(METHOD, name) thrift_handler thrift_call_##name;
THRIFT_HANDLERS(X)
#undef X
