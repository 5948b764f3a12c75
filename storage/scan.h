/* scan.h: walks memtables and SSTables as one sorted run of entries, either way.
 *
 * Entries of the same key are merged (entry.h). The current key and value stay valid until the
 * scan moves.
 *
 * Owner:   embeds; scan_done frees the iterators. Sources are borrowed (a table_view holds them).
 * Thread:  one.
 * Errors:  ERR_CORRUPT, ERR_IO of an SSTable; the scan cannot go on after one.
 * Suspend: scan_seek and scan_next.
 */
#pragma once
#include "storage/memtable.h"
#include "storage/sstable.h"

typedef struct scan_source {
    memtable_iter *mem; /* or */
    sstable *table;
    sstable_iter *it;
    memtable *memtable;
    bytes key;
} scan_source;

typedef struct scan {
    partitioner partitioner;
    arena *arena; /* of the request: the sources */
    unsigned n, cap, heap_size, n_current;
    scan_source *sources;
    scan_source **heap;    /* least first (backward: greatest) */
    scan_source **current; /* those that stand on `key` */
    bool backward, valid;
    bytes key, value;
    buf merged[2];
    arena room; /* for merging */
} scan;

void scan_init(scan *s, partitioner p, arena *a, unsigned max_sources);
void scan_done(scan *s);
void scan_add_memtable(scan *s, memtable *m);
void scan_add_sstable(scan *s, sstable *t);
/* Forward: to the first key >= `key`. Backward: to the last key < `key`. */
int co_fn scan_seek(scan *s, bytes key, bool backward, err_info *err);
int co_fn scan_next(scan *s, err_info *err);
