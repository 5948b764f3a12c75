/* Random WHERE clauses against filtering by hand, and every answer page by page. */
#include "tests/unit/cql/node.h"

#define VALUES 4 /* clustering values are 0..3, so that slices hit and miss */
#define COLUMNS 3
static const char *const names[COLUMNS] = {"a", "b", "c"};
static const bool desc[COLUMNS] = {false, true, false};

typedef struct model_row {
    int v[COLUMNS];
} model_row;

typedef struct world {
    test_node *n;
    unsigned n_rows;
    model_row rows[VALUES * VALUES * VALUES];
    arena a;
} world;

static unsigned pick(world *w, unsigned n)
{
    return (unsigned)sim_choose(w->n->sim, n);
}

/* ---- a random predicate ---- */

typedef struct predicate {
    unsigned n_in[COLUMNS]; /* leading columns by = or IN */
    int in[COLUMNS][3];
    unsigned prefix;
    unsigned n_low, n_high; /* columns of the bounds after the prefix */
    int low[COLUMNS], high[COLUMNS];
    bool low_inclusive, high_inclusive;
} predicate;

static void random_predicate(world *w, predicate *p)
{
    *p = (predicate){0};
    p->prefix = pick(w, COLUMNS + 1);
    for (unsigned i = 0; i < p->prefix; i++) {
        p->n_in[i] = pick(w, 2) ? 1 : 1 + pick(w, 3);
        for (unsigned k = 0; k < p->n_in[i]; k++)
            p->in[i][k] = (int)pick(w, VALUES);
    }
    unsigned left = COLUMNS - p->prefix;
    if (!left)
        return;
    p->n_low = pick(w, left + 1);
    p->n_high = pick(w, left + 1);
    p->low_inclusive = pick(w, 2);
    p->high_inclusive = pick(w, 2);
    for (unsigned i = 0; i < COLUMNS; i++) {
        p->low[i] = (int)pick(w, VALUES);
        p->high[i] = (int)pick(w, VALUES);
    }
}

static void put_bound(buf *b, const predicate *p, unsigned n, const int *v, const char *op)
{
    const char *names_open = n > 1 ? "(" : "", *close = n > 1 ? ")" : "";
    if (!n)
        return;
    buf_printf(b, " AND %s", names_open);
    for (unsigned i = 0; i < n; i++)
        buf_printf(b, "%s%s", i ? ", " : "", names[p->prefix + i]);
    buf_printf(b, "%s %s %s", close, op, names_open);
    for (unsigned i = 0; i < n; i++)
        buf_printf(b, "%s%d", i ? ", " : "", v[i]);
    buf_str(b, close);
}

static void put_where(buf *b, const predicate *p)
{
    for (unsigned i = 0; i < p->prefix; i++) {
        buf_printf(b, " AND %s %s", names[i], p->n_in[i] == 1 ? "= " : "IN (");
        for (unsigned k = 0; k < p->n_in[i]; k++)
            buf_printf(b, "%s%d", k ? ", " : "", p->in[i][k]);
        buf_str(b, p->n_in[i] == 1 ? "" : ")");
    }
    put_bound(b, p, p->n_low, p->low, p->low_inclusive ? ">=" : ">");
    put_bound(b, p, p->n_high, p->high, p->high_inclusive ? "<=" : "<");
}

static int compare(const model_row *r, unsigned from, unsigned n, const int *v)
{
    for (unsigned i = 0; i < n; i++)
        if (r->v[from + i] != v[i])
            return r->v[from + i] < v[i] ? -1 : 1;
    return 0;
}

static bool holds(const predicate *p, const model_row *r)
{
    for (unsigned i = 0; i < p->prefix; i++) {
        bool found = false;
        for (unsigned k = 0; k < p->n_in[i]; k++)
            found |= r->v[i] == p->in[i][k];
        if (!found)
            return false;
    }
    int low = compare(r, p->prefix, p->n_low, p->low);
    int high = compare(r, p->prefix, p->n_high, p->high);
    if (p->n_low && !(low > 0 || (low == 0 && p->low_inclusive)))
        return false;
    return !p->n_high || high < 0 || (high == 0 && p->high_inclusive);
}

static int by_clustering(const void *a, const void *b)
{
    const model_row *x = a, *y = b;
    for (unsigned i = 0; i < COLUMNS; i++)
        if (x->v[i] != y->v[i])
            return (x->v[i] < y->v[i]) != desc[i] ? -1 : 1;
    return 0;
}

/* ---- asking ---- */

typedef struct answer {
    unsigned n;
    model_row rows[VALUES * VALUES * VALUES * 3];
} answer;

static void ask(world *w, const char *text, int32_t page_size, answer *out)
{
    arena a;
    err_info err = {0};
    query_options o = node_options();
    cql_result r;
    arena_init(&a, 4096);
    o.page_size = page_size;
    out->n = 0;
    do {
        if (cql_query(w->n->q, w->n->e, &w->n->client, bytes_str(text), &o, &a, &r, &err) < 0)
            fail_msg("%s: %s", text, err.text);
        assert_true(page_size <= 0 || r.n_rows <= (size_t)page_size);
        for (size_t i = 0; i < r.n_rows; i++) {
            assert_true(out->n < sizeof out->rows / sizeof *out->rows);
            for (unsigned k = 0; k < COLUMNS; k++)
                out->rows[out->n].v[k] = (int)get_be32(r.values[i * r.n_columns + k].p);
            out->n++;
        }
        o.paging_state = r.paging_state;
    } while (r.paging_state.p);
    arena_done(&a);
}

static void check_same(const char *text, const answer *got, const answer *want)
{
    bool same = got->n == want->n;
    for (unsigned i = 0; same && i < got->n; i++)
        same = memcmp(&got->rows[i], &want->rows[i], sizeof got->rows[i]) == 0;
    if (!same)
        fail_msg("%s: %u rows, wanted %u", text, got->n, want->n);
}

static void expect(world *w, const predicate *p, bool reversed, unsigned limit, answer *out)
{
    out->n = 0;
    for (unsigned i = 0; i < w->n_rows && out->n < limit; i++) {
        const model_row *r = &w->rows[reversed ? w->n_rows - 1 - i : i];
        if (holds(p, r))
            out->rows[out->n++] = *r;
    }
}

static void one_question(world *w)
{
    predicate p;
    answer want, got;
    buf b = {0};
    bool reversed = pick(w, 2);
    unsigned limit = pick(w, 3) ? UINT32_MAX : 1 + pick(w, 10);
    random_predicate(w, &p);
    buf_str(&b, "SELECT a, b, c FROM ks.p WHERE k = 1");
    put_where(&b, &p);
    if (reversed)
        buf_str(&b, " ORDER BY a DESC, b ASC, c DESC");
    if (limit != UINT32_MAX)
        buf_printf(&b, " LIMIT %u", limit);
    buf_u8(&b, 0);
    expect(w, &p, reversed, limit, &want);
    ask(w, (char *)b.p, 0, &got);
    check_same((char *)b.p, &got, &want);
    ask(w, (char *)b.p, 1 + (int32_t)pick(w, 7), &got);
    check_same((char *)b.p, &got, &want);
    buf_done(&b);
}

/* Filters on any columns over all partitions: the same rows with and without pages. */
static void one_filter(world *w)
{
    answer all, paged;
    char text[200];
    snprintf(text, sizeof text,
             "SELECT a, b, c FROM ks.p WHERE b >= %u AND v < %u %s ALLOW FILTERING",
             pick(w, VALUES), pick(w, 100), pick(w, 2) ? "PER PARTITION LIMIT 3" : "");
    ask(w, text, 0, &all);
    ask(w, text, 1 + (int32_t)pick(w, 5), &paged);
    check_same(text, &paged, &all);
}

static void fill(world *w)
{
    cql_result r;
    char text[200];
    node_ok(w->n, &w->a,
            "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', "
            "'replication_factor': 1}",
            &r);
    node_ok(w->n, &w->a,
            "CREATE TABLE ks.p (k int, a int, b int, c int, v int, s int static, PRIMARY KEY (k, "
            "a, b, c)) WITH CLUSTERING ORDER BY (a ASC, b DESC, c ASC)",
            &r);
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < VALUES * VALUES * VALUES; i++) {
            model_row row = {{i / 16, i / 4 % 4, i % 4}};
            if (pick(w, 3) == 0)
                continue;
            snprintf(text, sizeof text,
                     "INSERT INTO ks.p (k, a, b, c, v) VALUES (%d, %d, %d, %d, %u)", k, row.v[0],
                     row.v[1], row.v[2], pick(w, 100));
            node_ok(w->n, &w->a, text, &r);
            if (k == 1 && pick(w, 6) == 0) {
                snprintf(text, sizeof text,
                         "DELETE FROM ks.p WHERE k = 1 AND a = %d AND b = %d AND c = %d", row.v[0],
                         row.v[1], row.v[2]);
                node_ok(w->n, &w->a, text, &r);
            } else if (k == 1) {
                w->rows[w->n_rows++] = row;
            }
        }
    }
    qsort(w->rows, w->n_rows, sizeof *w->rows, by_clustering);
}

static void run(test_node *n, void *arg)
{
    world w = {.n = n};
    err_info err;
    arena_init(&w.a, 4096);
    fill(&w);
    for (unsigned i = 0; i < *(unsigned *)arg; i++) {
        if (i == 200)
            assert_int_equal(storage_flush(n->storage, n->e, NULL, &err), 0);
        one_question(&w);
        if (i % 4 == 0)
            one_filter(&w);
    }
    arena_done(&w.a);
}

static void test_random_where(void **state)
{
    (void)state;
    unsigned questions = 500;
    for (uint64_t seed = 1; seed <= 3; seed++)
        node_run(seed, run, &questions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_where)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
