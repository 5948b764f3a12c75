/* mutation.h: a change to one partition of one table; what the commit log, the memtable and peers
 * are given.
 *
 * Owner: the arena it was made in. Rows and tombstones need not be sorted.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/uuid.h"
#include "model/row.h"

typedef struct range_tombstone {
    bytes start, end; /* encoded bounds (key.h): covers start <= clustering < end */
    deletion deletion;
} range_tombstone;

/* Range tombstones as a list of disjoint ranges in order, each with the newest deletion of what
 * overlapped there; without those that d (the partition's) covers. Input in any order. */
range_tombstone *ranges_normalize(const range_tombstone *ranges, uint32_t n, deletion d, arena *a,
                                  uint32_t *ret_n);
/* What a normalized list deletes at a clustering. */
deletion ranges_at(const range_tombstone *ranges, uint32_t n, bytes clustering);

typedef struct mutation {
    uuid table;
    bytes key;         /* raw partition key */
    deletion deletion; /* of the partition, or DELETION_NONE */
    row *static_row;   /* or NULL */
    uint32_t n_rows, n_ranges;
    row *rows;
    range_tombstone *ranges;
} mutation;

/* Appends / reads the versioned serialized form (commit log records, internode messages).
 * Decoding shares the memory of `encoded`. ERR_CORRUPT. */
void mutation_encode(const mutation *m, buf *out);
int mutation_decode(bytes encoded, arena *a, mutation *ret, err_info *e);
/* A rough size in bytes, for limits and queues. */
size_t mutation_size(const mutation *m);
