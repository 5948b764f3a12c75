/* Schema changes: from statement or draft to coordinate_schema_change, and what is answered. */
#include "cql/ddl.h"
#include "cql/types.h"

static ddl_fn *const changes[AST_KIND_COUNT] = {
    [AST_CREATE_KEYSPACE] = ddl_create_keyspace,
    [AST_ALTER_KEYSPACE] = ddl_alter_keyspace,
    [AST_DROP_KEYSPACE] = ddl_drop_keyspace,
    [AST_CREATE_TABLE] = ddl_create_table,
    [AST_ALTER_TABLE] = ddl_alter_table,
    [AST_DROP_TABLE] = ddl_drop_table,
    [AST_CREATE_TYPE] = ddl_create_type,
    [AST_ALTER_TYPE] = ddl_alter_type,
    [AST_DROP_TYPE] = ddl_drop_type,
};

void ddl_report(ddl_step *s, const char *change, const char *target, const char *ks,
                const char *name)
{
    s->d->change = change;
    s->d->target = target;
    snprintf(s->d->change_keyspace, sizeof s->d->change_keyspace, "%s", ks);
    snprintf(s->d->change_name, sizeof s->d->change_name, "%s", name);
}

bool ddl_name_is_valid(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < n; i++) {
        char c = name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_'))
            return false;
    }
    return n > 0 && n <= 48;
}

int ddl_check_writable(const char *ks, err_info *err)
{
    if (keyspace_is_system(ks) || strcmp(ks, "system_virtual_schema") == 0)
        return err_set(err, ERR_UNAUTHORIZED, "%s keyspace is not user-modifiable.", ks);
    return 0;
}

int ddl_keyspace_of(ddl_step *s, const ast_name *name, const keyspace **ret)
{
    const char *ks = name->keyspace.p ? arena_str(s->a, name->keyspace) : s->d->keyspace;
    if (!*ks)
        return err_set(s->err, ERR_INVALID,
                       "No keyspace has been specified. USE a keyspace, or explicitly specify "
                       "keyspace.tablename");
    int r = ddl_check_writable(ks, s->err);
    if (r < 0)
        return r;
    *ret = schema_keyspace(s->schema, ks);
    if (!*ret)
        return err_set(s->err, ERR_INVALID, "Keyspace '%s' doesn't exist", ks);
    return 0;
}

int ddl_type(ddl_step *s, const char *ks, const ast_type *t, const type **ret)
{
    compiler c = {.q = s->d->q, .schema = s->schema, .keyspace = ks, .a = s->a, .err = s->err};
    return compile_type_in(&c, ks, t, ret);
}

bool type_uses(const type *t, const char *udt)
{
    if (t->kind == TYPE_UDT && strcmp(t->name, udt) == 0)
        return true;
    for (unsigned i = 0; i < t->n_args; i++)
        if (type_uses(t->args[i], udt))
            return true;
    return false;
}

/* Time and 62 random bits: two nodes that create at once do not collide. */
uuid ddl_table_id(ddl *d)
{
    return uuid_time(cql_next_timestamp(d->q, d->e, 1), 0, d->random++);
}

typedef struct running {
    ddl *d;
    ddl_fn *fn;
} running;

static int decide(void *arg, const schema *s, int64_t timestamp_us, int32_t now_s, arena *a,
                  mutations *ret, err_info *err)
{
    running *r = arg;
    ddl_step step = {r->d, s, timestamp_us, now_s, a, ret, err};
    return r->fn(&step);
}

static int co_fn ddl_run(cql *q, env *e, ddl *d, ddl_fn *fn, err_info *err)
{
    running r = {d, fn};
    d->random = env_random(e);
    d->ring = coordinator_ring(q->c, e);
    schema_change ch = {decide, &r};
    int result = coordinate_schema_change(q->c, e, &ch, err);
    ring_unref(d->ring);
    return result;
}

int co_fn execute_ddl(exec *x, cql_result *ret)
{
    const ast_statement *ast = x->s->ast;
    ddl *d = arena_new(x->a, ddl);
    d->e = x->e;
    d->q = x->q;
    d->ast = ast;
    d->keyspace = x->s->keyspace;
    if (!changes[ast->kind])
        return err_set(x->err, ERR_NOT_SUPPORTED, "%s is not supported yet",
                       ast_statement_name(ast));
    int r = ddl_run(x->q, x->e, d, changes[ast->kind], x->err);
    if (r < 0)
        return r;
    ret->kind = d->change ? RESULT_SCHEMA_CHANGE : RESULT_VOID;
    ret->change = d->change;
    ret->target = d->target;
    ret->change_keyspace = d->change_keyspace;
    ret->change_name = d->change_name;
    return 0;
}

/* ---- the same for drafts ---- */

typedef struct draft_ddl {
    ddl base;
    const keyspace_draft *ks;
    const table_draft *tables;
    unsigned n;
    const char *keyspace, *name;
    const table_options *options;
} draft_ddl;

static int put_draft(ddl_step *s, const table_draft *t)
{
    static const uuid none;
    table_draft with_id = *t;
    if (uuid_eq(t->id, none))
        with_id.id = ddl_table_id(s->d);
    int r = table_check(&with_id, s->err);
    if (r == 0)
        schema_put_table(s->schema, &with_id, NULL, s->timestamp_us, s->now_s, s->a, s->out);
    return r;
}

static int decide_keyspace_draft(ddl_step *s)
{
    draft_ddl *d = (draft_ddl *)s->d;
    int r = ddl_check_writable(d->ks->name, s->err);
    if (r == 0 && schema_keyspace(s->schema, d->ks->name)) {
        r = err_set(s->err, ERR_EXISTS, "Cannot add existing keyspace \"%s\"", d->ks->name);
        if (s->err)
            snprintf(s->err->keyspace, sizeof s->err->keyspace, "%s", d->ks->name);
    }
    if (r == 0)
        r = keyspace_check(d->ks, s->err);
    if (r < 0)
        return r;
    schema_put_keyspace(s->schema, d->ks, s->timestamp_us, s->a, s->out);
    for (unsigned i = 0; i < d->n && r == 0; i++)
        r = put_draft(s, &d->tables[i]);
    return r;
}

static int decide_table_draft(ddl_step *s)
{
    draft_ddl *d = (draft_ddl *)s->d;
    const table_draft *t = d->tables;
    int r = ddl_check_writable(t->keyspace, s->err);
    if (r < 0)
        return r;
    if (!schema_keyspace(s->schema, t->keyspace))
        return err_set(s->err, ERR_INVALID, "Keyspace '%s' doesn't exist", t->keyspace);
    if (schema_table(s->schema, t->keyspace, t->name)) {
        r = err_set(s->err, ERR_EXISTS,
                    "Cannot add already existing table \"%s\" to keyspace \"%s\"", t->name,
                    t->keyspace);
        if (s->err) {
            snprintf(s->err->keyspace, sizeof s->err->keyspace, "%s", t->keyspace);
            snprintf(s->err->table, sizeof s->err->table, "%s", t->name);
        }
        return r;
    }
    return put_draft(s, t);
}

static int decide_drop_keyspace(ddl_step *s)
{
    draft_ddl *d = (draft_ddl *)s->d;
    int r = ddl_check_writable(d->keyspace, s->err);
    if (r < 0)
        return r;
    if (!schema_keyspace(s->schema, d->keyspace))
        return err_set(s->err, ERR_INVALID, "Keyspace '%s' doesn't exist", d->keyspace);
    schema_drop_keyspace(s->schema, d->keyspace, s->timestamp_us, s->now_s, s->a, s->out);
    return 0;
}

static int decide_drop_table(ddl_step *s)
{
    draft_ddl *d = (draft_ddl *)s->d;
    int r = ddl_check_writable(d->keyspace, s->err);
    const table *t = schema_table(s->schema, d->keyspace, d->name);
    if (r < 0)
        return r;
    if (!t)
        return err_set(s->err, ERR_INVALID, "Table '%s.%s' doesn't exist", d->keyspace, d->name);
    schema_drop_table(s->schema, t, s->timestamp_us, s->now_s, s->a, s->out);
    return 0;
}

static int decide_alter_keyspace(ddl_step *s)
{
    draft_ddl *d = (draft_ddl *)s->d;
    int r = ddl_check_writable(d->ks->name, s->err);
    if (r == 0 && !schema_keyspace(s->schema, d->ks->name))
        r = err_set(s->err, ERR_INVALID, "Keyspace '%s' doesn't exist", d->ks->name);
    if (r == 0)
        r = keyspace_check(d->ks, s->err);
    if (r == 0)
        schema_put_keyspace(s->schema, d->ks, s->timestamp_us, s->a, s->out);
    return r;
}

static int decide_alter_options(ddl_step *s)
{
    draft_ddl *d = (draft_ddl *)s->d;
    table_draft draft;
    int r = ddl_check_writable(d->keyspace, s->err);
    const table *t = schema_table(s->schema, d->keyspace, d->name);
    if (r == 0 && !t)
        r = err_set(s->err, ERR_INVALID, "Table '%s.%s' doesn't exist", d->keyspace, d->name);
    if (r < 0)
        return r;
    table_draft_of(t, s->a, &draft);
    draft.options = *d->options;
    r = table_check(&draft, s->err);
    if (r == 0)
        schema_put_table(s->schema, &draft, t, s->timestamp_us, s->now_s, s->a, s->out);
    return r;
}

int co_fn cql_alter_keyspace(cql *q, env *e, const keyspace_draft *ks, err_info *err)
{
    draft_ddl d = {.base = {.q = q, .e = e}, .ks = ks};
    return ddl_run(q, e, &d.base, decide_alter_keyspace, err);
}

int co_fn cql_alter_options(cql *q, env *e, const char *ks, const char *name,
                            const table_options *o, err_info *err)
{
    draft_ddl d = {.base = {.q = q, .e = e}, .keyspace = ks, .name = name, .options = o};
    return ddl_run(q, e, &d.base, decide_alter_options, err);
}

int co_fn cql_create_keyspace(cql *q, env *e, const keyspace_draft *ks, const table_draft *tables,
                              unsigned n, err_info *err)
{
    draft_ddl d = {.base = {.q = q, .e = e}, .ks = ks, .tables = tables, .n = n};
    return ddl_run(q, e, &d.base, decide_keyspace_draft, err);
}

int co_fn cql_drop_keyspace(cql *q, env *e, const char *name, err_info *err)
{
    draft_ddl d = {.base = {.q = q, .e = e}, .keyspace = name};
    return ddl_run(q, e, &d.base, decide_drop_keyspace, err);
}

int co_fn cql_create_table(cql *q, env *e, const table_draft *t, err_info *err)
{
    draft_ddl d = {.base = {.q = q, .e = e}, .tables = t, .n = 1};
    return ddl_run(q, e, &d.base, decide_table_draft, err);
}

int co_fn cql_drop_table(cql *q, env *e, const char *ks, const char *name, err_info *err)
{
    draft_ddl d = {.base = {.q = q, .e = e}, .keyspace = ks, .name = name};
    return ddl_run(q, e, &d.base, decide_drop_table, err);
}
