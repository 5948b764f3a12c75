/* random_struct.h: random values of any struct of the Thrift tables, and their dump as JSON. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "proto/thrift/table.h"

/* xorshift: the same seed gives the same values everywhere. */
uint32_t random_next(uint64_t *seed);
/* In the arena; strings are ASCII, keys of a map differ. */
void *random_struct(uint64_t *seed, const thrift_struct *st, arena *a);
/* {"field": value, ...} of what is present: bytes in hex, doubles as their bits, maps as lists
 * of pairs. */
void dump_struct(buf *out, const thrift_struct *st, const void *from);
