/* build.c: makes the nodes of the syntax tree. */
#include "cql/parse/parser.h"

void *parser_grow(parser *p, void *at, uint32_t *cap, size_t size)
{
    uint32_t more = *cap ? *cap * 2 : 4;
    void *grown = arena_alloc(p->arena, more * size);
    if (*cap)
        memcpy(grown, at, *cap * size);
    *cap = more;
    return grown;
}

/* ---- identifiers and names ---- */

ast_ident parser_ident(parser *p, bytes token)
{
    size_t i = 0;
    while (i < token.n && !(token.p[i] >= 'A' && token.p[i] <= 'Z'))
        i++;
    if (i == token.n)
        return (ast_ident){token, token};
    uint8_t *folded = arena_alloc(p->arena, token.n);
    for (i = 0; i < token.n; i++)
        folded[i] = token.p[i] >= 'A' && token.p[i] <= 'Z' ? token.p[i] | 0x20 : token.p[i];
    return (ast_ident){bytes_of(folded, token.n), token};
}

/* What stands between the quotes, doubled quotes made one. */
static bytes unquote(parser *p, bytes token)
{
    uint8_t quote = token.p[0];
    bytes inside = bytes_of(token.p + 1, token.n - 2);
    if (!memchr(inside.p, quote, inside.n))
        return inside;
    uint8_t *plain = arena_alloc(p->arena, inside.n);
    size_t n = 0;
    for (size_t i = 0; i < inside.n; i++) {
        plain[n++] = inside.p[i];
        i += inside.p[i] == quote;
    }
    return bytes_of(plain, n);
}

ast_ident parser_quoted(parser *p, bytes token)
{
    return (ast_ident){unquote(p, token), token};
}

bytes parser_string(parser *p, bytes token)
{
    if (token.p[0] == '$')
        return bytes_of(token.p + 2, token.n - 4);
    return unquote(p, token);
}

ast_name parser_name(ast_ident keyspace, ast_ident name)
{
    return (ast_name){keyspace.name, name.name, name.raw};
}

const ast_name *parser_keep_name(parser *p, ast_name name)
{
    ast_name *kept = arena_new(p->arena, ast_name);
    *kept = name;
    return kept;
}

/* ---- terms ---- */

static ast_term *new_term(parser *p, ast_term_kind kind, bytes raw)
{
    ast_term *t = arena_new(p->arena, ast_term);
    t->kind = kind;
    t->depth = 1;
    t->raw = raw;
    return t;
}

static void set_items(parser *p, ast_term *t, ast_terms items)
{
    unsigned deepest = 0;
    t->items = items;
    for (uint32_t i = 0; i < items.n; i++) {
        if (items.at[i] && items.at[i]->depth > deepest)
            deepest = items.at[i]->depth;
    }
    if (deepest >= AST_MAX_DEPTH)
        parser_fail(p, t->raw, "terms are nested more than %d deep", AST_MAX_DEPTH);
    else
        t->depth = deepest + 1;
}

/* The node gets items it alone owns: one allocation for both. */
static ast_term *new_parent(parser *p, ast_term_kind kind, bytes raw, uint32_t n,
                            const ast_term *first, const ast_term *second, const ast_term *third)
{
    ast_term *t = new_term(p, kind, raw);
    const ast_term **at = arena_array(p->arena, const ast_term *, n);
    const ast_term *from[] = {first, second, third};
    memcpy(at, from, n * sizeof *at);
    set_items(p, t, (ast_terms){at, n, n});
    return t;
}

const ast_term *parser_literal(parser *p, ast_term_kind kind, bytes token)
{
    ast_term *t = new_term(p, kind, token);
    switch (kind) {
    case AST_STRING:
        t->value = parser_string(p, token);
        break;
    case AST_BLOB:
        t->value = bytes_of(token.p + 2, token.n - 2);
        break;
    case AST_BOOLEAN:
        t->value = parser_ident(p, token).name;
        break;
    default:
        t->value = token;
    }
    return t;
}

const ast_term *parser_marker(parser *p, bytes raw, bytes name)
{
    ast_term *t = new_term(p, AST_MARKER, raw);
    t->marker = p->markers.n;
    t->value = name;
    push(p, &p->markers, name);
    return t;
}

const ast_term *parser_column(parser *p, ast_ident name)
{
    ast_term *t = new_term(p, AST_COLUMN, name.raw);
    t->value = name.name;
    return t;
}

const ast_term *parser_items(parser *p, ast_term_kind kind, ast_terms items, bytes raw)
{
    ast_term *t = new_term(p, kind, raw);
    set_items(p, t, items);
    return t;
}

const ast_term *parser_unary(parser *p, ast_term_kind kind, const ast_term *of, bytes raw)
{
    return new_parent(p, kind, raw, 1, of, NULL, NULL);
}

const ast_term *parser_binary(parser *p, char op, const ast_term *l, const ast_term *r)
{
    ast_term *t = new_parent(p, AST_OPERATION, span(l->raw, r->raw), 2, l, r, NULL);
    t->op = op;
    return t;
}

const ast_term *parser_access(parser *p, ast_term_kind kind, const ast_term *of,
                              const ast_term *first, const ast_term *second, bytes end)
{
    bytes raw = span(of->raw, end);
    if (kind == AST_SLICE)
        return new_parent(p, kind, raw, 3, of, first, second);
    if (kind == AST_ELEMENT)
        return new_parent(p, kind, raw, 2, of, first, NULL);
    ast_term *t = new_parent(p, AST_FIELD, raw, 1, of, NULL, NULL);
    t->value = second->value;
    return t;
}

const ast_term *parser_call(parser *p, ast_name function, ast_terms args, bytes raw)
{
    ast_term *t = new_term(p, AST_FUNCTION, raw);
    t->function = parser_keep_name(p, function);
    set_items(p, t, args);
    return t;
}

const ast_term *parser_count(parser *p, bytes word, ast_terms args, bytes raw)
{
    const ast_term *first = args.at[0];
    if (args.n == 1 && first->kind == AST_INTEGER && bytes_eq_str(first->value, "1"))
        return parser_items(p, AST_COUNT_ROWS, (ast_terms){0}, raw);
    return parser_call(p, parser_name((ast_ident){0}, parser_ident(p, word)), args, raw);
}

const ast_term *parser_typed(parser *p, ast_term_kind kind, const ast_type *type,
                             const ast_term *of, bytes raw)
{
    ast_term *t = new_parent(p, kind, raw, 1, of, NULL, NULL);
    t->type = type;
    return t;
}

const ast_term *parser_hint(parser *p, const ast_term *parentheses, const ast_term *of)
{
    const ast_term *inner = parentheses->items.at[0];
    ast_ident keyspace = {0}, name = {inner->value, inner->raw};
    if (inner->kind == AST_FIELD && inner->items.at[0]->kind == AST_COLUMN)
        keyspace = (ast_ident){inner->items.at[0]->value, inner->items.at[0]->raw};
    else if (inner->kind != AST_COLUMN || parentheses->items.n != 1)
        parser_no_alternative(p, of->raw, false);
    const ast_type *type = parser_type(p, keyspace, name, (ast_types){0});
    return parser_typed(p, AST_TYPE_HINT, type, of, span(parentheses->raw, of->raw));
}

const ast_term *parser_udt(parser *p, const parser_fields *fields, bytes raw)
{
    ast_term *t = new_term(p, AST_UDT, raw);
    t->names = fields->names.at;
    set_items(p, t, fields->values);
    return t;
}

const ast_term *parser_select_map(parser *p, ast_terms items, bytes raw)
{
    parser_fields fields = {0};
    for (uint32_t i = 0; i < items.n; i += 2) {
        if (items.at[i]->kind != AST_COLUMN)
            return parser_items(p, AST_MAP, items, raw);
        push(p, &fields.names, (ast_ident){items.at[i]->value, items.at[i]->raw});
        push(p, &fields.values, items.at[i + 1]);
    }
    return parser_udt(p, &fields, raw);
}

/* ---- types ---- */

const ast_type *parser_type(parser *p, ast_ident keyspace, ast_ident name, ast_types args)
{
    ast_type *t = arena_new(p->arena, ast_type);
    if (args.n == 1 && bytes_eq_str(name.name, "frozen")) {
        *t = *args.at[0];
        t->frozen = true;
        return t;
    }
    unsigned deepest = 0;
    for (uint32_t i = 0; i < args.n; i++)
        deepest = args.at[i]->depth > deepest ? args.at[i]->depth : deepest;
    if (deepest >= AST_MAX_DEPTH)
        parser_fail(p, name.raw, "types are nested more than %d deep", AST_MAX_DEPTH);
    *t = (ast_type){.keyspace = keyspace.name,
                    .name = name.name,
                    .raw = name.raw,
                    .args = args,
                    .depth = deepest + 1};
    return t;
}

const ast_type *parser_custom_type(parser *p, bytes token)
{
    ast_type *t = arena_new(p->arena, ast_type);
    *t = (ast_type){.name = parser_string(p, token), .raw = token, .custom = true, .depth = 1};
    return t;
}

/* ---- clauses ---- */

ast_relation *parser_relation(parser *p, ast_relation_kind kind, bytes raw)
{
    ast_relation *r = arena_new(p->arena, ast_relation);
    r->kind = kind;
    r->raw = raw;
    return r;
}

ast_assignment *parser_assign(parser *p, ast_assignment_kind kind, ast_ident column,
                              ast_ident other, const ast_term *value)
{
    ast_assignment *a = arena_new(p->arena, ast_assignment);
    *a = (ast_assignment){.kind = kind, .column = column, .other = other, .value = value};
    return a;
}

ast_properties parser_properties(parser *p, ast_properties list, ast_ident name,
                                 const ast_term *value)
{
    push(p, &list, (ast_property){name, value});
    return list;
}

void parser_add_column(parser *p, parser_table *t, const ast_column_def *column)
{
    push(p, &t->columns, *column);
    if (!column->primary_key)
        return;
    parser_table key = {0};
    push(p, &key.partition_key, column->name);
    parser_set_key(t, &key);
}

void parser_set_key(parser_table *t, const parser_table *key)
{
    t->primary_keys++;
    t->partition_key = key->partition_key;
    t->clustering = key->clustering;
}

/* ---- statements ---- */

const ast_statement *parser_nested(parser *p, ast_kind kind, const void *statement)
{
    ast_statement *s = arena_new(p->arena, ast_statement);
    s->kind = kind;
    s->text = p->text;
    s->any = statement;
    return s;
}

void parser_done(parser *p, ast_kind kind, const void *statement)
{
    p->statement->kind = kind;
    p->statement->any = statement;
}

ast_describe *parser_describe(parser *p, ast_describe_kind what, ast_name name)
{
    ast_describe *d = arena_new(p->arena, ast_describe);
    d->what = what;
    d->name = name;
    return d;
}

ast_describe *parser_describe_keyspace(parser *p, bytes word, ast_ident name)
{
    bool schema = word.p && (word.p[0] | 0x20) == 's';
    return parser_describe(p, schema && !name.name.p ? AST_DESC_SCHEMA : AST_DESC_KEYSPACE,
                           parser_name((ast_ident){0}, name));
}

ast_drop *parser_drop(parser *p, ast_kind kind, ast_name name, bool if_exists)
{
    ast_drop *d = arena_new(p->arena, ast_drop);
    d->name = name;
    d->if_exists = if_exists;
    parser_done(p, kind, d);
    return d;
}

ast_role *parser_role(parser *p, bytes name, bool user)
{
    p->role = arena_new(p->arena, ast_role);
    p->role->name = name;
    p->role->user = user;
    return p->role;
}

ast_ident parser_permission(parser *p, bytes token)
{
    uint8_t *upper = arena_alloc(p->arena, token.n);
    for (size_t i = 0; i < token.n; i++)
        upper[i] = token.p[i] & ~0x20;
    return (ast_ident){bytes_of(upper, token.n), token};
}

const parser_resource *parser_on(parser *p, ast_resource_kind kind, ast_name name, ast_types args)
{
    parser_resource *on = arena_new(p->arena, parser_resource);
    *on = (parser_resource){kind, name, args};
    return on;
}

void parser_permissions(parser *p, ast_kind kind, ast_grant *grant, const parser_resource *on,
                        bytes role)
{
    grant->resource = on->kind;
    grant->name = on->name;
    grant->arguments = on->arguments;
    grant->role = role;
    parser_done(p, kind, grant);
}

ast_grant_role *parser_roles(parser *p, ast_kind kind, bytes role, bytes grantee)
{
    ast_grant_role *g = arena_new(p->arena, ast_grant_role);
    g->role = role;
    g->grantee = grantee;
    parser_done(p, kind, g);
    return g;
}
