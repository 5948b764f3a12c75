#include "server/config/properties.h"

#include <arpa/inet.h>

#include "base/buf.h"
#include "base/vec.h"

typedef struct cursor {
    const uint8_t *p, *end;
    int line;
} cursor;

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\f';
}

static bool at_newline(const cursor *c)
{
    return c->p < c->end && (*c->p == '\n' || *c->p == '\r');
}

static void skip_newline(cursor *c)
{
    if (c->p < c->end && *c->p == '\r')
        c->p++;
    if (c->p < c->end && *c->p == '\n')
        c->p++;
    c->line++;
}

static void skip_blanks(cursor *c)
{
    while (c->p < c->end && is_blank(*c->p))
        c->p++;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of \uXXXX as UTF-8; false when they are not there. */
static bool put_unicode(cursor *c, buf *out)
{
    unsigned v = 0;
    if (c->end - c->p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(c->p[i]);
        if (d < 0)
            return false;
        v = v * 16 + (unsigned)d;
    }
    c->p += 4;
    if (v == 0)
        return true; /* a NUL would cut the text */
    if (v < 0x80) {
        buf_u8(out, (uint8_t)v);
    } else if (v < 0x800) {
        buf_u8(out, (uint8_t)(0xc0 | v >> 6));
        buf_u8(out, (uint8_t)(0x80 | (v & 0x3f)));
    } else {
        buf_u8(out, (uint8_t)(0xe0 | v >> 12));
        buf_u8(out, (uint8_t)(0x80 | (v >> 6 & 0x3f)));
        buf_u8(out, (uint8_t)(0x80 | (v & 0x3f)));
    }
    return true;
}

/* What follows a backslash. */
static void put_escaped(cursor *c, buf *out)
{
    static const char from[] = "ntrf", to[] = "\n\t\r\f";
    if (c->p >= c->end)
        return;
    if (at_newline(c)) { /* the line goes on */
        skip_newline(c);
        skip_blanks(c);
        return;
    }
    uint8_t ch = *c->p++;
    const char *known = ch ? strchr(from, ch) : NULL;
    if (ch == 'u' && put_unicode(c, out))
        return;
    buf_u8(out, known ? (uint8_t)to[known - from] : ch);
}

/* Up to a separator (in a key) or the end of the line, without the blanks at the end. */
static const char *take_text(cursor *c, arena *a, bool key)
{
    buf out = {0};
    size_t used = 0; /* up to the last character that is not a bare blank */
    while (c->p < c->end && !at_newline(c)) {
        uint8_t ch = *c->p;
        if (key && (ch == '=' || ch == ':' || is_blank(ch)))
            break;
        c->p++;
        if (ch == '\\') {
            put_escaped(c, &out);
            used = out.n;
        } else if (ch) {
            buf_u8(&out, ch);
            used = is_blank(ch) ? used : out.n;
        }
    }
    out.n = used;
    const char *text = arena_str(a, buf_view(&out));
    buf_done(&out);
    return text;
}

static property take_property(cursor *c, arena *a)
{
    property p = {.line = c->line, .key = take_text(c, a, true)};
    skip_blanks(c);
    if (c->p < c->end && (*c->p == '=' || *c->p == ':')) {
        c->p++;
        skip_blanks(c);
    }
    p.value = take_text(c, a, false);
    return p;
}

void properties_parse(bytes text, arena *a, properties *ret)
{
    vec(property) all = {0};
    cursor c = {text.p, text.p + text.n, 1};
    if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
        c.p += 3;
    while (c.p < c.end) {
        skip_blanks(&c);
        if (c.p < c.end && (*c.p == '#' || *c.p == '!'))
            while (c.p < c.end && !at_newline(&c))
                c.p++;
        else if (c.p < c.end && !at_newline(&c))
            vec_push(&all, take_property(&c, a));
        if (at_newline(&c))
            skip_newline(&c);
    }
    property *p = arena_array(a, property, all.n);
    if (all.n)
        memcpy(p, all.p, all.n * sizeof *p);
    *ret = (properties){p, all.n};
    vec_done(&all);
}

const char *properties_get(const properties *p, const char *key)
{
    for (size_t i = p->n; i-- > 0;)
        if (strcmp(p->p[i].key, key) == 0)
            return p->p[i].value;
    return NULL;
}

/* ---- cassandra-topology.properties ---- */

/* The same address in other digits (::1 and 0:0:0:0:0:0:0:1) is the same. */
static bool same_ip(const char *a, const char *b)
{
    uint8_t x[16], y[16];
    if (inet_pton(AF_INET6, a, x) == 1 && inet_pton(AF_INET6, b, y) == 1)
        return memcmp(x, y, 16) == 0;
    return strcmp(a, b) == 0;
}

static const property *topology_line(const properties *p, const char *ip)
{
    const property *other = NULL;
    for (size_t i = p->n; i-- > 0;) {
        if (same_ip(p->p[i].key, ip))
            return &p->p[i];
        if (!other && strcmp(p->p[i].key, "default") == 0)
            other = &p->p[i];
    }
    return other;
}

int topology_lookup(const properties *p, const char *ip, arena *a, const char **ret_dc,
                    const char **ret_rack, err_info *e)
{
    const property *line = topology_line(p, ip);
    if (!line)
        return err_set(e, ERR_NOT_FOUND, "no line for %s and no default", ip);
    const char *colon = strchr(line->value, ':');
    if (!colon)
        return err_set(e, ERR_CONFIG, "line %d: '%s' is not DC:RACK", line->line, line->value);
    size_t dc = (size_t)(colon - line->value);
    while (dc && is_blank((uint8_t)line->value[dc - 1]))
        dc--;
    colon += 1 + strspn(colon + 1, " \t");
    size_t rack = strcspn(colon, ": \t");
    if (!dc || !rack)
        return err_set(e, ERR_CONFIG, "line %d: '%s' is not DC:RACK", line->line, line->value);
    *ret_dc = arena_str(a, bytes_of(line->value, dc));
    *ret_rack = arena_str(a, bytes_of(colon, rack));
    return 0;
}
