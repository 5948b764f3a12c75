/* Laws of the byte-comparable forms, on random values of random types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "model/key.h"
#include "types_gen.h"

static arena A;

static int sign(int c)
{
    return (c > 0) - (c < 0);
}

static bytes encode(const type *t, bytes v, bool desc)
{
    buf b = {0};
    type_key_encode(t, v, desc, &b);
    bytes r = arena_copy(&A, buf_view(&b));
    buf_done(&b);
    return r;
}

static bool is_prefix(bytes a, bytes b)
{
    return a.n <= b.n && memcmp(a.p, b.p, a.n) == 0;
}

static void check_pair(const type *t, bytes a, bytes b)
{
    int want = sign(type_compare(t, a, b));
    assert_int_equal(want, -sign(type_compare(t, b, a)));
    for (int desc = 0; desc < 2; desc++) {
        bytes ka = encode(t, a, desc), kb = encode(t, b, desc);
        int got = sign(bytes_cmp(ka, kb));
        if (got != (desc ? -want : want))
            fail_msg("%s: order %d, by type %d", type_cql_name(&A, t), got, want);
        if (got && (is_prefix(ka, kb) || is_prefix(kb, ka)))
            fail_msg("%s: one form is a prefix of another", type_cql_name(&A, t));
        reader r = reader_of(ka);
        bytes back = type_key_decode(t, &r, desc, &A);
        assert_false(r.bad);
        assert_int_equal(rd_left(&r), 0);
        assert_false(bytes_is_null(back));
        assert_int_equal(type_compare(t, a, back), 0);
        assert_true(bytes_eq(encode(t, back, desc), ka));
    }
}

static void order(void **state)
{
    (void)state;
    types_gen g = {.seed = 1, .a = &A};
    for (int i = 0; i < 30000; i++) {
        arena_reset(&A);
        const type *t = gen_type(&g, i % 4);
        bytes a = gen_value(&g, t), b = gen_neighbour(&g, t, a);
        check_pair(t, a, b);
        check_pair(t, a, a);
    }
}

/* Every native type on its own, with many values of each. */
static void order_native(void **state)
{
    (void)state;
    types_gen g = {.seed = 2, .a = &A};
    for (type_kind k = 0; k < TYPE_LIST; k++)
        for (int i = 0; i < 3000; i++) {
            arena_reset(&A);
            const type *t = type_native(k);
            check_pair(t, gen_value(&g, t), gen_value(&g, t));
        }
}

/* Byte for byte for the kinds whose values have one form each. */
static void exact(void **state)
{
    (void)state;
    static const type_kind kinds[] = {TYPE_ASCII,   TYPE_BIGINT,   TYPE_BLOB,     TYPE_INT,
                                      TYPE_UUID,    TYPE_TEXT,     TYPE_TIMEUUID, TYPE_INET,
                                      TYPE_DATE,    TYPE_TIME,     TYPE_SMALLINT, TYPE_TINYINT,
                                      TYPE_COUNTER, TYPE_TIMESTAMP};
    types_gen g = {.seed = 3, .a = &A};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int i = 0; i < 500; i++) {
            arena_reset(&A);
            const type *t = type_native(kinds[k]);
            bytes v = gen_value(&g, t), key = encode(t, v, i & 1);
            reader r = reader_of(key);
            assert_true(bytes_eq(type_key_decode(t, &r, i & 1, &A), v));
        }
}

static void check_increasing(const type *t, const bytes *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(sign(type_compare(t, v[i], v[k])), sign((int)i - (int)k));
            assert_int_equal(sign(bytes_cmp(encode(t, v[i], false), encode(t, v[k], false))),
                             sign((int)i - (int)k));
        }
}

static void known_orders(void **state)
{
    (void)state;
    static const bytes doubles[] = {
        {(const uint8_t *)"", 0},          BYTES_LIT("\xff\xf0\0\0\0\0\0\0"), /* -inf */
        BYTES_LIT("\xbf\xf0\0\0\0\0\0\0"),                                    /* -1 */
        BYTES_LIT("\x80\0\0\0\0\0\0\0"),                                      /* -0 */
        BYTES_LIT("\0\0\0\0\0\0\0\0"),     BYTES_LIT("\x3f\xf0\0\0\0\0\0\0"), /* 0, 1 */
        BYTES_LIT("\x7f\xf0\0\0\0\0\0\0"),                                    /* inf */
        BYTES_LIT("\xff\xf8\0\0\0\0\0\1"),                                    /* NaN, negative */
    };
    check_increasing(type_native(TYPE_DOUBLE), doubles, 8);
    static const bytes varints[] = {
        {(const uint8_t *)"", 0}, BYTES_LIT("\xff\x00"), /* -256 */
        BYTES_LIT("\x80"),        BYTES_LIT("\xff"),     BYTES_LIT("\0\0"),     BYTES_LIT("\x01"),
        BYTES_LIT("\x7f"),        BYTES_LIT("\0\x80"),   BYTES_LIT("\x01\x00"),
    };
    check_increasing(type_native(TYPE_VARINT), varints, 9);
    static const bytes decimals[] = {
        {(const uint8_t *)"", 0},          BYTES_LIT("\0\0\0\0\x80"), /* -128 */
        BYTES_LIT("\0\0\0\1\xff"),                                    /* -0.1 */
        BYTES_LIT("\x7f\xff\xff\xff\xff"),                            /* -1E-2147483647 */
        BYTES_LIT("\0\0\0\5\0"),                                      /* 0.00000 */
        BYTES_LIT("\0\0\0\2\x01"),                                    /* 0.01 */
        BYTES_LIT("\0\0\0\2\x0b"),                                    /* 0.11 */
        BYTES_LIT("\0\0\0\1\x02"),                                    /* 0.2 */
        BYTES_LIT("\0\0\0\0\x02"),                                    /* 2 */
        BYTES_LIT("\xff\xff\xff\xff\x01"),                            /* 1E+1 */
        BYTES_LIT("\x80\0\0\0\x64"),                                  /* 100E+2147483648 */
    };
    check_increasing(type_native(TYPE_DECIMAL), decimals, 11);
    static const bytes uuids[] = {
        {(const uint8_t *)"", 0},
        BYTES_LIT("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        BYTES_LIT("\xff\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0"), /* v1: time_low last */
        BYTES_LIT("\0\0\0\0\0\1\x10\0\0\0\0\0\0\0\0\0"),
        BYTES_LIT("\0\0\0\0\0\1\x10\0\x80\0\0\0\0\0\0\0"), /* unsigned here */
        BYTES_LIT("\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\0\0"),   /* v4 */
    };
    check_increasing(type_native(TYPE_UUID), uuids, 6);
    static const bytes timeuuids[] = {
        BYTES_LIT("\xff\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0"),
        BYTES_LIT("\0\0\0\0\0\1\x10\0\x80\0\0\0\0\0\0\0"), /* signed here */
        BYTES_LIT("\0\0\0\0\0\1\x10\0\0\x80\0\0\0\0\0\0"),
        BYTES_LIT("\0\0\0\0\0\1\x10\0\0\0\0\0\0\0\0\0"),
    };
    check_increasing(type_native(TYPE_TIMEUUID), timeuuids, 4);
}

/* What decodes at all encodes to the same bytes or at least terminates; nothing crashes. */
static void garbage(void **state)
{
    (void)state;
    types_gen g = {.seed = 4, .a = &A};
    for (int i = 0; i < 60000; i++) {
        arena_reset(&A);
        const type *t = gen_type(&g, 3);
        uint8_t raw[40];
        size_t n = gen_below(&g, sizeof raw);
        for (size_t k = 0; k < n; k++)
            raw[k] = gen_below(&g, 2) ? (uint8_t)gen_below(&g, 4) : (uint8_t)gen_u64(&g);
        reader r = reader_of(bytes_of(raw, n));
        bytes v = type_key_decode(t, &r, i & 1, &A);
        assert_int_equal(r.bad, bytes_is_null(v));
    }
}

/* Clusterings: rows of up to three columns, bounds of every length. */
typedef struct clustering {
    bytes v[3];
} clustering;

static int compare_rows(const clustering_type *ct, const bytes *a, const bytes *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        int c = type_compare(ct->types[i], a[i], b[i]);
        bool null = bytes_is_null(a[i]) || bytes_is_null(b[i]);
        if (c)
            return ct->desc[i] && !null ? -c : c; /* null is first in either direction */
    }
    return 0;
}

static void clustering_slices(void **state)
{
    (void)state;
    types_gen g = {.seed = 5, .a = &A};
    for (int i = 0; i < 20000; i++) {
        arena_reset(&A);
        const type *types[3];
        bool desc[3];
        bytes row[3], other[3];
        for (int k = 0; k < 3; k++) {
            types[k] = gen_type(&g, 1);
            desc[k] = gen_below(&g, 2);
            row[k] = gen_value(&g, types[k]);
            other[k] = gen_below(&g, 2) ? row[k] : gen_neighbour(&g, types[k], row[k]);
            if (gen_below(&g, 12) == 0)
                other[k] = BYTES_NULL;
        }
        unsigned n = 1 + gen_below(&g, 3), prefix = gen_below(&g, n + 1);
        clustering_type ct = {n, types, desc};
        buf a = {0}, b = {0}, before = {0}, after = {0};
        clustering_encode(&ct, row, n, &a);
        clustering_encode(&ct, other, n, &b);
        assert_int_equal(sign(bytes_cmp(buf_view(&a), buf_view(&b))),
                         sign(compare_rows(&ct, row, other, n)));
        clustering_encode_bound(&ct, other, prefix, CK_BEFORE, &before);
        clustering_encode_bound(&ct, other, prefix, CK_AFTER, &after);
        int c = compare_rows(&ct, row, other, prefix);
        assert_int_equal(bytes_cmp(buf_view(&a), buf_view(&before)) >= 0, c >= 0);
        assert_int_equal(bytes_cmp(buf_view(&a), buf_view(&after)) >= 0, c > 0);

        bytes back[3];
        assert_int_equal(clustering_decode(&ct, buf_view(&b), &A, back), n);
        assert_int_equal(compare_rows(&ct, other, back, n), 0);
        assert_int_equal(clustering_decode(&ct, buf_view(&after), &A, back), prefix);
        buf_u8(&a, 0);
        assert_int_equal(clustering_decode(&ct, buf_view(&a), &A, back), -1);
        buf_done(&a);
        buf_done(&b);
        buf_done(&before);
        buf_done(&after);
    }
}

static void partition_keys(void **state)
{
    (void)state;
    types_gen g = {.seed = 6, .a = &A};
    const type *blob = type_native(TYPE_BLOB);
    for (int i = 0; i < 5000; i++) {
        arena_reset(&A);
        bytes k = gen_value(&g, blob), k2 = gen_value(&g, blob);
        for (partitioner p = PARTITIONER_MURMUR3; p <= PARTITIONER_BYTE_ORDERED; p++) {
            buf a = {0}, b = {0};
            key_encode_partition(p, k, &a);
            key_encode_partition(p, k2, &b);
            size_t n = a.n;
            if (!bytes_eq(k, k2))
                assert_false(is_prefix(buf_view(&a), buf_view(&b)));
            if (p == PARTITIONER_BYTE_ORDERED)
                assert_int_equal(sign(bytes_cmp(buf_view(&a), buf_view(&b))),
                                 sign(bytes_cmp(k, k2)));
            assert_int_equal(key_partition_length(p, bytes_of(a.p, n - 1)), 0);
            buf_u8(&a, PART_ROW);
            assert_int_equal(key_partition_length(p, buf_view(&a)), n);
            assert_true(bytes_eq(key_decode_partition(p, buf_view(&a), &A), k));
            buf_done(&a);
            buf_done(&b);
        }
    }
}

static void composite_keys(void **state)
{
    (void)state;
    arena_reset(&A);
    bytes parts[3] = {BYTES_LIT("ab"), BYTES_EMPTY, BYTES_LIT("\0\0")}, back[3];
    bytes key = partition_key_join(&A, parts, 3);
    assert_true(bytes_eq(key, BYTES_LIT("\0\2ab\0\0\0\0\0\2\0\0\0")));
    assert_int_equal(partition_key_split(key, 3, back), 0);
    for (int i = 0; i < 3; i++)
        assert_true(bytes_eq(parts[i], back[i]));
    assert_int_equal(partition_key_split(key, 2, back), ERR_INVALID);
    assert_int_equal(partition_key_split(bytes_of(key.p, key.n - 1), 3, back), ERR_INVALID);
    assert_int_equal(partition_key_split(key, 1, back), 0);
    assert_true(bytes_eq(back[0], key));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order),          cmocka_unit_test(order_native),
        cmocka_unit_test(exact),          cmocka_unit_test(known_orders),
        cmocka_unit_test(garbage),        cmocka_unit_test(clustering_slices),
        cmocka_unit_test(partition_keys), cmocka_unit_test(composite_keys),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
