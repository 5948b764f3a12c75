/* calls.h: Thrift calls: one handler per method, in one table.
 *
 * A handler gets decoded arguments and either answers (thrift_answer) and returns 0, or returns
 * an error with its sentence in x->err; the dispatcher makes the exception of it.
 *
 * Rooms:  session.c (login, keyspace, version), cql_calls.c, describe.c, read_calls.c (get,
 * get_slice, ...), range_calls.c (get_range_slices), write_calls.c (insert, batch_mutate, ...),
 * schema_calls.c (describe_keyspace, system_*). Thread: the worker's. Suspend: every handler may.
 */
#pragma once
#include "proto/thrift/thrift.h"
#include "server/thrift/columns.h"
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

/* Around every message to the client: a framed session's have their length before them. */
static inline size_t thrift_begin(const thrift_session *s, buf *out)
{
    return s->framed ? thrift_frame_begin(out) : 0;
}

static inline void thrift_end(const thrift_session *s, buf *out, size_t at)
{
    if (s->framed)
        thrift_frame_end(out, at);
}

/* Appends the reply to the connection's output. reply: thrift_<method>_reply of the call. */
void thrift_answer(thrift_context *x, const void *reply);

/* Runs a call and appends its answer, whatever happens. */
void co_fn thrift_run(thrift_session *s, const thrift_call *call, arena *a);

/* ---- what handlers share ---- */
int thrift_consistency(thrift_context *x, int32_t number, consistency *ret);
/* The session's keyspace, or the classic error. */
int thrift_keyspace(thrift_context *x, const schema *s, const keyspace **ret);

/* A column family of the session's keyspace, held while a call uses it. */
typedef struct thrift_target {
    schema *schema;
    const keyspace *keyspace;
    column_view view;
} thrift_target;
int thrift_open(thrift_context *x, bytes column_family, bool write, thrift_target *ret);
void thrift_close(thrift_target *t);
/* Finds one more column family in an open target's schema. */
int thrift_find(thrift_context *x, const schema *s, bytes column_family, bool write,
                column_view *ret);
/* Working space of the worker; nobody may suspend while using it. */
static inline buf *thrift_scratch(thrift_context *x)
{
    return &x->session->worker->scratch;
}
static inline int64_t thrift_now_s(thrift_context *x)
{
    return env_now_us(x->env) / 1000000;
}
/* A read of one partition or, when key is null, of a range yet to be set. */
read_command thrift_read_command(thrift_context *x, const column_query *q, bytes key);

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
    X(ATOMIC_BATCH_MUTATE, atomic_batch_mutate)                                                    \
    X(GET_RANGE_SLICES, get_range_slices)                                                          \
    X(GET_PAGED_SLICE, get_paged_slice)                                                            \
    X(TRUNCATE, truncate)                                                                          \
    X(SYSTEM_ADD_KEYSPACE, system_add_keyspace)                                                    \
    X(SYSTEM_UPDATE_KEYSPACE, system_update_keyspace)                                              \
    X(SYSTEM_DROP_KEYSPACE, system_drop_keyspace)                                                  \
    X(SYSTEM_UPDATE_COLUMN_FAMILY, system_update_column_family)                                    \
    X(SYSTEM_ADD_COLUMN_FAMILY, system_add_column_family)                                          \
    X(SYSTEM_DROP_COLUMN_FAMILY, system_drop_column_family)

#define X(METHOD, name) thrift_handler thrift_call_##name;
THRIFT_HANDLERS(X)
#undef X
