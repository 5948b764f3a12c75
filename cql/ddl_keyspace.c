/* CREATE, ALTER and DROP KEYSPACE. */
#include "cql/ddl.h"

static int exists(ddl_step *s, const char *name)
{
    int r = err_set(s->err, ERR_EXISTS, "Cannot add existing keyspace \"%s\"", name);
    if (s->err)
        snprintf(s->err->keyspace, sizeof s->err->keyspace, "%s", name);
    return r;
}

/* A map literal of plain values as options. */
int ddl_map_options(ddl_step *s, const char *property, const ast_term *t, options *ret)
{
    if (t->kind != AST_MAP)
        return err_set(s->err, ERR_SYNTAX, "Invalid value for property '%s'. It should be a map",
                       property);
    option *o = arena_array(s->a, option, t->items.n / 2 + 1);
    for (uint32_t i = 0; i + 1 < t->items.n; i += 2)
        o[i / 2] = (option){arena_str(s->a, t->items.at[i]->value),
                            arena_str(s->a, t->items.at[i + 1]->value)};
    *ret = (options){t->items.n / 2, o};
    return 0;
}

int ddl_boolean(ddl_step *s, const char *property, const ast_term *t, bool *ret)
{
    if (strncasecmp((const char *)t->value.p, "true", t->value.n) == 0 && t->value.n == 4)
        *ret = true;
    else if (strncasecmp((const char *)t->value.p, "false", t->value.n) == 0 && t->value.n == 5)
        *ret = false;
    else
        return err_set(s->err, ERR_SYNTAX,
                       "Invalid boolean value %.*s for '%s'. Positive values can be '1', 'true' or "
                       "'yes'. Negative values can be '0', 'false' or 'no'.",
                       (int)t->value.n, t->value.p, property);
    return 0;
}

int keyspace_properties(ddl_step *s, const ast_properties *props, keyspace_draft *k,
                        bool *ret_has_replication)
{
    *ret_has_replication = false;
    for (uint32_t i = 0; i < props->n; i++) {
        const ast_property *p = &props->at[i];
        const char *name = arena_str(s->a, p->name.name);
        int r;
        if (strcmp(name, "replication") == 0) {
            *ret_has_replication = true;
            r = ddl_map_options(s, name, p->value, &k->replication);
        } else if (strcmp(name, "durable_writes") == 0) {
            r = ddl_boolean(s, name, p->value, &k->durable_writes);
        } else {
            r = err_set(s->err, ERR_SYNTAX, "Unknown property '%s'", name);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

/* {'class': 'NetworkTopologyStrategy', 'replication_factor': n} means n in every data centre that
 * there is now and that is not named. */
static void expand_factor(ddl_step *s, keyspace_draft *k)
{
    static const char factor[] = "replication_factor";
    const char *class_name = options_get(k->replication, "class");
    const char *n = options_get(k->replication, factor);
    replication rep;
    options only_class = {1, &(option){"class", class_name}};
    if (!n || !class_name || replication_parse(&only_class, &rep, NULL) < 0 ||
        rep.strategy != STRATEGY_NETWORK_TOPOLOGY)
        return;
    options to = {0, arena_array(s->a, option, k->replication.n + s->d->ring->n_endpoints)};
    option *o = (option *)to.p;
    for (unsigned i = 0; i < k->replication.n; i++)
        if (strcmp(k->replication.p[i].name, factor) != 0)
            o[to.n++] = k->replication.p[i];
    for (unsigned i = 0; i < s->d->ring->n_endpoints; i++) {
        const char *dc = s->d->ring->endpoints[i].dc;
        if (!options_get(to, dc))
            o[to.n++] = (option){arena_strdup(s->a, dc), n};
    }
    k->replication = to;
}

int keyspace_check(const keyspace_draft *k, err_info *err)
{
    replication rep;
    if (!ddl_name_is_valid(k->name))
        return err_set(err, ERR_INVALID,
                       "Keyspace name must not be empty, more than 48 characters long, or contain "
                       "non-alphanumeric-underscore characters (got \"%s\")",
                       k->name);
    if (!options_get(k->replication, "class"))
        return err_set(err, ERR_CONFIG, "Missing replication strategy class");
    int r = replication_parse(&k->replication, &rep, err);
    if (r == 0 && rep.strategy == STRATEGY_LOCAL)
        r = err_set(err, ERR_INVALID,
                    "Unable to use given strategy class: LocalStrategy is reserved for internal "
                    "use.");
    return r;
}

/* The schema keeps the full class name, first. */
static int full_class(ddl_step *s, keyspace_draft *k)
{
    replication rep;
    int r = replication_parse(&k->replication, &rep, s->err);
    if (r < 0)
        return r;
    option *o = arena_array(s->a, option, k->replication.n + 1);
    unsigned n = 0;
    o[n++] = (option){"class", replication_class(rep.strategy)};
    for (unsigned i = 0; i < k->replication.n; i++)
        if (strcmp(k->replication.p[i].name, "class") != 0)
            o[n++] = k->replication.p[i];
    k->replication = (options){n, o};
    return 0;
}

int ddl_create_keyspace(ddl_step *s)
{
    const ast_keyspace *ast = s->d->ast->keyspace;
    keyspace_draft k = {.name = arena_str(s->a, ast->name.name), .durable_writes = true};
    bool has;
    int r = ddl_check_writable(k.name, s->err);
    if (r < 0 || (r = keyspace_properties(s, &ast->properties, &k, &has)) < 0)
        return r;
    if (schema_keyspace(s->schema, k.name))
        return ast->if_not_exists ? 0 : exists(s, k.name);
    expand_factor(s, &k);
    if ((r = keyspace_check(&k, s->err)) < 0 || (r = full_class(s, &k)) < 0)
        return r;
    schema_put_keyspace(s->schema, &k, s->timestamp_us, s->a, s->out);
    ddl_report(s, "CREATED", "KEYSPACE", k.name, "");
    return 0;
}

int ddl_alter_keyspace(ddl_step *s)
{
    const ast_keyspace *ast = s->d->ast->alter_keyspace;
    const char *name = arena_str(s->a, ast->name.name);
    int r = strcmp(name, "system_auth") && strcmp(name, "system_traces") &&
                    strcmp(name, "system_distributed")
                ? ddl_check_writable(name, s->err)
                : 0;
    if (r < 0)
        return r;
    const keyspace *old = schema_keyspace(s->schema, name);
    if (!old)
        return ast->if_exists ? 0
                              : err_set(s->err, ERR_INVALID, "Keyspace '%s' doesn't exist", name);
    keyspace_draft k = {name, old->durable_writes, old->replication};
    bool has;
    if ((r = keyspace_properties(s, &ast->properties, &k, &has)) < 0)
        return r;
    expand_factor(s, &k);
    if ((r = keyspace_check(&k, s->err)) < 0 || (r = full_class(s, &k)) < 0)
        return r;
    schema_put_keyspace(s->schema, &k, s->timestamp_us, s->a, s->out);
    ddl_report(s, "UPDATED", "KEYSPACE", name, "");
    return 0;
}

int ddl_drop_keyspace(ddl_step *s)
{
    const ast_drop *ast = s->d->ast->drop_keyspace;
    const char *name = arena_str(s->a, ast->name.name);
    int r = ddl_check_writable(name, s->err);
    if (r < 0)
        return r;
    if (!schema_keyspace(s->schema, name))
        return ast->if_exists ? 0
                              : err_set(s->err, ERR_INVALID, "Keyspace '%s' doesn't exist", name);
    schema_drop_keyspace(s->schema, name, s->timestamp_us, s->now_s, s->a, s->out);
    ddl_report(s, "DROPPED", "KEYSPACE", name, "");
    return 0;
}
