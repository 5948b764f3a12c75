#include "tools/cqlsh/table.h"

#include <wchar.h>

/* Length of the UTF-8 character at p, its code point in *ret; 0 when it is none. */
static size_t utf8_char(const uint8_t *p, size_t n, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80       ? 1
                 : p[0] >> 5 == 6  ? 2
                 : p[0] >> 4 == 14 ? 3
                 : p[0] >> 3 == 30 ? 4
                                   : 0;
    if (len == 0 || len > n)
        return 0;
    uint32_t c = len == 1 ? p[0] : p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    *ret = c;
    return c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : len;
}

static void put_control(buf *out, uint32_t c)
{
    const char *known = c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;
    if (known)
        buf_str(out, known);
    else
        buf_printf(out, c > 0xff ? "\\u%04x" : "\\x%02x", (unsigned)c);
}

/* Also those that change the direction of what follows. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0xa0) || (c >= 0x200e && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void text_escape(buf *out, bytes text, char quote)
{
    uint32_t c = 0;
    for (size_t i = 0, len; i < text.n; i += len) {
        len = utf8_char(text.p + i, text.n - i, &c);
        if (len == 0) {
            put_control(out, text.p[i]);
            len = 1;
        } else if (is_control(c)) {
            put_control(out, c);
        } else {
            if (c == '\\' || (quote && c == (uint8_t)quote))
                buf_u8(out, (uint8_t)c);
            buf_put(out, text.p + i, len);
        }
    }
}

unsigned text_width(bytes s)
{
    unsigned width = 0;
    uint32_t c = 0;
    for (size_t i = 0, len; i < s.n; i += len) {
        len = utf8_char(s.p + i, s.n - i, &c);
        int w = len == 0 || c < 0x80 ? 1 : wcwidth((wchar_t)c);
        width += w < 0 ? 1 : (unsigned)w;
        len += !len;
    }
    return width;
}

static void put_many(buf *out, char c, size_t n)
{
    memset(buf_reserve(out, n), c, n);
    out->n += n;
}

static void put_cell(buf *out, const table_cell *c)
{
    if (c->color)
        buf_str(out, c->color);
    buf_bytes(out, c->text);
    if (c->color)
        buf_str(out, "\033[0m");
}

static unsigned *widths_of(const table_page *t, arena *a)
{
    unsigned *w = arena_array(a, unsigned, t->n_columns);
    for (unsigned c = 0; c < t->n_columns; c++)
        w[c] = t->headers[c].width;
    for (size_t i = 0, c = 0; i < t->n_rows * t->n_columns; i++, c = (c + 1) % t->n_columns)
        if (w[c] < t->values[i].width)
            w[c] = t->values[i].width;
    return w;
}

static void put_rule(buf *out, const unsigned *widths, unsigned n)
{
    for (unsigned c = 0; c < n; c++) {
        buf_str(out, c ? "-+-" : "-");
        put_many(out, '-', widths[c]);
    }
    buf_str(out, "-\n");
}

static void put_headers(buf *out, const table_page *t, const unsigned *widths)
{
    for (unsigned c = 0; c < t->n_columns; c++) {
        buf_str(out, c ? " | " : " ");
        put_cell(out, &t->headers[c]);
        if (c + 1 < t->n_columns)
            put_many(out, ' ', widths[c] - t->headers[c].width);
    }
    buf_u8(out, '\n');
    put_rule(out, widths, t->n_columns);
}

void table_put(buf *out, const table_page *t, bool with_header)
{
    arena a;
    arena_init(&a, 1024);
    unsigned *widths = widths_of(t, &a);
    const table_cell *v = t->values;
    if (with_header)
        put_headers(out, t, widths);
    for (size_t row = 0; row < t->n_rows; row++) {
        for (unsigned c = 0; c < t->n_columns; c++, v++) {
            buf_str(out, c ? " | " : " ");
            put_many(out, ' ', widths[c] - v->width);
            put_cell(out, v);
        }
        buf_u8(out, '\n');
    }
    arena_done(&a);
}

static unsigned widest(const table_cell *c, size_t n)
{
    unsigned width = 0;
    for (size_t i = 0; i < n; i++)
        width = c[i].width > width ? c[i].width : width;
    return width;
}

void table_put_expanded(buf *out, const table_page *t, size_t first)
{
    unsigned widths[] = {widest(t->headers, t->n_columns),
                         widest(t->values, t->n_rows * t->n_columns)};
    const table_cell *v = t->values;
    for (size_t row = 0; row < t->n_rows; row++) {
        buf_printf(out, "@ Row %zu\n", first + row);
        put_rule(out, widths, 2);
        for (unsigned c = 0; c < t->n_columns; c++, v++) {
            buf_u8(out, ' ');
            put_cell(out, &t->headers[c]);
            put_many(out, ' ', widths[0] - t->headers[c].width);
            buf_str(out, " | ");
            put_cell(out, v);
            buf_u8(out, '\n');
        }
        buf_u8(out, '\n');
    }
}

/* Widths of the columns when the names stand in so many rows; the whole width is returned. */
static size_t columns_width(const bytes *names, size_t n, size_t rows, unsigned *widths)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned w = text_width(names[i]), *column = &widths[i / rows];
        if (i % rows == 0) {
            total += i ? 2 : 0;
            *column = 0;
        }
        if (w > *column) {
            total += w - *column;
            *column = w;
        }
    }
    return total;
}

void names_put(buf *out, const bytes *names, size_t n, unsigned screen_width)
{
    arena a;
    arena_init(&a, 1024);
    unsigned *widths = arena_array(&a, unsigned, n);
    size_t rows = 1;
    while (rows < n && columns_width(names, n, rows, widths) > screen_width)
        rows++;
    columns_width(names, n, rows, widths);
    for (size_t row = 0; row < rows && n; row++) {
        for (size_t i = row; i < n; i += rows) {
            buf_bytes(out, names[i]);
            if (i + rows < n)
                put_many(out, ' ', widths[i / rows] - text_width(names[i]) + 2);
        }
        buf_u8(out, '\n');
    }
    if (n == 0)
        buf_str(out, "<empty>\n");
    arena_done(&a);
}
