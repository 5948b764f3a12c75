#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "model/key.h"
#include "model/token.h"

static arena A;

static bytes unhex(const char *s)
{
    size_t n = strlen(s) / 2;
    uint8_t *p = arena_alloc(&A, n + 1);
    for (size_t i = 0; i < n; i++)
        sscanf(s + 2 * i, "%2hhx", p + i);
    return bytes_of(p, n);
}

/* From an independent implementation; bytes from 80 on are sign-extended in the last block. */
static const struct {
    const char *key;
    int64_t token;
} murmur3_vectors[] = {
    {"00000001", -4069959284402364209},
    {"666f6f", -2129773440516405919},
    {"313233", -7468325962851647638},
    {"80", -5284281814142962636},
    {"ffffffffffffffffffffffffffffff", -2195530867418009455},
    {"e282ace282ace282ace282ace282ac78", 1292066807157393935},
    {"61616161616161616161616161616161", -954455200256842034},
    {"75767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f9091929394", -620529750834738883},
    {"00ff10fa9900ff10fa9900ff10fa9900ff10fa9900ff10fa9900ff10fa99"
     "00ff10fa9900ff10fa9900ff10fa9900ff10fa99",
     5837342703291459765},
    {"fefefefefefefefefefefefefefefefefefefefefefefefefefefefefefefe", -3389072035023731038},
};

static void murmur3(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof murmur3_vectors / sizeof *murmur3_vectors; i++)
        assert_int_equal(token_murmur3(unhex(murmur3_vectors[i].key)), murmur3_vectors[i].token);
    uint8_t all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    assert_int_equal(token_murmur3(bytes_of(all, 256)), 2060892794568774329);
}

static void murmur3_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"-9223372036854775808", "-1", "0", "9223372036854775807"};
    bytes before = BYTES_NULL;
    for (int i = 0; i < 4; i++) {
        bytes t, back;
        err_info e;
        assert_int_equal(token_from_text(PARTITIONER_MURMUR3, bytes_str(texts[i]), &A, &t, &e), 0);
        assert_string_equal(token_to_text(PARTITIONER_MURMUR3, t, &A), texts[i]);
        assert_true(bytes_cmp(before, t) < 0);
        before = t;
        bytes cql = token_to_cql(PARTITIONER_MURMUR3, t, &A);
        assert_int_equal(token_from_cql(PARTITIONER_MURMUR3, cql, &A, &back, &e), 0);
        assert_true(bytes_eq(t, back));
    }
    bytes t;
    err_info e;
    static const char *const wrong[] = {"", "-", "abc", "9223372036854775808", "1 ", "0x1"};
    for (int i = 0; i < 6; i++)
        assert_int_equal(token_from_text(PARTITIONER_MURMUR3, bytes_str(wrong[i]), &A, &t, &e),
                         ERR_INVALID);
    assert_string_equal(e.text, "Invalid token for Murmur3Partitioner. Got 0x1 but expected a long "
                                "value (unsigned 8 bytes integer).");
}

static void random_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *key, *token;
    } v[] = {{"foo", "110673303387115207421586718101067225896"},
             {"1", "78703492656118554854272571946195123045"},
             {"a", "16955237001963240173058271559858726497"}};
    for (int i = 0; i < 3; i++) {
        uint8_t room[TOKEN_FIXED_MAX];
        bytes t = token_of(PARTITIONER_RANDOM, bytes_str(v[i].key), room), back;
        assert_string_equal(token_to_text(PARTITIONER_RANDOM, t, &A), v[i].token);
        assert_int_equal(
            token_from_text(PARTITIONER_RANDOM, bytes_str(v[i].token), &A, &back, NULL), 0);
        assert_true(bytes_eq(t, back));
    }
    bytes t;
    static const char *const edges[] = {"-1", "0", "170141183460469231731687303715884105728"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(token_from_text(PARTITIONER_RANDOM, bytes_str(edges[i]), &A, &t, NULL), 0);
        assert_string_equal(token_to_text(PARTITIONER_RANDOM, t, &A), edges[i]);
        bytes cql = token_to_cql(PARTITIONER_RANDOM, t, &A), back;
        assert_int_equal(token_from_cql(PARTITIONER_RANDOM, cql, &A, &back, NULL), 0);
        assert_true(bytes_eq(t, back));
    }
    assert_int_equal(token_from_text(PARTITIONER_RANDOM, BYTES_LIT("-2"), &A, &t, NULL),
                     ERR_INVALID);
    assert_int_equal(token_from_text(PARTITIONER_RANDOM,
                                     BYTES_LIT("170141183460469231731687303715884105729"), &A, &t,
                                     NULL),
                     ERR_INVALID);
}

static void byte_ordered(void **state)
{
    (void)state;
    bytes t;
    assert_int_equal(token_from_text(PARTITIONER_BYTE_ORDERED, BYTES_LIT("00Ff"), &A, &t, NULL), 0);
    assert_true(bytes_eq(t, BYTES_LIT("\0\xff")));
    assert_string_equal(token_to_text(PARTITIONER_BYTE_ORDERED, t, &A), "00ff");
    assert_int_equal(token_from_text(PARTITIONER_BYTE_ORDERED, BYTES_LIT("0g"), &A, &t, NULL),
                     ERR_INVALID);
}

static void names(void **state)
{
    (void)state;
    partitioner p;
    assert_true(partitioner_from_name("org.apache.cassandra.dht.RandomPartitioner", &p));
    assert_int_equal(p, PARTITIONER_RANDOM);
    assert_true(partitioner_from_name("Murmur3Partitioner", &p));
    assert_int_equal(p, PARTITIONER_MURMUR3);
    assert_true(partitioner_from_name("OrderPreservingPartitioner", &p));
    assert_string_equal(partitioner_class(p), "org.apache.cassandra.dht.ByteOrderedPartitioner");
    assert_false(partitioner_from_name("com.example.Partitioner", &p));
}

static void shares(void **state)
{
    (void)state;
    uint8_t a[16], b[16];
    bytes quarter = token_of_int(-(1LL << 62), a), half = token_of_int(0, b);
    assert_float_equal(token_share(PARTITIONER_MURMUR3, quarter, half), 0.25, 1e-9);
    assert_float_equal(token_share(PARTITIONER_MURMUR3, half, quarter), 0.75, 1e-9);
    assert_float_equal(token_share(PARTITIONER_MURMUR3, half, half), 1, 0);
    bytes t, none = token_minimum(PARTITIONER_RANDOM);
    token_from_text(PARTITIONER_RANDOM, BYTES_LIT("85070591730234615865843651857942052864"), &A, &t,
                    NULL);
    assert_float_equal(token_share(PARTITIONER_RANDOM, none, t), 0.5, 1e-9);
    assert_float_equal(token_share(PARTITIONER_RANDOM, t, none), 0.5, 1e-9);
}

/* Keys of every partitioner lie on the right side of the bounds of other keys' tokens. */
static void bounds(void **state)
{
    (void)state;
    static const char *const keys[] = {"",   "00",   "0000", "00ff", "0001",
                                       "61", "6100", "ff",   "ffff"};
    enum { N = sizeof keys / sizeof *keys };
    for (partitioner p = PARTITIONER_MURMUR3; p <= PARTITIONER_BYTE_ORDERED; p++)
        for (int i = 0; i < N; i++)
            for (int k = 0; k < N; k++) {
                uint8_t r1[16], r2[16];
                bytes ti = token_of(p, unhex(keys[i]), r1), tk = token_of(p, unhex(keys[k]), r2);
                buf key = {0}, from = {0}, after = {0};
                key_encode_partition(p, unhex(keys[i]), &key);
                buf_u8(&key, PART_ROW);
                key_encode_token_bound(p, tk, false, &from);
                key_encode_token_bound(p, tk, true, &after);
                bool ge = bytes_cmp(buf_view(&key), buf_view(&from)) >= 0;
                bool gt = bytes_cmp(buf_view(&key), buf_view(&after)) >= 0;
                assert_int_equal(ge, bytes_cmp(ti, tk) >= 0);
                assert_int_equal(gt, bytes_cmp(ti, tk) > 0);
                buf_done(&key);
                buf_done(&from);
                buf_done(&after);
            }
    uint8_t room[16];
    buf end = {0};
    key_encode_token_bound(PARTITIONER_MURMUR3, token_of_int(INT64_MAX, room), true, &end);
    assert_int_equal(end.n, 8 + PARTITION_KEY_MAX + 1);
    buf_done(&end);
}

static int setup(void **state)
{
    (void)state;
    arena_init(&A, 4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_done(&A);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(murmur3),       cmocka_unit_test(murmur3_text),
        cmocka_unit_test(random_tokens), cmocka_unit_test(byte_ordered),
        cmocka_unit_test(names),         cmocka_unit_test(shares),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
