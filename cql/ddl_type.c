/* CREATE, ALTER and DROP TYPE. Tables name their types, so altering one touches only its row. */
#include "cql/ddl.h"

static type *udt_new(ddl_step *s, const char *ks, const char *name, unsigned max_fields)
{
    type *t = arena_new(s->a, type);
    t->kind = TYPE_UDT;
    t->keyspace = ks;
    t->name = name;
    t->args = arena_array(s->a, const type *, max_fields + 1);
    t->fields = arena_array(s->a, const char *, max_fields + 1);
    return t;
}

static int find_field(const type *t, bytes name)
{
    for (unsigned i = 0; i < t->n_args; i++)
        if (bytes_eq_str(name, t->fields[i]))
            return (int)i;
    return -1;
}

static int add_field(ddl_step *s, type *t, const ast_column_def *def)
{
    const type *field;
    if (find_field(t, def->name.name) >= 0)
        return err_set(s->err, ERR_INVALID, "Duplicate field name '%.*s' in type '%s.%s'",
                       (int)def->name.name.n, def->name.name.p, t->keyspace, t->name);
    int r = ddl_type(s, t->keyspace, def->type, &field);
    if (r < 0)
        return r;
    if (field->kind == TYPE_COUNTER)
        return err_set(s->err, ERR_INVALID, "A user type cannot contain counters");
    if (field->kind == TYPE_UDT && !field->frozen)
        return err_set(s->err, ERR_INVALID, "A user type cannot contain non-frozen UDTs");
    if (type_uses(field, t->name))
        return err_set(s->err, ERR_INVALID, "User type '%s.%s' would contain itself", t->keyspace,
                       t->name);
    ((const type **)t->args)[t->n_args] = field;
    ((const char **)t->fields)[t->n_args] = arena_str(s->a, def->name.name);
    t->n_args++;
    return 0;
}

/* Names that CQL has, or keeps, for its own types, unless they are quoted. */
static int check_reserved(ddl_step *s, const ast_name *name)
{
    static const char *const kept[] = {"byte",     "complex", "enum",
                                       "interval", "macaddr", "bitstring"};
    const type *native;
    bool reserved = false;
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        reserved |= bytes_eq_str(name->name, kept[i]);
    reserved |= type_parse_cql(s->a, name->name, NULL, &native, NULL) == 0;
    if (!reserved || name->raw.p[0] == '"')
        return 0;
    return err_set(s->err, ERR_SYNTAX, "Invalid (reserved) user type name %.*s", (int)name->name.n,
                   name->name.p);
}

int ddl_create_type(ddl_step *s)
{
    const ast_create_type *ast = s->d->ast->create_type;
    const keyspace *ks;
    int r = check_reserved(s, &ast->name);
    if (r == 0)
        r = ddl_keyspace_of(s, &ast->name, &ks);
    if (r < 0)
        return r;
    const char *name = arena_str(s->a, ast->name.name);
    if (keyspace_type(ks, name))
        return ast->if_not_exists ? 0
                                  : err_set(s->err, ERR_INVALID,
                                            "A user type with name '%s' already exists", name);
    type *t = udt_new(s, ks->name, name, ast->fields.n);
    for (uint32_t i = 0; i < ast->fields.n && r == 0; i++)
        r = add_field(s, t, &ast->fields.at[i]);
    if (r < 0)
        return r;
    schema_put_type(s->schema, ks->name, t, s->timestamp_us, s->a, s->out);
    ddl_report(s, "CREATED", "TYPE", ks->name, name);
    return 0;
}

/* A key with one more field would be another key. */
static int check_not_in_keys(ddl_step *s, const keyspace *ks, const ast_alter *ast, const type *t)
{
    if (ast->what != AST_ALTER_ADD || !ast->columns.n)
        return 0;
    const ast_column_def *def = &ast->columns.at[0];
    for (unsigned i = 0; i < ks->n_tables; i++) {
        const table *in = ks->tables[i];
        for (unsigned k = 0; k < in->n_partition; k++)
            if (type_uses(in->partition_columns[k].type, t->name))
                return err_set(s->err, ERR_INVALID,
                               "Cannot add new field %.*s of type %s to user type %s.%s as the "
                               "type is being used in partition key by the following tables: %s.%s",
                               (int)def->name.name.n, def->name.name.p,
                               ast_type_text(def->type, s->a), ks->name, t->name, ks->name,
                               in->name);
    }
    return 0;
}

static int alter_fields(ddl_step *s, const ast_alter *ast, type *t)
{
    int r = 0;
    if (ast->what == AST_ALTER_ADD) {
        for (uint32_t i = 0; i < ast->columns.n && r == 0; i++)
            if (!ast->if_column || find_field(t, ast->columns.at[i].name.name) < 0)
                r = add_field(s, t, &ast->columns.at[i]);
        return r;
    }
    if (ast->what != AST_ALTER_RENAME)
        return err_set(s->err, ERR_INVALID, "Altering field types is no longer supported");
    for (uint32_t i = 0; i < ast->renames.n; i++) {
        bytes from = ast->renames.at[i].from.name, to = ast->renames.at[i].to.name;
        int at = find_field(t, from);
        if (at < 0 && ast->if_column)
            continue;
        if (at < 0)
            return err_set(s->err, ERR_INVALID, "Unkown field %.*s in user type %s.%s", (int)from.n,
                           from.p, t->keyspace, t->name);
        if (find_field(t, to) >= 0)
            return err_set(s->err, ERR_INVALID, "Duplicate field name %.*s in type %s.%s",
                           (int)to.n, to.p, t->keyspace, t->name);
        ((const char **)t->fields)[at] = arena_str(s->a, to);
    }
    return 0;
}

int ddl_alter_type(ddl_step *s)
{
    const ast_alter *ast = s->d->ast->alter_type;
    const keyspace *ks;
    int r = ddl_keyspace_of(s, &ast->name, &ks);
    if (r < 0)
        return r;
    const char *name = arena_str(s->a, ast->name.name);
    const type *old = keyspace_type(ks, name);
    if (!old)
        return ast->if_exists
                   ? 0
                   : err_set(s->err, ERR_INVALID, "Type '%s.%s' doesn't exist", ks->name, name);
    type *t = udt_new(s, ks->name, name, old->n_args + ast->columns.n);
    t->n_args = old->n_args;
    memcpy((void *)t->args, old->args, old->n_args * sizeof *old->args);
    memcpy((void *)t->fields, old->fields, old->n_args * sizeof *old->fields);
    if ((r = check_not_in_keys(s, ks, ast, t)) < 0 || (r = alter_fields(s, ast, t)) < 0)
        return r;
    schema_put_type(s->schema, ks->name, t, s->timestamp_us, s->a, s->out);
    ddl_report(s, "UPDATED", "TYPE", ks->name, name);
    return 0;
}

static int check_unused(ddl_step *s, const keyspace *ks, const char *name)
{
    for (unsigned i = 0; i < ks->n_types; i++)
        if (strcmp(ks->types[i]->name, name) != 0 && type_uses(ks->types[i], name))
            return err_set(s->err, ERR_INVALID,
                           "Cannot drop user type '%s.%s' as it is still used by user types %s",
                           ks->name, name, ks->types[i]->name);
    for (unsigned i = 0; i < ks->n_tables; i++)
        for (unsigned k = 0; k < ks->tables[i]->n_columns; k++)
            if (type_uses(ks->tables[i]->columns[k].type, name))
                return err_set(s->err, ERR_INVALID,
                               "Cannot drop user type '%s.%s' as it is still used by tables %s",
                               ks->name, name, ks->tables[i]->name);
    return 0;
}

int ddl_drop_type(ddl_step *s)
{
    const ast_drop *ast = s->d->ast->drop_type;
    const keyspace *ks;
    int r = ddl_keyspace_of(s, &ast->name, &ks);
    if (r < 0)
        return r;
    const char *name = arena_str(s->a, ast->name.name);
    if (!keyspace_type(ks, name))
        return ast->if_exists
                   ? 0
                   : err_set(s->err, ERR_INVALID, "Type '%s.%s' doesn't exist", ks->name, name);
    if ((r = check_unused(s, ks, name)) < 0)
        return r;
    schema_drop_type(s->schema, ks->name, name, s->timestamp_us, s->now_s, s->a, s->out);
    ddl_report(s, "DROPPED", "TYPE", ks->name, name);
    return 0;
}
