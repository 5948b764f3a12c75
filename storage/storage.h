/* storage.h: one node's durable rows: commit log, memtables, SSTables.
 *
 * Storage knows table ids, storage keys (model/key.h) and encoded rows (model/row.h), not the
 * schema: replay needs none. A write goes to the commit log, then into a memtable; memtables are
 * flushed to one SSTable each; reads merge memtables and SSTables.
 *
 * Owner:   one per node; storage_close() flushes nothing, it makes the commit log durable and
 *          frees (storage_drain flushes everything first).
 * Thread:  storage_apply and storage_read on any worker; the rest on worker 0.
 * Errors:  ERR_IO, ERR_NO_SPACE (writes are refused, reads go on), ERR_CORRUPT naming file and
 *          offset.
 * Suspend: functions marked co_fn.
 * Formats: docs/formats.md. Layout: <data>/<keyspace>/<table>-<id>/<generation>-Data.ldb,
 *          <data>/MANIFEST, <commitlog>/CommitLog-<n>.log
 */
#pragma once
#include "base/uuid.h"
#include "model/mutation.h"
#include "model/read.h"
#include "runtime/env.h"

typedef struct storage storage;

typedef enum commitlog_sync { SYNC_PERIODIC, SYNC_BATCH, SYNC_GROUP } commitlog_sync;
typedef enum failure_policy {
    POLICY_STOP,
    POLICY_STOP_PARANOID,
    POLICY_BEST_EFFORT,
    POLICY_STOP_COMMIT,
    POLICY_IGNORE,
    POLICY_DIE
} failure_policy;

typedef struct storage_options {
    const char *data_dir; /* first data directory */
    const char *commitlog_dir;
    const char *cluster_name; /* kept in the data directory; another name is refused */
    partitioner partitioner;  /* likewise */
    commitlog_sync sync;
    uint32_t sync_period_ms;        /* periodic: how often; batch/group: window */
    uint64_t segment_bytes;         /* a mutation over half of it is ERR_TOO_LARGE */
    uint64_t commitlog_total_bytes; /* flush the oldest when exceeded */
    uint64_t memtable_bytes;        /* global budget; the largest is flushed */
    uint64_t block_cache_bytes;
    failure_policy disk_failure, commit_failure;
    /* Table directories carry names (copied into the arena); called with a table id, from any
     * thread. False, or NULL: unnamed. */
    bool (*name_of)(void *arg, const uuid *table, arena *a, const char **ret_keyspace,
                    const char **ret_table);
    void *name_arg;
    /* Called from any thread when a failure policy demands action (stop, die). */
    void (*on_failure)(void *arg, failure_policy policy, const err_info *why);
    void *failure_arg;
} storage_options;

/* What a table wants of its SSTables; defaults until set. Thread: worker 0. */
typedef struct storage_table_options {
    double bloom_fp_chance; /* 0 < p < 1; 1 = no filter */
    bool snappy;
    int32_t gc_grace_s;
} storage_table_options;

/* Opens or makes the directories, refuses a foreign cluster, partitioner or newer format with one
 * clear sentence (nothing touched), replays the commit log. Logs progress through the env. */
int co_fn storage_open(env *e, const storage_options *o, storage **ret_storage, err_info *err);
storage *storage_close(storage *s); /* co_fn; NULL is fine; returns NULL */

void storage_set_table(storage *s, const uuid *table, const storage_table_options *o);

/* Writes all or nothing into the log (one record per mutation). Returns once the sync mode allows
 * an acknowledgement. env is the calling worker's. ERR_TOO_LARGE, ERR_NO_SPACE, ERR_IO. */
int co_fn storage_apply(storage *s, env *e, const mutation *const *ms, size_t n, err_info *err);
/* The same without the commit log (durable_writes = false). */
int storage_apply_volatile(storage *s, env *e, const mutation *const *ms, size_t n, err_info *err);

/* Answers a read from local data. The result lives in the arena. */
int co_fn storage_read(storage *s, env *e, const read_command *c, arena *a, read_result **ret,
                       err_info *err);

/* Flushes the memtables of one table (NULL: of all) to disk and waits. */
int co_fn storage_flush(storage *s, env *e, const uuid *table, err_info *err);
/* Forgets all rows of a table, durably; the table may be used on. */
int co_fn storage_truncate(storage *s, env *e, const uuid *table, err_info *err);
/* Forgets the table and its files. Its id is spent: what is written to it goes nowhere. */
int co_fn storage_drop(storage *s, env *e, const uuid *table, err_info *err);
bool storage_was_dropped(storage *s, const uuid *table); /* any thread */
/* No more writes are taken, everything is flushed, the log is empty. */
int co_fn storage_drain(storage *s, env *e, err_info *err);

/* Makes everything acknowledged durable now (tests, TERM). */
int co_fn storage_sync(storage *s, env *e, err_info *err);

typedef struct storage_table_stats {
    uint64_t sstables, live_bytes, total_bytes, memtable_bytes, memtable_rows, memtable_switches;
    uint64_t reads, writes, bloom_false_positives, bloom_bytes, partitions_estimate;
    uint64_t read_us, write_us; /* summed latencies */
} storage_table_stats;
void storage_stats(storage *s, const uuid *table,
                   storage_table_stats *ret); /* zeros when unknown */
uint64_t storage_load_bytes(storage *s);      /* live SSTable bytes of all tables */
typedef struct storage_totals {
    uint64_t flushes, replayed_mutations, commitlog_bytes, memtable_bytes;
    uint32_t pending_flushes, active_flushes;
    bool refusing_writes;
} storage_totals;
void storage_get_totals(storage *s, storage_totals *ret);
