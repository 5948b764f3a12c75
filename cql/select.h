/* select.h: SELECT as a plan: which partitions and rows (restrictions), what of each (selectors),
 * and how many.
 *
 * Plans of plain columns carry a projector: for each kind of column where its value goes, cells
 * sorted by column id, so that a row is projected in one walk over its cells.
 */
#pragma once
#include "cql/plan.h"

typedef enum selector_kind {
    SEL_COLUMN,
    SEL_TERM,
    SEL_CALL,
    SEL_TOKEN,
    SEL_WRITETIME,
    SEL_TTL,
    SEL_FIELD,
    SEL_ELEMENT,
    SEL_AGGREGATE,
    SEL_TO_JSON,
    SEL_MAXWRITETIME,
    SEL_OPERATION,
    SEL_NEGATE,
    SEL_CAST,
    SEL_SLICE,
} selector_kind;

typedef struct selector {
    selector_kind kind;
    const type *type;
    const char *name; /* of the result column */
    const column *column;
    const term *term; /* literal, or the key of SEL_ELEMENT */
    const term *to;   /* the end of SEL_SLICE, which begins with term; either NULL: open */
    char op;          /* SEL_OPERATION */
    const function *function;
    unsigned field;
    aggregate_kind aggregate;
    unsigned slot;
    bool has_aggregate; /* here or below */
    unsigned n_items;
    const struct selector *const *items;
} selector;

typedef struct cell_target {
    const column *column;
    unsigned out;
    bool multicell;
} cell_target;

struct select_plan {
    const table *table;
    const keyspace *keyspace;
    restrictions where;
    bool distinct, reversed, sort_rows;
    bool one_per_partition; /* DISTINCT, and tables whose rows are partitions */
    bool static_alone;      /* a partition of statics only gives a row */
    bool wants_statics, wants_clustering;
    const term *limit, *per_partition_limit;
    unsigned n_columns;
    const column_spec *specs;
    const selector *const *columns;
    unsigned n_slots;        /* aggregates */
    bool aggregate;          /* all rows become one */
    bool grouped;            /* GROUP BY: rows of a partition that begin with the same ... */
    unsigned order_columns;  /* of sort_rows: by the first so many clustering columns */
    unsigned group_columns;  /* ... values of this many clustering columns become one */
    const column_spec *json; /* SELECT JSON: the one column of the result; else NULL */
    bool plain;              /* every column is SEL_COLUMN: the projector does it */
    unsigned n_keys, n_clusterings, n_cells, n_statics;
    const cell_target *keys, *clusterings, *cells, *statics;
};

/* ---- selectors.c ---- */
int compile_selector(compiler *c, const ast_term *t, unsigned *slots, const selector **ret);
const selector *selector_of_column(compiler *c, const column *col);

/* ---- aggregates.c ---- */
typedef struct aggregate_state {
    int64_t count, sum;
    double real;
    bytes best;
} aggregate_state;
int aggregate_add(const selector *s, aggregate_state *st, bytes v, arena *a, err_info *err);
bytes aggregate_result(const selector *s, const aggregate_state *st, arena *a);
bool aggregate_takes(aggregate_kind k, const type *t);

/* states: of all slots, or NULL before the end. */
int selector_value(const selector *s, exec *x, const row_view *v, const aggregate_state *states,
                   bytes *ret);
/* Feeds the aggregates below s with one row. */
int selector_feed(const selector *s, exec *x, const row_view *v, aggregate_state *states, arena *a);

/* ---- paging.c ---- */
typedef struct paging_position {
    bytes key;        /* null: from the start */
    bytes clustering; /* null: that partition is finished */
    uint32_t partition_rows;
    uint32_t remaining; /* of LIMIT */
} paging_position;
bytes paging_encode(const paging_position *p, arena *a);
/* ERR_PROTOCOL "Invalid value for the paging state". */
int paging_decode(bytes state, paging_position *ret, err_info *e);
