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
    /* Resume: position of the last row returned (partition key, clustering); null = the start. */
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

/* Serialized for peers. ERR_CORRUPT. */
void read_command_encode(const read_command *c, buf *out);
int read_command_decode(bytes encoded, arena *a, read_command *ret, err_info *e);
void read_result_encode(const read_result *r, buf *out);
int read_result_decode(bytes encoded, arena *a, read_result *ret, err_info *e);

/* MD5 over what a reader could see, and the timestamps of deletions: two replicas with equal
 * digests need no repair of what was asked. Local deletion times do not count, nor how range
 * tombstones are cut, nor rows and partitions without content. Results must be as storage and
 * read_result_merge give them: rows normalized, without what the partition's deletion and range
 * tombstones cover, purged (row_purge) with the same now and gc_before on every replica. */
void read_result_digest(const read_result *r, uint8_t ret[16]);

/* One answer out of several replicas' (same command, n >= 1): partitions in ring order, rows
 * merged, deletions applied, limits counted again. What lies behind the point where any replica
 * stopped is not yet known, so the answer ends there at the latest: it may have fewer live rows
 * than the limit, with `more` set; asking on from its end finds the rest.
 *
 * The end of an answer with `more` is the last row of the last partition, or (partition_finished)
 * that partition; the last row is there even if it has become empty, so look for row_is_live. An
 * unfinished partition without rows stopped before its first row: resume with an empty clustering
 * (reversed: a byte FF).
 *
 * Counting, here and in storage: a live row is one row. A partition without live rows whose static
 * row is live is one row, if the command has with_static and no slices, and no rows of it were
 * returned before (resume_partition_rows). With static_only a partition ends with the first live
 * thing, its live static row (unless the command resumes inside it) or a live row. */
read_result *read_result_merge(const read_command *c, const read_result *const *results, size_t n,
                               arena *a);
