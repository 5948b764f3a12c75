#include "cql/json.h"

#include <ctype.h>

#include "base/must.h"

static void put_string(buf *out, bytes s)
{
    static const char *const shorts[] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f",
        ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\"};
    buf_u8(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        uint8_t ch = s.p[i];
        if (ch < ARRAY_LEN(shorts) && shorts[ch])
            buf_str(out, shorts[ch]);
        else if (ch < 0x20)
            buf_printf(out, "\\u%04X", ch);
        else
            buf_u8(out, ch);
    }
    buf_u8(out, '"');
}

void json_write_name(buf *out, const char *name)
{
    bool lower = true;
    for (const char *p = name; *p; p++)
        lower &= !isupper((unsigned char)*p);
    buf b = {0};
    buf_str(&b, lower ? "" : "\"");
    buf_str(&b, name);
    buf_str(&b, lower ? "" : "\"");
    put_string(out, buf_view(&b));
    buf_done(&b);
}

/* Keys are strings, whatever they are of. */
static void put_key(buf *out, const type *t, bytes value, arena *a)
{
    buf b = {0};
    json_write(&b, t, value, a);
    if (b.n && b.p[0] == '"')
        buf_bytes(out, buf_view(&b));
    else
        put_string(out, buf_view(&b));
    buf_done(&b);
}

static void put_elements(buf *out, const type *t, bytes value, arena *a)
{
    bool object = t->kind == TYPE_MAP || t->kind == TYPE_UDT;
    elements it;
    bytes item;
    elements_open(t, value, &it, NULL);
    buf_u8(out, object ? '{' : '[');
    for (unsigned i = 0; elements_next(&it, &item); i++) {
        const type *of = t->args[it.fields ? i : i % t->n_args];
        bool key = t->kind == TYPE_MAP && i % 2 == 0;
        if (i)
            buf_str(out, t->kind == TYPE_MAP && !key ? ": " : ", ");
        if (t->kind == TYPE_UDT) {
            json_write_name(out, t->fields[i]);
            buf_str(out, ": ");
        }
        if (key)
            put_key(out, of, item, a);
        else
            json_write(out, of, item, a);
    }
    buf_u8(out, object ? '}' : ']');
}

static bool is_number(type_kind k)
{
    return k == TYPE_BIGINT || k == TYPE_COUNTER || k == TYPE_DECIMAL || k == TYPE_DOUBLE ||
           k == TYPE_FLOAT || k == TYPE_INT || k == TYPE_VARINT || k == TYPE_SMALLINT ||
           k == TYPE_TINYINT || k == TYPE_BOOLEAN;
}

/* JSON has no NaN and no infinities. */
static bool is_finite(const char *text)
{
    return !strchr(text, 'N') && !strchr(text, 'I');
}

void json_write(buf *out, const type *t, bytes value, arena *a)
{
    if (!value.p) {
        buf_str(out, "null");
        return;
    }
    if (type_is_collection(t) || t->kind == TYPE_TUPLE || t->kind == TYPE_UDT) {
        put_elements(out, t, value, a);
        return;
    }
    if (t->kind == TYPE_TEXT || t->kind == TYPE_ASCII) {
        put_string(out, value);
        return;
    }
    char *text = type_to_text(a, t, value, false);
    char *zone = t->kind == TYPE_TIMESTAMP ? strchr(text, '+') : NULL;
    if (zone && zone - text > 3) /* milliseconds, and Z: "2011-02-03 04:05:06.000Z" */
        memcpy(zone - 3, "Z", 2);
    if (is_number(t->kind) && *text)
        buf_str(out, is_finite(text) ? text : "null");
    else
        put_string(out, bytes_str(text));
}
