/* json.h: values of CQL types to JSON and back, as SELECT JSON, INSERT JSON, toJson() and
 * fromJson() write and take them.
 *
 * Reading goes straight from the text to wire values, led by the type: its depth bounds the
 * recursion, what a type does not want is only skipped (to JSON_DEPTH_MAX). Strings are taken for
 * any type, as in Cassandra.
 *
 * Errors: ERR_INVALID. Sources: Cassandra 4.1, "JSON Support".
 */
#pragma once
#include "model/schema.h"

#define JSON_DEPTH_MAX 64

void json_write(buf *out, const type *t, bytes value, arena *a);
/* A column's or field's name as a key: with quotes of its own when it is not all lower case. */
void json_write_name(buf *out, const char *name);

/* One value, nothing after it. */
int json_read(bytes text, const type *t, arena *a, bytes *ret, err_info *err);
/* An object whose keys are columns: values by the columns' ordinals; `absent` where there is none.
 */
int json_read_row(bytes text, const table *t, bytes absent, arena *a, bytes **ret, err_info *err);
