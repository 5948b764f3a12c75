/* type_print.c: values as CQL literals. */
#include <arpa/inet.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/uuid.h"
#include "model/bigint.h"
#include "model/calendar.h"
#include "model/type.h"
#include "model/type_internal.h"

/* Integers longer than this are shown as bytes: their digits take quadratic time. */
enum { PRINTED_INTEGER_MAX = 32768 };

static void put_hex(buf *out, bytes v)
{
    buf_str(out, "0x");
    uint8_t *p = buf_reserve(out, 2 * v.n);
    for (size_t i = 0; i < v.n; i++) {
        *p++ = (uint8_t) "0123456789abcdef"[v.p[i] >> 4];
        *p++ = (uint8_t) "0123456789abcdef"[v.p[i] & 15];
    }
    out->n += 2 * v.n;
}

static void put_text(buf *out, bytes v, bool quoted)
{
    if (!quoted) {
        buf_bytes(out, v);
        return;
    }
    buf_u8(out, '\'');
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '\'')
            buf_u8(out, '\'');
        buf_u8(out, v.p[i]);
    }
    buf_u8(out, '\'');
}

static int64_t get_signed(bytes v)
{
    int64_t n = (int8_t)v.p[0];
    for (size_t i = 1; i < v.n; i++)
        n = (int64_t)((uint64_t)n << 8 | v.p[i]);
    return n;
}

/* "[-]d.ddde+xx" in Java's way: from 0.001 up to 10 million plain, else "d.ddE-x". */
static void put_digits(buf *out, const char *s)
{
    char digits[32];
    int n = 0, exponent = 0;
    if (*s == '-')
        buf_u8(out, (uint8_t)*s++);
    for (; *s && *s != 'e'; s++)
        if (*s != '.')
            digits[n++] = *s;
    if (*s)
        exponent = atoi(s + 1);
    while (n > 1 && digits[n - 1] == '0')
        n--;
    bool plain = exponent >= -3 && exponent < 7;
    int before = plain ? exponent + 1 : 1; /* digits before the point */
    if (before <= 0)
        buf_put(out, "0.000", (size_t)(2 - before));
    for (int i = 0; i < before; i++)
        buf_u8(out, i < n ? (uint8_t)digits[i] : '0');
    if (before > 0)
        buf_u8(out, '.');
    int from = before > 0 ? before : 0;
    buf_put(out, n > from ? digits + from : "0", n > from ? (size_t)(n - from) : 1);
    if (!plain)
        buf_printf(out, "E%d", exponent);
}

/* The fewest digits that read back as the same number; a whole number shows its ".0". */
static void put_floating(buf *out, double d, bool single)
{
    char s[40];
    if (isnan(d) || isinf(d)) {
        buf_str(out, isnan(d) ? "NaN" : d < 0 ? "-Infinity" : "Infinity");
        return;
    }
    bool tiny = fabs(d) < (single ? (double)FLT_MIN : DBL_MIN); /* it has fewer digits */
    for (int digits = tiny ? 2 : single ? 6 : 15;; digits++) {
        snprintf(s, sizeof s, "%.*e", digits - 1, d);
        if (single ? strtof(s, NULL) == (float)d : strtod(s, NULL) == d)
            break;
    }
    put_digits(out, s);
}

static void print_floating(buf *out, bytes v)
{
    if (v.n == 4) {
        uint32_t bits = get_be32(v.p);
        float f;
        memcpy(&f, &bits, 4);
        put_floating(out, f, true);
        return;
    }
    uint64_t bits = get_be64(v.p);
    double d;
    memcpy(&d, &bits, 8);
    put_floating(out, d, false);
}

static void print_varint(buf *out, bytes v)
{
    if (v.n > PRINTED_INTEGER_MAX) {
        put_hex(out, v);
        return;
    }
    digits d;
    digits_init(&d, v);
    if (d.negative)
        buf_u8(out, '-');
    buf_put(out, d.n ? d.d : "0", d.n ? d.n : 1);
    digits_done(&d);
}

/* Plain down to 0.000001, else with an exponent; digits and scale can be read back. */
static void print_decimal(buf *out, bytes v)
{
    if (v.n > PRINTED_INTEGER_MAX) {
        put_hex(out, v);
        return;
    }
    int64_t scale = (int32_t)get_be32(v.p);
    digits d;
    digits_init(&d, bytes_of(v.p + 4, v.n - 4));
    const char *s = d.n ? d.d : "0";
    int64_t n = d.n ? (int64_t)d.n : 1, adjusted = n - 1 - scale;
    if (d.negative)
        buf_u8(out, '-');
    if (scale < 0 || adjusted < -6) {
        buf_u8(out, (uint8_t)s[0]);
        if (n > 1)
            buf_u8(out, '.');
        buf_put(out, s + 1, (size_t)n - 1);
        buf_printf(out, "E%+lld", (long long)adjusted);
    } else if (scale == 0) {
        buf_put(out, s, (size_t)n);
    } else if (n > scale) {
        buf_put(out, s, (size_t)(n - scale));
        buf_u8(out, '.');
        buf_put(out, s + n - scale, (size_t)scale);
    } else {
        buf_str(out, "0.");
        for (int64_t i = n; i < scale; i++)
            buf_u8(out, '0');
        buf_put(out, s, (size_t)n);
    }
    digits_done(&d);
}

static void print_inet(buf *out, bytes v)
{
    char s[INET6_ADDRSTRLEN];
    buf_str(out, inet_ntop(v.n == 4 ? AF_INET : AF_INET6, v.p, s, sizeof s));
}

static void print_uuid(buf *out, bytes v)
{
    uuid u;
    char s[UUID_TEXT];
    memcpy(u.b, v.p, 16);
    buf_str(out, uuid_format(u, s));
}

static void print_duration(buf *out, bytes v)
{
    int64_t d[3];
    duration_read(v, d);
    duration_print(out, (duration){d[0], d[1], d[2]});
}

static void print_time(buf *out, bytes v)
{
    uint64_t ns = get_be64(v.p);
    if (ns < 86400000000000)
        time_print(out, (int64_t)ns);
    else
        buf_printf(out, "%lld", (long long)ns);
}

static void print(buf *out, const type *t, bytes v, bool quoted);

static const char *brackets(const type *t)
{
    return t->kind == TYPE_LIST ? "[]" : t->kind == TYPE_TUPLE ? "()" : "{}";
}

static void print_elements(buf *out, const type *t, bytes v)
{
    elements it;
    bytes item;
    elements_open(t, v, &it, NULL);
    buf_u8(out, (uint8_t)brackets(t)[0]);
    for (unsigned i = 0; elements_next(&it, &item); i++) {
        if (i)
            buf_str(out, t->kind == TYPE_MAP && i % 2 ? ": " : ", ");
        if (t->kind == TYPE_UDT)
            buf_printf(out, "%s: ", t->fields[i]);
        print(out, t->args[it.fields ? i : i % t->n_args], item, true);
    }
    buf_u8(out, (uint8_t)brackets(t)[1]);
}

/* Literals that CQL wants between quotes. */
static bool is_quoted_kind(type_kind k)
{
    return k == TYPE_TIMESTAMP || k == TYPE_DATE || k == TYPE_TIME || k == TYPE_INET;
}

static void print_native(buf *out, const type *t, bytes v)
{
    switch (t->kind) {
    case TYPE_BIGINT:
    case TYPE_COUNTER:
    case TYPE_INT:
    case TYPE_SMALLINT:
    case TYPE_TINYINT:
        buf_printf(out, "%lld", (long long)get_signed(v));
        return;
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        print_floating(out, v);
        return;
    case TYPE_BOOLEAN:
        buf_str(out, v.p[0] ? "true" : "false");
        return;
    case TYPE_VARINT:
        print_varint(out, v);
        return;
    case TYPE_DECIMAL:
        print_decimal(out, v);
        return;
    case TYPE_UUID:
    case TYPE_TIMEUUID:
        print_uuid(out, v);
        return;
    case TYPE_INET:
        print_inet(out, v);
        return;
    case TYPE_TIMESTAMP:
        timestamp_print(out, get_signed(v));
        return;
    case TYPE_DATE:
        date_print(out, (int64_t)get_be32(v.p) - (1LL << 31));
        return;
    case TYPE_TIME:
        print_time(out, v);
        return;
    case TYPE_DURATION:
        print_duration(out, v);
        return;
    default:
        put_hex(out, v);
    }
}

static void print(buf *out, const type *t, bytes v, bool quoted)
{
    if (bytes_is_null(v)) {
        buf_str(out, "null");
        return;
    }
    if (t->kind == TYPE_TEXT || t->kind == TYPE_ASCII) {
        put_text(out, v, quoted);
        return;
    }
    if (type_is_collection(t) || type_has_fields(t)) {
        print_elements(out, t, v);
        return;
    }
    bool quotes = quoted && (is_quoted_kind(t->kind) || (v.n == 0 && t->kind != TYPE_BLOB));
    if (quotes)
        buf_u8(out, '\'');
    if (v.n || t->kind == TYPE_BLOB)
        print_native(out, t, v);
    if (quotes)
        buf_u8(out, '\'');
}

char *type_to_text(arena *a, const type *t, bytes value, bool quoted)
{
    buf b = {0};
    if (type_validate(t, value, NULL) < 0)
        put_hex(&b, value);
    else
        print(&b, t, value, quoted);
    char *s = arena_str(a, buf_view(&b));
    buf_done(&b);
    return s;
}
