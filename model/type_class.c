/* type_class.c: types from class names: "ListType(org.apache.cassandra.db.marshal.UTF8Type)". */
#include <ctype.h>

#include "base/buf.h"
#include "model/type.h"
#include "model/type_internal.h"

static int malformed(type_parser *p, const char *what)
{
    int n = p->text.n < 200 ? (int)p->text.n : 200;
    return err_set(p->e, ERR_CONFIG, "Syntax error parsing '%.*s' at char %zu: %s", n,
                   (const char *)p->text.p, p->at, what);
}

static bytes word(type_parser *p)
{
    type_peek(p);
    size_t start = p->at;
    while (p->at < p->text.n &&
           (isalnum(p->text.p[p->at]) || (p->text.p[p->at] && strchr("-+._&$", p->text.p[p->at]))))
        p->at++;
    return bytes_of(p->text.p + start, p->at - start);
}

/* A name in hexadecimal; NULL: it is none. */
static char *hex_word(type_parser *p)
{
    bytes w = word(p);
    char *s = arena_zalloc(p->a, w.n / 2 + 1);
    if (w.n % 2)
        return NULL;
    for (size_t i = 0; i < w.n; i++) {
        int v = hex_digit(w.p[i]);
        if (v < 0)
            return NULL;
        s[i / 2] = (char)(s[i / 2] << 4 | v);
    }
    return memchr(s, 0, w.n / 2) ? NULL : s;
}

static int parse(type_parser *p, unsigned depth, const type **ret, bool *ret_reversed);

/* "a, b, ...)", each with a field name and ':' before it when `named`. */
static int parse_args(type_parser *p, unsigned depth, bool named, type_args *args)
{
    while (!type_accept(p, ')')) {
        const type *t;
        const char *name = NULL;
        if (type_peek(p) < 0 || args->n == TYPE_ARGS_MAX)
            return malformed(p, "unexpected end of string");
        if (named && (!(name = hex_word(p)) || !type_accept(p, ':')))
            return malformed(p, "expecting a field name and ':'");
        int r = parse(p, depth + 1, &t, NULL);
        if (r < 0)
            return r;
        type_args_push(p->a, args, t, name);
        type_accept(p, ',');
    }
    return 0;
}

static int parse_udt(type_parser *p, unsigned depth, const type **ret)
{
    if (!type_accept(p, '('))
        return malformed(p, "UserType takes parameters");
    bytes keyspace = word(p);
    bool comma = type_accept(p, ',');
    const char *name = hex_word(p);
    if (!comma || !name)
        return malformed(p, "expecting a keyspace and a name");
    type_accept(p, ',');
    type_args args = {0};
    int r = parse_args(p, depth, true, &args);
    if (r < 0)
        return r;
    type *t = arena_new(p->a, type);
    *t = (type){.kind = TYPE_UDT, .n_args = (uint16_t)args.n, .args = args.p, .fields = args.names};
    t->keyspace = arena_str(p->a, keyspace);
    t->name = name;
    *ret = t;
    return 0;
}

static int kind_of_class(const char *name)
{
    if (strcmp(name, "DateType") == 0)
        return TYPE_TIMESTAMP; /* before Cassandra 1.2 */
    for (int k = 0; k < TYPE_CUSTOM; k++)
        if (strcmp(type_infos[k].class_name, name) == 0)
            return k;
    return -1;
}

/* Types of Cassandra that are but bytes to us: their parameters are kept as text, without
 * blanks and with the full names of classes. */
static bool is_foreign(const char *name)
{
    static const char *const known[] = {"DynamicCompositeType", "LexicalUUIDType",
                                        "ColumnToCollectionType", "PartitionerDefinedOrder",
                                        "LegacyTimeUUIDType"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], name) == 0)
            return true;
    return false;
}

static bool takes_types(const char *foreign)
{
    return !strcmp(foreign, "DynamicCompositeType") || !strcmp(foreign, "ColumnToCollectionType");
}

/* "reversed=true)" as pycassa writes it after types that take no other types; other names mean
 * nothing, as in Cassandra. */
static int parse_settings(type_parser *p, bool *ret_reversed)
{
    while (!type_accept(p, ')')) {
        bytes name = word(p), value = BYTES_EMPTY;
        if (name.n == 0)
            return malformed(p, "expecting a parameter's name");
        if (type_accept(p, '='))
            value = word(p);
        else if (type_peek(p) != ',' && type_peek(p) != ')')
            return malformed(p, "expecting '=', ',' or ')'");
        if (ret_reversed && bytes_eq_str(name, "reversed"))
            *ret_reversed = value.n == 0 || bytes_eq_str(value, "true");
        type_accept(p, ',');
    }
    return 0;
}

static bool is_marshal_class(const char *name)
{
    return kind_of_class(name) >= 0 || is_foreign(name) || !strcmp(name, "FrozenType") ||
           !strcmp(name, "ReversedType");
}

/* A class, with its settings, or the alias or field before "=>" or ':'. */
static int copy_word(type_parser *p, buf *out)
{
    const char *name = arena_str(p->a, word(p)), *full = name;
    bool reversed = false;
    int next = type_peek(p), r = 0;
    if (strncmp(name, MARSHAL, strlen(MARSHAL)) == 0)
        name += strlen(MARSHAL);
    else if (next != '=' && next != ':' && is_marshal_class(name))
        full = arena_printf(p->a, MARSHAL "%s", name);
    int kind = kind_of_class(name);
    bool plain =
        kind >= 0 ? type_is_native((type_kind)kind) : is_foreign(name) && !takes_types(name);
    if (plain && type_accept(p, '('))
        r = parse_settings(p, &reversed);
    buf_printf(out, reversed ? MARSHAL "ReversedType(%s)" : "%s", full);
    return r;
}

static int copy_parameters(type_parser *p, buf *out)
{
    int depth = 0;
    do {
        int c = type_peek(p);
        if (c > 0 && (isalnum(c) || strchr("-+._&$", c))) {
            int r = copy_word(p, out);
            if (r < 0)
                return r;
            continue;
        }
        if (c <= 0 || !strchr("(),=>:", c))
            return malformed(p, "unexpected character or end of string");
        depth += (c == '(') - (c == ')');
        buf_u8(out, (uint8_t)c);
        p->at++;
    } while (depth);
    return 0;
}

static int parse_foreign(type_parser *p, const char *class_name, const type **ret)
{
    buf b = {0};
    buf_str(&b, class_name);
    int r = type_peek(p) == '(' ? copy_parameters(p, &b) : 0;
    if (r == 0)
        *ret = type_custom(p->a, bytes_str(arena_str(p->a, buf_view(&b))));
    buf_done(&b);
    return r;
}

static int parse_with_args(type_parser *p, type_kind kind, unsigned depth, const type **ret)
{
    type_args args = {0};
    unsigned want = kind == TYPE_MAP ? 2 : 1;
    int r = type_accept(p, '(') ? parse_args(p, depth, false, &args) : 0;
    if (r < 0)
        return r;
    bool any = kind == TYPE_TUPLE || kind == TYPE_COMPOSITE;
    if (any ? args.n == 0 : args.n != want)
        return err_set(p->e, ERR_CONFIG, "Invalid definition for comparator " MARSHAL "%s.",
                       type_infos[kind].class_name);
    type *t = arena_new(p->a, type);
    *t = (type){.kind = kind, .n_args = (uint16_t)args.n, .args = args.p};
    *ret = kind == TYPE_TUPLE ? type_freeze(p->a, t) : t;
    return 0;
}

/* FrozenType(x), ReversedType(x). */
static int parse_wrapper(type_parser *p, unsigned depth, const type **ret)
{
    if (!type_accept(p, '('))
        return malformed(p, "expecting '('");
    int r = parse(p, depth + 1, ret, NULL);
    return r < 0 ? r : type_accept(p, ')') ? 0 : malformed(p, "expecting ')'");
}

static int parse(type_parser *p, unsigned depth, const type **ret, bool *ret_reversed)
{
    if (depth > TYPE_DEPTH_MAX)
        return malformed(p, "types nested too deep");
    bytes w = word(p);
    if (w.n == 0)
        return malformed(p, "expecting a class name");
    const char *name = arena_str(p->a, w);
    bool marshal = strncmp(name, MARSHAL, strlen(MARSHAL)) == 0;
    if (marshal)
        name += strlen(MARSHAL);
    else if (strchr(name, '.'))
        return parse_foreign(p, name, ret);
    if (strcmp(name, "ReversedType") == 0) {
        if (ret_reversed)
            *ret_reversed = true;
        return parse_wrapper(p, depth, ret);
    }
    if (strcmp(name, "FrozenType") == 0) {
        int r = parse_wrapper(p, depth, ret);
        if (r == 0)
            *ret = type_freeze(p->a, *ret);
        return r;
    }
    if (is_foreign(name) && takes_types(name))
        return parse_foreign(p, arena_printf(p->a, MARSHAL "%s", name), ret);
    if (is_foreign(name)) {
        *ret = type_custom(p->a, bytes_str(arena_printf(p->a, MARSHAL "%s", name)));
        return type_accept(p, '(') ? parse_settings(p, ret_reversed) : 0;
    }
    int kind = kind_of_class(name);
    if (kind < 0)
        return err_set(p->e, ERR_CONFIG, "Unable to find abstract-type class '" MARSHAL "%.200s'",
                       name);
    if (kind == TYPE_UDT)
        return parse_udt(p, depth, ret);
    if (!type_is_native((type_kind)kind))
        return parse_with_args(p, (type_kind)kind, depth, ret);
    *ret = type_native((type_kind)kind);
    return type_accept(p, '(') ? parse_settings(p, ret_reversed) : 0;
}

/* Collections inside collections and tuples are frozen though their class names need not say so. */
static const type *freeze_inner(arena *a, const type *t)
{
    if (t->n_args == 0)
        return t;
    type *copy = arena_new(a, type);
    *copy = *t;
    const type **args = arena_array(a, const type *, t->n_args);
    for (unsigned i = 0; i < t->n_args; i++)
        args[i] =
            t->kind == TYPE_COMPOSITE ? freeze_inner(a, t->args[i]) : type_freeze(a, t->args[i]);
    copy->args = args;
    return copy;
}

int type_parse_class(arena *a, bytes text, const type **ret, bool *ret_reversed, err_info *e)
{
    type_parser p = {.a = a, .text = text, .e = e};
    const type *t = NULL;
    bool reversed = false;
    if (type_peek(&p) < 0) { /* no class: bytes */
        t = type_native(TYPE_BLOB);
    } else {
        int r = parse(&p, 0, &t, &reversed);
        if (r < 0)
            return r;
        if (type_peek(&p) >= 0)
            return malformed(&p, "unexpected text after the type");
    }
    *ret = freeze_inner(a, t);
    if (ret_reversed)
        *ret_reversed = reversed;
    return 0;
}
