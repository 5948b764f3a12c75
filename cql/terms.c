/* Terms: literals, markers, collections and calls, from syntax to a value of a known type. */
#include <stdlib.h>

#include "cql/numbers.h"
#include "cql/plan.h"
#include "cql/types.h"

#define T(x) (1u << (x))
#define NUMBERS (T(TYPE_DECIMAL) | T(TYPE_DOUBLE) | T(TYPE_FLOAT))
#define INTEGERS                                                                                   \
    (T(TYPE_BIGINT) | T(TYPE_COUNTER) | T(TYPE_INT) | T(TYPE_SMALLINT) | T(TYPE_TINYINT) |         \
     T(TYPE_VARINT) | T(TYPE_TIMESTAMP) | T(TYPE_DATE) | T(TYPE_TIME))

/* By literal: what messages call it, and which types take it. */
static const struct {
    const char *name;
    uint32_t types;
} literals[] = {
    [AST_STRING] = {"STRING", T(TYPE_ASCII) | T(TYPE_TEXT) | T(TYPE_INET) | T(TYPE_TIMESTAMP) |
                                  T(TYPE_DATE) | T(TYPE_TIME)},
    [AST_INTEGER] = {"INTEGER", INTEGERS | NUMBERS},
    [AST_FLOAT] = {"FLOAT", NUMBERS},
    [AST_BOOLEAN] = {"BOOLEAN", T(TYPE_BOOLEAN)},
    [AST_UUID] = {"UUID", T(TYPE_UUID) | T(TYPE_TIMEUUID)},
    [AST_BLOB] = {"HEX", T(TYPE_BLOB)},
    [AST_DURATION] = {"DURATION", T(TYPE_DURATION)},
};

static bool is_literal(const ast_term *t)
{
    return t->kind >= AST_STRING && t->kind <= AST_DURATION;
}

static bool literal_fits(const ast_term *t, const type *type)
{
    if (type->kind == TYPE_CUSTOM || type->kind == TYPE_COMPOSITE)
        return t->kind == AST_BLOB || t->kind == AST_STRING;
    return type->kind <= TYPE_DURATION && (literals[t->kind].types & T(type->kind));
}

static bool items_fit(const ast_term *t, const type *type)
{
    for (uint32_t i = 0; i < t->items.n; i++) {
        unsigned arg = type->kind == TYPE_MAP ? i & 1 : 0;
        if (type->kind == TYPE_TUPLE)
            arg = i;
        if (!term_fits(t->items.at[i], type->args[arg]))
            return false;
    }
    return true;
}

static bool call_fits(const ast_term *t, const type *type)
{
    bytes name = t->function->name;
    if (bytes_eq_str(name, "fromjson"))
        return true;
    if (bytes_eq_str(name, "token"))
        return type->kind == TYPE_BIGINT || type->kind == TYPE_VARINT || type->kind == TYPE_BLOB;
    const function *f;
    for (unsigned i = 0; (f = function_find(name, t->items.n, i)); i++)
        if (type_is_value_compatible(type_native(f->result), type))
            return true;
    return false;
}

bool term_fits(const ast_term *t, const type *type)
{
    if (t->kind == AST_NULL || t->kind == AST_MARKER || t->kind == AST_TYPE_HINT)
        return true;
    if (is_literal(t))
        return literal_fits(t, type);
    switch (t->kind) {
    case AST_LIST:
        return type->kind == TYPE_LIST && items_fit(t, type);
    case AST_SET:
        return type->kind == TYPE_SET && items_fit(t, type);
    case AST_MAP:
        return (type->kind == TYPE_MAP && items_fit(t, type)) ||
               (type->kind == TYPE_SET && t->items.n == 0);
    case AST_TUPLE:
        if (type->kind == TYPE_TUPLE)
            return t->items.n <= type->n_args && items_fit(t, type);
        return t->items.n == 1 && term_fits(t->items.at[0], type);
    case AST_UDT:
        return type->kind == TYPE_UDT;
    case AST_FUNCTION:
        return call_fits(t, type);
    case AST_OPERATION:
        return number_is(type) && term_fits(t->items.at[0], type) &&
               term_fits(t->items.at[1], type);
    case AST_NEGATE:
        return number_is(type) && term_fits(t->items.at[0], type);
    default:
        return false;
    }
}

const type *term_natural_type(compiler *c, const ast_term *t)
{
    const type *hint;
    switch (t->kind) {
    case AST_STRING:
        return type_native(TYPE_TEXT);
    case AST_INTEGER:
        return type_native(t->value.n < 10 ? TYPE_INT : TYPE_BIGINT);
    case AST_FLOAT:
        return type_native(TYPE_DOUBLE);
    case AST_BOOLEAN:
        return type_native(TYPE_BOOLEAN);
    case AST_UUID:
        return type_native(TYPE_UUID);
    case AST_BLOB:
        return type_native(TYPE_BLOB);
    case AST_DURATION:
        return type_native(TYPE_DURATION);
    case AST_TYPE_HINT:
        return compile_type(c, t->type, &hint) < 0 ? NULL : hint;
    default:
        return NULL;
    }
}

static term *term_new(compiler *c, term_kind kind, const type *type, const char *name)
{
    term *t = arena_new(c->a, term);
    t->kind = kind;
    t->type = type;
    t->name = name;
    return t;
}

static int term_const(compiler *c, const type *type, const char *name, bytes value,
                      const term **ret)
{
    term *t = term_new(c, TERM_CONST, type, name);
    t->value = value;
    *ret = t;
    return 0;
}

static int compile_marker(compiler *c, const ast_term *ast, const type *type, const char *name,
                          const term **ret)
{
    must(ast->marker < c->n_markers);
    column_spec *m = &c->markers[ast->marker];
    m->keyspace = c->table ? c->table->keyspace : "[batch]";
    m->table = c->table ? c->table->name : "[batch]";
    m->name = ast->value.p ? arena_str(c->a, ast->value) : name;
    m->type = type;
    term *t = term_new(c, TERM_MARKER, type, name);
    t->marker = ast->marker;
    t->sorts = type_has_order(type);
    *ret = t;
    return 0;
}

static int hex_value(uint8_t ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    return (ch | 0x20) - 'a' + 10;
}

static int blob_literal(compiler *c, bytes hex, bytes *ret)
{
    if (hex.n & 1)
        return err_set(c->err, ERR_INVALID, "cannot parse '%.*s' as hex bytes", (int)hex.n, hex.p);
    uint8_t *p = arena_alloc(c->a, hex.n / 2 + 1);
    for (size_t i = 0; i < hex.n / 2; i++)
        p[i] = (uint8_t)(hex_value(hex.p[2 * i]) << 4 | hex_value(hex.p[2 * i + 1]));
    *ret = bytes_of(p, hex.n / 2);
    return 0;
}

static int compile_literal(compiler *c, const ast_term *ast, const type *type, const char *name,
                           const term **ret)
{
    if (!literal_fits(ast, type))
        return err_set(c->err, ERR_INVALID, "Invalid %s constant (%s%.*s) for \"%s\" of type %s",
                       literals[ast->kind].name, ast->kind == AST_BLOB ? "0x" : "",
                       (int)ast->value.n, ast->value.p, name, type_cql_name(c->a, type));
    bytes v = BYTES_NULL;
    int r = 0;
    if (ast->kind == AST_BLOB)
        r = blob_literal(c, ast->value, &v);
    else if (type->kind == TYPE_TEXT || type->kind == TYPE_ASCII || type->kind == TYPE_CUSTOM)
        v = ast->value.n ? arena_copy(c->a, ast->value) : BYTES_EMPTY;
    else
        r = type_from_text(c->a, type->kind == TYPE_COUNTER ? type_native(TYPE_BIGINT) : type,
                           ast->value, &v, c->err);
    if (r == 0)
        r = type_validate(type, v, c->err);
    return r < 0 ? r : term_const(c, type, name, v, ret);
}

/* ---- collections ---- */

static int fold_collection(compiler *c, const type *type, const char *name, unsigned n,
                           const term *const *items, const term **ret)
{
    bool constant = true;
    bytes *values = arena_array(c->a, bytes, n + 1);
    for (unsigned i = 0; i < n; i++) {
        constant &= items[i]->kind == TERM_CONST;
        values[i] = items[i]->value;
        if (items[i]->kind == TERM_CONST && !values[i].p && type->kind <= TYPE_SET)
            return err_set(c->err, ERR_INVALID, "null is not supported inside collections");
    }
    if (constant)
        return term_const(c, type, name, term_collection(c->a, type, values, n), ret);
    term *t = term_new(c, TERM_COLLECTION, type, name);
    t->n_items = n;
    t->items = items;
    *ret = t;
    return 0;
}

static const char *item_name(compiler *c, const type *type, const char *name, unsigned i)
{
    if (type->kind == TYPE_MAP)
        return arena_printf(c->a, "%s(%s)", i & 1 ? "value" : "key", name);
    if (type->kind == TYPE_TUPLE)
        return type->fields ? type->fields[i] : arena_printf(c->a, "%s[%u]", name, i);
    return arena_printf(c->a, "value(%s)", name);
}

static int compile_items(compiler *c, const ast_term *ast, const type *type, const char *name,
                         const char *what, const term **ret)
{
    const term **items = arena_array(c->a, const term *, ast->items.n + 1);
    for (uint32_t i = 0; i < ast->items.n; i++) {
        const ast_term *item = ast->items.at[i];
        unsigned arg = type->kind == TYPE_MAP ? i & 1 : type->kind == TYPE_TUPLE ? i : 0;
        if (!term_fits(item, type->args[arg]))
            return err_set(c->err, ERR_INVALID, "Invalid %s literal for %s: %s%s is not of type %s",
                           what, name,
                           type->kind != TYPE_MAP
                               ? (type->kind == TYPE_TUPLE ? "component " : "value ")
                           : i & 1 ? "value "
                                   : "key ",
                           ast_term_text(item, c->a), type_cql_name(c->a, type->args[arg]));
        int r = compile_term(c, item, type->args[arg], item_name(c, type, name, i), &items[i]);
        if (r < 0)
            return r;
    }
    return fold_collection(c, type, name, ast->items.n, items, ret);
}

static int wrong_literal(compiler *c, const char *what, const type *type, const char *name)
{
    return err_set(c->err, ERR_INVALID, "Invalid %s literal for %s of type %s", what, name,
                   type_cql_name(c->a, type));
}

static int compile_tuple(compiler *c, const ast_term *ast, const type *type, const char *name,
                         const term **ret)
{
    if (type->kind != TYPE_TUPLE) {
        if (ast->items.n == 1)
            return compile_term(c, ast->items.at[0], type, name, ret);
        return wrong_literal(c, "tuple", type, name);
    }
    if (ast->items.n > type->n_args)
        return err_set(c->err, ERR_INVALID,
                       "Invalid tuple literal for %s: too many elements. Type %s expects %u but "
                       "got %u",
                       name, type_cql_name(c->a, type), type->n_args, ast->items.n);
    return compile_items(c, ast, type, name, "tuple", ret);
}

static int compile_udt(compiler *c, const ast_term *ast, const type *type, const char *name,
                       const term **ret)
{
    if (type->kind != TYPE_UDT)
        return wrong_literal(c, "user type", type, name);
    const term **items = arena_array(c->a, const term *, type->n_args + 1);
    unsigned found = 0;
    for (unsigned f = 0; f < type->n_args; f++) {
        const char *field = arena_printf(c->a, "%s.%s", name, type->fields[f]);
        int r = term_const(c, type->args[f], field, BYTES_NULL, &items[f]);
        for (uint32_t i = 0; i < ast->items.n && r == 0; i++) {
            if (!bytes_eq_str(ast->names[i].name, type->fields[f]))
                continue;
            found++;
            r = compile_term(c, ast->items.at[i], type->args[f], field, &items[f]);
        }
        if (r < 0)
            return r;
    }
    if (found != ast->items.n)
        return err_set(c->err, ERR_INVALID, "Unknown field in value of user defined type %s",
                       type->name);
    return fold_collection(c, type, name, type->n_args, items, ret);
}

/* ---- calls ---- */

static int compile_token_call(compiler *c, const ast_term *ast, const char *name, const term **ret)
{
    const table *t = c->table;
    if (!t || ast->items.n != t->n_partition)
        return err_set(c->err, ERR_INVALID,
                       "Invalid number of arguments in call to function token: %u required but %u "
                       "provided",
                       t ? t->n_partition : 0, ast->items.n);
    term *out =
        term_new(c, TERM_TOKEN, token_cql_type(coordinator_info(c->q->c)->partitioner), name);
    const term **items = arena_array(c->a, const term *, ast->items.n);
    for (uint32_t i = 0; i < ast->items.n; i++) {
        const column *col = &t->partition_columns[i];
        int r = compile_term(c, ast->items.at[i], col->type,
                             arena_printf(c->a, "arg%u(system.token)", i), &items[i]);
        if (r < 0)
            return r;
    }
    out->n_items = ast->items.n;
    out->items = items;
    *ret = out;
    return 0;
}

static const function *choose_function(const ast_term *ast, const type *type, bool *ret_result)
{
    const function *f;
    *ret_result = false;
    for (unsigned i = 0; (f = function_find(ast->function->name, ast->items.n, i)); i++) {
        bool fits = true;
        for (unsigned k = 0; k < f->n_args && fits; k++)
            fits = f->args[k] == TYPE_KIND_COUNT ||
                   term_fits(ast->items.at[k], type_native(f->args[k]));
        bool result = type_is_value_compatible(type_native(f->result), type);
        if (fits && !result)
            *ret_result = true;
        if (fits && result)
            return f;
    }
    return NULL;
}

int compile_json_source(compiler *c, const ast_term *t, const term **ret)
{
    return compile_term(c, t, type_native(TYPE_TEXT), "[json]", ret);
}

const term *term_of_json(compiler *c, const term *source, const column *col, bool default_unset)
{
    term *t = term_new(c, TERM_JSON_COLUMN, col->type, col->name);
    const term **items = arena_array(c->a, const term *, 1);
    items[0] = source;
    t->items = items;
    t->n_items = 1;
    t->table = c->table;
    t->column = col;
    t->default_unset = default_unset;
    return t;
}

static int compile_from_json(compiler *c, const ast_term *ast, const type *to, const char *name,
                             const term **ret)
{
    if (ast->items.n != 1)
        return err_set(c->err, ERR_INVALID,
                       "Invalid number of arguments in call to function fromjson: 1 required but "
                       "%u provided",
                       ast->items.n);
    term *t = term_new(c, TERM_FROM_JSON, to, name);
    const term **items = arena_array(c->a, const term *, 1);
    t->items = items;
    t->n_items = 1;
    *ret = t;
    return compile_term(c, ast->items.at[0], type_native(TYPE_TEXT), "arg0(system.fromjson)",
                        &items[0]);
}

/* All functions are those of the system keyspace. */
int compile_function_name(compiler *c, const ast_term *t)
{
    bytes ks = t->function->keyspace, fn = t->function->name;
    bool ours = !ks.p || bytes_eq_str(ks, "system");
    if (ours && (function_exists(fn) || aggregate_find(fn) != AGG_NONE))
        return 0;
    return err_set(c->err, ERR_INVALID, "Unknown function '%.*s%s%.*s'", (int)ks.n,
                   ks.p ? (const char *)ks.p : "", ks.p ? "." : "", (int)fn.n, fn.p);
}

static int compile_call(compiler *c, const ast_term *ast, const type *to, const char *name,
                        const term **ret)
{
    bytes fn = ast->function->name;
    int known = compile_function_name(c, ast);
    if (known < 0)
        return known;
    if (bytes_eq_str(fn, "fromjson"))
        return compile_from_json(c, ast, to, name, ret);
    if (bytes_eq_str(fn, "token"))
        return compile_token_call(c, ast, name, ret);
    bool result_differs;
    const function *f = choose_function(ast, to, &result_differs);
    if (!f && result_differs)
        return err_set(c->err, ERR_INVALID,
                       "Type error: cannot assign result of function system.%.*s to %s (type %s)",
                       (int)fn.n, fn.p, name, type_cql_name(c->a, to));
    if (!f)
        return err_set(c->err, ERR_INVALID,
                       "Invalid call to function %.*s, none of its type signatures match",
                       (int)fn.n, fn.p);
    const term **items = arena_array(c->a, const term *, f->n_args + 1);
    for (unsigned i = 0; i < f->n_args; i++) {
        const type *arg =
            f->args[i] == TYPE_KIND_COUNT ? type_native(TYPE_BLOB) : type_native(f->args[i]);
        int r = compile_term(c, ast->items.at[i], arg,
                             arena_printf(c->a, "arg%u(system.%s)", i, f->name), &items[i]);
        if (r < 0)
            return r;
    }
    term *t = term_new(c, TERM_CALL, to, name);
    t->function = f;
    t->n_items = f->n_args;
    t->items = items;
    *ret = t;
    return 0;
}

static int compile_hinted(compiler *c, const ast_term *ast, const type *to, const char *name,
                          const term **ret)
{
    const type *hint;
    int r = compile_type(c, ast->type, &hint);
    if (r < 0)
        return r;
    if (!type_is_value_compatible(hint, to))
        return err_set(c->err, ERR_INVALID, "Cannot assign value %s to %s of type %s",
                       ast_term_text(ast, c->a), name, type_cql_name(c->a, to));
    return compile_term(c, ast->items.at[0], hint, name, ret);
}

/* Operands have the type of what the result is for. */
static int compile_operation(compiler *c, const ast_term *ast, const type *type, const char *name,
                             const term **ret)
{
    if (!number_is(type))
        return err_set(c->err, ERR_INVALID, "Type error: %s is no value for %s (type %s)",
                       ast_term_text(ast, c->a), name, type_cql_name(c->a, type));
    term *t = term_new(c, ast->kind == AST_NEGATE ? TERM_NEGATE : TERM_OPERATION, type, name);
    const term **items = arena_array(c->a, const term *, 2);
    t->op = ast->op;
    t->n_items = ast->items.n;
    t->items = items;
    *ret = t;
    for (uint32_t i = 0; i < ast->items.n; i++) {
        int r = compile_term(c, ast->items.at[i], type, name, &items[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

int compile_term(compiler *c, const ast_term *ast, const type *type, const char *name,
                 const term **ret)
{
    if (is_literal(ast))
        return compile_literal(c, ast, type, name, ret);
    switch (ast->kind) {
    case AST_NULL:
        return term_const(c, type, name, BYTES_NULL, ret);
    case AST_MARKER:
        return compile_marker(c, ast, type, name, ret);
    case AST_LIST:
        return type->kind == TYPE_LIST ? compile_items(c, ast, type, name, "list", ret)
                                       : wrong_literal(c, "list", type, name);
    case AST_SET:
        return type->kind == TYPE_SET ? compile_items(c, ast, type, name, "set", ret)
                                      : wrong_literal(c, "set", type, name);
    case AST_MAP:
        if (type->kind == TYPE_MAP || (type->kind == TYPE_SET && ast->items.n == 0))
            return compile_items(c, ast, type, name, "map", ret);
        return wrong_literal(c, ast->items.n ? "map" : "set", type, name);
    case AST_TUPLE:
        return compile_tuple(c, ast, type, name, ret);
    case AST_UDT:
        return compile_udt(c, ast, type, name, ret);
    case AST_FUNCTION:
        return compile_call(c, ast, type, name, ret);
    case AST_TYPE_HINT:
        return compile_hinted(c, ast, type, name, ret);
    case AST_OPERATION:
    case AST_NEGATE:
        return compile_operation(c, ast, type, name, ret);
    default:
        return err_set(c->err, ERR_NOT_SUPPORTED, "Terms like %s are not supported yet",
                       ast_term_text(ast, c->a));
    }
}

int compile_int_term(compiler *c, const ast_term *t, type_kind kind, const char *name,
                     const term **ret)
{
    *ret = NULL;
    return t ? compile_term(c, t, type_native(kind), name, ret) : 0;
}
