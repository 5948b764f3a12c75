/* types.h: types named in statements, resolved against a schema snapshot. */
#pragma once
#include "cql/plan.h"

/* ERR_INVALID: "Unknown type ks.x". User types of the compiler's keyspace (or the table's). */
int compile_type(compiler *c, const ast_type *t, const type **ret);
int compile_type_in(compiler *c, const char *keyspace, const ast_type *t, const type **ret);
