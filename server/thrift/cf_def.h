/* cf_def.h: Thrift's definitions of keyspaces and column families <-> ours.
 *
 * Shown are the field values that Cassandra 2.0 shows; of what is given, options that mean nothing
 * here (caches, memtable sizes) are accepted and forgotten, as there.
 *
 * Owner:  results live in the arena and may point into what they were made from.
 * Thread: pure functions. Errors: ERR_INVALID, ERR_CONFIG, ERR_NOT_SUPPORTED (indexes, triggers).
 */
#pragma once
#include "model/schema.h"
#include "proto/thrift/thrift.h"

/* Without an id. */
int cf_def_to_draft(const thrift_cf_def *d, arena *a, table_draft *ret, err_info *e);
/* The options of a table after a change to d: what d does not say stays. ERR_NOT_SUPPORTED when d
 * has other columns than the table. */
int cf_def_to_options(const thrift_cf_def *d, const table *t, arena *a, table_options *ret,
                      err_info *e);
/* NULL: Thrift does not see this table. */
const thrift_cf_def *cf_def_of(const table *t, arena *a);

int ks_def_to_draft(const thrift_ks_def *d, arena *a, keyspace_draft *ret, err_info *e);
thrift_ks_def *ks_def_of(const keyspace *ks, arena *a);
