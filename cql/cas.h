/* cas.h: conditional writes (INSERT .. IF NOT EXISTS, UPDATE and DELETE .. IF), alone or as a batch
 * on one partition: under the partition's lock, what is there is read, the conditions are judged,
 * and the writes are made or the values that stood against them are returned.
 */
#pragma once
#include "cql/modify.h"

/* A statement with its own bound values: of a batch, or the only one. */
typedef struct bound_modify {
    const modify_plan *plan;
    const statement *s;
    const bytes *values;
    unsigned n_values;
} bound_modify;

/* Makes the exec that of this entry. */
void exec_bind(exec *x, const bound_modify *b);

/* ---- conditions.c ---- */
int compile_conditions(compiler *c, const ast_conditions *ast, bool exists, modify_plan *p);
/* Do the column conditions hold of the row? */
int conditions_hold(const modify_plan *p, exec *x, const row_view *v, bool *ret);

/* ---- cas.c ---- */
/* batch: failures name the rows by their primary key. */
int co_fn cas_run(exec *x, const bound_modify *entries, unsigned n, bool batch, cql_result *ret);

/* ---- batch.c ---- */
/* Mutations of all entries, one for each partition, written. */
int co_fn write_entries(exec *x, const bound_modify *entries, unsigned n, const char *write_type);
