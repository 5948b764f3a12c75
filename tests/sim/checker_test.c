/* The checker itself: what it accepts, what it must find, and that it agrees with a register. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* After those above. */
#include <cmocka.h>

#include "base/must.h"
#include "runtime/random.h"
#include "tests/sim/checker.h"

typedef struct step {
    op_kind kind;
    int64_t version, begin_us, end_us; /* end -1: unknown outcome */
} step;

#define W OP_WRITE_VALUE
#define D OP_DELETE_VALUE
#define R OP_READ_VALUE

static history history_of(const step *s, size_t n)
{
    history h = {0};
    for (size_t i = 0; i < n; i++) {
        size_t op = history_begin(&h, s[i].kind, 1, s[i].version, s[i].begin_us);
        if (s[i].end_us >= 0)
            history_end(&h, op, true, s[i].version, s[i].end_us);
    }
    return h;
}

static void table(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        verdict expected, monotonic;
        size_t n;
        step steps[4];
    } cases[] = {
        {"nothing was ever there", 0, 0, 1, {{R, 0, 1, 2}}},
        {"read your write", 0, 0, 2, {{W, 7, 1, 2}, {R, 7, 3, 4}}},
        {"lost", HISTORY_LOST, HISTORY_LOST, 2, {{W, 7, 1, 2}, {R, 0, 3, 4}}},
        {"older", HISTORY_LOST, HISTORY_LOST, 3, {{W, 6, 1, 2}, {W, 7, 1, 2}, {R, 6, 3, 4}}},
        {"version decides, not time", 0, 0, 3, {{W, 7, 1, 2}, {W, 6, 3, 4}, {R, 7, 5, 6}}},
        {"concurrent: old", 0, 0, 2, {{W, 7, 1, 5}, {R, 0, 3, 4}}},
        {"concurrent: new", 0, 0, 2, {{W, 7, 1, 5}, {R, 7, 3, 4}}},
        {"touching is concurrent", 0, 0, 2, {{W, 7, 1, 3}, {R, 0, 3, 4}}},
        {"unknown: not there", 0, 0, 2, {{W, 7, 1, -1}, {R, 0, 3, 4}}},
        {"unknown: there", 0, 0, 2, {{W, 7, 1, -1}, {R, 7, 3, 4}}},
        {"unknown: there, then gone",
         0,
         HISTORY_STALE,
         3,
         {{W, 7, 1, -1}, {R, 7, 3, 4}, {R, 0, 5, 6}}},
        {"reads that overlap may differ", 0, 0, 3, {{W, 7, 1, -1}, {R, 7, 3, 6}, {R, 0, 5, 8}}},
        {"from the future", HISTORY_INVENTED, HISTORY_INVENTED, 2, {{R, 7, 1, 2}, {W, 7, 3, 4}}},
        {"from nowhere", HISTORY_INVENTED, HISTORY_INVENTED, 2, {{W, 7, 1, 2}, {R, 8, 3, 4}}},
        {"a delete has no value",
         HISTORY_INVENTED,
         HISTORY_INVENTED,
         2,
         {{D, 7, 1, 2}, {R, 7, 3, 4}}},
        {"deleted", 0, 0, 3, {{W, 7, 1, 2}, {D, 8, 3, 4}, {R, 0, 5, 6}}},
        {"back from the dead",
         HISTORY_LOST,
         HISTORY_LOST,
         3,
         {{W, 7, 1, 2}, {D, 8, 3, 4}, {R, 7, 5, 6}}},
        {"an older delete",
         HISTORY_LOST,
         HISTORY_LOST,
         3,
         {{W, 7, 1, 2}, {D, 6, 3, 4}, {R, 0, 5, 6}}},
        {"perhaps deleted: gone", 0, 0, 3, {{W, 7, 1, 2}, {D, 8, 3, -1}, {R, 0, 5, 6}}},
        {"perhaps deleted: there", 0, 0, 3, {{W, 7, 1, 2}, {D, 8, 3, -1}, {R, 7, 5, 6}}},
        {"deleted later",
         HISTORY_LOST,
         HISTORY_LOST,
         3,
         {{W, 7, 1, 2}, {R, 0, 3, 4}, {D, 8, 5, 6}}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        finding f;
        history h = history_of(cases[i].steps, cases[i].n);
        verdict v = history_check(&h, false, &f), m = history_check(&h, true, &f);
        if (v != cases[i].expected || m != cases[i].monotonic)
            fail_msg("%s: %s, monotonic: %s", cases[i].what, verdict_name(v), verdict_name(m));
        history_done(&h);
    }
}

static void forgetting(void **state)
{
    (void)state;
    static const step steps[] = {{W, 5, 1, 10}, {W, 7, 11, 20}, {R, 7, 21, 22}, {R, 5, 40, 41}};
    finding f;
    history h = history_of(steps, 4);
    assert_int_equal(history_check(&h, true, &f), HISTORY_LOST);
    assert_int_equal(f.bound.version, 7);
    assert_int_equal(f.read.begin_us, 40);
    history_forget(&h, 2, 9, 15, 30); /* other keys */
    assert_int_equal(history_check(&h, true, &f), HISTORY_LOST);
    history_forget(&h, 1, 2, 15, 30); /* what was answered after 15 died at 30 */
    assert_int_equal(history_check(&h, true, &f), HISTORY_HOLDS);
    size_t op = history_begin(&h, R, 1, 0, 50);
    history_end(&h, op, true, 0, 51); /* 5 was not forgotten */
    assert_int_equal(history_check(&h, true, &f), HISTORY_LOST);
    assert_int_equal(f.bound.version, 5);
    history_done(&h);
}

/* A register that takes effect at a random moment of each operation holds; one that sometimes
 * forgets its last write does not for long. */
static verdict register_run(uint64_t seed, bool faulty)
{
    random_state r;
    history h = {0};
    int64_t now = 0, shown[4] = {0}, before[4] = {0};
    finding f;
    random_seed(&r, seed);
    for (int i = 1; i < 400; i++) {
        uint32_t key = (uint32_t)random_below(&r, 4);
        int64_t begin = now + 1, end = begin + (int64_t)random_below(&r, 5);
        bool known = random_below(&r, 5);
        op_kind kind = (op_kind)random_below(&r, 3);
        size_t op = history_begin(&h, kind, key, i, begin);
        if (kind != R && (known || random_below(&r, 2))) {
            before[key] = shown[key];
            shown[key] = kind == W ? i : 0;
        }
        if (faulty && random_below(&r, 50) == 0)
            shown[key] = before[key];
        if (known)
            history_end(&h, op, true, shown[key], end);
        now = end;
    }
    verdict v = history_check(&h, true, &f);
    history_done(&h);
    return v;
}

static void registers(void **state)
{
    (void)state;
    int found = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        assert_int_equal(register_run(seed, false), HISTORY_HOLDS);
        found += register_run(seed, true) != HISTORY_HOLDS;
    }
    assert_true(found > 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(forgetting),
        cmocka_unit_test(registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
