/* type_internal.h: what the files type*.c share. */
#pragma once
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

/* A copy that is frozen all the way down; t itself when it is so already. */
const type *type_freeze(arena *a, const type *t);
const type *type_custom(arena *a, bytes class_name);

/* NaNs are one value, so they have one form. */
static inline uint32_t float_canonical(uint32_t bits)
{
    return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits;
}
static inline uint64_t double_canonical(uint64_t bits)
{
    return (bits & INT64_MAX) > 0x7ff0000000000000 ? 0x7ff8000000000000 : bits;
}
