/* model.h: what a table must hold, kept the simple way: every partition in memory, merged by the
 * model library's own functions, and reads answered by filtering all of it. */
#pragma once
#include "storage/storage.h"
#include "tests/unit/runtime/suite.h"

enum { MODEL_PARTITIONS = 8, MODEL_ROWS = 24, MODEL_RANGES = 400 };

typedef struct model_partition {
    bytes key;
    bytes prefix; /* in storage keys */
    deletion deletion;
    row *static_row;
    row *rows[MODEL_ROWS];
    unsigned n_ranges;
    range_tombstone ranges[MODEL_RANGES];
} model_partition;

typedef struct model {
    arena arena;
    partitioner partitioner;
    uint64_t seed;
    model_partition p[MODEL_PARTITIONS]; /* in storage key order */
} model;

void model_init(model *m, partitioner p, uint64_t seed);
uint64_t model_random(model *m, uint64_t n); /* [0, n) */
bytes model_clustering(arena *a, unsigned i);
bytes model_bound(arena *a, unsigned i, uint8_t end);
/* A random change, already applied to the model. */
mutation *model_change(model *m, const uuid *table, arena *a);
void model_apply(model *m, const mutation *x);
void model_forget(model *m); /* truncate */
/* A random question; paging fields unset. */
void model_question(model *m, const uuid *table, arena *a, read_command *ret);
/* Asks page by page and compares with what the model says. */
void model_check(model *m, storage *s, env *e, const read_command *c);
