/* types.h: types named in statements, resolved against a schema snapshot. */
#pragma once
#include "cql/plan.h"

/* ERR_INVALID: "Unknown type ks.x". User types of the compiler's keyspace (or the table's). */
int compile_type(compiler *c, const ast_type *t, const type **ret);
int compile_type_in(compiler *c, const char *keyspace, const ast_type *t, const type **ret);

/* Are there sets or maps in it? */
bool type_has_order(const type *t);
/* Serializes items; sets and maps are put in order (the items are moved about), of equal ones the
 * last stays. */
bytes term_collection(arena *a, const type *t, bytes *items, unsigned n);
