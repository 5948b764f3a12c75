/* checks.h: what a Thrift request must look like before anything is read or written.
 *
 * The sentences are those that Thrift clients and their tests know.
 *
 * Thread:  pure functions. Suspend: never. Errors: ERR_INVALID, ERR_CONFIG of types.
 */
#pragma once
#include "server/thrift/columns.h"

int check_key(const column_view *v, bytes key, err_info *e);
/* A parent of columns to be read, or of super columns. */
int check_parent(const column_view *v, bytes super, arena *a, err_info *e);
/* Of get: names one column, or one super column. */
int check_path(const column_view *v, bytes super, bytes column, arena *a, err_info *e);
/* Of remove: names a column, a super column or the whole row. */
int check_path_or_parent(const column_view *v, bytes super, bytes column, arena *a, err_info *e);
int check_names(const column_view *v, bytes super, const bytes *names, size_t n, arena *a,
                err_info *e);
int check_predicate(const column_view *v, bytes super, const thrift_slice_predicate *p,
                    buf *scratch, arena *a, err_info *e);
/* Value, timestamp, ttl. */
int check_column(const column_view *v, const thrift_column *c, err_info *e);
int check_mutation(const column_view *v, const thrift_mutation *m, buf *scratch, arena *a,
                   err_info *e);
/* Limits of a KeyRange. */
int check_key_range(const thrift_key_range *r, err_info *e);
