/* schema_internal.h: what the files that make a schema share.
 *
 * Owner:  private to model/.
 */
#pragma once
#include "model/schema.h"

/* The tables of system_schema in the order in which they count for the version. */
#define SCHEMA_TABLES 10
extern const char *const schema_table_names[SCHEMA_TABLES];

typedef struct static_keyspace {
    const char *name;
    options replication;
} static_keyspace;
#define STATIC_KEYSPACES 4
extern const static_keyspace static_keyspaces[STATIC_KEYSPACES];

/* Drafts of the static tables, in a's memory. */
table_draft *static_tables(arena *a, unsigned *ret_n);
/* The id that every node gives a table by its names alone. */
uuid static_table_id(const char *keyspace, const char *name);

/* A column's name as text: bytes that are no text are shown as blobs are. */
const char *column_text(arena *a, bytes name);
/* A table from a complete draft; it shares the draft's strings and types. */
table *table_of_draft(arena *a, const table_draft *d);
void table_draft_copy(arena *a, const table_draft *from, table_draft *ret); /* deep */

/* ---- reading rows of system_schema ---- */
/* One live row and its decoded clustering; getters set bad to the column's name when a value is
 * malformed, and give the default when it is absent. */
typedef struct schema_row {
    const table *table;
    arena *arena;
    const row *row;
    const char *keyspace;
    bytes clustering[3];
    const char *bad;
} schema_row;
bytes row_get(const schema_row *r, const char *column); /* null when absent */
const char *row_get_text(const schema_row *r, const char *column, const char *otherwise);
int64_t row_get_int(schema_row *r, const char *column, int64_t otherwise);
double row_get_double(schema_row *r, const char *column, double otherwise);
options row_get_options(schema_row *r, const char *column, options otherwise);
/* Elements of a frozen list or set. */
bytes *row_get_items(schema_row *r, const char *column, unsigned *ret_n);

/* Calls each for every live row of a system_schema table, partitions by key; stops at an error.
 * ERR_CORRUPT for a malformed clustering. */
typedef int (*each_row)(void *arg, schema_row *r, err_info *e);
int schema_rows_each(const schema_rows *rows, const char *table, arena *a, each_row each, void *arg,
                     err_info *e);
/* Digest of the live rows for which count says yes. */
uuid schema_version(const schema_rows *rows, bool (*count)(void *arg, schema_row *r), void *arg);

options options_sorted(arena *a, option *p, unsigned n);
bool options_equal(options a, options b);
