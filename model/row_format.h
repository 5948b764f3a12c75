/* row_format.h: the encoded row, shared by the codec and the merge of encoded rows.
 *
 * Owner:  private to model/. The format itself: docs/formats.md, "row".
 */
#pragma once
#include "model/row.h"

enum row_flags {
    ROW_MARKER = 0x01,   /* the base is the row's marker */
    ROW_EXPIRING = 0x02, /* the base has ttl and expiry */
    ROW_DELETION = 0x04,
    ROW_COLUMN_DELETIONS = 0x08,
    ROW_CELLS = 0x10,
    ROW_BASE = 0x20, /* there is a base: everything but an empty row */
    /* No deletions; all cells are simple, live, and have the base's timestamp and expiry. */
    ROW_UNIFORM = 0x40,
};

/* A cell's first byte; the low bits are cell_flags. */
enum cell_head {
    HEAD_FLAGS = 0x07,
    HEAD_PATH = 0x08,
    HEAD_TIMESTAMP = 0x10,   /* its own, as a difference to the base's */
    HEAD_EXPIRY = 0x20,      /* its own ttl and expiry */
    HEAD_SAME_COLUMN = 0x40, /* as the cell before */
    HEAD_EMPTY = 0x80,       /* an empty value, no length follows */
};

typedef struct row_head {
    uint8_t flags;
    liveness base;
} row_head;

void row_head_decode(reader *r, row_head *ret);
/* The head of every cell of a uniform row, but for HEAD_EMPTY. */
static inline uint8_t row_uniform_head(const row_head *h)
{
    return h->flags & ROW_EXPIRING ? CELL_EXPIRING : 0;
}

/* rd_vint with the one-byte case inline. */
static inline uint64_t row_vint(reader *r)
{
    if (__builtin_expect(r->p < r->end && !(*r->p & 0x80), 1))
        return *r->p++;
    return rd_vint(r);
}

int cell_order(const cell *a, const cell *b); /* by column, then path */
bool counter_is_valid(bytes shards);
