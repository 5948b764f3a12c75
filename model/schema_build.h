/* schema_build.h: the state of building one snapshot, shared by schema_build*.c.
 *
 * Owner:  private to model/.
 */
#pragma once
#include "base/vec.h"
#include "model/schema_internal.h"

typedef struct keyspace_build {
    keyspace *ks;
    bool is_static;
    vec(const table *) tables;
    vec(const type *) types;
} keyspace_build;

/* A table's rows so far. */
typedef struct table_build {
    table_draft draft;
    vec(column_draft) columns;
    vec(dropped_column) dropped;
    vec(index_def) indexes;
} table_build;

typedef struct udt_build {
    const char *keyspace, *name;
    unsigned n;
    const bytes *names, *types;
    const type *type;
    bool resolving;
} udt_build;

typedef struct build {
    schema *s;
    arena *arena;
    const schema_rows *rows;
    vec(keyspace_build *) keyspaces;
    vec(table_build *) tables;
    vec(udt_build *) udts;
    map keyspace_by_name, table_by_name, udt_by_name; /* "ks\0name" */
    err_info *e;
} build;

/* "keyspace\0name" as a map's key. */
bytes build_pair(arena *a, const char *keyspace, bytes name);
/* Finds what rows of columns and the like belong to. */
void *build_find_pair(const map *m, const char *keyspace, bytes name);
static inline keyspace_build *find_keyspace(build *b, const char *name)
{
    return map_get(&b->keyspace_by_name, bytes_str(name));
}

/* ERR_CORRUPT with the row's name. */
int row_corrupt(schema_row *r, err_info *e, const char *what);
int row_corrupt_value(schema_row *r, err_info *e);

/* Types: rows first, then all at once. */
int build_read_type(void *arg, schema_row *r, err_info *e);
int build_resolve_types(build *b);
/* A type's CQL name as a tree; the text is copied. */
int build_parse_type(build *b, const char *keyspace, bytes text, const type **ret, err_info *e);
