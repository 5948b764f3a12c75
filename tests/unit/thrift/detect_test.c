#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/detect.h"

#define CHECK(lit, kind) assert_int_equal(wire_detect(BYTES_LIT(lit)), WIRE_KIND_##kind)

/* Every shorter start of it is undecided until some point, and never anything else. */
static void check_all(bytes whole, enum wire_kind kind)
{
    bool decided = false;
    for (size_t n = 0; n <= whole.n; n++) {
        enum wire_kind k = wire_detect(bytes_of(whole.p, n));
        assert_true(k == kind || (k == WIRE_KIND_MORE && !decided));
        decided = k == kind;
        assert_true(decided || n < WIRE_DETECT_BYTES);
    }
    assert_true(decided);
}

static void test_kinds(void **state)
{
    (void)state;
    check_all(BYTES_LIT("\0\0\0\x15\x80\x01\0\x01\0\0\0\x03get"), WIRE_KIND_THRIFT_FRAMED);
    check_all(BYTES_LIT("\x80\x01\0\x01\0\0\0\x03get"), WIRE_KIND_THRIFT_UNFRAMED);
    check_all(BYTES_LIT("\x01\0\0\x01\0\0\0\x16\0\x01"), WIRE_KIND_CQL);
    check_all(BYTES_LIT("\x02\0\0\x05\0\0\0\0"), WIRE_KIND_CQL);
    check_all(BYTES_LIT("\x03\0\0\0\x01\0\0\0\x16\0\x01"), WIRE_KIND_CQL);
    check_all(BYTES_LIT("\x04\0\0\0\x05\0\0\0\0"), WIRE_KIND_CQL);
    check_all(BYTES_LIT("\x05\0\0\0\x05\0\0\0\0"), WIRE_KIND_CQL);
    check_all(BYTES_LIT("\x41\0\0\0\x05\0\0\0\0"), WIRE_KIND_CQL);
    check_all(BYTES_LIT("\x42\0\0\0\x01\0\0\0\x16"), WIRE_KIND_CQL);
}

/* A frame of 16 MiB and more begins like a CQL version. */
static void test_large_frames(void **state)
{
    (void)state;
    check_all(BYTES_LIT("\x01\0\0\x01\x80\x01\0\x01\0\0\0\x0c"), WIRE_KIND_THRIFT_FRAMED);
    check_all(BYTES_LIT("\x03\0\0\0\x80\x01\0\x01\0\0\0\x0c"), WIRE_KIND_THRIFT_FRAMED);
}

static void test_others(void **state)
{
    (void)state;
    CHECK("GET / HTTP/1.1\r\n", UNKNOWN);
    CHECK("\x16\x03\x01\x02\0\x01\0\x01\xfc", UNKNOWN); /* TLS */
    CHECK("\x83\0\0\0\x02\0\0\0\0", UNKNOWN);           /* a CQL response */
    CHECK("\x80\x02", UNKNOWN);
    CHECK("\x80\x01\0\x02", UNKNOWN); /* a Thrift reply */
    CHECK("\0\0\0\x02\x80\x01", UNKNOWN);
    CHECK("\0\0\0\x15\0\0\0\x03get", UNKNOWN); /* not strict */
    CHECK("\x04\0\0\0\x02\0\0\0\0", UNKNOWN);  /* READY is no request */
    CHECK("\x04\0\0\0\x01\xff\xff\xff\xff", UNKNOWN);
    CHECK("", MORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_large_frames),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
