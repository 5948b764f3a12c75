/* memtable.h: the rows of one table that are not in an SSTable yet.
 *
 * Sliced by the key's first byte (the token's, where there is one) into stripes, each with a tree,
 * an arena and one short mutex, so that workers seldom meet. The slices are in key order: a scan
 * goes from stripe to stripe. Stripes cost nothing until something is put into them.
 *
 * Owner:   refcounted; the last memtable_unref frees.
 * Thread:  any; mutexes are never held across a suspension.
 * Memory:  bytes handed out live as long as the memtable: values are replaced, not overwritten.
 * Errors:  ERR_CORRUPT when an encoded row cannot be merged.
 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "storage/btree.h"
#include "storage/entry.h"

typedef struct memtable_stripe {
    pthread_mutex_t lock;
    arena arena;
    btree tree;
    uint8_t parts; /* MEMTABLE_HAS_*: what was ever put here */
} __attribute__((aligned(64))) memtable_stripe;

enum { MEMTABLE_HAS_DELETIONS = 1, MEMTABLE_HAS_RANGES = 2, MEMTABLE_HAS_STATICS = 4 };

typedef struct memtable {
    unsigned magic;
    atomic_int refs;
    atomic_int writers; /* that chose this memtable and are not done: see storage.c */
    atomic_size_t bytes, rows;
    _Atomic uint64_t *budget; /* of all memtables together; follows `bytes` */
    unsigned n_stripes, n_streams;
    /* By commit log stream: the first segment that holds something of this memtable; 0 = none. */
    _Atomic uint64_t *first_segment;
    /* Where the streams stood when it was switched out: all up to there is in here or older.
     * NULL: it takes writes, or holds replayed ones only. */
    uint64_t *positions;
    memtable_stripe stripes[];
} memtable;

memtable *memtable_new(unsigned n_stripes, unsigned n_streams, _Atomic uint64_t *budget);
memtable *memtable_ref(memtable *m);
memtable *memtable_unref(memtable *m); /* NULL is fine; returns NULL */
bool memtable_is_empty(const memtable *m);

/* Puts the entries of one mutation, all under one lock. room and merged are scratch. */
int memtable_put(memtable *m, const entry_list *l, arena *room, buf *merged, err_info *e);

/* Looks one key up; null when absent. *ret_parts (may be NULL): its stripe's MEMTABLE_HAS_*. */
bytes memtable_get(memtable *m, bytes key, uint8_t *ret_parts);

/* Walks either way from a key; takes entries in batches, holding no lock in between. */
enum { MEMTABLE_BATCH = 32 };
typedef struct memtable_iter {
    memtable *m; /* borrowed */
    bool backward;
    int stripe;
    unsigned at, n, batch;
    bytes keys[MEMTABLE_BATCH], values[MEMTABLE_BATCH];
} memtable_iter;
/* Forward: at the first key >= `key`. Backward: at the last key < `key`; null: at the end. */
void memtable_iter_seek(memtable_iter *it, memtable *m, bytes key, bool backward);
bool memtable_iter_valid(const memtable_iter *it);
void memtable_iter_next(memtable_iter *it);
