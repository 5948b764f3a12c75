#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gen.h"

static arena A;

static row *copy(const row *r)
{
    row *c = arena_new(&A, row);
    *c = *r;
    c->cells = arena_array(&A, cell, r->n_cells);
    c->column_deletions = arena_array(&A, column_deletion, r->n_column_deletions);
    for (uint32_t i = 0; i < r->n_cells; i++)
        c->cells[i] = r->cells[i];
    for (uint32_t i = 0; i < r->n_column_deletions; i++)
        c->column_deletions[i] = r->column_deletions[i];
    return c;
}

static cell plain(int64_t timestamp, const char *value)
{
    return (cell){.column = 1,
                  .timestamp = timestamp,
                  .local_s = NO_DELETION_TIME,
                  .value = bytes_str(value)};
}

static cell tombstone(int64_t timestamp, int32_t local_s)
{
    return (cell){.column = 1, .flags = CELL_TOMBSTONE, .timestamp = timestamp, .local_s = local_s};
}

static cell expiring(int64_t timestamp, int32_t expiry_s, const char *value)
{
    return (cell){.column = 1,
                  .flags = CELL_EXPIRING,
                  .timestamp = timestamp,
                  .ttl_s = 5,
                  .local_s = expiry_s,
                  .value = bytes_str(value)};
}

static void check_wins(cell winner, cell loser)
{
    cell m = cell_merge(&winner, &loser, &A), n = cell_merge(&loser, &winner, &A);
    assert_int_equal(m.flags, winner.flags);
    assert_int_equal(m.local_s, winner.local_s);
    assert_true(bytes_eq(m.value, winner.value));
    assert_true(bytes_eq(n.value, winner.value) && n.flags == winner.flags);
}

static void test_reconcile(void **state)
{
    (void)state;
    check_wins(plain(2, "a"), plain(1, "b"));
    check_wins(plain(2, "a"), tombstone(1, 100));
    check_wins(tombstone(1, 5), plain(1, "z"));
    check_wins(tombstone(1, 5), expiring(1, 100, "z"));
    check_wins(expiring(1, 100, "a"), plain(1, "z"));
    check_wins(expiring(1, 100, "a"), expiring(1, 99, "b"));
    check_wins(expiring(1, 100, "b"), expiring(1, 100, "a"));
    check_wins(plain(1, "\xff"), plain(1, "a"));
    check_wins(plain(1, "ab"), plain(1, "a"));
    check_wins(tombstone(1, 6), tombstone(1, 5));
    cell c = {.column = 1,
              .flags = CELL_COUNTER,
              .timestamp = 9,
              .local_s = NO_DELETION_TIME,
              .value = BYTES_EMPTY};
    check_wins(tombstone(1, 5), c);
}

static void test_expiry(void **state)
{
    (void)state;
    cell c = expiring(1, 100, "a");
    assert_true(cell_is_live(&c, 99));
    assert_false(cell_is_live(&c, 100));
    row r = {.live = LIVENESS_NONE, .deletion = DELETION_NONE, .n_cells = 1, .cells = &c};
    assert_true(row_purge(&r, 100, 96, INT64_MAX) == false); /* deleted at 95 */
    c = expiring(1, 100, "a");
    r.n_cells = 1;
    assert_true(row_purge(&r, 100, 95, INT64_MAX));
    assert_int_equal(c.flags, CELL_TOMBSTONE);
    assert_int_equal(c.local_s, 95);
    assert_true(row_purge(&r, 100, 96, 1)); /* something as old may be elsewhere */
    assert_false(row_purge(&r, 100, 96, 2));
}

static void test_counters(void **state)
{
    (void)state;
    counter_shard s[] = {{{2}, 3, 30}, {{1}, 1, -5}, {{2}, 4, 7}};
    bytes v = counter_build(&A, s, 3);
    assert_int_equal(v.n, 64);
    assert_int_equal(counter_total(v), 2);
    counter_shard t[] = {{{3}, 1, 100}, {{1}, 9, 1}};
    assert_int_equal(counter_total(counter_merge(v, counter_build(&A, t, 2), &A)), 108);
    assert_int_equal(counter_total(BYTES_EMPTY), 0);
}

static void check_laws(gen *g)
{
    row *a = gen_row(g), *b = gen_row(g), *c = gen_row(g);
    row *ab = row_merge(a, b, &A);
    assert_true(row_same(ab, row_merge(b, a, &A)));
    assert_true(row_same(row_merge(ab, c, &A), row_merge(a, row_merge(b, c, &A), &A)));
    assert_true(row_same(ab, row_merge(ab, ab, &A)));
    assert_true(row_same(ab, row_merge(ab, a, &A)));
    row *na = copy(a);
    row_normalize(na);
    assert_true(row_same(na, row_merge(a, a, &A)));
    assert_true(row_same(ab, row_merge(na, b, &A)));
}

static void test_merge_laws(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 30; seed++) {
        gen g;
        gen_init(&g, seed);
        g.times = 1 + seed % 4;
        g.counters = g.no_row_delete = seed % 2;
        for (int i = 0; i < 1500; i++) {
            check_laws(&g);
            arena_reset(&g.arena);
            arena_reset(&A);
        }
        gen_done(&g);
    }
}

/* What a reader sees, as an encoded row without tombstones. */
static row *visible(const row *r, int64_t now_s)
{
    row *v = copy(r);
    row_purge(v, now_s, INT64_MAX, INT64_MAX);
    if (!liveness_is_live(v->live, now_s))
        v->live = LIVENESS_NONE;
    return v;
}

static int64_t oldest(const row *r)
{
    int64_t t = r->live.timestamp != NO_TIMESTAMP ? r->live.timestamp : INT64_MAX;
    for (uint32_t i = 0; i < r->n_cells; i++)
        t = r->cells[i].timestamp < t ? r->cells[i].timestamp : t;
    return t;
}

/* Purging one side first, with the bound that the other side's data sets, changes nothing that can
 * be seen; without a bound it would bring data back. */
static void test_purge_then_merge(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        gen g;
        gen_init(&g, seed);
        g.expiry_by_time = true;
        for (int i = 0; i < 2000; i++) {
            row *a = gen_row(&g), *b = gen_row(&g);
            int64_t now_s = 9 + gen_below(&g, 7);
            row *early = copy(a);
            row_purge(early, now_s, 5 + gen_below(&g, 10), oldest(b));
            row *x = row_merge(early, b, &A), *y = row_merge(a, b, &A);
            assert_true(row_same(visible(x, now_s), visible(y, now_s)));
            assert_true(row_is_live(x, now_s) == row_is_live(y, now_s));
            arena_reset(&g.arena);
            arena_reset(&A);
        }
        gen_done(&g);
    }
}

static void test_codec(void **state)
{
    (void)state;
    gen g;
    gen_init(&g, 77);
    g.counters = true;
    for (int i = 0; i < 30000; i++) {
        row *r = gen_row(&g), back, cut;
        buf b = {0}, again = {0};
        row_encode(r, &b);
        assert_int_equal(row_decode(buf_view(&b), &A, &back, NULL), 0);
        assert_int_equal(back.n_cells, r->n_cells);
        assert_true(back.live.timestamp == r->live.timestamp && back.live.ttl_s == r->live.ttl_s &&
                    back.live.expiry_s == r->live.expiry_s);
        for (uint32_t k = 0; k < r->n_cells; k++) {
            const cell *x = &r->cells[k], *y = &back.cells[k];
            assert_true(x->column == y->column && x->flags == y->flags && x->ttl_s == y->ttl_s &&
                        x->local_s == y->local_s && x->timestamp == y->timestamp);
            assert_true(bytes_eq(x->path, y->path) && bytes_eq(x->value, y->value));
        }
        row_encode(&back, &again);
        assert_true(bytes_eq(buf_view(&b), buf_view(&again)));
        for (size_t n = 0; n < b.n; n++)
            assert_int_equal(row_decode(bytes_of(b.p, n), &A, &cut, NULL), ERR_CORRUPT);
        buf_done(&b);
        buf_done(&again);
        arena_reset(&g.arena);
        arena_reset(&A);
    }
    gen_done(&g);
}

/* An insert as clients make them: one timestamp, all columns, perhaps a ttl. */
static row *gen_insert(gen *g)
{
    row *r = arena_new(&g->arena, row);
    int32_t ttl_s = gen_below(g, 3) == 0 ? 5 : NO_TTL;
    int64_t timestamp = 1 + gen_below(g, 4);
    r->live = LIVENESS_NONE;
    r->deletion = DELETION_NONE;
    if (gen_below(g, 3))
        r->live = (liveness){timestamp, ttl_s, ttl_s ? 12 : NO_DELETION_TIME};
    r->cells = arena_array(&g->arena, cell, 4);
    for (column_id id = 1; id <= 4; id++)
        if (gen_below(g, 5))
            r->cells[r->n_cells++] = (cell){.column = id,
                                            .flags = ttl_s ? CELL_EXPIRING : 0,
                                            .ttl_s = ttl_s,
                                            .local_s = ttl_s ? 12 : NO_DELETION_TIME,
                                            .timestamp = timestamp,
                                            .value = bytes_str(gen_below(g, 2) ? "v" : "")};
    return r;
}

static void test_merge_encoded(void **state)
{
    (void)state;
    gen g;
    gen_init(&g, 5);
    for (int i = 0; i < 60000; i++) {
        row *a = i % 2 ? gen_insert(&g) : gen_row(&g), *b = i % 4 ? gen_insert(&g) : gen_row(&g);
        buf x = {0}, y = {0}, out = {0}, expected = {0};
        row_normalize(a);
        row_normalize(b);
        row_encode(a, &x);
        row_encode(b, &y);
        assert_int_equal(row_merge_encoded(buf_view(&x), buf_view(&y), &A, &out, NULL), 0);
        row_encode(row_merge(a, b, &A), &expected);
        assert_true(bytes_eq(buf_view(&out), buf_view(&expected)));
        buf_done(&x);
        buf_done(&y);
        buf_done(&out);
        buf_done(&expected);
        arena_reset(&g.arena);
        arena_reset(&A);
    }
    gen_done(&g);
}

static void test_mutation(void **state)
{
    (void)state;
    gen g;
    gen_init(&g, 9);
    for (int i = 0; i < 3000; i++) {
        mutation m = {.key = BYTES_LIT("key"), .deletion = DELETION_NONE}, back;
        memset(m.table.b, i & 0xff, 16);
        if (gen_below(&g, 2))
            m.deletion = (deletion){7, 8};
        if (gen_below(&g, 2))
            m.static_row = gen_row(&g);
        m.n_rows = gen_below(&g, 3);
        m.rows = arena_array(&A, row, m.n_rows);
        for (uint32_t k = 0; k < m.n_rows; k++) {
            m.rows[k] = *gen_row(&g);
            m.rows[k].clustering = BYTES_LIT("\x38");
        }
        range_tombstone range = {BYTES_LIT("\x20"), BYTES_LIT("\x60"), {3, 4}};
        m.n_ranges = gen_below(&g, 2);
        m.ranges = &range;
        buf b = {0}, again = {0};
        mutation_encode(&m, &b);
        assert_int_equal(mutation_decode(buf_view(&b), &A, &back, NULL), 0);
        mutation_encode(&back, &again);
        assert_true(bytes_eq(buf_view(&b), buf_view(&again)));
        assert_true(mutation_size(&m) > 0);
        for (size_t n = 0; n < b.n; n++) {
            mutation cut;
            assert_int_equal(mutation_decode(bytes_of(b.p, n), &A, &cut, NULL), ERR_CORRUPT);
        }
        buf_done(&b);
        buf_done(&again);
        arena_reset(&g.arena);
        arena_reset(&A);
    }
    gen_done(&g);
}

static void test_extremes(void **state)
{
    (void)state;
    int64_t times[] = {INT64_MIN + 1, -1, 0, 1, INT64_MAX};
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) {
            cell c = plain(times[j], "v");
            row r = {.live = {times[i], NO_TTL, NO_DELETION_TIME},
                     .deletion = DELETION_NONE,
                     .n_cells = 1,
                     .cells = &c},
                back;
            buf b = {0};
            row_encode(&r, &b);
            assert_int_equal(row_decode(buf_view(&b), &A, &back, NULL), 0);
            assert_true(back.live.timestamp == times[i] && back.cells[0].timestamp == times[j]);
            buf_done(&b);
        }
    assert_true(column_id_of(BYTES_LIT("a")) != column_id_of(BYTES_LIT("b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reconcile),        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_counters),         cmocka_unit_test(test_merge_laws),
        cmocka_unit_test(test_purge_then_merge), cmocka_unit_test(test_codec),
        cmocka_unit_test(test_merge_encoded),    cmocka_unit_test(test_mutation),
        cmocka_unit_test(test_extremes),
    };
    arena_init(&A, 65536);
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&A);
    return r;
}
