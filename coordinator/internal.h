/* internal.h: what the coordinator's files share. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "base/vec.h"
#include "coordinator/coordinator.h"
#include "coordinator/plan.h"

/* One worker's view of the snapshots: touched only on that worker's thread. */
typedef struct snapshots {
    schema *schema;
    ring *ring;
    /* Parsed replication of the keyspaces of `schema` and the plain tokens' owners follow from
     * these; filled on first use. */
    map replications; /* keyspace pointer -> replication */
    arena arena;
} snapshots;

enum { COORDINATOR_MAGIC = 0x434f4f52 };

struct coordinator {
    int magic;
    env *home; /* worker 0 */
    storage *storage;
    struct messaging *messaging; /* NULL: a node that is always alone */
    const node_info *info;
    const table_draft *virtuals;
    unsigned n_virtuals;
    int64_t read_timeout_us, range_timeout_us, write_timeout_us, truncate_timeout_us;
    snapshots *workers; /* by worker index */
    struct key_lock *keys;
    _Atomic int64_t counter_clock; /* the newest given to a shard */
    co_mutex changing;             /* schema changes, on worker 0 */
    int64_t last_change_us;
    pthread_mutex_t lock; /* guards what follows */
    schema *newest;
    list watches;
};

/* The parsed replication of a keyspace of the worker's current schema. */
int coordinator_replication(coordinator *c, env *e, const keyspace *ks, const replication **ret,
                            replication *room, err_info *err);
/* Makes a snapshot the one that every worker sees; takes over the reference. Waits for all. */
void co_fn coordinator_publish_schema(coordinator *c, env *e, schema *s);
/* Tells storage what the tables want of it, and to forget those that are gone. */
int co_fn coordinator_settle_tables(coordinator *c, env *e, const schema *old, const schema *new,
                                    err_info *err);
int co_fn coordinator_load_schema(coordinator *c, env *e, schema **ret, err_info *err);
/* Runs fn on worker 0, on a coroutine there, and waits for its result. */
int co_fn coordinator_at_home(coordinator *c, env *e, int (*fn)(coordinator *c, void *arg),
                              void *arg);
/* Storage's timeouts and errors as the client is told of them. */
int coordinator_timeout(err_info *err, int code, consistency cl, unsigned received, unsigned need);

/* ---- the parts of requests that involve others (replicate.c, replica_read.c, range.c) ---- */
struct write_request;
int co_fn replicate_write(coordinator *c, env *e, const struct write_request *w, err_info *err);
/* One command to the replicas of one token, or to those of them given in `only`. */
int co_fn replicate_read(coordinator *c, env *e, const replication *rep, bytes token,
                         const uint16_t *only, unsigned n_only, const read_command *cmd,
                         consistency cl, arena *a, read_result **ret, err_info *err);
int co_fn replicate_range(coordinator *c, env *e, const replication *rep, const read_command *cmd,
                          consistency cl, arena *a, read_result **ret, err_info *err);
/* Writes rows of system_schema that came from another node or from a change here; rebuilds and
 * publishes. Worker 0, `changing` held. */
int co_fn coordinator_apply_schema(coordinator *c, env *e, const mutation *const *ms, size_t n,
                                   err_info *err);
/* Tells the other live nodes of a change and waits for them a moment. */
void co_fn schema_push(coordinator *c, env *e, const mutation *const *ms, size_t n);
int co_fn coordinator_truncate_here(coordinator *c, env *e, uuid table, err_info *err);
/* The tables of system_schema that make the schema. */
enum { SYNCED_TABLES = 6 };
extern const char *const synced_tables[SYNCED_TABLES];
int co_fn coordinator_read_schema_table(coordinator *c, env *e, const table *t, arena *a,
                                        read_result **ret, err_info *err);
/* This node's own share of a write, through the commit log or (durable_writes = false) past it. */
int co_fn coordinator_apply_here(coordinator *c, env *e, const keyspace *ks,
                                 const mutation *const *ms, size_t n, err_info *err);
