/* type_validate.c: is a wire form right for its type? Sentences as Cassandra 4.1 says them. */
#include "model/type.h"
#include "model/type_internal.h"

/* Fixed-size kinds: whether empty is allowed, and the complaint (%zu: the size). */
static const struct {
    bool strict;
    const char *sentence;
} sizes[TYPE_KIND_COUNT] = {
    [TYPE_BIGINT] = {false, "Expected 8 or 0 byte long (%zu)"},
    [TYPE_COUNTER] = {false, "Expected 8 or 0 byte long (%zu)"},
    [TYPE_BOOLEAN] = {false, "Expected 1 or 0 byte value (%zu)"},
    [TYPE_DOUBLE] = {false, "Expected 8 or 0 byte value for a double (%zu)"},
    [TYPE_FLOAT] = {false, "Expected 4 or 0 byte value for a float (%zu)"},
    [TYPE_INT] = {false, "Expected 4 or 0 byte int (%zu)"},
    [TYPE_TIMESTAMP] = {false, "Expected 8 or 0 byte long for date (%zu)"},
    [TYPE_UUID] = {false, "UUID should be 16 or 0 bytes (%zu)"},
    [TYPE_TIMEUUID] = {false, "UUID should be 16 or 0 bytes (%zu)"},
    [TYPE_DATE] = {true, "Expected 4 byte long for date (%zu)"},
    [TYPE_TIME] = {true, "Expected 8 byte long for time (%zu)"},
    [TYPE_SMALLINT] = {true, "Expected 2 bytes for a smallint (%zu)"},
    [TYPE_TINYINT] = {true, "Expected 1 byte for a tinyint (%zu)"},
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int bad_size(const type *t, bytes v, err_info *e)
{
    return err_set(e, ERR_INVALID, sizes[t->kind].sentence, v.n);
}
#pragma GCC diagnostic pop

static int validate_ascii(bytes v, err_info *e)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] >= 0x80)
            return err_set(e, ERR_INVALID, "Invalid byte for ascii: %d", (int8_t)v.p[i]);
    return 0;
}

/* Length of the well-formed sequence at p (2..4), 0 when it is none: no overlong forms, no
 * surrogates, nothing over U+10FFFF. */
static size_t utf8_sequence(const uint8_t *p, size_t left)
{
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static int validate_text(bytes v, err_info *e)
{
    const uint8_t *p = v.p, *end = v.p + v.n;
    while (p < end) {
        uint64_t eight;
        if (end - p >= 8 && (memcpy(&eight, p, 8), !(eight & 0x8080808080808080))) {
            p += 8;
            continue;
        }
        if (*p < 0x80) {
            p++;
            continue;
        }
        size_t n = utf8_sequence(p, (size_t)(end - p));
        if (!n)
            return err_set(e, ERR_INVALID, "String didn't validate.");
        p += n;
    }
    return 0;
}

static int validate_inet(bytes v, err_info *e)
{
    if (v.n == 0 || v.n == 4 || v.n == 16)
        return 0;
    char hex[65];
    size_t n = v.n < 32 ? v.n : 32;
    for (size_t i = 0; i < n; i++) {
        hex[2 * i] = "0123456789abcdef"[v.p[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[v.p[i] & 15];
    }
    hex[2 * n] = 0;
    return err_set(e, ERR_INVALID, "Expected 4 or 16 byte inetaddress; got %s", hex);
}

bool duration_read(bytes v, int64_t ret[3])
{
    reader r = reader_of(v);
    for (int i = 0; i < 3; i++) {
        uint8_t first = rd_u8(&r);
        unsigned extra = first == 0xff ? 8 : (unsigned)__builtin_clz(~((uint32_t)first << 24));
        uint64_t z = extra >= 7 ? 0 : first & (0xffU >> (extra + 1));
        bytes rest = rd_take(&r, extra);
        for (size_t k = 0; k < rest.n; k++)
            z = z << 8 | rest.p[k];
        ret[i] = (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
    }
    return !r.bad && rd_left(&r) == 0;
}

static int validate_duration(bytes v, err_info *e)
{
    static const char *const parts[] = {"months", "days"};
    int64_t d[3];
    if (v.n < 3)
        return err_set(e, ERR_INVALID, "Expected at least 3 bytes for a duration (%zu)", v.n);
    if (!duration_read(v, d))
        return err_set(e, ERR_INVALID, "Not enough bytes to read a duration");
    for (int i = 0; i < 2; i++)
        if (d[i] != (int32_t)d[i])
            return err_set(e, ERR_INVALID,
                           "The duration %s must be a 32 bits integer but was: %lld", parts[i],
                           (long long)d[i]);
    if ((d[0] < 0 || d[1] < 0 || d[2] < 0) && (d[0] > 0 || d[1] > 0 || d[2] > 0))
        return err_set(e, ERR_INVALID,
                       "The duration months, days and nanoseconds must be all of the same sign "
                       "(%lld, %lld, %lld)",
                       (long long)d[0], (long long)d[1], (long long)d[2]);
    return 0;
}

static int validate_collection(const type *t, bytes v, err_info *e)
{
    const char *name = type_infos[t->kind].cql;
    elements it;
    bytes item;
    int r = elements_open(t, v, &it, e);
    if (r < 0)
        return r;
    for (unsigned i = 0; elements_next(&it, &item); i++)
        if ((r = type_validate(t->args[i % t->n_args], item, e)) < 0)
            return r;
    if (!it.bad)
        return 0;
    if (it.left == 0 && !it.r.bad && rd_left(&it.r))
        return err_set(e, ERR_INVALID, "Unexpected extraneous bytes after %s value", name);
    if (!it.r.bad)
        return err_set(e, ERR_INVALID, "Null value read when not allowed");
    return err_set(e, ERR_INVALID, "Not enough bytes to read a %s", name);
}

static int short_field(const type *t, unsigned i, bool size, err_info *e)
{
    const char *what = size ? "size of " : "";
    if (t->kind == TYPE_UDT)
        return err_set(e, ERR_INVALID, "Not enough bytes to read %s%uth field %s", what, i,
                       t->fields[i]);
    return err_set(e, ERR_INVALID, "Not enough bytes to read %s%uth component", what, i);
}

static int validate_fields(const type *t, bytes v, err_info *e)
{
    reader r = reader_of(v);
    for (unsigned i = 0; i < t->n_args; i++) {
        if (rd_left(&r) == 0)
            return 0;
        int32_t n = (int32_t)rd_be32(&r);
        if (r.bad)
            return short_field(t, i, true, e);
        if (n < 0)
            continue;
        bytes item = rd_take(&r, (size_t)n);
        if (r.bad)
            return short_field(t, i, false, e);
        int x = type_validate(t->args[i], item, e);
        if (x < 0)
            return x;
    }
    if (rd_left(&r))
        return err_set(e, ERR_INVALID, "Invalid remaining data after end of %s value",
                       t->kind == TYPE_UDT ? "UDT" : "tuple");
    return 0;
}

static int validate_composite(const type *t, bytes v, err_info *e)
{
    reader r = reader_of(v);
    for (unsigned i = 0; rd_left(&r); i++) {
        if (i >= t->n_args)
            return err_set(e, ERR_INVALID, "Too many components for a composite of %u", t->n_args);
        size_t n = rd_be16(&r);
        if (r.bad)
            return err_set(e, ERR_INVALID, "Not enough bytes to read value size of component %u",
                           i);
        bytes part = rd_take(&r, n);
        if (r.bad)
            return err_set(e, ERR_INVALID, "Not enough bytes to read value of component %u", i);
        int x = type_validate(t->args[i], part, e);
        if (x < 0)
            return x;
        uint8_t end = rd_u8(&r);
        if (r.bad)
            return err_set(e, ERR_INVALID,
                           "Not enough bytes to read the end-of-component byte of component%u", i);
        if (end && rd_left(&r))
            return err_set(e, ERR_INVALID,
                           "Invalid bytes remaining after an end-of-component at component%u", i);
    }
    return 0;
}

static int validate_fixed(const type *t, bytes v, err_info *e)
{
    if (v.n != type_infos[t->kind].size)
        return v.n == 0 && !sizes[t->kind].strict ? 0 : bad_size(t, v, e);
    if (t->kind == TYPE_TIMEUUID && v.p[6] >> 4 != 1)
        return err_set(e, ERR_INVALID, "Invalid version for TimeUUID type.");
    return 0;
}

int type_validate(const type *t, bytes value, err_info *e)
{
    if (bytes_is_null(value))
        return 0;
    if (type_infos[t->kind].size)
        return validate_fixed(t, value, e);
    switch (t->kind) {
    case TYPE_TEXT:
        return validate_text(value, e);
    case TYPE_ASCII:
        return validate_ascii(value, e);
    case TYPE_DECIMAL:
        if (value.n && value.n < 4)
            return err_set(e, ERR_INVALID, "Expected 0 or at least 4 bytes (%zu)", value.n);
        return 0;
    case TYPE_INET:
        return validate_inet(value, e);
    case TYPE_DURATION:
        return validate_duration(value, e);
    case TYPE_LIST:
    case TYPE_SET:
    case TYPE_MAP:
        return validate_collection(t, value, e);
    case TYPE_TUPLE:
    case TYPE_UDT:
        return validate_fields(t, value, e);
    case TYPE_COMPOSITE:
        return validate_composite(t, value, e);
    case TYPE_EMPTY:
        return value.n ? err_set(e, ERR_INVALID, "EmptyType only accept empty values") : 0;
    default:
        return 0;
    }
}
