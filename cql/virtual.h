/* virtual.h: tables that are answered by functions.
 *
 * A provider emits all rows of its table through a virtual_rows; virtual_read then picks what the
 * read command asks for, so that virtual tables take the same way as stored ones (restrictions,
 * filters, limits, paging).
 */
#pragma once
#include "cql/plan.h"

typedef struct virtual_rows {
    exec *x;
    const table *table;
    arena *a;
    ring *ring;
    const schema *schema;
    mutations ms; /* one for each row */
    row_builder b;
} virtual_rows;

/* A new row: partition key values, then clustering values, text or (given) wire values. */
void virtual_row(virtual_rows *v, const bytes *key, const bytes *clustering);
void virtual_row_text(virtual_rows *v, const char *key, const char *c1, const char *c2);
void virtual_text(virtual_rows *v, const char *column, const char *text); /* NULL: null */
void virtual_int(virtual_rows *v, const char *column, int64_t n);
void virtual_bytes(virtual_rows *v, const char *column, bytes value);
void virtual_double(virtual_rows *v, const char *column, double d);
void virtual_uuid(virtual_rows *v, const char *column, uuid u);
void virtual_inet(virtual_rows *v, const char *column, const char *address);
bytes virtual_inet_value(virtual_rows *v, const char *address);
void virtual_list(virtual_rows *v, const char *column, const char *const *items, unsigned n);

typedef void virtual_fn(virtual_rows *v);
/* What answers a virtual table; NULL: it is always empty. */
virtual_fn *virtual_find(const table *t);
/* legacy_schema.c: the schema tables of Cassandra 2. */
virtual_fn virtual_schema_keyspaces, virtual_schema_columnfamilies, virtual_schema_columns,
    virtual_schema_usertypes;
/* virtual_schema.c: definitions of the virtual tables themselves. */
virtual_fn virtual_keyspaces, virtual_tables, virtual_columns;
