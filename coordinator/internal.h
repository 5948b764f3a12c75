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
