/* Names in statements, looked up in the schema snapshot. */
#include "cql/plan.h"

const char *table_text(const table *t, arena *a)
{
    return arena_printf(a, "%s.%s", t->keyspace, t->name);
}

int compile_table(compiler *c, const ast_name *name, const table **ret)
{
    const char *ks = name->keyspace.p ? arena_str(c->a, name->keyspace) : c->keyspace;
    const char *table_name = arena_str(c->a, name->name);
    if (!*ks)
        return err_set(c->err, ERR_INVALID,
                       "No keyspace has been specified. USE a keyspace, or explicitly specify "
                       "keyspace.tablename");
    if (!schema_keyspace(c->schema, ks))
        return err_set(c->err, ERR_INVALID, "keyspace %s does not exist", ks);
    const table *t = schema_table(c->schema, ks, table_name);
    if (!t)
        return err_set(c->err, ERR_INVALID, "table %s does not exist", table_name);
    *ret = t;
    return 0;
}

int compile_writable_table(compiler *c, const ast_name *name, const table **ret)
{
    int r = compile_table(c, name, ret);
    if (r < 0)
        return r;
    if (keyspace_is_system((*ret)->keyspace) || ((*ret)->flags & TABLE_VIRTUAL))
        return err_set(c->err, ERR_UNAUTHORIZED, "%s keyspace is not user-modifiable.",
                       (*ret)->keyspace);
    return 0;
}

int compile_column(compiler *c, const ast_ident *name, const column **ret)
{
    const column *col = table_column(c->table, name->name);
    if (!col || column_is_hidden(c->table, col))
        return err_set(c->err, ERR_INVALID, "Undefined column name %s in table %s",
                       ast_ident_text(name->name, c->a), table_text(c->table, c->a));
    *ret = col;
    return 0;
}
