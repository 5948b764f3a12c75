#include "tests/unit/cql/dump.h"

#include "base/buf.h"

static void dump_term(buf *b, const ast_term *t);
static void dump_type(buf *b, const ast_type *t);
static void dump_any(buf *b, const ast_statement *s);

/* ---- small parts ---- */

static void atom(buf *b, const char *s)
{
    bytes so_far = buf_view(b);
    if (so_far.n && so_far.p[so_far.n - 1] != '(')
        buf_str(b, " ");
    buf_str(b, s);
}

static void open_list(buf *b, const char *head)
{
    atom(b, "(");
    buf_str(b, head);
}

static void close_list(buf *b)
{
    buf_str(b, ")");
}

static void flag(buf *b, bool on, const char *name)
{
    if (on)
        atom(b, name);
}

static void word(buf *b, bytes w)
{
    atom(b, "");
    buf_bytes(b, w);
    if (w.p && !w.n)
        buf_str(b, "\"\"");
}

static void string(buf *b, bytes w)
{
    atom(b, "'");
    buf_bytes(b, w);
    buf_str(b, "'");
}

static void name(buf *b, const ast_name *n)
{
    atom(b, "");
    buf_bytes(b, n->keyspace);
    if (n->keyspace.p)
        buf_str(b, ".");
    buf_bytes(b, n->name);
}

static void idents(buf *b, const char *head, const ast_idents *list)
{
    if (!list->n)
        return;
    open_list(b, head);
    for (uint32_t i = 0; i < list->n; i++)
        word(b, list->at[i].name);
    close_list(b);
}

/* ---- terms and types ---- */

static void terms(buf *b, const ast_terms *list)
{
    for (uint32_t i = 0; i < list->n; i++)
        dump_term(b, list->at[i]);
}

static void term_list(buf *b, const char *head, const ast_terms *list)
{
    if (!list->n)
        return;
    open_list(b, head);
    terms(b, list);
    close_list(b);
}

static void named_term(buf *b, const char *head, const ast_term *t)
{
    if (!t)
        return;
    open_list(b, head);
    dump_term(b, t);
    close_list(b);
}

static void udt(buf *b, const ast_term *t)
{
    open_list(b, "udt");
    for (uint32_t i = 0; i < t->items.n; i++) {
        word(b, t->names[i].name);
        dump_term(b, t->items.at[i]);
    }
    close_list(b);
}

static void marker(buf *b, const ast_term *t)
{
    atom(b, t->value.p ? ":" : "?");
    buf_bytes(b, t->value);
    buf_printf(b, t->value.p ? "#%u" : "%u", t->marker);
}

static const char *term_head(const ast_term *t)
{
    static const char *const heads[] = {
        [AST_LIST] = "list",
        [AST_SET] = "set",
        [AST_MAP] = "map",
        [AST_TUPLE] = "tuple",
        [AST_FUNCTION] = "call",
        [AST_TYPE_HINT] = "hint",
        [AST_NEGATE] = "neg",
        [AST_CAST] = "cast",
        [AST_COUNT_ROWS] = "count-rows",
        [AST_WRITETIME] = "writetime",
        [AST_MAXWRITETIME] = "maxwritetime",
        [AST_TTL] = "ttl",
        [AST_FIELD] = "field",
        [AST_ELEMENT] = "element",
        [AST_SLICE] = "slice",
    };
    return heads[t->kind];
}

static void dump_term(buf *b, const ast_term *t)
{
    if (!t) {
        atom(b, "_");
        return;
    }
    switch ((ast_term_kind)t->kind) {
    case AST_NULL:
        atom(b, "null");
        return;
    case AST_STRING:
        string(b, t->value);
        return;
    case AST_BLOB:
        atom(b, "0x");
        buf_bytes(b, t->value);
        return;
    case AST_FLOAT:
        open_list(b, "float");
        word(b, t->value);
        close_list(b);
        return;
    case AST_UUID:
        open_list(b, "uuid");
        word(b, t->value);
        close_list(b);
        return;
    case AST_DURATION:
        open_list(b, "duration");
        word(b, t->value);
        close_list(b);
        return;
    case AST_INTEGER:
    case AST_BOOLEAN:
    case AST_COLUMN:
        word(b, t->value);
        return;
    case AST_MARKER:
        marker(b, t);
        return;
    case AST_UDT:
        udt(b, t);
        return;
    case AST_OPERATION:
        open_list(b, (char[]){t->op, 0});
        break;
    default:
        open_list(b, term_head(t));
    }
    if (t->function)
        name(b, t->function);
    if (t->type)
        dump_type(b, t->type);
    terms(b, &t->items);
    if (t->kind == AST_FIELD)
        word(b, t->value);
    close_list(b);
}

static void dump_type(buf *b, const ast_type *t)
{
    if (t->frozen)
        open_list(b, "frozen");
    if (t->args.n)
        open_list(b, "");
    if (t->custom)
        string(b, t->name);
    else
        name(b, &(ast_name){t->keyspace, t->name, t->raw});
    for (uint32_t i = 0; i < t->args.n; i++)
        dump_type(b, t->args.at[i]);
    if (t->args.n)
        close_list(b);
    if (t->frozen)
        close_list(b);
}

static void types(buf *b, const char *head, const ast_types *list)
{
    if (!list->n)
        return;
    open_list(b, head);
    for (uint32_t i = 0; i < list->n; i++)
        dump_type(b, list->at[i]);
    close_list(b);
}

/* ---- clauses ---- */

static void relation(buf *b, const ast_relation *r)
{
    static const char *const heads[] = {
        [AST_REL_TOKEN] = "token", [AST_REL_TUPLE] = "", [AST_REL_CUSTOM_INDEX] = "index"};
    open_list(b, ast_operator_text(r->op));
    if (r->kind != AST_REL_COLUMN)
        idents(b, heads[r->kind], &r->columns);
    else
        word(b, r->columns.at[0].name);
    if (r->key)
        named_term(b, "key", r->key);
    if (r->value)
        dump_term(b, r->value);
    else {
        open_list(b, "values");
        terms(b, &r->values);
        close_list(b);
    }
    close_list(b);
}

static void where(buf *b, const ast_relations *list)
{
    if (!list->n)
        return;
    open_list(b, "where");
    for (uint32_t i = 0; i < list->n; i++)
        relation(b, &list->at[i]);
    close_list(b);
}

static void conditions(buf *b, const ast_conditions *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const ast_condition *c = &list->at[i];
        open_list(b, "if ");
        buf_str(b, ast_operator_text(c->op));
        word(b, c->column.name);
        named_term(b, "key", c->key);
        if (c->field.name.p)
            idents(b, "field", &(ast_idents){(ast_ident *)&c->field, 1, 1});
        if (c->value)
            dump_term(b, c->value);
        else {
            open_list(b, "values");
            terms(b, &c->values);
            close_list(b);
        }
        close_list(b);
    }
}

static void using(buf *b, const ast_using *u)
{
    named_term(b, "timestamp", u->timestamp);
    named_term(b, "ttl", u->ttl);
}

static void properties(buf *b, const ast_properties *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        open_list(b, "with");
        word(b, list->at[i].name.name);
        dump_term(b, list->at[i].value);
        close_list(b);
    }
}

static void orders(buf *b, const char *head, const ast_orders *list)
{
    if (!list->n)
        return;
    open_list(b, head);
    for (uint32_t i = 0; i < list->n; i++) {
        word(b, list->at[i].column.name);
        flag(b, list->at[i].desc, "desc");
    }
    close_list(b);
}

static void columns(buf *b, const ast_column_defs *list)
{
    for (uint32_t i = 0; i < list->n; i++) {
        const ast_column_def *c = &list->at[i];
        open_list(b, "");
        word(b, c->name.name);
        dump_type(b, c->type);
        flag(b, c->is_static, "static");
        flag(b, c->primary_key, "primary-key");
        close_list(b);
    }
}

static void selectors(buf *b, bool all, const ast_selectors *list)
{
    flag(b, all, "*");
    for (uint32_t i = 0; i < list->n; i++) {
        if (list->at[i].alias.name.p)
            open_list(b, "as");
        dump_term(b, list->at[i].term);
        if (list->at[i].alias.name.p) {
            word(b, list->at[i].alias.name);
            close_list(b);
        }
    }
}

/* ---- statements: the union's member names them ---- */

static void dump_use(buf *b, const ast_ident *s)
{
    word(b, s->name);
}

static void dump_select(buf *b, const ast_select *s)
{
    flag(b, s->json, "json");
    flag(b, s->distinct, "distinct");
    selectors(b, s->all, &s->selectors);
    name(b, &s->table);
    where(b, &s->where);
    term_list(b, "group", &s->group_by);
    orders(b, "order", &s->order_by);
    named_term(b, "per-partition", s->per_partition_limit);
    named_term(b, "limit", s->limit);
    flag(b, s->allow_filtering, "filtering");
}

static void dump_insert(buf *b, const ast_insert *s)
{
    name(b, &s->table);
    idents(b, "columns", &s->columns);
    term_list(b, "values", &s->values);
    named_term(b, "json", s->json);
    flag(b, s->json_default_unset, "default-unset");
    flag(b, s->if_not_exists, "if-not-exists");
    using(b, &s->using);
}

static void dump_update(buf *b, const ast_update *s)
{
    static const char *const heads[] = {"set",     "add",         "subtract",
                                        "prepend", "set-element", "set-field"};
    name(b, &s->table);
    using(b, &s->using);
    for (uint32_t i = 0; i < s->set.n; i++) {
        const ast_assignment *o = &s->set.at[i];
        open_list(b, heads[o->kind]);
        word(b, o->column.name);
        if (o->other.name.p)
            word(b, o->other.name);
        if (o->field.name.p)
            word(b, o->field.name);
        if (o->key)
            dump_term(b, o->key);
        dump_term(b, o->value);
        close_list(b);
    }
    where(b, &s->where);
    conditions(b, &s->conditions);
    flag(b, s->if_exists, "if-exists");
}

static void dump_delete(buf *b, const ast_delete *s)
{
    for (uint32_t i = 0; i < s->columns.n; i++) {
        const ast_deletion *d = &s->columns.at[i];
        open_list(b, d->key ? "element" : d->field.name.p ? "field" : "column");
        word(b, d->column.name);
        if (d->key)
            dump_term(b, d->key);
        if (d->field.name.p)
            word(b, d->field.name);
        close_list(b);
    }
    name(b, &s->table);
    using(b, &s->using);
    where(b, &s->where);
    conditions(b, &s->conditions);
    flag(b, s->if_exists, "if-exists");
}

static void dump_batch(buf *b, const ast_batch *s)
{
    static const char *const kinds[] = {"logged", "unlogged", "counter"};
    atom(b, kinds[s->type]);
    using(b, &s->using);
    for (uint32_t i = 0; i < s->statements.n; i++)
        dump_any(b, s->statements.at[i]);
}

static void dump_truncate(buf *b, const ast_name *s)
{
    name(b, s);
}

static void dump_describe(buf *b, const ast_describe *s)
{
    static const char *const kinds[] = {
        "generic",    "cluster",   "schema", "full-schema", "keyspaces", "keyspace",
        "tables",     "table",     "types",  "type",        "functions", "function",
        "aggregates", "aggregate", "index",  "view",
    };
    atom(b, kinds[s->what]);
    if (s->name.name.p)
        name(b, &s->name);
    flag(b, s->only, "only");
    flag(b, s->internals, "internals");
}

static void dump_keyspace(buf *b, const ast_keyspace *s)
{
    word(b, s->name.name);
    flag(b, s->if_not_exists, "if-not-exists");
    flag(b, s->if_exists, "if-exists");
    properties(b, &s->properties);
}

static void dump_create_table(buf *b, const ast_create_table *s)
{
    name(b, &s->name);
    flag(b, s->if_not_exists, "if-not-exists");
    columns(b, &s->columns);
    if (s->primary_keys != 1)
        buf_printf(b, " primary-keys=%u", s->primary_keys);
    idents(b, "partition", &s->partition_key);
    idents(b, "clustering", &s->clustering);
    orders(b, "order", &s->clustering_order);
    flag(b, s->compact_storage, "compact");
    properties(b, &s->properties);
}

static void dump_alter(buf *b, const ast_alter *s)
{
    static const char *const kinds[] = {"add", "drop", "type", "rename", "with", "drop-compact"};
    name(b, &s->name);
    flag(b, s->if_exists, "if-exists");
    atom(b, kinds[s->what]);
    flag(b, s->if_column, "if-column");
    columns(b, &s->columns);
    idents(b, "names", &s->names);
    named_term(b, "timestamp", s->timestamp);
    for (uint32_t i = 0; i < s->renames.n; i++) {
        open_list(b, "");
        word(b, s->renames.at[i].from.name);
        word(b, s->renames.at[i].to.name);
        close_list(b);
    }
    properties(b, &s->properties);
}

static void dump_create_index(buf *b, const ast_create_index *s)
{
    static const char *const kinds[] = {"column", "keys", "values", "entries", "full"};
    flag(b, s->custom, "custom");
    flag(b, s->if_not_exists, "if-not-exists");
    if (s->name.name.p)
        name(b, &s->name);
    open_list(b, "on");
    name(b, &s->table);
    close_list(b);
    for (uint32_t i = 0; i < s->targets.n; i++)
        idents(b, kinds[s->targets.at[i].kind],
               &(ast_idents){(ast_ident *)&s->targets.at[i].column, 1, 1});
    if (s->using_class.p)
        string(b, s->using_class);
    properties(b, &s->properties);
}

static void dump_create_type(buf *b, const ast_create_type *s)
{
    name(b, &s->name);
    flag(b, s->if_not_exists, "if-not-exists");
    columns(b, &s->fields);
}

static void dump_create_view(buf *b, const ast_create_view *s)
{
    name(b, &s->name);
    flag(b, s->if_not_exists, "if-not-exists");
    selectors(b, s->all, &s->selectors);
    name(b, &s->table);
    where(b, &s->where);
    idents(b, "partition", &s->partition_key);
    idents(b, "clustering", &s->clustering);
    orders(b, "order", &s->clustering_order);
    flag(b, s->compact_storage, "compact");
    properties(b, &s->properties);
}

static void dump_create_function(buf *b, const ast_create_function *s)
{
    name(b, &s->name);
    flag(b, s->or_replace, "or-replace");
    flag(b, s->if_not_exists, "if-not-exists");
    columns(b, &s->arguments);
    flag(b, s->called_on_null, "called-on-null");
    dump_type(b, s->returns);
    word(b, s->language.name);
    string(b, s->body);
}

static void dump_create_aggregate(buf *b, const ast_create_aggregate *s)
{
    name(b, &s->name);
    flag(b, s->or_replace, "or-replace");
    flag(b, s->if_not_exists, "if-not-exists");
    types(b, "arguments", &s->arguments);
    word(b, s->state_function);
    dump_type(b, s->state_type);
    if (s->final_function.p)
        word(b, s->final_function);
    named_term(b, "initial", s->initial);
}

static void dump_create_trigger(buf *b, const ast_create_trigger *s)
{
    word(b, s->name.name);
    flag(b, s->if_not_exists, "if-not-exists");
    name(b, &s->table);
    string(b, s->using_class);
}

static void dump_drop(buf *b, const ast_drop *s)
{
    name(b, &s->name);
    flag(b, s->if_exists, "if-exists");
    if (s->table.name.p)
        name(b, &s->table);
    flag(b, s->has_arguments, "signature");
    types(b, "arguments", &s->arguments);
}

static void dump_role(buf *b, const ast_role *s)
{
    word(b, s->name);
    flag(b, s->user, "user");
    flag(b, s->if_not_exists, "if-not-exists");
    flag(b, s->if_exists, "if-exists");
    flag(b, s->has_superuser, s->superuser ? "superuser" : "no-superuser");
    flag(b, s->has_login, s->login ? "login" : "no-login");
    flag(b, s->hashed, "hashed");
    if (s->password.p)
        string(b, s->password);
    named_term(b, "options", s->options);
    flag(b, s->access_all, "access-all");
    term_list(b, "access", &s->access);
}

static void dump_grant(buf *b, const ast_grant *s)
{
    static const char *const kinds[] = {
        "none", "all-keyspaces", "keyspace",           "all-tables", "table",      "all-roles",
        "role", "all-functions", "keyspace-functions", "function",   "all-mbeans", "mbean",
    };
    flag(b, s->all, "all");
    idents(b, "", &s->permissions);
    atom(b, kinds[s->resource]);
    if (s->name.name.p || s->name.keyspace.p)
        name(b, &s->name);
    types(b, "arguments", &s->arguments);
    if (s->role.p)
        string(b, s->role);
    flag(b, s->no_recursive, "no-recursive");
}

static void dump_grant_role(buf *b, const ast_grant_role *s)
{
    flag(b, s->users, "users");
    if (s->role.p)
        string(b, s->role);
    if (s->grantee.p)
        string(b, s->grantee);
    flag(b, s->no_recursive, "no-recursive");
}

static void dump_any(buf *b, const ast_statement *s)
{
    static const char *const heads[] = {
#define X(kind, member, type, ddl, text) [kind] = #member,
        AST_STATEMENTS(X)
#undef X
    };
    open_list(b, heads[s->kind]);
#define DUMP(type, dump) const type * : dump
    switch (s->kind) {
#define X(kind, member, type, ddl, text)                                                           \
    case kind:                                                                                     \
        _Generic(s->member, DUMP(ast_ident, dump_use), DUMP(ast_select, dump_select),              \
                 DUMP(ast_insert, dump_insert), DUMP(ast_update, dump_update),                     \
                 DUMP(ast_delete, dump_delete), DUMP(ast_batch, dump_batch),                       \
                 DUMP(ast_name, dump_truncate), DUMP(ast_describe, dump_describe),                 \
                 DUMP(ast_keyspace, dump_keyspace), DUMP(ast_create_table, dump_create_table),     \
                 DUMP(ast_alter, dump_alter), DUMP(ast_create_index, dump_create_index),           \
                 DUMP(ast_create_type, dump_create_type), DUMP(ast_create_view, dump_create_view), \
                 DUMP(ast_create_function, dump_create_function),                                  \
                 DUMP(ast_create_aggregate, dump_create_aggregate),                                \
                 DUMP(ast_create_trigger, dump_create_trigger), DUMP(ast_drop, dump_drop),         \
                 DUMP(ast_role, dump_role), DUMP(ast_grant, dump_grant),                           \
                 DUMP(ast_grant_role, dump_grant_role))(b, s->member);                             \
        break;
        AST_STATEMENTS(X)
#undef X
    case AST_KIND_COUNT:
        break;
    }
    close_list(b);
}

const char *dump_statement(const ast_statement *s, arena *a)
{
    buf b = {0};
    dump_any(&b, s);
    const char *text = arena_str(a, buf_view(&b));
    buf_done(&b);
    return text;
}
