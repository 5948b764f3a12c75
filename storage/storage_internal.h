/* storage_internal.h: what the storage's own files share.
 *
 * A table's memtables and SSTables at one moment are a table_view: immutable, refcounted, replaced
 * whole under the table's lock. Tables are found in a hash table whose chains only ever grow, so
 * that workers look without a lock; they are freed with the storage.
 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "storage/commitlog.h"
#include "storage/manifest.h"
#include "storage/memtable.h"
#include "storage/sstable.h"
#include "storage/storage.h"

typedef struct table_view {
    atomic_int refs;
    unsigned n_memtables, n_sstables;
    memtable **memtables; /* [0] takes the writes; the last is the oldest */
    sstable **sstables;
} table_view;

typedef struct table_counters {
    atomic_uint_fast64_t reads, writes, read_ns, write_ns, switches, false_positives;
} table_counters;

typedef struct storage_table {
    uuid id;
    struct storage_table *next; /* in its hash chain */
    pthread_mutex_t lock;       /* view, options, dropped */
    table_view *view;
    bool dropped;
    storage_table_options options;
    co_mutex flush_lock; /* on worker 0: flush, truncate, drop one at a time */
    char *directory;     /* relative to the data directory, NULL until known; worker 0 */
    unsigned stripes;    /* of the next memtable */
    table_counters counters;
} storage_table;

/* A worker's own scratch. */
typedef struct storage_worker {
    entry_list entries;
    arena room;
    buf merged;
    vec(memtable *) writing;
    co_event space; /* memtable memory was freed */
    atomic_int waiting;
    env *env;
} storage_worker;

enum { TABLE_BUCKETS = 1024 };

struct storage {
    unsigned magic;
    env *env; /* worker 0's */
    storage_options o;
    manifest *manifest;
    co_mutex manifest_lock;
    commitlog *log; /* NULL while replaying */
    uint64_t base;  /* first segment id of this run */
    sstable_cache *cache;
    storage_table *_Atomic buckets[TABLE_BUCKETS];
    pthread_mutex_t add_lock;
    _Atomic uint64_t memtable_bytes, generation;
    storage_worker *workers;
    atomic_bool draining, flush_requested;
    atomic_int flush_error; /* the last flush failed so; 0 */
    bool closing;
    unsigned background; /* coroutines on worker 0 */
    co_event stop, idle;
    uint64_t flushes, replayed;
    atomic_uint active_flushes, pending_flushes;
};

/* ---- table.c ---- */
storage_table *table_find(storage *s, const uuid *id); /* or NULL */
storage_table *table_get(storage *s, const uuid *id);  /* made when missing */
storage_table *table_free(storage_table *t);
/* Walks all: `for (t = NULL; (t = table_next(s, t));)`. */
storage_table *table_next(storage *s, storage_table *t);
table_view *table_view_ref(storage_table *t);
void table_view_unref(table_view *v);
/* Publishes a view of these (which it references) in place of the current one. */
void table_view_replace(storage_table *t, memtable *const *mems, unsigned n_mems,
                        sstable *const *ssts, unsigned n_ssts);
/* The memtable that takes writes, with `writers` counted up; NULL when the table was dropped. */
memtable *table_begin_write(storage_table *t);
static inline void table_end_write(memtable *m)
{
    atomic_fetch_sub_explicit(&m->writers, 1, memory_order_release);
}

/* ---- flush.c ---- (worker 0) */
int co_fn flush_table(storage *s, storage_table *t, err_info *err);
/* The table with most in memory; NULL when there is nothing. */
storage_table *flush_largest(storage *s);
/* Forgets all; with `drop` for good. */
int co_fn flush_truncate(storage *s, storage_table *t, bool drop, err_info *err);
/* Any worker: memory is over budget, or the log over its size. */
void flush_request(storage *s, env *e);
void flush_request_pressure(void *arg, env *e);
/* Deletes what no memtable needs of the log any more. */
void flush_discard_log(storage *s);

/* ---- storage.c ---- */
/* An SSTable could not be read or written: disk_failure_policy acts. Any thread. */
void storage_disk_failed(storage *s, int code, const err_info *why);

/* ---- flush_write.c ---- (any plain stack) */
/* Writes the memtable to path (made under a temporary name, synced, renamed) and opens it. */
int flush_write(storage *s, memtable *m, const storage_table_options *o, const char *path,
                uint64_t generation, sstable **ret, err_info *err);

/* ---- read.c ---- */
int co_fn read_table(storage *s, storage_table *t, table_view *v, const read_command *c, arena *a,
                     read_result **ret, err_info *err);
