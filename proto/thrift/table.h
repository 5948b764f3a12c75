/* table.h: what the reader and the writer know of each Thrift struct and method.
 *
 * Made by generate.py from ilion.thrift; constant. Only proto/thrift and its tests look inside.
 *
 * In C: bool, int32_t, int64_t, double; binary and string are `bytes`; a list is {n, v}; a map
 * is {n, v} where v are {key, value} pairs; a struct stands in its parent where it is required
 * and behind a pointer where it is optional.
 */
#pragma once
#include <stddef.h>

#include "base/bytes.h"
#include "proto/thrift/thrift_gen.h"

/* Types on the wire. */
enum {
    WIRE_STOP = 0,
    WIRE_BOOL = 2,
    WIRE_BYTE = 3,
    WIRE_DOUBLE = 4,
    WIRE_I16 = 6,
    WIRE_I32 = 8,
    WIRE_I64 = 10,
    WIRE_BYTES = 11,
    WIRE_STRUCT = 12,
    WIRE_MAP = 13,
    WIRE_SET = 14,
    WIRE_LIST = 15,
};

typedef struct thrift_struct thrift_struct;
typedef struct thrift_type thrift_type;

struct thrift_type {
    uint8_t wire;
    uint16_t size;     /* of the C value */
    uint16_t least;    /* fewest bytes of a value on the wire */
    uint16_t stride;   /* from one element or pair to the next */
    uint16_t value_at; /* of a map's value in its pair */
    const thrift_struct *st;
    const thrift_type *key;  /* of a map */
    const thrift_type *elem; /* of a list; the value of a map */
};

/* How a field says that it is absent. */
enum thrift_presence {
    THRIFT_ALWAYS,     /* cannot: written always */
    THRIFT_BY_FLAG,    /* has_x is false */
    THRIFT_BY_NULL,    /* bytes with a NULL pointer */
    THRIFT_BY_POINTER, /* the struct is behind a pointer, which is NULL */
};

typedef struct thrift_field {
    int16_t id;
    uint8_t bit; /* in thrift_struct.required */
    uint8_t presence;
    uint16_t offset, has_at;
    const thrift_type *type;
    const char *name;
} thrift_field;

struct thrift_struct {
    const char *name;
    const thrift_field *fields; /* in the order of their ids */
    uint8_t n_fields;
    uint16_t size;
    uint64_t required;   /* bits of the fields that must be there */
    const void *initial; /* what absent fields hold */
};

typedef struct thrift_method_row {
    bytes name;
    const thrift_struct *args, *result;
} thrift_method_row;

extern const thrift_struct *const thrift_structs[];
extern const size_t thrift_n_structs;
extern const thrift_method_row thrift_methods[THRIFT_METHOD_COUNT];

enum thrift_method thrift_method_find(bytes name);

/* Every {n, v} container, whatever its elements. */
typedef struct thrift_any_list {
    size_t n;
    void *v;
} thrift_any_list;

/* The codec of one struct without a message around it: tests, and messages' bodies. */
typedef struct buf buf;
typedef struct arena arena;
typedef struct err_info err_info;
void thrift_write_struct(buf *out, const thrift_struct *st, const void *from);
/* `in` must hold exactly one struct. */
int thrift_read_struct(bytes in, arena *a, const thrift_struct *st, void **ret, err_info *e);
