/* Keyspaces and column families: describing, making, dropping. */
#include <strings.h>

#include "server/native/connection.h"
#include "server/thrift/calls.h"
#include "server/thrift/cf_def.h"

int thrift_call_describe_keyspace(thrift_context *x)
{
    const thrift_describe_keyspace_args *args = x->call->args;
    schema *s = coordinator_schema(x->node->coordinator, x->env);
    const keyspace *ks = schema_keyspace(s, arena_str(x->arena, args->keyspace));
    int r = ks ? 0
               : err_set(&x->err, ERR_NOT_FOUND, "Keyspace %.*s does not exist",
                         (int)args->keyspace.n, (const char *)args->keyspace.p);
    if (r == 0)
        thrift_answer(x, &(thrift_describe_keyspace_reply){.success = ks_def_of(ks, x->arena)});
    schema_unref(s);
    return r;
}

int thrift_call_describe_keyspaces(thrift_context *x)
{
    schema *s = coordinator_schema(x->node->coordinator, x->env);
    thrift_describe_keyspaces_reply reply = {.has_success = true};
    reply.success.v = arena_alloc(x->arena, s->n_keyspaces * sizeof *reply.success.v);
    for (unsigned i = 0; i < s->n_keyspaces; i++)
        if (!s->keyspaces[i]->virtual_)
            reply.success.v[reply.success.n++] = *ks_def_of(s->keyspaces[i], x->arena);
    thrift_answer(x, &reply);
    schema_unref(s);
    return 0;
}

/* ---- changes ---- */

/* What the newest schema says, for checks before a change. The change itself checks again. */
typedef int schema_check(thrift_context *x, const schema *s, const char *keyspace,
                         const char *name);

static int with_schema(thrift_context *x, schema_check *check, const char *keyspace,
                       const char *name)
{
    schema *s = coordinator_schema(x->node->coordinator, x->env);
    int r = check(x, s, keyspace, name);
    schema_unref(s);
    return r;
}

static int refuse_system(thrift_context *x, const char *keyspace)
{
    if (keyspace_is_system(keyspace))
        return err_set(&x->err, ERR_INVALID, "%s keyspace is not user-modifiable.", keyspace);
    return 0;
}

/* The new version, as every system_* call answers it; and clients of the binary protocol hear. */
static bytes changed(thrift_context *x, const char *change, const char *target,
                     const char *keyspace, const char *name)
{
    char *text = arena_alloc(x->arena, UUID_TEXT);
    schema *s = coordinator_schema(x->node->coordinator, x->env);
    uuid_format(s->version, text);
    schema_unref(s);
    events_schema_change(x->node, x->env, change, target, keyspace, name);
    return bytes_str(text);
}

/* ---- keyspaces ---- */

static int check_new_keyspace(thrift_context *x, const schema *s, const char *keyspace,
                              const char *name)
{
    (void)name;
    int r = refuse_system(x, keyspace);
    for (unsigned i = 0; i < s->n_keyspaces && r == 0; i++)
        if (!strcasecmp(s->keyspaces[i]->name, keyspace))
            r = err_set(&x->err, ERR_INVALID,
                        "Keyspace names must be case-insensitively unique (\"%s\" conflicts with "
                        "\"%s\")",
                        keyspace, s->keyspaces[i]->name);
    return r;
}

static int tables_of(thrift_context *x, const thrift_ks_def *d, table_draft *tables)
{
    for (size_t i = 0; i < d->cf_defs.n; i++) {
        const thrift_cf_def *cf = &d->cf_defs.v[i];
        if (!bytes_eq(cf->keyspace, d->name))
            return err_set(&x->err, ERR_INVALID,
                           "CfDef (%.*s) had a keyspace definition that did not match KsDef",
                           (int)cf->name.n, (const char *)cf->name.p);
        int r = cf_def_to_draft(cf, x->arena, &tables[i], &x->err);
        if (r < 0)
            return r;
    }
    return 0;
}

int thrift_call_system_add_keyspace(thrift_context *x)
{
    const thrift_system_add_keyspace_args *args = x->call->args;
    const thrift_ks_def *d = &args->ks_def;
    keyspace_draft ks;
    table_draft *tables = arena_array(x->arena, table_draft, d->cf_defs.n);
    int r = with_schema(x, check_new_keyspace, arena_str(x->arena, d->name), NULL);
    if (r == 0)
        r = ks_def_to_draft(d, x->arena, &ks, &x->err);
    if (r == 0)
        r = tables_of(x, d, tables);
    if (r == 0)
        r = cql_create_keyspace(x->node->cql, x->env, &ks, tables, (unsigned)d->cf_defs.n, &x->err);
    if (r < 0)
        return r;
    thrift_answer(x, &(thrift_system_add_keyspace_reply){
                         .success = changed(x, "CREATED", "KEYSPACE", ks.name, "")});
    return 0;
}

static int check_old_keyspace(thrift_context *x, const schema *s, const char *keyspace,
                              const char *name)
{
    (void)name;
    int r = refuse_system(x, keyspace);
    if (r == 0 && !schema_keyspace(s, keyspace))
        r = err_set(&x->err, ERR_INVALID, "Cannot drop non existing keyspace '%s'.", keyspace);
    return r;
}

int thrift_call_system_drop_keyspace(thrift_context *x)
{
    const thrift_system_drop_keyspace_args *args = x->call->args;
    const char *name = arena_str(x->arena, args->keyspace);
    int r = with_schema(x, check_old_keyspace, name, NULL);
    if (r == 0)
        r = cql_drop_keyspace(x->node->cql, x->env, name, &x->err);
    if (r < 0)
        return r;
    thrift_answer(x, &(thrift_system_drop_keyspace_reply){
                         .success = changed(x, "DROPPED", "KEYSPACE", name, "")});
    return 0;
}

static int check_changed_keyspace(thrift_context *x, const schema *s, const char *keyspace,
                                  const char *name)
{
    (void)name;
    int r = refuse_system(x, keyspace);
    if (r == 0 && !schema_keyspace(s, keyspace))
        r = err_set(&x->err, ERR_INVALID, "Cannot update non existing keyspace '%s'.", keyspace);
    return r;
}

int thrift_call_system_update_keyspace(thrift_context *x)
{
    const thrift_system_update_keyspace_args *args = x->call->args;
    keyspace_draft ks;
    int r = ks_def_to_draft(&args->ks_def, x->arena, &ks, &x->err);
    if (r == 0)
        r = with_schema(x, check_changed_keyspace, ks.name, NULL);
    if (r == 0 && args->ks_def.cf_defs.n)
        r = err_set(&x->err, ERR_INVALID,
                    "Keyspace update must not contain any column family definitions.");
    if (r == 0)
        r = cql_alter_keyspace(x->node->cql, x->env, &ks, &x->err);
    if (r < 0)
        return r;
    thrift_answer(x, &(thrift_system_update_keyspace_reply){
                         .success = changed(x, "UPDATED", "KEYSPACE", ks.name, "")});
    return 0;
}

/* ---- column families ---- */

static int check_new_table(thrift_context *x, const schema *s, const char *keyspace_name,
                           const char *name)
{
    const keyspace *of_session;
    int r = thrift_keyspace(x, s, &of_session);
    if (r == 0)
        r = refuse_system(x, keyspace_name);
    if (r == 0 && !schema_keyspace(s, keyspace_name))
        r = err_set(&x->err, ERR_INVALID,
                    "Cannot add column family '%s' to non existing keyspace '%s'.", name,
                    keyspace_name);
    return r;
}

int thrift_call_system_add_column_family(thrift_context *x)
{
    const thrift_system_add_column_family_args *args = x->call->args;
    table_draft t;
    int r = cf_def_to_draft(&args->cf_def, x->arena, &t, &x->err);
    if (r == 0)
        r = with_schema(x, check_new_table, t.keyspace, t.name);
    if (r < 0)
        return r;
    r = cql_create_table(x->node->cql, x->env, &t, &x->err);
    if (r < 0)
        return r;
    thrift_answer(x, &(thrift_system_add_column_family_reply){
                         .success = changed(x, "CREATED", "TABLE", t.keyspace, t.name)});
    return 0;
}

static int check_old_table(thrift_context *x, const schema *s, const char *keyspace_name,
                           const char *name)
{
    const keyspace *ks;
    int r = thrift_keyspace(x, s, &ks);
    if (r == 0)
        r = refuse_system(x, keyspace_name);
    if (r == 0 && !schema_table(s, keyspace_name, name))
        r = err_set(&x->err, ERR_INVALID,
                    "Cannot drop non existing column family '%s' in keyspace '%s'.", name,
                    keyspace_name);
    return r;
}

int thrift_call_system_drop_column_family(thrift_context *x)
{
    const thrift_system_drop_column_family_args *args = x->call->args;
    const char *keyspace_name = arena_strdup(x->arena, x->session->client.keyspace);
    const char *name = arena_str(x->arena, args->column_family);
    int r = with_schema(x, check_old_table, keyspace_name, name);
    if (r == 0)
        r = cql_drop_table(x->node->cql, x->env, keyspace_name, name, &x->err);
    if (r < 0)
        return r;
    thrift_answer(x, &(thrift_system_drop_column_family_reply){
                         .success = changed(x, "DROPPED", "TABLE", keyspace_name, name)});
    return 0;
}

/* Options only. They point into the schema, too: it is held until the change is made. */
static int changed_options(thrift_context *x, const thrift_cf_def *d, const schema *s,
                           table_options *ret)
{
    const char *keyspace_name = arena_str(x->arena, d->keyspace);
    const char *name = arena_str(x->arena, d->name);
    const keyspace *of_session;
    int r = thrift_keyspace(x, s, &of_session);
    const table *t = schema_table(s, keyspace_name, name);
    if (r == 0)
        r = refuse_system(x, keyspace_name);
    if (r == 0 && !t)
        r = err_set(&x->err, ERR_INVALID,
                    "Cannot update non existing column family '%s' in keyspace '%s'.", name,
                    keyspace_name);
    if (r == 0 && !cf_def_of(t, x->arena))
        r = err_set(&x->err, ERR_INVALID,
                    "Cannot modify CQL3 table %s as it may break the schema. You should use CQL3 "
                    "to modify CQL3 tables instead.",
                    name);
    return r < 0 ? r : cf_def_to_options(d, t, x->arena, ret, &x->err);
}

int thrift_call_system_update_column_family(thrift_context *x)
{
    const thrift_system_update_column_family_args *args = x->call->args;
    const char *keyspace_name = arena_str(x->arena, args->cf_def.keyspace);
    const char *name = arena_str(x->arena, args->cf_def.name);
    table_options o;
    schema *s = coordinator_schema(x->node->coordinator, x->env);
    int r = changed_options(x, &args->cf_def, s, &o);
    if (r == 0)
        r = cql_alter_options(x->node->cql, x->env, keyspace_name, name, &o, &x->err);
    schema_unref(s);
    if (r < 0)
        return r;
    thrift_answer(x, &(thrift_system_update_column_family_reply){
                         .success = changed(x, "UPDATED", "TABLE", keyspace_name, name)});
    return 0;
}
