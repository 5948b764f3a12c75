/* print.c: terms, types and relations as error messages quote them.
 *
 * Strings stand between quotes as they are, markers are `?` whatever their name: this is for
 * people, not to be parsed again.
 */
#include "base/buf.h"
#include "cql/parse/parser.h"

static void print_term(buf *b, const ast_term *t, arena *a);
static void print_type(buf *b, const ast_type *t, arena *a);

static void print_items(buf *b, const char *open, const ast_terms *items, const char *close,
                        arena *a)
{
    buf_str(b, open);
    for (uint32_t i = 0; i < items->n; i++) {
        if (i)
            buf_str(b, ", ");
        print_term(b, items->at[i], a);
    }
    buf_str(b, close);
}

static void print_map(buf *b, const ast_term *t, arena *a)
{
    buf_str(b, "{");
    for (uint32_t i = 0; i + 1 < t->items.n; i += 2) {
        if (i)
            buf_str(b, ", ");
        print_term(b, t->items.at[i], a);
        buf_str(b, ": ");
        print_term(b, t->items.at[i + 1], a);
    }
    buf_str(b, "}");
}

static void print_udt(buf *b, const ast_term *t, arena *a)
{
    buf_str(b, "{");
    for (uint32_t i = 0; i < t->items.n; i++) {
        if (i)
            buf_str(b, ", ");
        buf_str(b, ast_ident_text(t->names[i].name, a));
        buf_str(b, ": ");
        print_term(b, t->items.at[i], a);
    }
    buf_str(b, "}");
}

static void print_function(buf *b, const ast_term *t, arena *a)
{
    if (t->function->keyspace.p) {
        buf_str(b, ast_ident_text(t->function->keyspace, a));
        buf_str(b, ".");
    }
    buf_bytes(b, t->function->name);
    print_items(b, "(", &t->items, ")", a);
}

/* items[0][from..to] */
static void print_slice(buf *b, const ast_term *t, arena *a)
{
    print_term(b, t->items.at[0], a);
    buf_str(b, "[");
    if (t->items.at[1])
        print_term(b, t->items.at[1], a);
    if (t->kind == AST_SLICE)
        buf_str(b, "..");
    if (t->kind == AST_SLICE && t->items.at[2])
        print_term(b, t->items.at[2], a);
    buf_str(b, "]");
}

static void print_term(buf *b, const ast_term *t, arena *a)
{
    switch ((ast_term_kind)t->kind) {
    case AST_NULL:
        buf_str(b, "NULL");
        break;
    case AST_STRING:
        buf_str(b, "'");
        buf_bytes(b, t->value);
        buf_str(b, "'");
        break;
    case AST_BLOB:
        buf_str(b, "0x");
        buf_bytes(b, t->value);
        break;
    case AST_INTEGER:
    case AST_FLOAT:
    case AST_BOOLEAN:
    case AST_UUID:
    case AST_DURATION:
        buf_bytes(b, t->value);
        break;
    case AST_MARKER:
        buf_str(b, "?");
        break;
    case AST_LIST:
        print_items(b, "[", &t->items, "]", a);
        break;
    case AST_SET:
        print_items(b, "{", &t->items, "}", a);
        break;
    case AST_MAP:
        print_map(b, t, a);
        break;
    case AST_TUPLE:
        print_items(b, "(", &t->items, ")", a);
        break;
    case AST_UDT:
        print_udt(b, t, a);
        break;
    case AST_FUNCTION:
        print_function(b, t, a);
        break;
    case AST_TYPE_HINT:
        buf_str(b, "(");
        print_type(b, t->type, a);
        buf_str(b, ")");
        print_term(b, t->items.at[0], a);
        break;
    case AST_OPERATION:
        print_term(b, t->items.at[0], a);
        buf_printf(b, " %c ", t->op);
        print_term(b, t->items.at[1], a);
        break;
    case AST_NEGATE:
        print_items(b, "-", &t->items, "", a);
        break;
    case AST_CAST:
        print_items(b, "cast(", &t->items, " as ", a);
        print_type(b, t->type, a);
        buf_str(b, ")");
        break;
    case AST_COLUMN:
        buf_str(b, ast_ident_text(t->value, a));
        break;
    case AST_COUNT_ROWS:
        buf_str(b, "count(*)");
        break;
    case AST_WRITETIME:
        print_items(b, "writetime(", &t->items, ")", a);
        break;
    case AST_MAXWRITETIME:
        print_items(b, "maxwritetime(", &t->items, ")", a);
        break;
    case AST_TTL:
        print_items(b, "ttl(", &t->items, ")", a);
        break;
    case AST_FIELD:
        print_items(b, "", &t->items, ".", a);
        buf_str(b, ast_ident_text(t->value, a));
        break;
    case AST_ELEMENT:
    case AST_SLICE:
        print_slice(b, t, a);
        break;
    }
}

static void print_type(buf *b, const ast_type *t, arena *a)
{
    if (t->custom) {
        buf_str(b, "'");
        buf_bytes(b, t->name);
        buf_str(b, "'");
        return;
    }
    if (t->frozen)
        buf_str(b, "frozen<");
    if (t->keyspace.p) {
        buf_str(b, ast_ident_text(t->keyspace, a));
        buf_str(b, ".");
    }
    /* "set" is reserved and yet a type. */
    buf_str(b, t->args.n ? arena_str(a, t->name) : ast_ident_text(t->name, a));
    for (uint32_t i = 0; i < t->args.n; i++) {
        buf_str(b, i ? ", " : "<");
        print_type(b, t->args.at[i], a);
    }
    if (t->args.n)
        buf_str(b, ">");
    if (t->frozen)
        buf_str(b, ">");
}

static const char *finish(buf *b, arena *a)
{
    const char *text = arena_str(a, buf_view(b));
    buf_done(b);
    return text;
}

const char *ast_term_text(const ast_term *t, arena *a)
{
    buf b = {0};
    print_term(&b, t, a);
    return finish(&b, a);
}

const char *ast_type_text(const ast_type *t, arena *a)
{
    buf b = {0};
    print_type(&b, t, a);
    return finish(&b, a);
}

const char *ast_operator_text(ast_operator op)
{
    static const char *const texts[] = {
        [AST_EQ] = "=",
        [AST_LT] = "<",
        [AST_LE] = "<=",
        [AST_GT] = ">",
        [AST_GE] = ">=",
        [AST_NE] = "!=",
        [AST_IN] = "IN",
        [AST_CONTAINS] = "CONTAINS",
        [AST_CONTAINS_KEY] = "CONTAINS KEY",
        [AST_LIKE] = "LIKE",
        [AST_IS_NOT] = "IS NOT",
    };
    return texts[op];
}

static void print_left(buf *b, const ast_relation *r, arena *a)
{
    static const char *const open[] = {
        [AST_REL_COLUMN] = "",
        [AST_REL_TOKEN] = "token(",
        [AST_REL_TUPLE] = "(",
        [AST_REL_CUSTOM_INDEX] = "expr(",
    };
    buf_str(b, open[r->kind]);
    for (uint32_t i = 0; i < r->columns.n; i++) {
        if (i)
            buf_str(b, ", ");
        buf_str(b, ast_ident_text(r->columns.at[i].name, a));
    }
    if (r->key) {
        buf_str(b, "[");
        print_term(b, r->key, a);
        buf_str(b, "]");
    }
    if (r->kind == AST_REL_TOKEN || r->kind == AST_REL_TUPLE)
        buf_str(b, ")");
}

const char *ast_relation_text(const ast_relation *r, arena *a)
{
    buf b = {0};
    print_left(&b, r, a);
    if (r->kind == AST_REL_CUSTOM_INDEX)
        buf_str(&b, ", ");
    else
        buf_printf(&b, " %s ", ast_operator_text(r->op));
    if (r->value)
        print_term(&b, r->value, a);
    else
        print_items(&b, "(", &r->values, ")", a);
    if (r->kind == AST_REL_CUSTOM_INDEX)
        buf_str(&b, ")");
    return finish(&b, a);
}
