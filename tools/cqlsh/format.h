/* format.h: values as cqlsh shows them.
 *
 * Texts without quotes (between quotes within collections), control characters escaped; blobs 0x..;
 * True and False; timestamps "2020-01-01 00:00:00.000000+0000"; numbers with a fraction to five
 * digits; [lists], {sets}, {maps: 1}, (tuples), {fields: 1}; null.
 *
 * Thread: any; pure. A value that its type does not allow is shown as a blob.
 */
#pragma once
#include "model/type.h"
#include "tools/cqlsh/table.h"

typedef struct format_options {
    bool color;
    int float_digits, double_digits;
} format_options;

/* The cell's text lives in the arena. */
table_cell format_value(arena *a, const type *t, bytes value, const format_options *o);
table_cell format_header(arena *a, const char *name, const format_options *o);
