/* Arithmetic on integers of any size against the compiler's 128 bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* After those above. */
#include <cmocka.h>

#include "model/bigint.h"

typedef __int128 wide;

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 16 ^ *seed << 31;
}

/* Of any length up to 119 bits, often next to a power of two. */
static wide random_wide(uint64_t *seed)
{
    wide v = (wide)((unsigned __int128)next(seed) << 64 | next(seed));
    v >>= 9 + next(seed) % 118;
    if (next(seed) % 3 == 0)
        v = ((wide)1 << next(seed) % 118) - (wide)(next(seed) % 3);
    return next(seed) & 1 ? -v : v;
}

static bytes put(arena *a, wide v)
{
    uint8_t *p = arena_alloc(a, 16);
    for (int i = 0; i < 16; i++)
        p[i] = (uint8_t)((unsigned __int128)v >> 8 * (15 - i));
    return bigint_trim(bytes_of(p, 16));
}

static void same(arena *a, bytes got, wide want)
{
    bytes w = put(a, want);
    assert_int_equal(got.n, w.n);
    assert_memory_equal(got.p, w.p, w.n);
}

static void operations(void **state)
{
    (void)state;
    uint64_t seed = 42, left;
    for (int i = 0; i < 20000; i++) {
        arena a;
        arena_init(&a, 4096);
        wide x = random_wide(&seed), y = random_wide(&seed);
        uint64_t by = next(&seed) >> next(&seed) % 63 | 1;
        same(&a, bigint_add(&a, put(&a, x), put(&a, y)), x + y);
        same(&a, bigint_negate(&a, put(&a, x)), -x);
        same(&a, bigint_divide(&a, put(&a, x), by, &left), x / (wide)by);
        assert_true(left == (uint64_t)((x < 0 ? -x : x) % (wide)by));
        same(&a, bigint_shift10(&a, put(&a, x >> 70), 15), (x >> 70) * 1000000000000000);
        arena_done(&a);
    }
}

static void long_shift(void **state)
{
    (void)state;
    arena a;
    digits d;
    arena_init(&a, 4096);
    digits_init(&d, bigint_shift10(&a, put(&a, -123), 500));
    assert_true(d.negative && d.n == 503 && !memcmp(d.d, "1230", 4) && d.d[502] == '0');
    digits_done(&d);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(operations), cmocka_unit_test(long_shift)};
    return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}
