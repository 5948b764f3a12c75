/* read_internal.h: what read.c and read_row.c share. */
#pragma once
#include "storage/scan.h"
#include "storage/storage_internal.h"

typedef struct reading {
    storage *storage;
    storage_table *table;
    table_view *view;
    const read_command *command;
    arena *arena;
    err_info *err;
    scan scan;
    read_result *result;
    uint64_t bytes;          /* taken so far */
    uint32_t partition_live; /* live rows of this partition */
    uint32_t resumed_rows;   /* those of it on pages before */
} reading;

bytes read_key(reading *r, bytes prefix, int part, bytes rest);
bytes read_partition_prefix(reading *r, bytes key);
void *read_grow(arena *a, void *p, uint32_t n, size_t size);
int read_take_deletion(reading *r, partition *p, bytes value);
int read_take_range(reading *r, partition *p, bytes rest, bytes value);
int read_take_static(reading *r, partition *p, bytes value);
int read_take_row(reading *r, partition *p, bytes clustering, bytes value);

/* By key range and bloom filter. */
static inline bool read_may_contain(const sstable *t, bytes prefix)
{
    const sstable_stats *st = sstable_get_stats(t);
    size_t n = st->min_key.n < prefix.n ? st->min_key.n : prefix.n;
    if (memcmp(st->min_key.p, prefix.p, n) > 0)
        return false;
    return bytes_cmp(st->max_key, prefix) >= 0 && sstable_may_contain(t, prefix);
}

/* ---- read_row.c ---- */
bool read_is_single_row(const read_command *c);
int co_fn read_single_row(reading *r);
