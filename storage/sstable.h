/* sstable.h: one immutable file of sorted entries, a LevelDB table.
 *
 * Keys in the file: 01 and a storage key for data; 02 and a name for what is said about the data
 * (bloom filter chunks, statistics), which therefore comes last. docs/formats.md, "SSTable".
 *
 * Owner:   refcounted; an sstable marked obsolete is unlinked when the last reference goes.
 * Thread:  any; an iterator belongs to one thread and holds a reference.
 * Errors:  ERR_CORRUPT naming file and offset, ERR_IO, ERR_NO_SPACE.
 * Suspend: seeks and steps of iterators, through file_pread_co (on a plain stack they block).
 */
#pragma once
#include "model/row.h"
#include "runtime/env.h"

/* A block cache shared by all tables. */
typedef struct ldb_cache sstable_cache;
sstable_cache *sstable_cache_new(size_t bytes);
sstable_cache *sstable_cache_free(sstable_cache *c); /* NULL is fine; returns NULL */

typedef struct sstable_stats {
    int64_t min_timestamp, max_timestamp; /* of everything written in it */
    int32_t max_local_deletion_s;         /* NO_DELETION_TIME: something never dies */
    uint8_t parts;                        /* SSTABLE_HAS_* */
    uint64_t entries, rows, tombstones, partitions;
    uint64_t data_bytes; /* keys and values before compression */
    bytes min_key, max_key;
} sstable_stats;
enum { SSTABLE_HAS_DELETIONS = 1, SSTABLE_HAS_RANGES = 2, SSTABLE_HAS_STATICS = 4 };

/* ---- writing: on a plain stack of any thread ---- */
typedef struct sstable_writer sstable_writer;
typedef struct sstable_write_options {
    double bloom_fp_chance; /* 1 = no filter */
    bool snappy;
} sstable_write_options;
/* Makes the file; it must not exist. */
int sstable_writer_open(env *e, const char *path, const sstable_write_options *o,
                        sstable_writer **ret, err_info *err);
/* Keys ascend. partition_size: length of the partition prefix in the key. */
int sstable_writer_add(sstable_writer *w, bytes key, size_t partition_size, bytes value,
                       err_info *err);
/* Writes filter and statistics (keys, partitions and bytes are filled in here), syncs, closes. */
int sstable_writer_finish(sstable_writer *w, const sstable_stats *stats, uint64_t *ret_size,
                          err_info *err);
/* Frees; the file stays. NULL is fine; returns NULL. */
sstable_writer *sstable_writer_free(sstable_writer *w);

/* ---- reading ---- */
typedef struct sstable sstable;
int co_fn sstable_open(env *e, const char *path, uint64_t generation, sstable_cache *cache,
                       sstable **ret, err_info *err);
sstable *sstable_ref(sstable *t);
sstable *sstable_unref(sstable *t); /* NULL is fine; returns NULL */
void sstable_mark_obsolete(sstable *t);
const sstable_stats *sstable_get_stats(const sstable *t);
uint64_t sstable_size(const sstable *t);
uint64_t sstable_generation(const sstable *t);
uint64_t sstable_bloom_bytes(const sstable *t);
/* May the partition (its prefix of storage keys) be in there? */
bool sstable_may_contain(const sstable *t, bytes partition_prefix);

typedef struct sstable_iter sstable_iter;
sstable_iter *sstable_iter_new(sstable *t);
sstable_iter *sstable_iter_free(sstable_iter *it); /* NULL is fine; returns NULL */
/* Forward: to the first key >= `key`. Backward: to the last key < `key`; null: to the last. */
int co_fn sstable_iter_seek(sstable_iter *it, bytes key, bool backward, err_info *err);
/* One on, in the direction of the last seek. */
int co_fn sstable_iter_next(sstable_iter *it, err_info *err);
bool sstable_iter_valid(const sstable_iter *it);
bytes sstable_iter_key(const sstable_iter *it); /* valid until the iterator moves */
bytes sstable_iter_value(const sstable_iter *it);
