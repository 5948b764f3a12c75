/* The ordered tree against a sorted array. */
#include "base/buf.h"
#include "storage/btree.h"
#include "tests/unit/runtime/suite.h"

enum { N = 20000 };

static uint64_t seed;

static uint64_t chance(uint64_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % n;
}

/* Kinds: 0 eight random bytes; 1 a long common prefix; 2 short keys with zeros; 3 ascending. */
static bytes some_key(arena *a, int kind, unsigned i)
{
    uint8_t k[24] = "common prefix..";
    size_t n = 20;
    switch (kind) {
    case 0:
        put_be64(k, chance(1 << 30) << 32);
        n = 8 + chance(4);
        break;
    case 1:
        put_be32(k + 16, (uint32_t)chance(50000));
        break;
    case 2:
        n = chance(6);
        for (size_t b = 0; b < n; b++)
            k[b] = (uint8_t)chance(3);
        break;
    default:
        put_be32(k + 16, i);
    }
    return arena_copy(a, bytes_of(k, n));
}

static int compare(const void *a, const void *b)
{
    return bytes_cmp(*(const bytes *)a, *(const bytes *)b);
}

static void check_walks(const btree *t, const bytes *sorted, size_t n, bytes from)
{
    btree_entry *found[100];
    size_t at = 0;
    while (at < n && bytes_cmp(sorted[at], from) < 0)
        at++;
    size_t got = btree_forward(t, from, false, found, 100);
    check(got == (n - at < 100 ? n - at : 100));
    for (size_t i = 0; i < got; i++)
        check(bytes_eq(btree_key(found[i]), sorted[at + i]));
    got = btree_backward(t, from, found, 100);
    check(got == (at < 100 ? at : 100));
    for (size_t i = 0; i < got; i++)
        check(bytes_eq(btree_key(found[i]), sorted[at - 1 - i]));
    if (at < n && bytes_eq(sorted[at], from)) {
        got = btree_forward(t, from, true, found, 1);
        check(got == (at + 1 < n) && (!got || bytes_eq(btree_key(found[0]), sorted[at + 1])));
    }
}

static void against_array(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        arena a;
        btree t;
        arena_init(&a, 4096);
        btree_init(&t, &a);
        bytes *keys = xmalloc(N * sizeof *keys);
        seed = (uint64_t)kind;
        for (unsigned i = 0; i < N; i++) {
            keys[i] = some_key(&a, kind, i);
            btree_entry *e = btree_insert(&t, keys[i]);
            check(bytes_eq(btree_key(e), keys[i]));
            e->value = (const uint8_t *)"";
        }
        qsort(keys, N, sizeof *keys, compare);
        size_t n = 0;
        for (size_t i = 0; i < N; i++)
            if (!n || !bytes_eq(keys[n - 1], keys[i]))
                keys[n++] = keys[i];
        check(t.n == n);
        for (size_t i = 0; i < n; i++) {
            const btree_entry *e = btree_find(&t, keys[i]);
            check(e && e->value && bytes_eq(btree_key(e), keys[i]));
        }
        for (int i = 0; i < 300; i++)
            check_walks(&t, keys, n, i % 2 ? keys[chance(n)] : some_key(&a, kind, N + 1));
        btree_entry *last;
        check(btree_backward(&t, BYTES_NULL, &last, 1) == 1);
        check(bytes_eq(btree_key(last), keys[n - 1]));
        free(keys);
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(against_array)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
