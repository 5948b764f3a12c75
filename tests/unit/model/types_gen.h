/* types_gen.h: random types and valid values of them, from a seed, with many edge cases. */
#pragma once
#include "base/arena.h"
#include "model/type.h"

typedef struct types_gen {
    uint64_t seed;
    arena *a;
} types_gen;

uint64_t gen_u64(types_gen *g);
unsigned gen_below(types_gen *g, unsigned n);
/* Any native type; with depth also collections, tuples and UDTs of such types. */
const type *gen_type(types_gen *g, unsigned depth);
bytes gen_value(types_gen *g, const type *t);
/* Near v: often equal in a long prefix. */
bytes gen_neighbour(types_gen *g, const type *t, bytes v);
