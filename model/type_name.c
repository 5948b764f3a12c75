/* type_name.c: a type's names: CQL ("frozen<list<int>>") and class. */
#include "base/buf.h"
#include "model/type.h"
#include "model/type_internal.h"

static const char *keep(arena *a, buf *b)
{
    char *s = arena_str(a, buf_view(b));
    buf_done(b);
    return s;
}

/* Identifiers that are not plain lower case are quoted. */
static void put_identifier(buf *b, const char *s)
{
    size_t plain = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (*s && !s[plain] && *s >= 'a') {
        buf_str(b, s);
        return;
    }
    buf_u8(b, '"');
    for (; *s; s++) {
        if (*s == '"')
            buf_u8(b, '"');
        buf_u8(b, (uint8_t)*s);
    }
    buf_u8(b, '"');
}

static void put_class(buf *b, const type *t, bool in_frozen);

static void put_cql(buf *b, const type *t)
{
    if (t->kind == TYPE_CUSTOM || t->kind == TYPE_COMPOSITE) {
        buf_u8(b, '\'');
        put_class(b, t, false);
        buf_u8(b, '\'');
        return;
    }
    bool frozen = t->frozen || t->kind == TYPE_TUPLE;
    if (frozen)
        buf_str(b, "frozen<");
    if (t->kind == TYPE_UDT)
        put_identifier(b, t->name);
    else
        buf_str(b, type_infos[t->kind].cql);
    if (t->kind != TYPE_UDT && t->n_args) {
        for (unsigned i = 0; i < t->n_args; i++) {
            buf_str(b, i ? ", " : "<");
            put_cql(b, t->args[i]);
        }
        buf_u8(b, '>');
    }
    if (frozen)
        buf_u8(b, '>');
}

static void put_hex(buf *b, const char *s)
{
    for (; *s; s++)
        buf_printf(b, "%02x", (uint8_t)*s);
}

/* Inside FrozenType(...) nothing is marked again. */
static void put_class(buf *b, const type *t, bool in_frozen)
{
    if (t->kind == TYPE_CUSTOM) {
        buf_str(b, t->name);
        return;
    }
    bool mark = t->frozen && !in_frozen;
    if (mark)
        buf_str(b, MARSHAL "FrozenType(");
    buf_str(b, MARSHAL);
    buf_str(b, type_infos[t->kind].class_name);
    if (t->kind == TYPE_UDT) {
        buf_printf(b, "(%s,", t->keyspace);
        put_hex(b, t->name);
    }
    for (unsigned i = 0; i < t->n_args; i++) {
        buf_u8(b, i || t->kind == TYPE_UDT ? ',' : '(');
        if (t->kind == TYPE_UDT) {
            put_hex(b, t->fields[i]);
            buf_u8(b, ':');
        }
        put_class(b, t->args[i], in_frozen || t->frozen);
    }
    if (t->n_args || t->kind == TYPE_UDT)
        buf_u8(b, ')');
    if (mark)
        buf_u8(b, ')');
}

const char *type_cql_name(arena *a, const type *t)
{
    if (type_is_native(t->kind))
        return type_infos[t->kind].cql;
    buf b = {0};
    put_cql(&b, t);
    return keep(a, &b);
}

const char *type_class_name(arena *a, const type *t)
{
    buf b = {0};
    put_class(&b, t, false);
    return keep(a, &b);
}
