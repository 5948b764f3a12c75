/* columns.h: Thrift's columns in a row, as a view of model rows.
 *
 * Thrift knows a row (our partition) as columns sorted by the comparator, each with name, value,
 * timestamp and perhaps a ttl; a super column family has one more level. Three shapes of tables
 * can be seen so; all others answer that CQL is the way:
 *
 *   SHAPE_DENSE   a column is a clustering row: its name is the clustering value, or CompositeType
 *                 bytes of all clustering values; its value is the one regular column.
 *   SHAPE_SUPER   the same with two clustering columns: super column, then column.
 *   SHAPE_STATIC  declared names are static columns; any other name is a row under the hidden
 *                 clustering column. A slice merges both.
 *
 * Names compare as encoded clusterings do (model/key.h): declared names are encoded, too, wherever
 * they are compared with rows or bounds. A slice of names is so one interval of encoded bytes.
 *
 * Owner:   results live in the arena; bytes are borrowed from what was given. `scratch` is any
 *          buffer, used as working space.
 * Thread:  pure functions. Suspend: never.
 * Errors:  ERR_INVALID with the sentences that Thrift clients know.
 */
#pragma once
#include "model/mutation.h"
#include "model/read.h"
#include "model/schema.h"
#include "proto/thrift/thrift.h"

enum { COLUMN_NAME_MAX = 65535 };

typedef enum column_shape { SHAPE_DENSE, SHAPE_SUPER, SHAPE_STATIC } column_shape;

typedef struct column_view {
    const table *table;
    column_shape shape;
    bool composite;      /* names are CompositeType bytes */
    const column *value; /* of a clustering row */
} column_view;

/* ERR_INVALID: Thrift cannot see this table. ERR_NOT_SUPPORTED: counters. */
int column_view_of(const table *t, column_view *ret, err_info *e);

/* ---- names ---- */
/* super: of the super column whose columns are meant; null in tables without, and where super
 * columns themselves are meant. */

/* The declared column of that name in a SHAPE_STATIC table, or NULL. */
const column *column_declared(const column_view *v, bytes name);
/* Is the name (not empty) one that the comparator takes? A bound may be a part of a composite name,
 * ended as a place before or after what starts with it. */
int column_check_name(const column_view *v, bytes super, bytes name, bool bound, arena *a,
                      err_info *e);
/* The encoded clustering of one column. The name was checked. */
bytes column_encode(const column_view *v, bytes super, bytes name, buf *scratch, arena *a);
/* The encoded bound of a slice that starts (upper: ends) with the name, both inclusive; an empty
 * name is the begin or end of all. The name was checked. */
bytes column_bound(const column_view *v, bytes super, bytes name, bool upper, buf *scratch,
                   arena *a);
/* The interval that holds what a name means: one column, or a whole super column. */
clustering_slice column_interval(const column_view *v, bytes super, bytes name, buf *scratch,
                                 arena *a);
/* The name of a row's column; of a SHAPE_SUPER row also that of its super column. False: the
 * clustering is malformed. */
bool column_name_of(const column_view *v, bytes clustering, arena *a, bytes *ret_super,
                    bytes *ret_name);

/* ---- writing ---- */
/* Fills the mutation of one partition. */
typedef struct column_writer {
    const column_view *view;
    mutation *mutation;
    arena *arena;
    buf *scratch;
    int32_t now_s;
    uint32_t row_cap, range_cap, static_cap;
} column_writer;

void column_writer_init(column_writer *w, const column_view *v, bytes key, int32_t now_s,
                        mutation *m, buf *scratch, arena *a);
/* The column was checked: name, value, timestamp and ttl. */
void column_write(column_writer *w, bytes super, const thrift_column *c);
void column_remove_all(column_writer *w, int64_t timestamp);
/* A column, or a whole super column (super null, name that of the super column). */
void column_remove(column_writer *w, bytes super, bytes name, int64_t timestamp);
/* start and finish inclusive, either may be empty. */
void column_remove_slice(column_writer *w, bytes super, bytes start, bytes finish,
                         int64_t timestamp);
/* Call last. */
void column_writer_end(column_writer *w);

/* ---- reading ---- */
typedef struct declared_name {
    bytes at; /* encoded */
    const column *column;
} declared_name;

/* A SlicePredicate, resolved. */
typedef struct column_query {
    const column_view *view;
    bool supers; /* the unit is the super column */
    bool reversed;
    uint32_t count; /* at most so many columns, or super columns */
    uint32_t n_slices;
    clustering_slice *slices;
    uint32_t n_declared; /* declared columns asked for, in the asked order */
    declared_name *declared;
} column_query;

/* The predicate was checked (checks.h). */
void column_query_init(column_query *q, const column_view *v, bytes super,
                       const thrift_slice_predicate *p, buf *scratch, arena *a);
/* Sets which rows of a partition a command reads, and its limits for one partition. */
void column_query_apply(const column_query *q, read_command *c);

/* Takes partitions of one row, page after page, and makes columns of them. */
typedef struct column_collector {
    const column_query *query;
    arena *arena;
    int64_t now_s;
    bool counting; /* n only, no columns */
    uint32_t n;    /* columns, or super columns */
    size_t cap;
    thrift_list_column_or_super_column out;
    uint32_t next_declared;
    const row *static_row;
    bytes super; /* the super column being filled */
    size_t super_cap;
} column_collector;

void column_collector_init(column_collector *c, const column_query *q, int64_t now_s, arena *a);
/* False once the query is satisfied. Rows are those that the query's slices hold. */
bool column_collect(column_collector *c, const partition *p);
/* After the last page. */
void column_collector_end(column_collector *c);
