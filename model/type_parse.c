/* type_parse.c: types from their CQL names. */
#include <ctype.h>

#include "model/type.h"
#include "model/type_internal.h"

static int shown(bytes b)
{
    return b.n < 200 ? (int)b.n : 200;
}

static int malformed(type_parser *p)
{
    return err_set(p->e, ERR_INVALID, "Malformed type name: %.*s", shown(p->text),
                   (const char *)p->text.p);
}

static int unknown(type_parser *p, const char *keyspace, const char *name)
{
    return err_set(p->e, ERR_INVALID, "Unknown type %s%s%.200s", keyspace ? keyspace : "",
                   keyspace ? "." : "", name);
}

/* What stands between quotes, doubled ones undone; the opening quote is next. NULL: no end. */
static char *quoted_text(type_parser *p)
{
    uint8_t quote = p->text.p[p->at++];
    char *out = arena_alloc(p->a, p->text.n - p->at + 1), *o = out;
    while (p->at < p->text.n) {
        uint8_t c = p->text.p[p->at++];
        if (c == 0)
            return NULL;
        if (c != quote) {
            *o++ = (char)c;
        } else if (p->at < p->text.n && p->text.p[p->at] == quote) {
            *o++ = (char)c;
            p->at++;
        } else {
            *o = 0;
            return out;
        }
    }
    return NULL;
}

/* An identifier: lower case, or as it is between double quotes. NULL: none. */
static char *identifier(type_parser *p, bool *ret_quoted)
{
    int c = type_peek(p);
    *ret_quoted = c == '"';
    if (*ret_quoted)
        return quoted_text(p);
    size_t start = p->at;
    while (p->at < p->text.n && (isalnum(p->text.p[p->at]) || p->text.p[p->at] == '_'))
        p->at++;
    if (p->at == start)
        return NULL;
    char *s = arena_str(p->a, bytes_of(p->text.p + start, p->at - start));
    for (char *i = s; *i; i++)
        *i = (char)tolower(*i);
    return s;
}

static int parse(type_parser *p, unsigned depth, const type **ret);

static int parse_args(type_parser *p, unsigned depth, type_args *args)
{
    if (!type_accept(p, '<'))
        return malformed(p);
    do {
        const type *t;
        int r = parse(p, depth + 1, &t);
        if (r < 0)
            return r;
        if (args->n == TYPE_ARGS_MAX)
            return malformed(p);
        type_args_push(p->a, args, t, NULL);
    } while (type_accept(p, ','));
    return type_accept(p, '>') ? 0 : malformed(p);
}

/* The rules for what may stand in a collection that is not frozen hold only once the whole name
 * is known: inside frozen<> everything freezes. */
static int check_nesting(type_parser *p, const type *t)
{
    if (type_is_multicell(t) && type_is_collection(t))
        for (unsigned i = 0; i < t->n_args; i++)
            if (type_is_multicell(t->args[i]))
                return err_set(p->e, ERR_INVALID,
                               "Non-frozen %s are not allowed inside collections: %s",
                               t->args[i]->kind == TYPE_UDT ? "user types" : "collections",
                               type_cql_name(p->a, t));
    return 0;
}

static int check_element(type_parser *p, const type *t, const type *element, bool key)
{
    if (element->kind == TYPE_COUNTER)
        return err_set(p->e, ERR_INVALID, "Counters are not allowed inside %s: %s",
                       type_is_collection(t) ? "collections" : "tuples", type_cql_name(p->a, t));
    if (element->kind == TYPE_DURATION && key)
        return err_set(p->e, ERR_INVALID, "Durations are not allowed %s: %s",
                       t->kind == TYPE_SET ? "inside sets" : "as map keys", type_cql_name(p->a, t));
    return 0;
}

static int parse_collection(type_parser *p, type_kind kind, unsigned depth, const type **ret)
{
    type_args args = {0};
    int r = parse_args(p, depth, &args);
    if (r < 0)
        return r;
    if (args.n != (kind == TYPE_MAP ? 2 : 1))
        return malformed(p);
    *ret = kind == TYPE_MAP   ? type_map(p->a, args.p[0], args.p[1], false)
           : kind == TYPE_SET ? type_set(p->a, args.p[0], false)
                              : type_list(p->a, args.p[0], false);
    for (unsigned i = 0; i < args.n && r == 0; i++)
        r = check_element(p, *ret, args.p[i], i == 0 && kind != TYPE_LIST);
    return r;
}

static int parse_tuple(type_parser *p, unsigned depth, const type **ret)
{
    type_args args = {0};
    int r = parse_args(p, depth, &args);
    if (r < 0)
        return r;
    *ret = type_freeze(p->a, type_tuple(p->a, args.p, args.n));
    for (unsigned i = 0; i < args.n && r == 0; i++)
        r = check_element(p, *ret, args.p[i], false);
    return r;
}

static int parse_frozen(type_parser *p, unsigned depth, const type **ret)
{
    type_args args = {0};
    int r = parse_args(p, depth, &args);
    if (r < 0)
        return r;
    const type *inner = args.p[0];
    if (args.n != 1)
        return malformed(p);
    if (!type_is_collection(inner) && !type_has_fields(inner))
        return err_set(p->e, ERR_SYNTAX,
                       "frozen<> is only allowed on collections, tuples, and user-defined types "
                       "(got %s)",
                       type_cql_name(p->a, inner));
    *ret = type_freeze(p->a, inner);
    return 0;
}

static int parse_user(type_parser *p, const char *keyspace, const char *name, const type **ret)
{
    const type_resolver *r = p->r;
    if (keyspace && r && r->keyspace && strcmp(keyspace, r->keyspace) != 0)
        return err_set(p->e, ERR_INVALID,
                       "Statement on keyspace %s cannot refer to a user type in keyspace %s; user "
                       "types can only be used in the keyspace they are defined in",
                       r->keyspace, keyspace);
    const type *t = r ? r->find(r, keyspace ? keyspace : r->keyspace, name) : NULL;
    if (!t)
        return unknown(p, keyspace, name);
    if (t->frozen) {
        type *copy = arena_new(p->a, type);
        *copy = *t;
        copy->frozen = false;
        t = copy;
    }
    *ret = t;
    return 0;
}

static int parse_custom(type_parser *p, const type **ret)
{
    const char *name = quoted_text(p);
    if (!name)
        return malformed(p);
    err_info e;
    if (type_parse_class(p->a, bytes_str(name), ret, NULL, &e) < 0)
        return err_set(p->e, ERR_INVALID, "%s", e.text);
    return 0;
}

static int native_kind(const char *name)
{
    if (strcmp(name, "varchar") == 0)
        return TYPE_TEXT;
    for (int k = 0; k < TYPE_KIND_COUNT; k++)
        if (k != TYPE_COMPOSITE && k != TYPE_CUSTOM && k != TYPE_UDT &&
            strcmp(type_infos[k].cql, name) == 0)
            return k;
    return -1;
}

static int parse_named(type_parser *p, const char *name, unsigned depth, const type **ret)
{
    int kind = native_kind(name);
    if (strcmp(name, "frozen") == 0 && type_peek(p) == '<')
        return parse_frozen(p, depth, ret);
    if (kind < 0)
        return parse_user(p, NULL, name, ret);
    if (kind == TYPE_TUPLE)
        return parse_tuple(p, depth, ret);
    if (!type_is_native((type_kind)kind))
        return parse_collection(p, (type_kind)kind, depth, ret);
    *ret = type_native((type_kind)kind);
    return 0;
}

static int parse(type_parser *p, unsigned depth, const type **ret)
{
    bool quoted, quoted_name;
    if (depth > TYPE_DEPTH_MAX)
        return malformed(p);
    if (type_peek(p) == '\'')
        return parse_custom(p, ret);
    char *name = identifier(p, &quoted);
    if (!name)
        return malformed(p);
    if (type_accept(p, '.')) {
        char *in_keyspace = identifier(p, &quoted_name);
        return in_keyspace ? parse_user(p, name, in_keyspace, ret) : malformed(p);
    }
    return quoted ? parse_user(p, NULL, name, ret) : parse_named(p, name, depth, ret);
}

static int check_all_nesting(type_parser *p, const type *t)
{
    int r = t->frozen ? 0 : check_nesting(p, t);
    for (unsigned i = 0; i < t->n_args && r == 0 && t->kind != TYPE_UDT; i++)
        r = check_all_nesting(p, t->args[i]);
    return r;
}

int type_parse_cql(arena *a, bytes text, const type_resolver *r, const type **ret, err_info *e)
{
    type_parser p = {.a = a, .text = text, .r = r, .e = e};
    const type *t = NULL;
    int x = parse(&p, 0, &t);
    if (x < 0)
        return x;
    if (type_peek(&p) != -1)
        return malformed(&p);
    if ((x = check_all_nesting(&p, t)) < 0)
        return x;
    *ret = t;
    return 0;
}
