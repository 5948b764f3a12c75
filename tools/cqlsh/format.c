#include "tools/cqlsh/format.h"

#include <math.h>
#include <time.h>

#define RED "\033[0;1;31m"
#define GREEN "\033[0;1;32m"
#define YELLOW "\033[0;1;33m"
#define BLUE "\033[0;1;34m"
#define MAGENTA "\033[0;1;35m"
#define DARK_MAGENTA "\033[0;35m"

static const char *color_of(const type *t)
{
    switch (t->kind) {
    case TYPE_TEXT:
    case TYPE_ASCII:
        return YELLOW;
    case TYPE_BLOB:
    case TYPE_CUSTOM:
        return DARK_MAGENTA;
    case TYPE_LIST:
    case TYPE_MAP:
    case TYPE_SET:
    case TYPE_TUPLE:
    case TYPE_UDT:
        return BLUE;
    default:
        return GREEN;
    }
}

static void put_hex(buf *out, bytes v)
{
    static const char digits[] = "0123456789abcdef";
    buf_str(out, "0x");
    for (size_t i = 0; i < v.n; i++) {
        buf_u8(out, (uint8_t)digits[v.p[i] >> 4]);
        buf_u8(out, (uint8_t)digits[v.p[i] & 15]);
    }
}

static void put_floating(buf *out, bytes v, const format_options *o)
{
    float f;
    double d;
    uint32_t bits32 = v.n == 4 ? get_be32(v.p) : 0;
    uint64_t bits64 = v.n == 8 ? get_be64(v.p) : 0;
    memcpy(&f, &bits32, sizeof f);
    memcpy(&d, &bits64, sizeof d);
    if (v.n == 4)
        d = f;
    if (isnan(d))
        buf_str(out, "NaN");
    else if (isinf(d))
        buf_str(out, d < 0 ? "-Infinity" : "Infinity");
    else
        buf_printf(out, "%.*g", v.n == 4 ? o->float_digits : o->double_digits, d);
}

/* Beyond the years 1 to 9999 the milliseconds themselves. */
static void put_timestamp(buf *out, bytes v)
{
    int64_t ms = (int64_t)get_be64(v.p), s = ms / 1000, rest = ms % 1000;
    if (rest < 0) {
        rest += 1000;
        s--;
    }
    struct tm tm;
    char text[64];
    time_t when = (time_t)s;
    if (s < -62135596800 || s > 253402300799 || !gmtime_r(&when, &tm)) {
        buf_printf(out, "%lld", (long long)ms);
        return;
    }
    strftime(text, sizeof text, "%m-%d %H:%M:%S", &tm);
    buf_printf(out, "%04d-%s.%06d+0000", tm.tm_year + 1900, text, (int)rest * 1000);
}

static void put(buf *out, const type *t, bytes v, bool inner, const format_options *o);

static void put_elements(buf *out, const type *t, bytes v, const format_options *o)
{
    const char *brackets = t->kind == TYPE_LIST ? "[]" : t->kind == TYPE_TUPLE ? "()" : "{}";
    elements it;
    bytes item;
    bool fields = t->kind == TYPE_TUPLE || t->kind == TYPE_UDT;
    buf_u8(out, (uint8_t)brackets[0]);
    elements_open(t, v, &it, NULL);
    for (unsigned i = 0; elements_next(&it, &item); i++) {
        if (i)
            buf_str(out, t->kind == TYPE_MAP && i % 2 ? ": " : ", ");
        if (t->kind == TYPE_UDT) {
            text_escape(out, bytes_str(t->fields[i]), 0);
            buf_str(out, ": ");
        }
        put(out, t->args[fields ? i : i % t->n_args], item, true, o);
    }
    buf_u8(out, (uint8_t)brackets[1]);
}

/* Natives without a form of their own here: as in CQL. */
static void put_literal(buf *out, const type *t, bytes v)
{
    arena a;
    arena_init(&a, 256);
    buf_str(out, type_to_text(&a, t, v, false));
    arena_done(&a);
}

static void put_native(buf *out, const type *t, bytes v, const format_options *o)
{
    switch (t->kind) {
    case TYPE_BLOB:
    case TYPE_CUSTOM:
    case TYPE_COMPOSITE:
        put_hex(out, v);
        break;
    case TYPE_BOOLEAN:
        buf_str(out, v.p[0] ? "True" : "False");
        break;
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        put_floating(out, v, o);
        break;
    case TYPE_TIMESTAMP:
        put_timestamp(out, v);
        break;
    default:
        put_literal(out, t, v);
        break;
    }
}

static bool is_quoted(type_kind k)
{
    return k == TYPE_TEXT || k == TYPE_ASCII || k == TYPE_TIMESTAMP || k == TYPE_DATE ||
           k == TYPE_TIME || k == TYPE_INET;
}

static void put(buf *out, const type *t, bytes v, bool inner, const format_options *o)
{
    bool quotes = inner && is_quoted(t->kind);
    if (bytes_is_null(v)) {
        buf_str(out, "null");
        return;
    }
    if (type_is_collection(t) || t->kind == TYPE_TUPLE || t->kind == TYPE_UDT) {
        put_elements(out, t, v, o);
        return;
    }
    if (quotes)
        buf_u8(out, '\'');
    if (t->kind == TYPE_TEXT || t->kind == TYPE_ASCII)
        text_escape(out, v, quotes ? '\'' : 0);
    else if (v.n || t->kind == TYPE_BLOB || t->kind == TYPE_CUSTOM)
        put_native(out, t, v, o);
    if (quotes)
        buf_u8(out, '\'');
}

static table_cell make(arena *a, buf *text, const char *color)
{
    table_cell c = {.text = arena_copy(a, buf_view(text)), .color = color};
    c.width = text_width(c.text);
    buf_done(text);
    return c;
}

/* Texts are shown whatever they hold: what is no UTF-8 is escaped. */
static bool is_shown(const type *t, bytes v)
{
    return bytes_is_null(v) || t->kind == TYPE_TEXT || t->kind == TYPE_ASCII ||
           type_validate(t, v, NULL) == 0;
}

table_cell format_value(arena *a, const type *t, bytes value, const format_options *o)
{
    buf text = {0};
    const char *color = bytes_is_null(value) ? RED : color_of(t);
    if (is_shown(t, value))
        put(&text, t, value, false, o);
    else
        put_hex(&text, value);
    return make(a, &text, o->color ? color : NULL);
}

table_cell format_header(arena *a, const char *name, const format_options *o)
{
    buf text = {0};
    text_escape(&text, bytes_str(name), 0);
    return make(a, &text, o->color ? MAGENTA : NULL);
}
