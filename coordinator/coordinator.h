/* coordinator.h: the path of every request: which replicas, how many answers, what if too few.
 *
 * The coordinator takes a replica plan from a ring snapshot and a consistency level, sends to the
 * replicas (here: the local storage; remote ones come with internode), counts answers, and says
 * exactly what was missing (Unavailable, timeouts with numbers and write type).
 *
 * It also holds the two snapshots that everybody works from, schema and ring.
 *
 * Owner:   one per node. Thread: any worker; schema changes run on worker 0 (the functions hop).
 * Errors:  ERR_UNAVAILABLE (required, alive), ERR_WRITE_TIMEOUT, ERR_READ_TIMEOUT, and storage's.
 */
#pragma once
#include "gossip/ring.h"
#include "model/consistency.h"
#include "model/mutation.h"
#include "model/read.h"
#include "model/schema.h"
#include "runtime/env.h"
#include "storage/storage.h"

typedef struct coordinator coordinator;

typedef struct coordinator_options {
    storage *storage;
    const node_info *info;
    ring *ring;                  /* first snapshot; a reference is taken */
    const table_draft *virtuals; /* tables answered by functions (schema_build) */
    unsigned n_virtuals;
    int64_t read_timeout_us, range_timeout_us, write_timeout_us, truncate_timeout_us;
} coordinator_options;

/* Loads the schema from storage. */
int co_fn coordinator_open(env *e, const coordinator_options *o, coordinator **ret, err_info *err);
coordinator *coordinator_close(coordinator *c);

/* ---- snapshots: references for the caller ---- */
schema *coordinator_schema(coordinator *c, env *e);
ring *coordinator_ring(coordinator *c, env *e);
/* The newest schema, from any thread (storage names its directories by it). */
schema *coordinator_newest_schema(coordinator *c);
const node_info *coordinator_info(coordinator *c);
storage *coordinator_storage(coordinator *c);
void coordinator_publish_ring(coordinator *c, ring *r);

/* ---- other nodes ---- */
/* Answers their questions and asks them: sets the handlers of the data and schema verbs. Before
 * messaging_start. */
struct messaging;
void coordinator_serve(coordinator *c, struct messaging *m);
/* Takes over another node's schema (it announced another version than ours). */
int co_fn coordinator_pull_schema(coordinator *c, env *e, const char *peer, err_info *err);

/* ---- data ---- */
typedef struct write_request {
    const keyspace *keyspace; /* of all mutations in this request */
    const mutation *const *mutations;
    size_t n;
    consistency cl;
    const char *write_type; /* "SIMPLE", "BATCH", "UNLOGGED_BATCH", "COUNTER", "CAS" */
} write_request;
int co_fn coordinate_write(coordinator *c, env *e, const write_request *w, err_info *err);
/* Counter tables: cells with CELL_COUNTER hold an increment (counter_increment), which is added to
 * this node's shard under the key's lock, mutation by mutation; a batch is not atomic. Two rows of
 * one mutation must not have the same clustering. Other cells and deletions are written as ever. */
int co_fn coordinate_counter_write(coordinator *c, env *e, const write_request *w, err_info *err);
bytes counter_increment(arena *a, int64_t n);
/* One partition or a range, by the command. ret lives in the arena. */
int co_fn coordinate_read(coordinator *c, env *e, const keyspace *ks, const read_command *cmd,
                          consistency cl, arena *a, read_result **ret, err_info *err);
int co_fn coordinate_truncate(coordinator *c, env *e, const table *t, err_info *err);

/* Would this consistency level have enough live replicas for the key? For statements that must
 * say Unavailable before doing anything else. */
int coordinate_check(coordinator *c, env *e, const keyspace *ks, bytes key, consistency cl,
                     bool write, err_info *err);

/* The same for a conditional write: serial level, and ERR_NOT_SUPPORTED in a ring of several
 * nodes. */
int coordinate_check_cas(coordinator *c, env *e, const keyspace *ks, bytes key, consistency serial,
                         err_info *err);
/* The locks of keys (key_lock.h), for whoever reads, decides and writes. */
struct key_lock *coordinator_keys(coordinator *c);

/* ---- schema changes ---- */
/* A change reads the newest schema, decides, and gives mutations of system_schema tables; changes
 * are serialized on worker 0, so that `decide` sees what it changes. decide: 0 to go on (with no
 * mutations: nothing to do), or an error. It must not suspend. Afterwards the new snapshot is
 * published to all workers before this returns. */
typedef struct schema_change {
    int (*decide)(void *arg, const schema *s, int64_t timestamp_us, int32_t now_s, arena *a,
                  mutations *ret, err_info *err);
    void *arg;
} schema_change;
int co_fn coordinate_schema_change(coordinator *c, env *e, const schema_change *ch, err_info *err);
/* fn runs on the env that subscribed, after each schema publish or ring publish. */
typedef struct snapshot_watch {
    void (*fn)(void *arg);
    void *arg;
    env *env;
    list link;
} snapshot_watch;
void coordinator_watch(coordinator *c, snapshot_watch *w);
void coordinator_unwatch(coordinator *c, snapshot_watch *w);
