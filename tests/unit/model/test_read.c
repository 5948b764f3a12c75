/* Reads merged from replicas that each hold a part of the writes, against a reader of all of them.
 * The replica here is as plain as can be: merge everything, then cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gen.h"
#include "model/read.h"
#include "model/repair.h"

#define KEYS 3
#define ROWS 4
#define WRITES 8
#define NOW 11

static arena A;
static const char *const keys[KEYS] = {"a", "b", "c"};
static const char *const clusterings[ROWS] = {"1", "2", "3", "4"};

/* ---- the writes ---- */
typedef struct write {
    int key, clustering; /* clustering -1: the static row */
    row *row;            /* or NULL: a range or the partition's deletion */
    range_tombstone range;
    deletion partition;
} write;

static row *live_row(gen *g, int64_t timestamp, bool is_static)
{
    row *r = arena_new(&A, row);
    r->live = LIVENESS_NONE;
    if (!is_static)
        r->live.timestamp = timestamp;
    r->deletion = DELETION_NONE;
    r->n_cells = 1;
    r->cells = arena_new(&A, cell);
    *r->cells = (cell){.column = 1 + gen_below(g, 2),
                       .timestamp = timestamp,
                       .local_s = NO_DELETION_TIME,
                       .value = BYTES_LIT("v")};
    return r;
}

static row *write_row(gen *g, bool is_static)
{
    int64_t timestamp = 1 + gen_below(g, 4);
    unsigned kind = gen_below(g, 6);
    row *r = live_row(g, timestamp, is_static);
    if (kind == 0) { /* DELETE of the row, or of the static cell */
        r->n_cells = is_static;
        r->live = LIVENESS_NONE;
        r->cells->flags = CELL_TOMBSTONE;
        r->cells->local_s = 9;
        r->cells->value = BYTES_NULL;
        if (!is_static)
            r->deletion = (deletion){timestamp, 9};
    } else if (kind == 1) {
        r = gen_row(g);
        row_normalize(r);
        if (is_static)
            r->live = LIVENESS_NONE;
    }
    return r;
}

static write gen_write(gen *g)
{
    write w = {.key = (int)gen_below(g, KEYS), .partition = DELETION_NONE};
    unsigned kind = gen_below(g, 10);
    w.clustering = kind == 1 ? -1 : (int)gen_below(g, ROWS);
    if (kind >= 1 && kind < 9) {
        w.row = write_row(g, w.clustering < 0);
        if (w.clustering >= 0)
            w.row->clustering = bytes_str(clusterings[w.clustering]);
    } else if (kind == 0) {
        w.partition = (deletion){1 + gen_below(g, 3), 9};
    } else {
        w.range.start = bytes_str(clusterings[gen_below(g, ROWS)]);
        w.range.end = bytes_str(clusterings[gen_below(g, ROWS)]);
        w.range.deletion = (deletion){1 + gen_below(g, 4), 9};
    }
    return w;
}

/* ---- a replica ---- */
typedef struct replica {
    partition p[KEYS];
    row *rows[KEYS][ROWS];
    range_tombstone ranges[KEYS][WRITES];
} replica;

static row *join(row *have, const row *more)
{
    return have ? row_merge(have, more, &A) : row_copy(more, &A);
}

static void settle(replica *r, int k)
{
    partition *p = &r->p[k];
    p->ranges = ranges_normalize(r->ranges[k], p->n_ranges, p->deletion, &A, &p->n_ranges);
    if (p->static_row)
        row_apply_deletion(p->static_row, p->deletion);
    for (int i = 0; i < ROWS; i++) {
        row *x = r->rows[k][i];
        if (!x)
            continue;
        row_apply_deletion(
            x, deletion_max(p->deletion, ranges_at(p->ranges, p->n_ranges, x->clustering)));
        row_normalize(x);
        if (row_is_empty(x))
            r->rows[k][i] = NULL;
    }
}

static replica *replica_new(const write *w, unsigned mask)
{
    replica *r = arena_new(&A, replica);
    for (int k = 0; k < KEYS; k++)
        r->p[k] = (partition){.key = bytes_str(keys[k]), .deletion = DELETION_NONE};
    for (int i = 0; i < WRITES; i++) {
        if (!(mask & 1u << i))
            continue;
        partition *p = &r->p[w[i].key];
        p->deletion = deletion_max(p->deletion, w[i].partition);
        if (w[i].row && w[i].clustering < 0)
            p->static_row = join(p->static_row, w[i].row);
        else if (w[i].row)
            r->rows[w[i].key][w[i].clustering] = join(r->rows[w[i].key][w[i].clustering], w[i].row);
        else if (w[i].range.start.p)
            r->ranges[w[i].key][p->n_ranges++] = w[i].range;
    }
    for (int k = 0; k < KEYS; k++)
        settle(r, k);
    return r;
}

static bool static_live(const partition *p)
{
    return p->static_row && row_is_live(p->static_row, NOW);
}

/* Reads on from where the command resumes; stops right at a limit. */
static read_result *replica_read(const replica *r, const read_command *c)
{
    read_result *out = arena_new(&A, read_result);
    out->partitions = arena_array(&A, partition, KEYS);
    for (int k = 0; k < KEYS; k++) {
        bool here = c->resume_key.p && bytes_eq_str(c->resume_key, keys[k]);
        if (c->resume_key.p &&
            (bytes_cmp(c->resume_key, bytes_str(keys[k])) > 0 || (here && !c->resume_clustering.p)))
            continue;
        partition p = r->p[k];
        uint32_t limit = c->static_only ? 1 : c->partition_limit;
        uint32_t live = 0, before = here ? c->resume_partition_rows : 0;
        p.rows = arena_array(&A, row *, ROWS);
        if (c->static_only && !here && static_live(&p))
            live = 1;
        bool all = true;
        for (int i = 0; i < ROWS; i++) {
            row *x = r->rows[k][c->reversed ? ROWS - 1 - i : i];
            if (!x)
                continue;
            int order = here ? bytes_cmp(x->clustering, c->resume_clustering) : 1;
            if (here && (c->reversed ? order >= 0 : order <= 0))
                continue;
            if (live + before >= limit || out->live_rows + live >= c->limit) {
                all = false;
                break;
            }
            p.rows[p.n_rows++] = x;
            live += row_is_live(x, NOW);
        }
        bool finished = all || live + before >= limit;
        if (finished && !live && !before && c->with_static && static_live(&p))
            live = 1;
        out->live_rows += live;
        bool something = p.n_rows || p.n_ranges || p.static_row || !deletion_is_none(p.deletion);
        if (something)
            out->partitions[out->n_partitions++] = p;
        if (out->live_rows >= c->limit) {
            out->more = !finished || k + 1 < KEYS;
            out->partition_finished = out->more && finished;
            break;
        }
    }
    return out;
}

/* ---- what a client sees ---- */
static void see_row(buf *out, const row *r)
{
    row *v = row_copy(r, &A);
    row_purge(v, NOW, INT64_MAX, INT64_MAX);
    buf_vbytes(out, v->clustering);
    row_encode(v, out);
}

/* Pages through; writes down every live row with its partition. */
static void see_all(replica *const *replicas, size_t n, read_command c, buf *out)
{
    for (int pages = 0;; pages++) {
        assert_true(pages < 200);
        const read_result *answers[3];
        for (size_t i = 0; i < n; i++)
            answers[i] = replica_read(replicas[i], &c);
        const read_result *r = read_result_merge(&c, answers, n, &A);
        const partition *last = NULL;
        uint32_t live = 0, counted = 0;
        for (uint32_t i = 0; i < r->n_partitions; i++) {
            last = &r->partitions[i];
            bool here =
                c.resume_key.p && c.resume_clustering.p && bytes_eq(c.resume_key, last->key);
            bool unfinished = i + 1 == r->n_partitions && r->more && !r->partition_finished;
            bool was_live = static_live(last);
            live = 0;
            for (uint32_t k = 0; k < last->n_rows; k++) {
                if (!row_is_live(last->rows[k], NOW))
                    continue;
                live++;
                buf_bytes(out, last->key);
                if (!c.static_only)
                    see_row(out, last->rows[k]);
            }
            bool only_static =
                !live && was_live && !unfinished &&
                (c.static_only ? !here : c.with_static && !(here && c.resume_partition_rows));
            if (only_static) {
                buf_bytes(out, last->key);
                buf_str(out, "static");
            }
            counted += live + only_static;
            live += here ? c.resume_partition_rows : 0;
        }
        assert_int_equal(r->live_rows, counted);
        assert_true(r->live_rows <= c.limit);
        if (!r->more)
            return;
        c.resume_key = last->key;
        c.resume_partition_rows = live;
        c.resume_clustering = BYTES_NULL;
        if (!r->partition_finished)
            c.resume_clustering = last->n_rows ? last->rows[last->n_rows - 1]->clustering
                                  : c.reversed ? BYTES_LIT("\xff")
                                               : BYTES_EMPTY;
    }
}

static void check_once(gen *g)
{
    write w[WRITES];
    unsigned masks[3] = {0, 0, 0};
    for (int i = 0; i < WRITES; i++) {
        w[i] = gen_write(g);
        masks[gen_below(g, 3)] |= 1u << i;
        for (int k = 0; k < 3; k++)
            masks[k] |= gen_below(g, 3) == 0 ? 1u << i : 0;
    }
    replica *parts[3], *all = replica_new(w, (1u << WRITES) - 1);
    for (int k = 0; k < 3; k++)
        parts[k] = replica_new(w, masks[k]);
    read_command c = {.partitioner = PARTITIONER_BYTE_ORDERED,
                      .reversed = gen_below(g, 2),
                      .with_static = gen_below(g, 2),
                      .limit = UINT32_MAX,
                      .partition_limit = gen_below(g, 2) ? 1 + gen_below(g, 3) : UINT32_MAX,
                      .now_s = NOW};
    c.static_only = c.with_static && gen_below(g, 3) == 0;
    buf expected = {0}, seen = {0};
    see_all(&all, 1, c, &expected);
    c.limit = 1 + gen_below(g, 4);
    see_all(parts, 3, c, &seen);
    assert_true(bytes_eq(buf_view(&expected), buf_view(&seen)));
    buf_done(&expected);
    buf_done(&seen);
}

static void test_merge_equals_all(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        gen g;
        gen_init(&g, seed);
        for (int i = 0; i < 1500; i++) {
            check_once(&g);
            arena_reset(&g.arena);
            arena_reset(&A);
        }
        gen_done(&g);
    }
}

static void test_digest(void **state)
{
    (void)state;
    gen g;
    gen_init(&g, 4);
    read_command c = {.partitioner = PARTITIONER_BYTE_ORDERED,
                      .limit = UINT32_MAX,
                      .partition_limit = UINT32_MAX,
                      .with_static = true,
                      .now_s = NOW};
    int differed = 0;
    for (int i = 0; i < 4000; i++) {
        write w[WRITES];
        for (int k = 0; k < WRITES; k++)
            w[k] = gen_write(&g);
        unsigned m1 = gen_below(&g, 1 << WRITES), m2 = ~m1;
        const read_result *all = replica_read(replica_new(w, (1u << WRITES) - 1), &c);
        const read_result *half[2] = {replica_read(replica_new(w, m1), &c),
                                      replica_read(replica_new(w, m2), &c)};
        uint8_t x[16], y[16], z[16];
        read_result_digest(all, x);
        read_result_digest(read_result_merge(&c, half, 2, &A), y);
        read_result_digest(half[0], z);
        assert_memory_equal(x, y, 16);
        differed += memcmp(x, z, 16) != 0;
        arena_reset(&g.arena);
        arena_reset(&A);
    }
    assert_true(differed > 3000);
    gen_done(&g);
}

/* A mutation as the answer of a replica that holds nothing else. */
static read_result *result_of(const mutations *ms)
{
    read_result *r = arena_new(&A, read_result);
    r->n_partitions = ms->n;
    r->partitions = arena_array(&A, partition, ms->n);
    for (unsigned i = 0; i < ms->n; i++) {
        const mutation *m = &ms->p[i];
        partition *p = &r->partitions[i];
        *p = (partition){.key = m->key,
                         .deletion = m->deletion,
                         .static_row = m->static_row,
                         .n_rows = m->n_rows,
                         .n_ranges = m->n_ranges,
                         .ranges = m->ranges};
        p->rows = arena_array(&A, row *, m->n_rows);
        for (uint32_t k = 0; k < m->n_rows; k++)
            p->rows[k] = &m->rows[k];
    }
    return r;
}

/* What a replica lacks, written to it, makes it show what the merged answer shows; a replica that
 * lacks nothing is sent nothing. */
static void test_diff_repairs(void **state)
{
    (void)state;
    gen g;
    gen_init(&g, 5);
    read_command c = {.partitioner = PARTITIONER_BYTE_ORDERED,
                      .limit = UINT32_MAX,
                      .partition_limit = UINT32_MAX,
                      .with_static = true,
                      .now_s = NOW};
    for (int i = 0; i < 4000; i++) {
        write w[WRITES];
        for (int k = 0; k < WRITES; k++)
            w[k] = gen_write(&g);
        const read_result *two[2] = {replica_read(replica_new(w, gen_below(&g, 1 << WRITES)), &c),
                                     replica_read(replica_new(w, gen_below(&g, 1 << WRITES)), &c)};
        const read_result *merged = read_result_merge(&c, two, 2, &A);
        uint8_t want[16], got[16];
        read_result_digest(merged, want);
        mutations lacking = {0}, none = {0};
        read_result_diff(&c, merged, two[0], &A, &lacking);
        const read_result *repaired[2] = {two[0], result_of(&lacking)};
        const read_result *after = lacking.n ? read_result_merge(&c, repaired, 2, &A) : two[0];
        read_result_digest(after, got);
        assert_memory_equal(want, got, 16);
        read_result_diff(&c, merged, merged, &A, &none);
        assert_int_equal(none.n, 0);
        arena_reset(&g.arena);
        arena_reset(&A);
    }
    gen_done(&g);
}

static void test_result_codec(void **state)
{
    (void)state;
    gen g;
    gen_init(&g, 8);
    for (int i = 0; i < 1000; i++) {
        write w[WRITES];
        for (int k = 0; k < WRITES; k++)
            w[k] = gen_write(&g);
        read_command c = {.limit = 1 + gen_below(&g, 5), .partition_limit = UINT32_MAX};
        read_result *r = replica_read(replica_new(w, (1u << WRITES) - 1), &c), back;
        buf b = {0}, again = {0};
        read_result_encode(r, &b);
        assert_int_equal(read_result_decode(buf_view(&b), &A, &back, NULL), 0);
        read_result_encode(&back, &again);
        assert_true(bytes_eq(buf_view(&b), buf_view(&again)));
        for (size_t n = 0; n < b.n; n++)
            assert_int_equal(read_result_decode(bytes_of(b.p, n), &A, &back, NULL), ERR_CORRUPT);
        buf_done(&b);
        buf_done(&again);
        arena_reset(&g.arena);
        arena_reset(&A);
    }
    gen_done(&g);
}

static void test_command_codec(void **state)
{
    (void)state;
    clustering_slice slices[] = {{BYTES_LIT("a"), BYTES_LIT("b")},
                                 {BYTES_LIT("b"), BYTES_LIT("c")}};
    read_command c = {.partitioner = PARTITIONER_RANDOM,
                      .key = BYTES_LIT("key"),
                      .to = BYTES_EMPTY,
                      .n_slices = 2,
                      .slices = slices,
                      .reversed = true,
                      .limit = UINT32_MAX,
                      .partition_limit = 7,
                      .max_bytes = 1 << 20,
                      .now_s = -5,
                      .resume_key = BYTES_LIT("key"),
                      .resume_partition_rows = 3},
                 back;
    buf b = {0}, again = {0};
    read_command_encode(&c, &b);
    assert_int_equal(read_command_decode(buf_view(&b), &A, &back, NULL), 0);
    read_command_encode(&back, &again);
    assert_true(bytes_eq(buf_view(&b), buf_view(&again)));
    assert_null(back.from.p);
    assert_non_null(back.to.p);
    assert_true(back.reversed && back.limit == UINT32_MAX && back.now_s == -5);
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(read_command_decode(bytes_of(b.p, n), &A, &back, NULL), ERR_CORRUPT);
    buf_done(&b);
    buf_done(&again);
}

/* Against asking every range at every point. */
static void test_ranges(void **state)
{
    (void)state;
    gen g;
    gen_init(&g, 3);
    for (int i = 0; i < 20000; i++) {
        range_tombstone r[6];
        uint32_t n = gen_below(&g, 7), m;
        uint8_t letters[8] = "abcdefgh";
        for (uint32_t k = 0; k < n; k++)
            r[k] = (range_tombstone){bytes_of(letters + gen_below(&g, 8), 1),
                                     bytes_of(letters + gen_below(&g, 8), 1),
                                     {1 + gen_below(&g, 4), (int32_t)gen_below(&g, 2)}};
        deletion d = gen_below(&g, 2) ? DELETION_NONE : (deletion){2, 0};
        range_tombstone *s = ranges_normalize(r, n, d, &A, &m);
        for (uint32_t k = 1; k < m; k++)
            assert_true(bytes_cmp(s[k - 1].end, s[k].start) <= 0);
        for (int p = 0; p < 8; p++) {
            bytes at = bytes_of(letters + p, 1);
            deletion expected = DELETION_NONE, got = ranges_at(s, m, at);
            for (uint32_t k = 0; k < n; k++)
                if (bytes_cmp(r[k].start, at) <= 0 && bytes_cmp(at, r[k].end) < 0 &&
                    !deletion_covers(d, r[k].deletion.timestamp))
                    expected = deletion_max(expected, r[k].deletion);
            assert_true(got.timestamp == expected.timestamp && got.local_s == expected.local_s);
        }
        arena_reset(&A);
    }
    gen_done(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),       cmocka_unit_test(test_merge_equals_all),
        cmocka_unit_test(test_digest),       cmocka_unit_test(test_diff_repairs),
        cmocka_unit_test(test_result_codec), cmocka_unit_test(test_command_codec),
    };
    arena_init(&A, 65536);
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&A);
    return r;
}
