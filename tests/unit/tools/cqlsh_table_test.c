/* cqlsh: values as text, layout of tables and lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the above first */
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>

#include "tools/cqlsh/format.h"

static const format_options plain = {false, 5, 5};

#define V(s) bytes_of(s, sizeof(s) - 1)

static void shown_as(const type *t, bytes v, const char *text)
{
    arena a;
    arena_init(&a, 256);
    table_cell c = format_value(&a, t, v, &plain);
    assert_int_equal(c.text.n, strlen(text));
    assert_memory_equal(c.text.p, text, c.text.n);
    assert_null(c.color);
    arena_done(&a);
}

static void natives(void **state)
{
    (void)state;
    shown_as(type_native(TYPE_INT), BYTES_NULL, "null");
    shown_as(type_native(TYPE_INT), V("\xff\xff\xff\xfe"), "-2");
    shown_as(type_native(TYPE_INT), BYTES_EMPTY, "");
    shown_as(type_native(TYPE_INT), V("\x01"), "0x01");
    shown_as(type_native(TYPE_BIGINT), V("\0\0\0\1\0\0\0\0"), "4294967296");
    shown_as(type_native(TYPE_BOOLEAN), V("\1"), "True");
    shown_as(type_native(TYPE_BOOLEAN), V("\0"), "False");
    shown_as(type_native(TYPE_BLOB), V("\x00\xab"), "0x00ab");
    shown_as(type_native(TYPE_BLOB), BYTES_EMPTY, "0x");
    shown_as(type_native(TYPE_INET), V("\x7f\0\0\1"), "127.0.0.1");
    shown_as(type_native(TYPE_DECIMAL), V("\0\0\0\2\x01\x23"), "2.91");
    shown_as(type_native(TYPE_VARINT), V("\x01\0\0\0\0\0\0\0\0"), "18446744073709551616");
    shown_as(type_native(TYPE_DATE), V("\x80\0\0\0"), "1970-01-01");
}

static void floats(void **state)
{
    (void)state;
    shown_as(type_native(TYPE_FLOAT), V("\x3f\x80\0\0"), "1");
    shown_as(type_native(TYPE_FLOAT), V("\x40\x49\x0f\xdb"), "3.1416");
    shown_as(type_native(TYPE_FLOAT), V("\x7f\xc0\0\0"), "NaN");
    shown_as(type_native(TYPE_DOUBLE), V("\x40\xfe\x24\x0c\x9f\xbe\x76\xc9"), "1.2346e+05");
    shown_as(type_native(TYPE_DOUBLE), V("\xff\xf0\0\0\0\0\0\0"), "-Infinity");
}

static void timestamps(void **state)
{
    (void)state;
    const type *t = type_native(TYPE_TIMESTAMP);
    shown_as(t, V("\0\0\x01\x6f\x5e\x66\xe8\x00"), "2020-01-01 00:00:00.000000+0000");
    shown_as(t, V("\xff\xff\xff\xff\xff\xff\xff\xff"), "1969-12-31 23:59:59.999000+0000");
    shown_as(t, V("\x7f\xff\xff\xff\xff\xff\xff\xff"), "9223372036854775807");
    shown_as(t, V("\x80\0\0\0\0\0\0\0"), "-9223372036854775808");
}

static void texts(void **state)
{
    (void)state;
    const type *t = type_native(TYPE_TEXT);
    shown_as(t, V("it's"), "it's");
    shown_as(t, V("a\nb\t\x1b[0m\x7f"), "a\\nb\\t\\x1b[0m\\x7f");
    shown_as(t, V("back\\slash"), "back\\\\slash");
    shown_as(t, V("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    shown_as(t, V("\xff\xc3"), "\\xff\\xc3");
    shown_as(t, V("\xc0\x80\xed\xa0\x80"), "\\xc0\\x80\\xed\\xa0\\x80");
    shown_as(t, V("\xe2\x80\xae!"), "\\u202e!");
    shown_as(t, BYTES_EMPTY, "");
}

static void collections(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, 1024);
    const type *text = type_native(TYPE_TEXT), *number = type_native(TYPE_INT);
    const type *list = type_list(&a, text, false), *map = type_map(&a, text, list, false);
    const type *set = type_set(&a, type_native(TYPE_TIMESTAMP), false);
    const type *parts[] = {number, text};
    const type *tuple = type_tuple(&a, parts, 2);
    shown_as(list, V("\0\0\0\2\0\0\0\1a\0\0\0\3it's"), "0x0000000200000001610000000369742773");
    shown_as(list, V("\0\0\0\2\0\0\0\1a\0\0\0\4it's"), "['a', 'it''s']");
    shown_as(list, V("\0\0\0\0"), "[]");
    shown_as(map, V("\0\0\0\1\0\0\0\1k\0\0\0\x9\0\0\0\1\0\0\0\1v"), "{'k': ['v']}");
    shown_as(set, V("\0\0\0\1\0\0\0\x8\0\0\0\0\0\0\0\0"), "{'1970-01-01 00:00:00.000000+0000'}");
    shown_as(tuple, V("\0\0\0\4\0\0\0\7\xff\xff\xff\xff"), "(7, null)");
    arena_done(&a);
}

static void colors(void **state)
{
    (void)state;
    arena a;
    format_options o = {true, 5, 5};
    arena_init(&a, 256);
    assert_string_equal(format_header(&a, "k", &o).color, "\033[0;1;35m");
    assert_string_equal(format_value(&a, type_native(TYPE_TEXT), V("v"), &o).color, "\033[0;1;33m");
    assert_string_equal(format_value(&a, type_native(TYPE_TEXT), BYTES_NULL, &o).color,
                        "\033[0;1;31m");
    arena_done(&a);
}

/* No bytes of any type may do harm: random ones are shown, whatever they are. */
static void any_value(void **state)
{
    (void)state;
    arena a;
    srand(7);
    arena_init(&a, 1024);
    for (int round = 0; round < 20000; round++) {
        uint8_t raw[24];
        size_t n = (size_t)rand() % sizeof raw;
        for (size_t i = 0; i < n; i++)
            raw[i] = rand() % 3 ? (uint8_t)(rand() % 5) : (uint8_t)rand();
        type_kind kind = (type_kind)(rand() % TYPE_LIST);
        const type *t = type_native(kind);
        if (rand() % 3 == 0)
            t = rand() % 2 ? type_list(&a, t, false) : type_map(&a, t, t, true);
        table_cell c = format_value(&a, t, bytes_of(raw, n), &plain);
        for (size_t i = 0; i < c.text.n; i++)
            assert_true(c.text.p[i] >= 0x20);
        arena_reset(&a);
    }
    arena_done(&a);
}

/* ---- layout ---- */

static table_cell cell_of(const char *text)
{
    return (table_cell){bytes_str(text), text_width(bytes_str(text)), NULL};
}

static void expect_text(buf *out, const char *text)
{
    buf_u8(out, 0);
    assert_string_equal((const char *)out->p, text);
    buf_done(out);
}

static void tables(void **state)
{
    (void)state;
    table_cell headers[] = {cell_of("customer_id"), cell_of("x")};
    table_cell values[] = {cell_of("1"), cell_of("Jane"), cell_of("22"), cell_of("\u5b57")};
    table_page page = {2, 2, headers, values};
    buf out = {0};
    table_put(&out, &page, true);
    expect_text(&out, " customer_id | x\n"
                      "-------------+------\n"
                      "           1 | Jane\n"
                      "          22 |   \u5b57\n");
    table_put(&out, &page, false);
    expect_text(&out, "           1 | Jane\n"
                      "          22 |   \u5b57\n");
    values[0].color = "<c>";
    table_put_expanded(&out, &page, 3);
    expect_text(&out, "@ Row 3\n"
                      "-------------+------\n"
                      " customer_id | <c>1\033[0m\n"
                      " x           | Jane\n\n"
                      "@ Row 4\n"
                      "-------------+------\n"
                      " customer_id | 22\n"
                      " x           | \u5b57\n\n");
}

static void names(void **state)
{
    (void)state;
    bytes n[] = {bytes_str("a"), bytes_str("bb"), bytes_str("ccc"), bytes_str("d"), bytes_str("e")};
    buf out = {0};
    names_put(&out, n, 5, 80);
    expect_text(&out, "a  bb  ccc  d  e\n");
    names_put(&out, n, 5, 10);
    expect_text(&out, "a   ccc  e\nbb  d\n");
    names_put(&out, n, 5, 1);
    expect_text(&out, "a\nbb\nccc\nd\ne\n");
    names_put(&out, n, 0, 80);
    expect_text(&out, "<empty>\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(natives),   cmocka_unit_test(floats),      cmocka_unit_test(timestamps),
        cmocka_unit_test(texts),     cmocka_unit_test(collections), cmocka_unit_test(colors),
        cmocka_unit_test(any_value), cmocka_unit_test(tables),      cmocka_unit_test(names),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests_name("cqlsh table", tests, NULL, NULL);
}
