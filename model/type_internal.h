/* type_internal.h: what the files type*.c share. */
#pragma once
#include "base/buf.h"
#include "model/type.h"

typedef struct type_info {
    const char *cql, *class_name;
    uint16_t id;
    uint8_t size; /* fixed size in bytes, or 0 */
} type_info;
extern const type_info type_infos[TYPE_KIND_COUNT];

/* Type trees are at most this deep, so that walking one needs little stack. */
enum { TYPE_DEPTH_MAX = 24 };

#define MARSHAL "org.apache.cassandra.db.marshal."

static inline bool type_is_native(type_kind k)
{
    return k < TYPE_LIST || k == TYPE_EMPTY;
}

/* Tuples and UDTs: a fixed number of fields, each of its own type. */
static inline bool type_has_fields(const type *t)
{
    return t->kind == TYPE_TUPLE || t->kind == TYPE_UDT;
}

/* Arguments of a type while it is parsed; grows in the arena. */
typedef struct type_args {
    const type **p;
    const char **names; /* of fields, or NULLs */
    unsigned n, cap;
} type_args;
void type_args_push(arena *a, type_args *args, const type *t, const char *name);
enum { TYPE_ARGS_MAX = 32767 };

/* The text of a type while it is parsed. */
typedef struct type_parser {
    arena *a;
    bytes text;
    size_t at;
    const type_resolver *r; /* of names of user types; class names need none */
    err_info *e;
} type_parser;
int type_peek(type_parser *p); /* the next character after blanks, or -1 */
bool type_accept(type_parser *p, char c);

/* A copy that is frozen all the way down; t itself when it is so already. */
const type *type_freeze(arena *a, const type *t);
const type *type_custom(arena *a, bytes class_name);

/* How the values of a kind are ordered; compare and key encoding agree through it. */
enum type_order {
    ORDER_BYTES,    /* unsigned bytes, the shorter first */
    ORDER_UNSIGNED, /* fixed size, big-endian */
    ORDER_SIGNED,
    ORDER_FLOATING,
    ORDER_BOOLEAN,
    ORDER_UUID,     /* version, then v1: timestamp, others: bytes; then the rest */
    ORDER_TIMEUUID, /* timestamp, then the rest as signed bytes */
    ORDER_VARINT,
    ORDER_DECIMAL,
    ORDER_ELEMENTS, /* one after the other, the shorter first */
    ORDER_FIELDS    /* one after the other, null first */
};
extern const uint8_t type_orders[TYPE_KIND_COUNT];

/* Fixed-size value -> as many bytes whose memcmp order is the value's, and back. */
void fixed_to_key(enum type_order order, const uint8_t *value, size_t n, uint8_t *ret);
void fixed_from_key(enum type_order order, const uint8_t *key, size_t n, uint8_t *ret);

/* Byte strings in keys: 00 -> 00 FF, ended by 00 01. */
void key_put_escaped(bytes v, buf *out);
bytes key_get_escaped(reader *r, uint8_t flip, arena *a); /* flip FF: complemented */

/* Months, days, nanoseconds of a duration, each a zigzag number in Cassandra's vint form: as many
 * 1 bits as bytes follow, then the value, high bits first. False: malformed. */
bool duration_read(bytes v, int64_t ret[3]);

/* -1: no hexadecimal digit */
static inline int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

/* NaNs are one value, so they have one form. */
static inline uint32_t float_canonical(uint32_t bits)
{
    return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits;
}
static inline uint64_t double_canonical(uint64_t bits)
{
    return (bits & INT64_MAX) > 0x7ff0000000000000 ? 0x7ff8000000000000 : bits;
}

/* As type_from_text, of TYPE_COMPOSITE. */
int type_composite_from_text(arena *a, const type *t, bytes text, bytes *ret, err_info *e);
