/* read.h: what is asked of a replica, and what it answers.
 *
 * A read names one partition or a range of the ring, and which rows of each partition. The
 * answer keeps tombstones, so that answers of several replicas merge; live rows are counted
 * against the limits. A page's end is a position (storage key), so paging resumes exactly.
 *
 * Owner: the arena it was made in.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/uuid.h"
#include "model/key.h"
#include "model/mutation.h"
#include "model/row.h"

/* Rows with start <= clustering < end, encoded bounds (key.h). A single row: its encoding, and
 * the same followed by a zero byte. */
typedef struct clustering_slice {
    bytes start, end;
} clustering_slice;

typedef struct read_command {
    uuid table;
    partitioner partitioner;
    /* One partition: key set. A range: key null, from (inclusive) and to (exclusive) in storage
     * keys' order; null = the ring's end. */
    bytes key;
    bytes from, to;
    uint32_t n_slices; /* sorted, disjoint; 0 = all rows. Never reversed here */
    const clustering_slice *slices;
    bool reversed;            /* rows of a partition in descending order */
    bool static_only;         /* DISTINCT: the first live thing tells that a partition exists */
    bool with_static;         /* the table has static columns and they matter */
    uint32_t limit;           /* live rows in all; UINT32_MAX = none */
    uint32_t partition_limit; /* live rows per partition */
    uint64_t max_bytes;       /* stop a page after about this much; 0 = none */
    int64_t now_s;
    /* Resume: position of the last row returned (partition key, clustering); null = the start.
     * With after_static the partition's static row alone was returned. */
    bytes resume_key;
    bytes resume_clustering;        /* null with resume_key set: that partition is finished */
    uint32_t resume_partition_rows; /* rows of that partition already returned */
} read_command;

typedef struct partition {
    bytes key; /* raw partition key */
    deletion deletion;
    row *static_row; /* or NULL */
    uint32_t n_rows, n_ranges;
    row **rows;              /* in the asked order */
    range_tombstone *ranges; /* those that touch the slices; any order */
} partition;

typedef struct read_result {
    uint32_t n_partitions;
    partition *partitions;
    uint32_t live_rows;
    bool more;               /* a limit stopped the read: resume from the last row */
    bool partition_finished; /* with more: the last partition has no further rows asked for */
    uint32_t tombstones;     /* scanned, for the thresholds */
} read_result;

/* Serialized for peers; digest = MD5 over what a reader could see. ERR_CORRUPT. */
void read_command_encode(const read_command *c, buf *out);
int read_command_decode(bytes encoded, arena *a, read_command *ret, err_info *e);
void read_result_encode(const read_result *r, buf *out);
int read_result_decode(bytes encoded, arena *a, read_result *ret, err_info *e);
void read_result_digest(const read_result *r, uint8_t ret[16]);
/* One answer out of several replicas' (same command): partitions in ring order, rows merged. */
read_result *read_result_merge(const read_command *c, const read_result *const *results, size_t n,
                               arena *a);
