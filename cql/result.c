/* Results that outlive the statement they came from. */
#include "cql/plan.h"

const type *type_copy(const type *t, arena *a)
{
    if (!t->n_args && !t->name)
        return type_native(t->kind);
    type *out = arena_new(a, type);
    *out = *t;
    const type **args = arena_array(a, const type *, t->n_args + 1);
    for (unsigned i = 0; i < t->n_args; i++)
        args[i] = type_copy(t->args[i], a);
    out->args = args;
    out->keyspace = t->keyspace ? arena_strdup(a, t->keyspace) : NULL;
    out->name = t->name ? arena_strdup(a, t->name) : NULL;
    if (t->fields) {
        const char **fields = arena_array(a, const char *, t->n_args + 1);
        for (unsigned i = 0; i < t->n_args; i++)
            fields[i] = arena_strdup(a, t->fields[i]);
        out->fields = fields;
    }
    return out;
}

const column_spec *result_columns_copy(const column_spec *c, unsigned n, arena *a)
{
    column_spec *out = arena_array(a, column_spec, n);
    const char *ks = NULL, *table = NULL;
    for (unsigned i = 0; i < n; i++) {
        /* Most columns share their table's names. */
        if (!ks || strcmp(ks, c[i].keyspace) != 0)
            ks = arena_strdup(a, c[i].keyspace);
        if (!table || strcmp(table, c[i].table) != 0)
            table = arena_strdup(a, c[i].table);
        out[i] = (column_spec){ks, table, arena_strdup(a, c[i].name), type_copy(c[i].type, a)};
    }
    return out;
}
