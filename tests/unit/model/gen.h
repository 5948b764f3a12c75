/* gen.h: random rows over domains small enough that ties and overlaps happen all the time. */
#pragma once
#include "model/mutation.h"

typedef struct gen {
    uint64_t state;
    arena arena;
    unsigned times;      /* timestamps 1..times */
    bool counters;       /* column 3 is a counter */
    bool no_row_delete;  /* counters below deletions do not merge in any order (row_merge.c) */
    bool expiry_by_time; /* expiry follows from the timestamp: no ties between expiring cells */
} gen;

void gen_init(gen *g, uint64_t seed);
void gen_done(gen *g);
unsigned gen_below(gen *g, unsigned n); /* 0..n-1 */
row *gen_row(gen *g);                   /* sorted, not normalized */
bool row_same(const row *a, const row *b);
