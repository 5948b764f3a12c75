/* table.h: layout of results: tables, rows as lists, names in columns.
 *
 *      customer_id | firstname
 *     -------------+-----------
 *                1 |      Jane
 *
 * Headers to the left (blanks at the line's end cut), values to the right, widths in columns of a
 * terminal.
 *
 * Thread: any; pure, but for wcwidth(), which wants a UTF-8 locale.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

typedef struct table_cell {
    bytes text;        /* UTF-8 without control characters (text_escape) */
    unsigned width;    /* columns on the screen */
    const char *color; /* escape sequence, or NULL */
} table_cell;

/* Appends the text with what would disturb a terminal made visible: control characters as \n or
 * \x1b, bytes that are no UTF-8 as \xff, a backslash as two; quotes doubled when quote is not 0. */
void text_escape(buf *out, bytes text, char quote);
unsigned text_width(bytes utf8);

typedef struct table_page {
    unsigned n_columns;
    size_t n_rows;
    const table_cell *headers;
    const table_cell *values; /* row by row */
} table_page;

void table_put(buf *out, const table_page *t, bool with_header);
/* EXPAND ON; first: the number of the first row, from 1. */
void table_put_expanded(buf *out, const table_page *t, size_t first);
/* Names side by side, in columns, downwards first. */
void names_put(buf *out, const bytes *names, size_t n, unsigned screen_width);
