/* type.h: CQL types: names, validation, order, text forms, byte-comparable keys.
 *
 * A type is an immutable tree. Native types are static (type_native); the others live in the arena
 * they were made in (a schema snapshot, a statement).
 *
 * Values are in their wire form (what drivers send: int = 4 bytes big-endian, collections with
 * [int] sizes as in protocol v3+). A null is BYTES_NULL, an empty value is legal for the types for
 * which Cassandra allows it (text, blob, and as "empty" for the fixed-size ones).
 *
 * Byte-comparable form (docs/formats.md, "keys"): the encodings of two values of a type compare
 * by memcmp as the values compare by the type; prefix-free, so that encodings concatenate; DESC is
 * the complement of every byte. type_key_decode is the inverse of type_key_encode up to values
 * that compare equal: decimal 1.0 and 1.00, varints with and without padding, all NaNs, booleans
 * other than 0, tuples with and without their last null fields.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/errors.h"

/* X(kind, CQL name, class name without the org.apache.cassandra.db.marshal. prefix,
 *   id in the binary protocol, fixed size in bytes or 0) */
#define TYPE_KINDS(X)                                                                              \
    X(TYPE_ASCII, "ascii", "AsciiType", 0x01, 0)                                                   \
    X(TYPE_BIGINT, "bigint", "LongType", 0x02, 8)                                                  \
    X(TYPE_BLOB, "blob", "BytesType", 0x03, 0)                                                     \
    X(TYPE_BOOLEAN, "boolean", "BooleanType", 0x04, 1)                                             \
    X(TYPE_COUNTER, "counter", "CounterColumnType", 0x05, 8)                                       \
    X(TYPE_DECIMAL, "decimal", "DecimalType", 0x06, 0)                                             \
    X(TYPE_DOUBLE, "double", "DoubleType", 0x07, 8)                                                \
    X(TYPE_FLOAT, "float", "FloatType", 0x08, 4)                                                   \
    X(TYPE_INT, "int", "Int32Type", 0x09, 4)                                                       \
    X(TYPE_TIMESTAMP, "timestamp", "TimestampType", 0x0B, 8)                                       \
    X(TYPE_UUID, "uuid", "UUIDType", 0x0C, 16)                                                     \
    X(TYPE_TEXT, "text", "UTF8Type", 0x0D, 0)                                                      \
    X(TYPE_VARINT, "varint", "IntegerType", 0x0E, 0)                                               \
    X(TYPE_TIMEUUID, "timeuuid", "TimeUUIDType", 0x0F, 16)                                         \
    X(TYPE_INET, "inet", "InetAddressType", 0x10, 0)                                               \
    X(TYPE_DATE, "date", "SimpleDateType", 0x11, 4)                                                \
    X(TYPE_TIME, "time", "TimeType", 0x12, 8)                                                      \
    X(TYPE_SMALLINT, "smallint", "ShortType", 0x13, 2)                                             \
    X(TYPE_TINYINT, "tinyint", "ByteType", 0x14, 1)                                                \
    X(TYPE_DURATION, "duration", "DurationType", 0x15, 0)                                          \
    X(TYPE_LIST, "list", "ListType", 0x20, 0)                                                      \
    X(TYPE_MAP, "map", "MapType", 0x21, 0)                                                         \
    X(TYPE_SET, "set", "SetType", 0x22, 0)                                                         \
    X(TYPE_UDT, "udt", "UserType", 0x30, 0)                                                        \
    X(TYPE_TUPLE, "tuple", "TupleType", 0x31, 0)                                                   \
    X(TYPE_EMPTY, "empty", "EmptyType", 0x00, 0)                                                   \
    X(TYPE_COMPOSITE, "composite", "CompositeType", 0x00, 0)                                       \
    X(TYPE_CUSTOM, "custom", "", 0x00, 0)

typedef enum type_kind {
#define X(kind, cql, class_name, id, size) kind,
    TYPE_KINDS(X)
#undef X
        TYPE_KIND_COUNT
} type_kind;

typedef struct type type;
struct type {
    type_kind kind;
    bool frozen; /* collections and UDTs only */
    uint16_t n_args;
    const type *const *args;     /* element types; map: key, value; UDT: fields; composite: parts */
    const char *keyspace, *name; /* UDT; custom: name = the class name, treated as blob */
    const char *const *fields;   /* UDT field names */
};

const type *type_native(type_kind kind);
const type *type_list(arena *a, const type *element, bool frozen);
const type *type_set(arena *a, const type *element, bool frozen);
const type *type_map(arena *a, const type *key, const type *value, bool frozen);
const type *type_tuple(arena *a, const type *const *args, unsigned n);

/* How user types are found: by name in a keyspace; NULL when there is none. */
typedef struct type_resolver {
    const type *(*find)(const struct type_resolver *r, const char *keyspace, const char *name);
    const char *keyspace; /* for unqualified names */
} type_resolver;

/* CQL names: "map<text, frozen<list<int>>>", "varchar" (= text), "frozen<my_udt>",
 * "'custom.Class'". ERR_INVALID with "Unknown type x" etc. r may be NULL (no user types). */
int type_parse_cql(arena *a, bytes text, const type_resolver *r, const type **ret, err_info *e);
/* Class names, short or full: "org.apache.cassandra.db.marshal.ReversedType(Int32Type)".
 * ret_reversed may be NULL (then ReversedType is unwrapped silently). ERR_CONFIG. */
int type_parse_class(arena *a, bytes text, const type **ret, bool *ret_reversed, err_info *e);
const char *type_cql_name(arena *a, const type *t);   /* as DESCRIBE and system_schema show it */
const char *type_class_name(arena *a, const type *t); /* full org.apache... form; frozen shown */

bool type_equal(const type *a, const type *b);
/* Collection or UDT that is not frozen: one cell per element. */
bool type_is_multicell(const type *t);
bool type_is_collection(const type *t);
/* May a column of type `from` be read as `to` (ALTER TYPE, Thrift updates)? */
bool type_is_value_compatible(const type *from, const type *to);
/* Also keeps the order of keys. */
bool type_is_order_compatible(const type *from, const type *to);

/* Wire form is right for the type: sizes, UTF-8, UUID version, nesting. ERR_INVALID with
 * Cassandra's sentence ("Expected 4 or 0 byte int (3)"). */
int type_validate(const type *t, bytes value, err_info *e);
/* Order of the type; null first, then empty. */
int type_compare(const type *t, bytes a, bytes b);

/* Literals as people type them: '2011-02-03 04:05+0000', uuid text, inet, 1h30m, numbers, blobs.
 * Natives only; collections are built by the caller. ERR_INVALID. */
int type_from_text(arena *a, const type *t, bytes text, bytes *ret_value, err_info *e);
/* CQL literal form: text in quotes when `quoted`, blobs 0x.., timestamps ISO with milliseconds UTC,
 * collections [..] {..} (..). For DESCRIBE, tools, logs. */
char *type_to_text(arena *a, const type *t, bytes value, bool quoted);

/* Appends the byte-comparable form. The value is valid (type_validate); null is taken as empty. */
void type_key_encode(const type *t, bytes value, bool desc, buf *out);
/* Reads one such form from r; the value goes into the arena. Sets r->bad on garbage. */
bytes type_key_decode(const type *t, reader *r, bool desc, arena *a);

/* Elements of a serialized collection, tuple or UDT (wire form). An iterator that checks bounds.
 * Tuples and UDTs give one item for each field of the type: null where the field is null or
 * missing (values written before a field was added). An empty value has no elements. */
typedef struct elements {
    reader r;
    int32_t left; /* elements not yet taken; maps count keys and values each */
    bool fields;  /* of a tuple or UDT: nulls are allowed, the last may be missing */
    bool bad;
} elements;
int elements_open(const type *t, bytes value, elements *ret, err_info *e);
/* The next element (null allowed in tuples and UDTs); false at the end or when bad. */
bool elements_next(elements *it, bytes *ret);
/* Builds a serialized collection: n elements (map: n pairs, 2n items), or tuple/UDT fields. */
bytes elements_build(arena *a, const type *t, const bytes *items, size_t n_items);
