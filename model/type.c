/* type.c: the tree of a type: making it, names, equality, compatibility. */
#include "model/type.h"

#include <ctype.h>

#include "base/must.h"
#include "model/type_internal.h"

const type_info type_infos[TYPE_KIND_COUNT] = {
#define X(kind, cql, class_name, id, size) [kind] = {cql, class_name, id, size},
    TYPE_KINDS(X)
#undef X
};

static const type natives[TYPE_KIND_COUNT] = {
#define X(kind_, cql, class_name, id, size) [kind_] = {.kind = kind_},
    TYPE_KINDS(X)
#undef X
};

const type *type_native(type_kind kind)
{
    must(type_is_native(kind));
    return &natives[kind];
}

static const type *with_args(arena *a, type_kind kind, bool frozen, const type *const *args,
                             unsigned n)
{
    must(n <= UINT16_MAX);
    const type **copy = arena_array(a, const type *, n);
    for (unsigned i = 0; i < n; i++)
        copy[i] = args[i];
    type *t = arena_new(a, type);
    *t = (type){.kind = kind, .frozen = frozen, .n_args = (uint16_t)n, .args = copy};
    return t;
}

const type *type_list(arena *a, const type *element, bool frozen)
{
    return with_args(a, TYPE_LIST, frozen, &element, 1);
}

const type *type_set(arena *a, const type *element, bool frozen)
{
    return with_args(a, TYPE_SET, frozen, &element, 1);
}

const type *type_map(arena *a, const type *key, const type *value, bool frozen)
{
    return with_args(a, TYPE_MAP, frozen, (const type *[]){key, value}, 2);
}

const type *type_tuple(arena *a, const type *const *args, unsigned n)
{
    return with_args(a, TYPE_TUPLE, false, args, n);
}

const type *type_custom(arena *a, bytes class_name)
{
    type *t = arena_new(a, type);
    t->kind = TYPE_CUSTOM;
    t->name = arena_str(a, class_name);
    return t;
}

bool type_is_collection(const type *t)
{
    return t->kind == TYPE_LIST || t->kind == TYPE_SET || t->kind == TYPE_MAP;
}

bool type_is_multicell(const type *t)
{
    return (type_is_collection(t) || t->kind == TYPE_UDT) && !t->frozen;
}

static bool is_frozen_deep(const type *t)
{
    if (type_is_multicell(t))
        return false;
    for (unsigned i = 0; i < t->n_args; i++)
        if (!is_frozen_deep(t->args[i]))
            return false;
    return true;
}

const type *type_freeze(arena *a, const type *t)
{
    if (is_frozen_deep(t))
        return t;
    type *copy = arena_new(a, type);
    *copy = *t;
    copy->frozen = t->frozen || type_is_multicell(t);
    const type **args = arena_array(a, const type *, t->n_args);
    for (unsigned i = 0; i < t->n_args; i++)
        args[i] = type_freeze(a, t->args[i]);
    copy->args = args;
    return copy;
}

int type_peek(type_parser *p)
{
    while (p->at < p->text.n && isspace(p->text.p[p->at]))
        p->at++;
    return p->at < p->text.n ? p->text.p[p->at] : -1;
}

bool type_accept(type_parser *p, char c)
{
    if (type_peek(p) != c)
        return false;
    p->at++;
    return true;
}

void type_args_push(arena *a, type_args *args, const type *t, const char *name)
{
    if (args->n == args->cap) {
        type_args old = *args;
        args->cap = old.cap ? 2 * old.cap : 2;
        args->p = arena_alloc(a, args->cap * sizeof *args->p);
        args->names = arena_alloc(a, args->cap * sizeof *args->names);
        if (old.n) {
            memcpy(args->p, old.p, old.n * sizeof *args->p);
            memcpy(args->names, old.names, old.n * sizeof *args->names);
        }
    }
    args->p[args->n] = t;
    args->names[args->n++] = name;
}

static bool same_name(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool type_equal(const type *a, const type *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->frozen != b->frozen || a->n_args != b->n_args)
        return false;
    if (!same_name(a->keyspace, b->keyspace) || !same_name(a->name, b->name))
        return false;
    for (unsigned i = 0; i < a->n_args; i++) {
        if (!type_equal(a->args[i], b->args[i]))
            return false;
        if (a->kind == TYPE_UDT && strcmp(a->fields[i], b->fields[i]) != 0)
            return false;
    }
    return true;
}

static bool is_byte_string(type_kind k)
{
    return k == TYPE_ASCII || k == TYPE_TEXT || k == TYPE_BLOB;
}

typedef bool compatible_fn(const type *from, const type *to);

/* All of from's arguments, which may be fewer where `to` has fields (fields can be added). */
static bool args_compatible(const type *from, const type *to, compatible_fn *compatible)
{
    bool enough = type_has_fields(to) ? from->n_args <= to->n_args : from->n_args == to->n_args;
    if (from->kind != to->kind || from->frozen != to->frozen || !enough)
        return false;
    if (to->kind == TYPE_UDT &&
        (!same_name(from->keyspace, to->keyspace) || !same_name(from->name, to->name)))
        return false;
    for (unsigned i = 0; i < from->n_args; i++)
        if (!compatible(from->args[i], to->args[i]))
            return false;
    return true;
}

bool type_is_order_compatible(const type *from, const type *to)
{
    if (type_equal(from, to))
        return true;
    if (to->kind == TYPE_BLOB)
        return is_byte_string(from->kind);
    if (to->kind == TYPE_TEXT)
        return from->kind == TYPE_ASCII;
    return to->n_args && args_compatible(from, to, type_is_order_compatible);
}

bool type_is_value_compatible(const type *from, const type *to)
{
    if (type_equal(from, to) || type_is_order_compatible(from, to))
        return true;
    switch (to->kind) {
    case TYPE_BLOB:
        return !type_is_multicell(from) && from->kind != TYPE_COUNTER;
    case TYPE_VARINT:
        return from->kind == TYPE_INT || from->kind == TYPE_BIGINT || from->kind == TYPE_TIMESTAMP;
    case TYPE_BIGINT:
        return from->kind == TYPE_TIMESTAMP;
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
        return from->kind == TYPE_BIGINT;
    case TYPE_DATE:
        return from->kind == TYPE_INT;
    case TYPE_UUID:
        return from->kind == TYPE_TIMEUUID;
    default:
        return to->n_args && args_compatible(from, to, type_is_value_compatible);
    }
}
