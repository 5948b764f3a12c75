#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "model/bigint.h"
#include "types_gen.h"

static arena A;
static err_info E;

/* In, and how it is printed; NULL: as it came in. */
static const struct {
    type_kind kind;
    const char *in, *out;
} good[] = {
    {TYPE_INT, "-2147483648", NULL},
    {TYPE_INT, "+5", "5"},
    {TYPE_BIGINT, "9223372036854775807", NULL},
    {TYPE_BIGINT, "-9223372036854775808", NULL},
    {TYPE_COUNTER, "-1", NULL},
    {TYPE_SMALLINT, "-32768", NULL},
    {TYPE_TINYINT, "127", NULL},
    {TYPE_BOOLEAN, "TRUE", "true"},
    {TYPE_BOOLEAN, "False", "false"},
    {TYPE_DOUBLE, "0.1", NULL},
    {TYPE_DOUBLE, "1", "1.0"},
    {TYPE_DOUBLE, "-0.0", NULL},
    {TYPE_DOUBLE, "1e300", "1.0E300"},
    {TYPE_DOUBLE, "12345678.9", "1.23456789E7"},
    {TYPE_DOUBLE, "9999999", "9999999.0"},
    {TYPE_DOUBLE, "-0.001", NULL},
    {TYPE_DOUBLE, "0.00099", "9.9E-4"},
    {TYPE_DOUBLE, "4.9e-324", "4.9E-324"},
    {TYPE_DOUBLE, "1.7976931348623157E308", NULL},
    {TYPE_DOUBLE, "120.05", NULL},
    {TYPE_FLOAT, "1e-45", "1.4E-45"},
    {TYPE_FLOAT, "3.4028235e38", "3.4028235E38"},
    {TYPE_DOUBLE, "0.30000000000000004", NULL},
    {TYPE_DOUBLE, "nan", "NaN"},
    {TYPE_DOUBLE, "-Infinity", NULL},
    {TYPE_FLOAT, "0.1", NULL},
    {TYPE_FLOAT, "16777216", "1.6777216E7"},
    {TYPE_VARINT, "0", NULL},
    {TYPE_VARINT, "-128", NULL},
    {TYPE_VARINT, "-00000000000000000000000000000000000000000129", "-129"},
    {TYPE_VARINT, "123456789012345678901234567890123456789012345678901234567890", NULL},
    {TYPE_VARINT, "-340282366920938463463374607431768211456", NULL},
    {TYPE_DECIMAL, "0", NULL},
    {TYPE_DECIMAL, "0.00", NULL},
    {TYPE_DECIMAL, "-1.50", NULL},
    {TYPE_DECIMAL, ".5", "0.5"},
    {TYPE_DECIMAL, "1e3", "1E+3"},
    {TYPE_DECIMAL, "123e-10", "1.23E-8"},
    {TYPE_DECIMAL, "0.000001", NULL},
    {TYPE_DECIMAL, "0.0000001", "1E-7"},
    {TYPE_DECIMAL, "1E-2147483647", NULL},
    {TYPE_DECIMAL, "99999999999999999999.99999999999999999999", NULL},
    {TYPE_UUID, "550E8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000"},
    {TYPE_TIMEUUID, "d2177dd0-eaa2-11de-a572-001b779c76e3", NULL},
    {TYPE_INET, "127.0.0.1", NULL},
    {TYPE_INET, "2001:DB8::1", "2001:db8::1"},
    {TYPE_INET, "::ffff:1.2.3.4", "1.2.3.4"},
    {TYPE_BLOB, "0xDEADbeef", "0xdeadbeef"},
    {TYPE_BLOB, "00ff", "0x00ff"},
    {TYPE_BLOB, "", "0x"},
    {TYPE_TEXT, "it's", NULL},
    {TYPE_TIMESTAMP, "2011-02-03", "2011-02-03 00:00:00.000000+0000"},
    {TYPE_TIMESTAMP, "2011-2-3 4:05", "2011-02-03 04:05:00.000000+0000"},
    {TYPE_TIMESTAMP, "2011-02-03+0100", "2011-02-02 23:00:00.000000+0000"},
    {TYPE_TIMESTAMP, "2011-02-03 +01", "2011-02-02 23:00:00.000000+0000"},
    {TYPE_TIMESTAMP, "2011-02-03 04:05+0000", "2011-02-03 04:05:00.000000+0000"},
    {TYPE_TIMESTAMP, "2011-02-03T04:05:06Z", "2011-02-03 04:05:06.000000+0000"},
    {TYPE_TIMESTAMP, "2011-02-03 04:05:06.7", "2011-02-03 04:05:06.700000+0000"},
    {TYPE_TIMESTAMP, "2011-02-03T04:05:06.789-02:30", "2011-02-03 06:35:06.789000+0000"},
    {TYPE_TIMESTAMP, "2011-02-03 04:05:06.789123+02", "2011-02-03 02:05:06.789000+0000"},
    {TYPE_TIMESTAMP, "2011-02-03 04:05:06 UTC", "2011-02-03 04:05:06.000000+0000"},
    {TYPE_TIMESTAMP, "2022-03-20 12:48:56 +0530", "2022-03-20 07:18:56.000000+0000"},
    {TYPE_TIMESTAMP, "1299038700000", "2011-03-02 04:05:00.000000+0000"},
    {TYPE_TIMESTAMP, "-1", "1969-12-31 23:59:59.999000+0000"},
    {TYPE_TIMESTAMP, "0001-01-01", "0001-01-01 00:00:00.000000+0000"},
    {TYPE_TIMESTAMP, "9223372036854775807", NULL},
    {TYPE_TIMESTAMP, "2000-02-29", "2000-02-29 00:00:00.000000+0000"},
    {TYPE_DATE, "2015-05-03", NULL},
    {TYPE_DATE, "1582-10-15", NULL},
    {TYPE_DATE, "-0001-12-31", NULL},
    {TYPE_DATE, "-5877641-06-23", NULL},
    {TYPE_DATE, "+5881580-07-11", NULL},
    {TYPE_DATE, "2147483648", "1970-01-01"},
    {TYPE_DATE, "0", "-5877641-06-23"},
    {TYPE_TIME, "08:12:54", "08:12:54.000000000"},
    {TYPE_TIME, "08:12:54.1234", "08:12:54.123400000"},
    {TYPE_TIME, "23:59:59.999999999", NULL},
    {TYPE_TIME, "1", "00:00:00.000000001"},
    {TYPE_DURATION, "1y2mo3w4d5h6m7s8ms9us10ns", "1y2mo25d5h6m7s8ms9us10ns"},
    {TYPE_DURATION, "1h30m", NULL},
    {TYPE_DURATION, "-2D", "-2d"},
    {TYPE_DURATION, "15MO", "1y3mo"},
    {TYPE_DURATION, "3\xc2\xb5s", "3us"},
    {TYPE_DURATION, "P1Y2M3DT4H5M6S", "1y2mo3d4h5m6s"},
    {TYPE_DURATION, "PT20M", "20m"},
    {TYPE_DURATION, "-P7W", "-49d"},
    {TYPE_DURATION, "P0001-03-02T02:10:00", "1y3mo2d2h10m"},
    {TYPE_DURATION, "0s", NULL},
    {TYPE_DURATION, "-9223372036854775808ns", "-2562047h47m16s854ms775us808ns"},
};

static void accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const type *t = type_native(good[i].kind);
        bytes v;
        if (type_from_text(&A, t, bytes_str(good[i].in), &v, &E) < 0)
            fail_msg("%s: %s", good[i].in, E.text);
        assert_int_equal(type_validate(t, v, &E), 0);
        assert_string_equal(type_to_text(&A, t, v, false), good[i].out ? good[i].out : good[i].in);
    }
}

static const struct {
    type_kind kind;
    const char *in, *sentence;
} bad[] = {
    {TYPE_INT, "abc", "Unable to make int from 'abc'"},
    {TYPE_INT, "2147483648", "Unable to make int from '2147483648'"},
    {TYPE_INT, "1.5", "Unable to make int from '1.5'"},
    {TYPE_INT, "-", "Unable to make int from '-'"},
    {TYPE_BIGINT, "9223372036854775808", "Unable to make long from '9223372036854775808'"},
    {TYPE_SMALLINT, "32768", "Unable to make short from '32768'"},
    {TYPE_SMALLINT, "", "Unable to make short from ''"},
    {TYPE_TINYINT, "-129", "Unable to make byte from '-129'"},
    {TYPE_VARINT, "abc", "unable to make int from 'abc'"},
    {TYPE_DECIMAL, "1.2.3", "unable to make BigDecimal from '1.2.3'"},
    {TYPE_DECIMAL, "1e99999999999", "unable to make BigDecimal from '1e99999999999'"},
    {TYPE_DECIMAL, "1e", "unable to make BigDecimal from '1e'"},
    {TYPE_FLOAT, "0x10", "Unable to make float from '0x10'"},
    {TYPE_DOUBLE, "1e5x", "Unable to make double from '1e5x'"},
    {TYPE_BOOLEAN, "yes", "Unable to make boolean from 'yes'"},
    {TYPE_UUID, "550e8400", "Unable to make UUID from '550e8400'"},
    {TYPE_TIMEUUID, "x", "Unknown timeuuid representation: x"},
    {TYPE_TIMEUUID, "550e8400-e29b-41d4-a716-446655440000",
     "TimeUUID supports only version 1 UUIDs"},
    {TYPE_INET, "1.2.3", "Unable to make inet address from '1.2.3'"},
    {TYPE_BLOB, "0x123", "cannot parse '0x123' as hex bytes"},
    {TYPE_TEXT, "\xff", "String didn't validate."},
    {TYPE_TIMESTAMP, "2011-02-30", "Unable to parse a date/time from '2011-02-30'"},
    {TYPE_TIMESTAMP, "2011-13-01", "Unable to parse a date/time from '2011-13-01'"},
    {TYPE_TIMESTAMP, "2011-02-03 25:00", "Unable to parse a date/time from '2011-02-03 25:00'"},
    {TYPE_TIMESTAMP, "2011-02-03 04:05 x", "Unable to parse a date/time from '2011-02-03 04:05 x'"},
    {TYPE_TIMESTAMP, "99999999999999999999",
     "Unable to make long (for date) from: '99999999999999999999'"},
    {TYPE_DATE, "2011-02", "Unable to coerce '2011-02' to a formatted date (long)"},
    {TYPE_DATE, "4294967296", "Unable to make unsigned int (for date) from: '4294967296'"},
    {TYPE_DATE, "-1", "Unable to make unsigned int (for date) from: '-1'"},
    {TYPE_DATE, "-9999999-01-01",
     "Input date -9999999-01-01 is less than min supported date -5877641-06-23"},
    {TYPE_TIME, "24:00:00", "(TimeType) Unable to coerce '24:00:00' to a formatted time (long)"},
    {TYPE_TIME, "08:12", "(TimeType) Unable to coerce '08:12' to a formatted time (long)"},
    {TYPE_TIME, "86400000000000", "Unable to make long (for time) from: '86400000000000'"},
    {TYPE_DURATION, "12.5s", "Unable to convert '12.5s' to a duration"},
    {TYPE_DURATION, "", "Unable to convert '' to a duration"},
    {TYPE_DURATION, "P1S", "Unable to convert 'P1S' to a duration"},
    {TYPE_DURATION, "1h1h",
     "Invalid duration '1h1h': every unit may be given once, the larger ones first"},
    {TYPE_DURATION, "9223372036854775807d",
     "Invalid duration. The total number of days must be less or equal to 2147483647"},
    {TYPE_EMPTY, "x", "A value of type empty cannot be made from text"},
};

static void refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bytes v;
        int r = type_from_text(&A, type_native(bad[i].kind), bytes_str(bad[i].in), &v, &E);
        if (r != ERR_INVALID)
            fail_msg("%s was accepted", bad[i].in);
        assert_string_equal(E.text, bad[i].sentence);
    }
    static uint8_t nines[BIGINT_DIGITS_MAX + 1];
    memset(nines, '9', sizeof nines);
    bytes v;
    const type *t = type_native(TYPE_VARINT);
    assert_int_equal(type_from_text(&A, t, bytes_of(nines, sizeof nines), &v, &E), ERR_INVALID);
    assert_int_equal(type_from_text(&A, t, bytes_of(nines, sizeof nines - 1), &v, &E), 0);
}

/* Text that is printed reads back as the value. */
static void round_trip(void **state)
{
    (void)state;
    types_gen g = {.seed = 21, .a = &A};
    for (type_kind k = 0; k < TYPE_LIST; k++)
        for (int i = 0; i < 3000; i++) {
            arena_reset(&A);
            const type *t = type_native(k);
            bytes v = gen_value(&g, t), back;
            bool mapped =
                k == TYPE_INET && v.n == 16 && memcmp(v.p, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
            if ((v.n && memchr(v.p, 0, v.n) && (k == TYPE_TEXT || k == TYPE_ASCII)) || mapped ||
                (k == TYPE_BOOLEAN && v.n == 0))
                continue;
            char *s = type_to_text(&A, t, v, false);
            if (type_from_text(&A, t, bytes_str(s), &back, &E) < 0)
                fail_msg("%s: %s", s, E.text);
            if (type_compare(t, v, back) != 0)
                fail_msg("%s came back as %s", s, type_to_text(&A, t, back, false));
        }
}

static bytes text_value(const char *s)
{
    return bytes_str(s);
}

static void nested(void **state)
{
    (void)state;
    const type *text = type_native(TYPE_TEXT), *i32 = type_native(TYPE_INT);
    bytes one = BYTES_LIT("\0\0\0\1"), quote = text_value("it's");
    const type *list = type_list(&A, i32, true), *set = type_set(&A, text, true);
    const type *map = type_map(&A, text, list, true);
    const type *tuple = type_tuple(&A, (const type *[]){i32, text, i32}, 3);
    bytes l = elements_build(&A, list, (bytes[]){one, one}, 2);
    assert_string_equal(type_to_text(&A, list, l, true), "[1, 1]");
    assert_string_equal(type_to_text(&A, set, elements_build(&A, set, &quote, 1), false),
                        "{'it''s'}");
    assert_string_equal(
        type_to_text(&A, map, elements_build(&A, map, (bytes[]){quote, l}, 2), true),
        "{'it''s': [1, 1]}");
    bytes fields[] = {one, BYTES_NULL, BYTES_EMPTY};
    assert_string_equal(type_to_text(&A, tuple, elements_build(&A, tuple, fields, 3), true),
                        "(1, null, '')");
    type udt = *tuple;
    udt.kind = TYPE_UDT;
    udt.fields = (const char *const[]){"a", "b", "c"};
    assert_string_equal(type_to_text(&A, &udt, elements_build(&A, &udt, fields, 1), true),
                        "{a: 1, b: null, c: null}");
    assert_string_equal(type_to_text(&A, text, quote, true), "'it''s'");
    assert_string_equal(type_to_text(&A, text, quote, false), "it's");
    assert_string_equal(
        type_to_text(&A, type_native(TYPE_INET), text_value("\x7f\x01\x01\x01"), true),
        "'127.1.1.1'");
    assert_string_equal(type_to_text(&A, i32, BYTES_LIT("xyz"), true), "0x78797a"); /* invalid */
}

/* Many valid values of all kinds of types print without fault. */
static void prints(void **state)
{
    (void)state;
    types_gen g = {.seed = 22, .a = &A};
    for (int i = 0; i < 10000; i++) {
        arena_reset(&A);
        const type *t = gen_type(&g, 3);
        assert_non_null(type_to_text(&A, t, gen_value(&g, t), i & 1));
    }
}

static int setup(void **state)
{
    (void)state;
    arena_init(&A, 65536);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_done(&A);
    return 0;
}

/* Text and what it is as bytes; the type is (ascii, int). */
static void test_composite(void **state)
{
    (void)state;
    static const struct {
        const char *text, *hex;
    } of[] = {
        {"abc:123", "000361626300"
                    "00040000007b00"},
        {"abc", "000361626300"},
        {"a\\:c:1", "0003613a6300"
                    "00040000000100"},
        {"a!!:1", "0002612100"
                  "00040000000100"},
        {":1", "000000"
               "00040000000100"},
        {"abc:!", "000361626301"},
        {"abc:5:_", "000361626300"
                    "000400000005ff"},
        {"", ""},
        {"abc:x", NULL},
        {"abc:1:2", NULL},
    };
    const type *t;
    assert_int_equal(
        type_parse_class(&A, BYTES_LIT("CompositeType(AsciiType,Int32Type)"), &t, NULL, &E), 0);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        bytes v;
        int r = type_from_text(&A, t, bytes_str(of[i].text), &v, &E);
        if (!of[i].hex) {
            assert_int_equal(r, ERR_INVALID);
            continue;
        }
        assert_int_equal(r, 0);
        assert_int_equal(type_validate(t, v, &E), 0);
        buf hex = {0};
        for (size_t k = 0; k < v.n; k++)
            buf_printf(&hex, "%02x", v.p[k]);
        assert_true(bytes_eq_str(buf_view(&hex), of[i].hex));
        buf_done(&hex);
    }
    arena_reset(&A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted), cmocka_unit_test(refused), cmocka_unit_test(round_trip),
        cmocka_unit_test(nested),   cmocka_unit_test(prints),  cmocka_unit_test(test_composite),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
