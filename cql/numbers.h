/* numbers.h: arithmetic between CQL's numeric types, and CAST.
 *
 * Result types, as Cassandra 4.1's: of two integers the wider; with a float among them floating
 * point of the wider size; varint with floating point, or decimal with anything, is decimal.
 * Integers wrap. Values are wire values, never null.
 *
 * Errors: ERR_INVALID (division by zero), ERR_NOT_SUPPORTED (* / % of varint and decimal).
 */
#pragma once
#include "model/type.h"

#define NUMBER_SCALE_MAX 10000 /* decimals further apart than this are not added */

bool number_is(const type *t);
const type *number_result_type(const type *left, const type *right);
/* Both operands are of the type t. */
int number_operate(char op, const type *t, bytes left, bytes right, arena *a, bytes *ret,
                   err_info *err);
int number_negate(const type *t, bytes v, arena *a, bytes *ret, err_info *err);
/* Between numeric types, as Java narrows and widens. */
bytes number_convert(const type *from, bytes v, const type *to, arena *a);
/* v / n for avg: integers towards zero, decimals half even at their scale. */
bytes number_mean(const type *t, bytes v, int64_t n, arena *a);
