/* row.h: rows, cells, deletions, and their merge.
 *
 * As in Cassandra 3 and later: a row has primary key liveness (its marker), a row deletion, cells
 * (simple ones, and one per element of a multi-cell column, told apart by their path), and per
 * multi-cell column a deletion of what was there before.
 *
 * row_merge is pure, commutative, associative and idempotent (storage_semantics: reconcile).
 * Nothing here looks at the clock but functions that take now_s.
 *
 * Encoded rows (docs/formats.md, "row") do not depend on the schema: columns are numbered by
 * column_id, a hash of the name, so that any two nodes that add a column agree.
 *
 * Units:  timestamps in us since 1970 as clients give them; local deletion time and expiry in s.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/errors.h"

#define NO_TIMESTAMP INT64_MIN
#define NO_DELETION_TIME INT32_MAX
#define NO_TTL 0
#define MAX_TTL_S 630720000

typedef uint32_t column_id;
column_id column_id_of(bytes name); /* never 0 */

typedef struct deletion {
    int64_t timestamp; /* NO_TIMESTAMP: nothing is deleted */
    int32_t local_s;   /* when it was made, for gc_grace; NO_DELETION_TIME */
} deletion;
#define DELETION_NONE ((deletion){NO_TIMESTAMP, NO_DELETION_TIME})

static inline bool deletion_is_none(deletion d)
{
    return d.timestamp == NO_TIMESTAMP;
}
/* Covers what was written at its timestamp or before. */
static inline bool deletion_covers(deletion d, int64_t timestamp)
{
    return timestamp <= d.timestamp && d.timestamp != NO_TIMESTAMP;
}
deletion deletion_max(deletion a, deletion b);

typedef struct liveness {
    int64_t timestamp; /* NO_TIMESTAMP: no marker */
    int32_t ttl_s;     /* NO_TTL */
    int32_t expiry_s;  /* NO_DELETION_TIME when it never expires */
} liveness;
#define LIVENESS_NONE ((liveness){NO_TIMESTAMP, NO_TTL, NO_DELETION_TIME})

enum cell_flags { CELL_TOMBSTONE = 1, CELL_EXPIRING = 2, CELL_COUNTER = 4 };

typedef struct cell {
    column_id column;
    uint8_t flags;
    int32_t ttl_s;   /* expiring only */
    int32_t local_s; /* tombstone: when deleted; expiring: when it expires; else NO_DELETION_TIME */
    int64_t timestamp;
    bytes path;  /* element of a multi-cell column, byte-comparable: list timeuuid, set/map
                    key, UDT field number (u16); null for simple cells */
    bytes value; /* tombstone: null. Counter: the shards (counter.c) */
} cell;

typedef struct column_deletion {
    column_id column;
    deletion deletion;
} column_deletion;

typedef struct row {
    bytes clustering; /* encoded (key.h); null in a static row */
    liveness live;
    deletion deletion;
    uint32_t n_cells, n_column_deletions;
    cell *cells;                       /* by column, then path */
    column_deletion *column_deletions; /* by column */
} row;

bool cell_is_live(const cell *c, int64_t now_s);
bool liveness_is_live(liveness l, int64_t now_s);
/* A row exists for a reader when its marker or any cell is live. */
bool row_is_live(const row *r, int64_t now_s);
bool row_is_empty(const row *r);
const cell *row_find(const row *r, column_id column); /* the first cell of the column, or NULL */

/* Which of two cells of the same column and path wins. Counters merge into *room. */
cell cell_merge(const cell *a, const cell *b, arena *room);
liveness liveness_merge(liveness a, liveness b);
/* A copy whose cells and deletions may be dropped without touching r; values are shared. */
row *row_copy(const row *r, arena *room);
/* Rows of equal clustering. The result shares the inputs' memory and the arena's. */
row *row_merge(const row *a, const row *b, arena *room);
/* Drops what d covers (in place): cells, marker, older row and column deletions. */
void row_apply_deletion(row *r, deletion d);
/* Drops what the row's own deletions cover; a merged row is always so. */
void row_normalize(row *r);
/* Puts cells and column deletions in order and merges duplicates, for rows built in any order;
 * everything else here expects and keeps the order. */
void row_sort(row *r, arena *room);
/* For compaction and reads: expired cells become tombstones; tombstones and deletions with local
 * time < gc_before_s and timestamp < purge_before go. Returns false when nothing is left. */
bool row_purge(row *r, int64_t now_s, int64_t gc_before_s, int64_t purge_before_timestamp);

/* Encoded form, without the clustering. Decoding shares the encoded memory; ERR_CORRUPT. */
void row_encode(const row *r, buf *out);
int row_decode(bytes encoded, arena *a, row *ret, err_info *e);
/* Merge on encoded rows: the memtable's and compaction's workhorse. */
int row_merge_encoded(bytes a, bytes b, arena *room, buf *out, err_info *e);
void deletion_encode(deletion d, buf *out);
int deletion_decode(bytes encoded, deletion *ret);

/* Counters: global shards (node id, clock, count), merged by highest clock. */
typedef struct counter_shard {
    uint8_t node[16];
    int64_t clock, count;
} counter_shard;
bytes counter_build(arena *a, const counter_shard *shards, size_t n);
int64_t counter_total(bytes shards);
/* The shard of a node; false: it has none. */
bool counter_find(bytes shards, const uint8_t node[16], counter_shard *ret);
bytes counter_merge(bytes a, bytes b, arena *room);
