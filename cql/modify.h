/* modify.h: INSERT, UPDATE and DELETE as plans: which rows (restrictions), and what is done to
 * each (operations, sorted by column so that cells come out in order). */
#pragma once
#include "cql/plan.h"

typedef enum op_kind {
    OP_SET,          /* simple column = value */
    OP_ASSIGN,       /* multi-cell column = value: what was there goes */
    OP_ADD,          /* elements appended or put */
    OP_PREPEND,      /* list */
    OP_REMOVE,       /* set elements, map keys */
    OP_PUT,          /* map[key] = value */
    OP_SET_FIELD,    /* udt.field = value */
    OP_DELETE,       /* the column */
    OP_DELETE_KEY,   /* map[key], set[key] */
    OP_DELETE_FIELD, /* udt.field */
    OP_LIST_PUT,     /* list[index] = value; these read first */
    OP_LIST_DELETE,  /* list[index] */
    OP_LIST_DISCARD, /* elements of these values */
    OP_COUNT_UP,     /* counter + value */
    OP_COUNT_DOWN,   /* counter - value */
    OP_SET_EMPTY,    /* hidden value column of a table that is all key */
} op_kind;

typedef struct operation {
    op_kind kind;
    const column *column;
    const term *value, *key;
    unsigned field;
} operation;

/* IF column op value; column[key]; column.field. */
typedef struct condition {
    const column *column;
    const term *key;
    bool has_field;
    unsigned field;
    ast_operator op;
    const type *type; /* of what is compared */
    unsigned n_values;
    const term *const *values;
    const term *list; /* IN ?: a list of values */
} condition;

typedef enum if_kind { IF_NONE, IF_NOT_EXISTS, IF_EXISTS, IF_COLUMNS } if_kind;

typedef enum modify_target {
    TARGET_ROWS,      /* rows by full clustering */
    TARGET_STATIC,    /* only the static row */
    TARGET_PARTITION, /* DELETE of a partition */
    TARGET_SLICES,    /* DELETE of ranges */
} modify_target;

struct modify_plan {
    ast_kind kind;
    const table *table;
    const keyspace *keyspace;
    restrictions where;
    modify_target target;
    bool marker;      /* INSERT writes row liveness */
    bool delete_rows; /* DELETE without columns */
    bool reads;       /* the row's present lists are needed */
    bool plain;       /* one partition, one row, only OP_SET and OP_DELETE of simple columns */
    unsigned n_ops, n_static_ops, n_regular_ops;
    const operation *ops;
    const term *ttl, *timestamp;
    if_kind condition;
    unsigned n_conditions;
    const condition *conditions;
    bool if_statics, if_regulars; /* conditions on columns of these kinds */
    bool if_row;                  /* it is about a row, not the static row */
};

/* ---- filling rows (write_row.c) ---- */
typedef struct write_params {
    exec *x;
    int64_t timestamp;
    int32_t ttl_s, expiry_s;
    const row *present, *present_static; /* when the plan reads; NULL: nothing there */
} write_params;
/* Runs the operations on static columns, or the others, into one row (cells only). */
int row_fill(const modify_plan *p, const write_params *w, bool statics, row *ret);
