/* type_text.c: values of native types from what people type. Sentences as Cassandra 4.1's. */
#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "base/uuid.h"
#include "model/bigint.h"
#include "model/calendar.h"
#include "model/type.h"
#include "model/type_internal.h"

/* What a text that is no value is answered with; %.*s is the text. */
static const char *const sentences[TYPE_KIND_COUNT] = {
    [TYPE_BIGINT] = "Unable to make long from '%.*s'",
    [TYPE_COUNTER] = "Unable to make long from '%.*s'",
    [TYPE_INT] = "Unable to make int from '%.*s'",
    [TYPE_SMALLINT] = "Unable to make short from '%.*s'",
    [TYPE_TINYINT] = "Unable to make byte from '%.*s'",
    [TYPE_FLOAT] = "Unable to make float from '%.*s'",
    [TYPE_DOUBLE] = "Unable to make double from '%.*s'",
    [TYPE_VARINT] = "unable to make int from '%.*s'",
    [TYPE_DECIMAL] = "unable to make BigDecimal from '%.*s'",
    [TYPE_BOOLEAN] = "Unable to make boolean from '%.*s'",
    [TYPE_UUID] = "Unable to make UUID from '%.*s'",
    [TYPE_TIMEUUID] = "Unknown timeuuid representation: %.*s",
    [TYPE_INET] = "Unable to make inet address from '%.*s'",
    [TYPE_BLOB] = "cannot parse '%.*s' as hex bytes",
    [TYPE_TIMESTAMP] = "Unable to parse a date/time from '%.*s'",
    [TYPE_DATE] = "Unable to coerce '%.*s' to a formatted date (long)",
    [TYPE_TIME] = "(TimeType) Unable to coerce '%.*s' to a formatted time (long)",
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int complain(err_info *e, const char *sentence, bytes text)
{
    return err_set(e, ERR_INVALID, sentence, (int)(text.n < 200 ? text.n : 200),
                   text.p ? (const char *)text.p : "");
}
#pragma GCC diagnostic pop

static bytes make_be(arena *a, uint64_t v, size_t n)
{
    uint8_t room[8], *p = arena_alloc(a, n);
    put_be64(room, v);
    memcpy(p, room + 8 - n, n);
    return bytes_of(p, n);
}

/* Sign and digits; false when there is anything else. */
static bool split_integer(bytes text, bool *ret_negative, bytes *ret_digits)
{
    *ret_negative = text.n && text.p[0] == '-';
    bool sign = *ret_negative || (text.n && text.p[0] == '+');
    *ret_digits = bytes_of(text.p + sign, text.n - sign);
    for (size_t i = 0; i < ret_digits->n; i++)
        if (ret_digits->p[i] < '0' || ret_digits->p[i] > '9')
            return false;
    return ret_digits->n != 0;
}

static bool parse_i64(bytes text, int64_t *ret)
{
    bool negative;
    bytes d;
    int64_t v = 0;
    if (!split_integer(text, &negative, &d))
        return false;
    for (size_t i = 0; i < d.n; i++) {
        int digit = d.p[i] - '0';
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, negative ? -digit : digit, &v))
            return false;
    }
    *ret = v;
    return true;
}

static bool is_integer(bytes text)
{
    bool negative;
    bytes d;
    return text.n && text.p[0] != '+' && split_integer(text, &negative, &d);
}

static bool integer_from(arena *a, size_t size, bytes text, bytes *ret)
{
    int64_t v, limit = size == 8 ? INT64_MAX : (1LL << (8 * size - 1)) - 1;
    if (!parse_i64(text, &v) || v > limit || v < -limit - 1)
        return false;
    *ret = make_be(a, (uint64_t)v, size);
    return true;
}

static bool varint_from(arena *a, bytes text, bytes *ret)
{
    bool negative;
    bytes d;
    if (!split_integer(text, &negative, &d) || d.n > BIGINT_DIGITS_MAX)
        return false;
    *ret = bigint_from_digits(a, (const char *)d.p, d.n, negative);
    return true;
}

/* digits[.digits][e[+-]digits]; the scale must fit 32 bits. */
static bool decimal_from(arena *a, bytes text, bytes *ret)
{
    bool negative = text.n && text.p[0] == '-', point = false;
    size_t at = negative || (text.n && text.p[0] == '+'), n = 0;
    int64_t scale = 0, exponent = 0;
    if (text.n > BIGINT_DIGITS_MAX)
        return false;
    char *d = arena_alloc(a, text.n + 1);
    for (; at < text.n && (text.p[at] | 32) != 'e'; at++) {
        if (text.p[at] >= '0' && text.p[at] <= '9') {
            d[n++] = (char)text.p[at];
            scale += point;
        } else if (text.p[at] == '.' && !point) {
            point = true;
        } else {
            return false;
        }
    }
    if (n == 0)
        return false;
    if (at < text.n && !parse_i64(bytes_of(text.p + at + 1, text.n - at - 1), &exponent))
        return false;
    if (__builtin_sub_overflow(scale, exponent, &scale) || scale != (int32_t)scale)
        return false;
    bytes unscaled = bigint_from_digits(a, d, n, negative);
    uint8_t *p = arena_alloc(a, 4 + unscaled.n);
    put_be32(p, (uint32_t)(int32_t)scale);
    memcpy(p + 4, unscaled.p, unscaled.n);
    *ret = bytes_of(p, 4 + unscaled.n);
    return true;
}

static bool floating_special(const char *s, double *ret)
{
    const char *rest = s + (*s == '-' || *s == '+');
    if (strcasecmp(rest, "nan") == 0)
        *ret = NAN;
    else if (strcasecmp(rest, "infinity") == 0)
        *ret = *s == '-' ? -INFINITY : INFINITY;
    else
        return false;
    return true;
}

static bool floating_from(arena *a, size_t size, bytes text, bytes *ret)
{
    if (text.n > BIGINT_DIGITS_MAX)
        return false;
    char *s = arena_str(a, text), *end = s;
    double d = 0;
    float f;
    uint64_t bits = 0;
    uint32_t half = 0;
    bool special = floating_special(s, &d);
    if (!special && (strspn(s, "0123456789.eE+-") != text.n || text.n == 0))
        return false;
    if (!special && size == 8)
        d = strtod(s, &end);
    f = special ? (float)d : size == 4 ? strtof(s, &end) : 0;
    if (!special && (*end || end == s))
        return false;
    if (size == 8) {
        memcpy(&bits, &d, 8);
        *ret = make_be(a, double_canonical(bits), 8);
    } else {
        memcpy(&half, &f, 4);
        *ret = make_be(a, float_canonical(half), 4);
    }
    return true;
}

static bool boolean_from(arena *a, bytes text, bytes *ret)
{
    bool is_true = text.n == 4 && strncasecmp((const char *)text.p, "true", 4) == 0;
    if (!is_true && !(text.n == 5 && strncasecmp((const char *)text.p, "false", 5) == 0))
        return false;
    *ret = make_be(a, is_true, 1);
    return true;
}

static bool blob_from(arena *a, bytes text, bytes *ret)
{
    size_t prefix = text.n >= 2 && text.p[0] == '0' && (text.p[1] | 32) == 'x' ? 2 : 0;
    size_t n = text.n - prefix;
    uint8_t *p = arena_zalloc(a, n / 2 + 1);
    for (size_t i = 0; i < n; i++) {
        int v = hex_digit(text.p[prefix + i]);
        if (v < 0)
            return false;
        p[i / 2] = (uint8_t)(p[i / 2] << 4 | v);
    }
    *ret = bytes_of(p, n / 2);
    return n % 2 == 0;
}

static bool inet_from(arena *a, bytes text, bytes *ret)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char s[INET6_ADDRSTRLEN + 1];
    if (text.n >= sizeof s)
        return false;
    memcpy(s, text.p, text.n);
    s[text.n] = 0;
    uint8_t *p = arena_alloc(a, 16);
    if (strlen(s) != text.n)
        return false;
    if (inet_pton(AF_INET, s, p) == 1)
        *ret = bytes_of(p, 4);
    else if (inet_pton(AF_INET6, s, p) == 1)
        *ret = memcmp(p, mapped, 12) == 0 ? bytes_of(p + 12, 4) : bytes_of(p, 16);
    else
        return false;
    return true;
}

static int uuid_from(arena *a, const type *t, bytes text, bytes *ret, err_info *e)
{
    uuid u;
    if (uuid_parse(text, &u) < 0)
        return complain(e, sentences[t->kind], text);
    if (t->kind == TYPE_TIMEUUID && uuid_version(u) != 1)
        return err_set(e, ERR_INVALID, "TimeUUID supports only version 1 UUIDs");
    *ret = arena_copy(a, uuid_bytes(&u));
    return 0;
}

static int timestamp_from(arena *a, bytes text, bytes *ret, err_info *e)
{
    int64_t ms;
    if (is_integer(text)) {
        if (!parse_i64(text, &ms))
            return complain(e, "Unable to make long (for date) from: '%.*s'", text);
    } else if (!timestamp_parse(text, &ms)) {
        return complain(e, sentences[TYPE_TIMESTAMP], text);
    }
    *ret = make_be(a, (uint64_t)ms, 8);
    return 0;
}

/* On the wire day 2^31 is 1970-01-01; a bare number is that number. */
static int date_from(arena *a, bytes text, bytes *ret, err_info *e)
{
    int64_t days;
    if (is_integer(text)) {
        if (!parse_i64(text, &days) || days < 0 || days > UINT32_MAX)
            return complain(e, "Unable to make unsigned int (for date) from: '%.*s'", text);
    } else if (!date_parse(text, &days)) {
        return complain(e, sentences[TYPE_DATE], text);
    } else if (days != (int32_t)days) {
        return complain(e,
                        days < 0 ? "Input date %.*s is less than min supported date -5877641-06-23"
                                 : "Input date %.*s is greater than max supported date "
                                   "+5881580-07-11",
                        text);
    } else {
        days += 1LL << 31;
    }
    *ret = make_be(a, (uint64_t)days, 4);
    return 0;
}

static int time_from(arena *a, bytes text, bytes *ret, err_info *e)
{
    int64_t ns;
    if (is_integer(text)) {
        if (!parse_i64(text, &ns) || ns < 0 || ns >= 86400000000000)
            return complain(e, "Unable to make long (for time) from: '%.*s'", text);
    } else if (!time_parse(text, &ns)) {
        return complain(e, sentences[TYPE_TIME], text);
    }
    *ret = make_be(a, (uint64_t)ns, 8);
    return 0;
}

static int duration_from(arena *a, bytes text, bytes *ret, err_info *e)
{
    duration d;
    const char *wrong = duration_parse(text, &d);
    if (wrong)
        return strchr(wrong, '%') ? complain(e, wrong, text) : err_set(e, ERR_INVALID, "%s", wrong);
    buf b = {0};
    duration_write(&b, d);
    *ret = arena_copy(a, buf_view(&b));
    buf_done(&b);
    return 0;
}

static bool empty_is_value(type_kind k)
{
    return k != TYPE_SMALLINT && k != TYPE_TINYINT && k != TYPE_DATE && k != TYPE_TIME &&
           k != TYPE_DURATION;
}

/* The kinds that either read the text or have one sentence. */
static bool from_text(arena *a, const type *t, bytes text, bytes *ret)
{
    switch (t->kind) {
    case TYPE_BIGINT:
    case TYPE_COUNTER:
    case TYPE_INT:
    case TYPE_SMALLINT:
    case TYPE_TINYINT:
        return integer_from(a, type_infos[t->kind].size, text, ret);
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return floating_from(a, type_infos[t->kind].size, text, ret);
    case TYPE_VARINT:
        return varint_from(a, text, ret);
    case TYPE_DECIMAL:
        return decimal_from(a, text, ret);
    case TYPE_BOOLEAN:
        return boolean_from(a, text, ret);
    case TYPE_BLOB:
        return blob_from(a, text, ret);
    case TYPE_INET:
        return inet_from(a, text, ret);
    default:
        return false;
    }
}

int type_from_text(arena *a, const type *t, bytes text, bytes *ret_value, err_info *e)
{
    if (text.n == 0 && t->kind == TYPE_BOOLEAN)
        text = BYTES_LIT("false");
    if (text.n == 0 && type_is_native(t->kind) && empty_is_value(t->kind)) {
        *ret_value = BYTES_EMPTY;
        return 0;
    }
    switch (t->kind) {
    case TYPE_TEXT:
    case TYPE_ASCII:
        if (type_validate(t, text, e) < 0)
            return ERR_INVALID;
        *ret_value = arena_copy(a, text);
        return 0;
    case TYPE_UUID:
    case TYPE_TIMEUUID:
        return uuid_from(a, t, text, ret_value, e);
    case TYPE_TIMESTAMP:
        return timestamp_from(a, text, ret_value, e);
    case TYPE_DATE:
        return date_from(a, text, ret_value, e);
    case TYPE_TIME:
        return time_from(a, text, ret_value, e);
    case TYPE_DURATION:
        return duration_from(a, text, ret_value, e);
    case TYPE_COMPOSITE:
        return type_composite_from_text(a, t, text, ret_value, e);
    default:
        break;
    }
    if (!sentences[t->kind])
        return err_set(e, ERR_INVALID, "A value of type %s cannot be made from text",
                       type_cql_name(a, t));
    return from_text(a, t, text, ret_value) ? 0 : complain(e, sentences[t->kind], text);
}
