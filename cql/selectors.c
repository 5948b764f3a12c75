/* What a SELECT returns of each row: columns, functions of them, aggregates. */
#include "cql/numbers.h"
#include "cql/select.h"
#include "cql/types.h"

const selector *selector_of_column(compiler *c, const column *col)
{
    selector *s = arena_new(c->a, selector);
    s->kind = SEL_COLUMN;
    s->column = col;
    s->type = col->type;
    s->name = col->name;
    return s;
}

static int compile_items(compiler *c, const ast_term *t, unsigned *slots, selector *s)
{
    const selector **items = arena_array(c->a, const selector *, t->items.n + 1);
    for (uint32_t i = 0; i < t->items.n; i++) {
        int r = compile_selector(c, t->items.at[i], slots, &items[i]);
        if (r < 0)
            return r;
        s->has_aggregate |= items[i]->has_aggregate;
    }
    s->items = items;
    s->n_items = t->items.n;
    return 0;
}

static const char *call_name(compiler *c, const char *name, const selector *s)
{
    char *text = arena_printf(c->a, "system.%s(", name);
    for (unsigned i = 0; i < s->n_items; i++)
        text = arena_printf(c->a, "%s%s%s", text, i ? ", " : "", s->items[i]->name);
    return arena_printf(c->a, "%s)", text);
}

/* ---- metadata of cells ---- */

static int compile_cell_info(compiler *c, const ast_term *t, selector *s)
{
    bool ttl = t->kind == AST_TTL;
    bool max = t->kind == AST_MAXWRITETIME;
    const char *name = ttl ? "ttl" : max ? "maxwritetime" : "writetime";
    const ast_term *of = t->items.at[0];
    if (of->kind != AST_COLUMN)
        return err_set(c->err, ERR_NOT_SUPPORTED, "%s of a part of a column is not supported yet",
                       name);
    ast_ident ident = {of->value, of->raw};
    int r = compile_column(c, &ident, &s->column);
    if (r < 0)
        return r;
    if (s->column->kind == COLUMN_PARTITION || s->column->kind == COLUMN_CLUSTERING)
        return err_set(c->err, ERR_INVALID,
                       "Cannot use selection function %s on PRIMARY KEY part %s",
                       ttl   ? "ttl"
                       : max ? "maxwritetime"
                             : "writeTime",
                       s->column->name);
    if (!max && type_is_multicell(s->column->type))
        return err_set(c->err, ERR_INVALID, "Cannot use selection function %s on %s",
                       ttl ? "ttl" : "writeTime",
                       s->column->type->kind == TYPE_UDT ? "non-frozen user types" : "collections");
    s->kind = ttl ? SEL_TTL : max ? SEL_MAXWRITETIME : SEL_WRITETIME;
    s->type = type_native(ttl ? TYPE_INT : TYPE_BIGINT);
    s->name = arena_printf(c->a, "%s(%s)", name, s->column->name);
    return 0;
}

/* ---- aggregates ---- */

static int compile_aggregate(compiler *c, const ast_term *t, aggregate_kind kind, unsigned *slots,
                             selector *s)
{
    const char *name = arena_str(c->a, t->function->name);
    s->kind = SEL_AGGREGATE;
    s->aggregate = kind;
    s->slot = (*slots)++;
    if (t->items.n != 1)
        return err_set(c->err, ERR_INVALID,
                       "Invalid number of arguments in call to function %s: 1 required but %u "
                       "provided",
                       name, t->items.n);
    int r = compile_items(c, t, slots, s);
    if (r < 0)
        return r;
    if (s->has_aggregate)
        return err_set(c->err, ERR_INVALID,
                       "aggregate functions cannot be used as arguments of aggregate functions");
    s->has_aggregate = true;
    const type *arg = s->items[0]->type;
    if (!aggregate_takes(kind, arg))
        return err_set(c->err, ERR_INVALID,
                       "Invalid call to function %s, none of its type signatures match (argument "
                       "of type %s)",
                       name, type_cql_name(c->a, arg));
    s->type = kind == AGG_COUNT ? type_native(TYPE_BIGINT) : arg;
    s->name = call_name(c, name, s);
    return 0;
}

static int compile_count_rows(compiler *c, unsigned *slots, selector *s)
{
    (void)c;
    s->kind = SEL_AGGREGATE;
    s->aggregate = AGG_COUNT_ROWS;
    s->slot = (*slots)++;
    s->has_aggregate = true;
    s->type = type_native(TYPE_BIGINT);
    s->name = "count";
    return 0;
}

/* ---- functions ---- */

static int compile_token(compiler *c, const ast_term *t, unsigned *slots, selector *s)
{
    const table *tb = c->table;
    int r = compile_items(c, t, slots, s);
    if (r < 0)
        return r;
    if (t->items.n != tb->n_partition)
        return err_set(c->err, ERR_INVALID,
                       "Invalid number of arguments in call to function token: %u required but %u "
                       "provided",
                       tb->n_partition, t->items.n);
    for (unsigned i = 0; i < s->n_items; i++)
        if (!type_is_value_compatible(s->items[i]->type, tb->partition_columns[i].type))
            return err_set(c->err, ERR_INVALID,
                           "Type error: %s cannot be passed as argument %u of function "
                           "system.token of type %s",
                           s->items[i]->name, i,
                           type_cql_name(c->a, tb->partition_columns[i].type));
    s->kind = SEL_TOKEN;
    s->type = token_cql_type(coordinator_info(c->q->c)->partitioner);
    s->name = call_name(c, "token", s);
    return 0;
}

static int compile_to_json(compiler *c, const ast_term *t, unsigned *slots, selector *s)
{
    int r = compile_items(c, t, slots, s);
    if (r == 0 && t->items.n != 1)
        r = err_set(c->err, ERR_INVALID,
                    "Invalid number of arguments in call to function tojson: 1 required but %u "
                    "provided",
                    t->items.n);
    s->kind = SEL_TO_JSON;
    s->type = type_native(TYPE_TEXT);
    s->name = call_name(c, "tojson", s);
    return r;
}

static bool arguments_match(const function *f, const selector *s)
{
    for (unsigned i = 0; i < f->n_args; i++)
        if (f->args[i] != TYPE_KIND_COUNT && f->args[i] != s->items[i]->type->kind)
            return false;
    return true;
}

static int compile_function(compiler *c, const ast_term *t, unsigned *slots, selector *s)
{
    bytes name = t->function->name;
    aggregate_kind kind = aggregate_find(name);
    int r = compile_function_name(c, t);
    if (r < 0)
        return r;
    if (bytes_eq_str(name, "token"))
        return compile_token(c, t, slots, s);
    if (kind != AGG_NONE)
        return compile_aggregate(c, t, kind, slots, s);
    if (bytes_eq_str(name, "tojson"))
        return compile_to_json(c, t, slots, s);
    if (bytes_eq_str(name, "fromjson"))
        return err_set(c->err, ERR_INVALID,
                       "fromJson() cannot be used in the selection clause of "
                       "a SELECT statement");
    r = compile_items(c, t, slots, s);
    if (r < 0)
        return r;
    const function *f = NULL;
    for (unsigned i = 0; (f = function_find(name, t->items.n, i)); i++)
        if (arguments_match(f, s))
            break;
    if (!f)
        return err_set(c->err, ERR_INVALID,
                       "Invalid call to function %.*s, none of its type signatures match",
                       (int)name.n, name.p);
    s->kind = SEL_CALL;
    s->function = f;
    s->type = type_native(f->result);
    s->name = call_name(c, f->name, s);
    return 0;
}

/* ---- parts of values ---- */

static int compile_field(compiler *c, const ast_term *t, unsigned *slots, selector *s)
{
    int r = compile_items(c, t, slots, s);
    if (r < 0)
        return r;
    const type *udt = s->items[0]->type;
    s->kind = SEL_FIELD;
    s->name = arena_printf(c->a, "%s.%.*s", s->items[0]->name, (int)t->value.n, t->value.p);
    if (udt->kind != TYPE_UDT)
        return err_set(c->err, ERR_INVALID,
                       "Invalid field selection: %s of type %s is not a user type",
                       s->items[0]->name, type_cql_name(c->a, udt));
    for (unsigned i = 0; i < udt->n_args; i++) {
        if (bytes_eq_str(t->value, udt->fields[i])) {
            s->field = i;
            s->type = udt->args[i];
            return 0;
        }
    }
    return err_set(c->err, ERR_INVALID, "%s of type %s has no field %.*s", s->items[0]->name,
                   type_cql_name(c->a, udt), (int)t->value.n, t->value.p);
}

static int compile_element(compiler *c, const ast_term *t, unsigned *slots, selector *s)
{
    const selector **items = arena_array(c->a, const selector *, 1);
    int r = compile_selector(c, t->items.at[0], slots, &items[0]);
    if (r < 0)
        return r;
    const type *of = items[0]->type;
    if (of->kind != TYPE_MAP && of->kind != TYPE_SET)
        return err_set(c->err, ERR_INVALID,
                       "Invalid element selection: %s is of type %s is not a collection",
                       items[0]->name, type_cql_name(c->a, of));
    s->items = items;
    s->n_items = 1;
    s->kind = SEL_ELEMENT;
    s->type = of->kind == TYPE_MAP ? of->args[1] : of->args[0];
    s->has_aggregate = items[0]->has_aggregate;
    s->name = arena_printf(c->a, "%s[%s]", items[0]->name, ast_term_text(t->items.at[1], c->a));
    return compile_term(c, t->items.at[1], of->args[0],
                        arena_printf(c->a, "key(%s)", items[0]->name), &s->term);
}

/* wanted: the type of the other operand, or NULL. */
static int compile_literal_as(compiler *c, const ast_term *t, const type *wanted, selector *s)
{
    const type *type = wanted && term_fits(t, wanted) ? wanted : term_natural_type(c, t);
    if (!type)
        return err_set(c->err, ERR_INVALID, "Cannot infer type for term %s in selection clause",
                       ast_term_text(t, c->a));
    s->kind = SEL_TERM;
    s->type = type;
    s->name = ast_term_text(t, c->a);
    return compile_term(c, t, type, "[selection]", &s->term);
}

static int compile_literal(compiler *c, const ast_term *t, selector *s)
{
    return compile_literal_as(c, t, NULL, s);
}

static bool is_untyped(const ast_term *t)
{
    return t->kind == AST_INTEGER || t->kind == AST_FLOAT || t->kind == AST_MARKER;
}

/* A literal or marker takes the type of what stands on the other side. */
static int compile_operands(compiler *c, const ast_term *t, unsigned *slots, selector *s)
{
    const selector **items = arena_array(c->a, const selector *, 2);
    bool late[2] = {is_untyped(t->items.at[0]), is_untyped(t->items.at[1])};
    s->items = items;
    s->n_items = 2;
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < 2; i++) {
            int r = 0;
            if (late[i] != pass || items[i])
                continue;
            if (late[i] && items[1 - i]) {
                selector *literal = arena_new(c->a, selector);
                items[i] = literal;
                r = compile_literal_as(c, t->items.at[i], items[1 - i]->type, literal);
            } else {
                r = compile_selector(c, t->items.at[i], slots, &items[i]);
            }
            if (r < 0)
                return r;
            s->has_aggregate |= items[i]->has_aggregate;
        }
    }
    return 0;
}

static int compile_operation(compiler *c, const ast_term *t, unsigned *slots, selector *s)
{
    int r = compile_operands(c, t, slots, s);
    if (r < 0)
        return r;
    const selector *l = s->items[0], *o = s->items[1];
    if (!number_is(l->type) || !number_is(o->type))
        return err_set(c->err, ERR_INVALID, "the '%c' operation is not supported between %s and %s",
                       t->op, l->name, o->name);
    s->kind = SEL_OPERATION;
    s->op = t->op;
    s->type = number_result_type(l->type, o->type);
    s->name = arena_printf(c->a, "%s %c %s", l->name, t->op, o->name);
    return 0;
}

static int compile_negation(compiler *c, const ast_term *t, unsigned *slots, selector *s)
{
    int r = compile_items(c, t, slots, s);
    if (r < 0)
        return r;
    if (!number_is(s->items[0]->type))
        return err_set(c->err, ERR_INVALID, "the '-' operation is not supported on %s",
                       s->items[0]->name);
    s->kind = SEL_NEGATE;
    s->type = s->items[0]->type;
    s->name = arena_printf(c->a, "-%s", s->items[0]->name);
    return 0;
}

static bool is_text(const type *t)
{
    return t->kind == TYPE_TEXT || t->kind == TYPE_ASCII;
}

/* Functions that convert between dates and times. */
static const function *cast_function(const type *from, const type *to)
{
    const char *name = to->kind == TYPE_TIMESTAMP ? "totimestamp" : "todate";
    const function *f;
    if (to->kind != TYPE_TIMESTAMP && to->kind != TYPE_DATE)
        return NULL;
    for (unsigned i = 0; (f = function_find(bytes_str(name), 1, i)); i++)
        if (f->args[0] == from->kind)
            return f;
    return NULL;
}

static int compile_cast(compiler *c, const ast_term *t, unsigned *slots, selector *s)
{
    int r = compile_items(c, t, slots, s);
    if (r == 0)
        r = compile_type(c, t->type, &s->type);
    if (r < 0)
        return r;
    const type *from = s->items[0]->type, *to = s->type;
    s->kind = SEL_CAST;
    s->name = arena_printf(c->a, "cast(%s as %s)", s->items[0]->name, type_cql_name(c->a, to));
    s->function = cast_function(from, to);
    bool printed = is_text(to) && from->kind < TYPE_LIST && from->kind != TYPE_BLOB &&
                   from->kind != TYPE_DURATION;
    if (type_equal(from, to) || printed || s->function || (number_is(from) && number_is(to)))
        return 0;
    return err_set(c->err, ERR_INVALID, "%s cannot be cast to %s", type_cql_name(c->a, from),
                   type_cql_name(c->a, to));
}

static int compile_slice(compiler *c, const ast_term *t, unsigned *slots, selector *s)
{
    const selector **items = arena_array(c->a, const selector *, 1);
    int r = compile_selector(c, t->items.at[0], slots, &items[0]);
    if (r < 0)
        return r;
    const type *of = items[0]->type;
    if (of->kind != TYPE_MAP && of->kind != TYPE_SET)
        return err_set(c->err, ERR_INVALID,
                       "Invalid slice selection: %s of type %s is not a collection", items[0]->name,
                       type_cql_name(c->a, of));
    s->items = items;
    s->n_items = 1;
    s->kind = SEL_SLICE;
    s->type = of;
    s->has_aggregate = items[0]->has_aggregate;
    const ast_term *from = t->items.at[1], *to = t->items.at[2];
    s->name =
        arena_printf(c->a, "%s[%s..%s]", items[0]->name, from ? ast_term_text(from, c->a) : "",
                     to ? ast_term_text(to, c->a) : "");
    const char *name = arena_printf(c->a, "key(%s)", items[0]->name);
    r = from ? compile_term(c, from, of->args[0], name, &s->term) : 0;
    return r == 0 && to ? compile_term(c, to, of->args[0], name, &s->to) : r;
}

int compile_selector(compiler *c, const ast_term *t, unsigned *slots, const selector **ret)
{
    if (t->kind == AST_COLUMN) {
        const column *col;
        ast_ident ident = {t->value, t->raw};
        int r = compile_column(c, &ident, &col);
        if (r == 0)
            *ret = selector_of_column(c, col);
        return r;
    }
    selector *s = arena_new(c->a, selector);
    *ret = s;
    switch (t->kind) {
    case AST_COUNT_ROWS:
        return compile_count_rows(c, slots, s);
    case AST_WRITETIME:
    case AST_MAXWRITETIME:
    case AST_TTL:
        return compile_cell_info(c, t, s);
    case AST_FUNCTION:
        return compile_function(c, t, slots, s);
    case AST_FIELD:
        return compile_field(c, t, slots, s);
    case AST_ELEMENT:
        return compile_element(c, t, slots, s);
    case AST_CAST:
        return compile_cast(c, t, slots, s);
    case AST_SLICE:
        return compile_slice(c, t, slots, s);
    case AST_OPERATION:
        return compile_operation(c, t, slots, s);
    case AST_NEGATE:
        return compile_negation(c, t, slots, s);
    default:
        return compile_literal(c, t, s);
    }
}
