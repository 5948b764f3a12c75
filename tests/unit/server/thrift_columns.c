/* Thrift's columns against a plain model of them: random writes, deletions and slices on every
 * shape of column family, with rows kept as storage would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/schema_internal.h"
#include "runtime/random.h"
#include "server/thrift/cf_def.h"
#include "server/thrift/checks.h"

enum { NOW_S = 1000, ROWS_MAX = 4096, COLUMNS_MAX = 512 };

/* ---- shapes ---- */

typedef enum name_kind { NAME_TEXT, NAME_INT, NAME_INT_DESC, NAME_PAIR } name_kind;

typedef struct shape {
    const char *what, *comparator, *subcomparator;
    bool declared;
    name_kind names, supers;
} shape;

static const shape shapes[] = {
    {"dense bytes", "BytesType", NULL, false, NAME_TEXT, 0},
    {"dense text", "UTF8Type", NULL, false, NAME_TEXT, 0},
    {"dense int", "Int32Type", NULL, false, NAME_INT, 0},
    {"dense int, reversed", "ReversedType(Int32Type)", NULL, false, NAME_INT_DESC, 0},
    {"dense pair", "CompositeType(Int32Type,UTF8Type)", NULL, false, NAME_PAIR, 0},
    {"static text", "UTF8Type", NULL, true, NAME_TEXT, 0},
    {"static bytes", "BytesType", NULL, true, NAME_TEXT, 0},
    {"super text of int", "UTF8Type", "Int32Type", false, NAME_INT, NAME_TEXT},
    {"super int of bytes", "Int32Type", "BytesType", false, NAME_TEXT, NAME_INT},
};

/* ---- the plain model: names in order ---- */

typedef struct plain {
    bytes super, name, value;
    int64_t timestamp;
    int32_t ttl;
} plain;

typedef struct world {
    const shape *shape;
    random_state rng;
    arena arena;
    buf scratch;
    column_view view;
    row *rows[ROWS_MAX]; /* by clustering */
    unsigned n_rows;
    row *static_row;
    plain columns[COLUMNS_MAX]; /* sorted when asked */
    unsigned n_columns;
    int64_t clock;
} world;

static unsigned below(world *w, unsigned n)
{
    return (unsigned)random_below(&w->rng, n);
}

/* ---- the comparator, once more ---- */

static int sign(int64_t n)
{
    return n < 0 ? -1 : n > 0;
}

static int compare_int(bytes a, bytes b)
{
    return sign((int64_t)(int32_t)get_be32(a.p) - (int32_t)get_be32(b.p));
}

/* As CompositeType compares, bounds included. */
static int compare_pair(bytes a, bytes b)
{
    reader x = reader_of(a), y = reader_of(b);
    for (int part = 0; rd_left(&x) && rd_left(&y); part++) {
        bytes p = rd_take(&x, rd_be16(&x)), q = rd_take(&y, rd_be16(&y));
        int c = part ? bytes_cmp(p, q) : compare_int(p, q);
        if (c)
            return c;
        int8_t end_x = (int8_t)rd_u8(&x), end_y = (int8_t)rd_u8(&y);
        if (end_x != end_y)
            return sign(end_x - end_y);
    }
    return (int)(rd_left(&x) > 0) - (int)(rd_left(&y) > 0);
}

static int compare_name(name_kind k, bytes a, bytes b)
{
    switch (k) {
    case NAME_INT:
        return compare_int(a, b);
    case NAME_INT_DESC:
        return -compare_int(a, b);
    case NAME_PAIR:
        return compare_pair(a, b);
    default:
        return bytes_cmp(a, b);
    }
}

static const shape *sorting; /* qsort has no argument */

static int by_name(const void *a, const void *b)
{
    const plain *x = a, *y = b;
    int c = x->super.p ? compare_name(sorting->supers, x->super, y->super) : 0;
    return c ? c : compare_name(sorting->names, x->name, y->name);
}

/* ---- random names ---- */

static bytes int_bytes(world *w, int n)
{
    uint8_t *p = arena_alloc(&w->arena, 4);
    put_be32(p, (uint32_t)n);
    return bytes_of(p, 4);
}

static bytes random_text(world *w, unsigned least)
{
    unsigned n = least + below(w, 3);
    uint8_t *p = arena_alloc(&w->arena, n + 1);
    for (unsigned i = 0; i < n; i++)
        p[i] = "ab\0d"[below(w, 4)];
    return bytes_of(p, n);
}

static bytes random_pair(world *w, bool bound)
{
    buf b = {0};
    static const uint8_t ends[] = {0, 1, 0xff};
    bool partial = below(w, 4) == 0;
    uint8_t end = bound ? ends[below(w, 3)] : 0;
    buf_be16(&b, 4);
    buf_be32(&b, (uint32_t)((int)below(w, 5) - 2));
    buf_u8(&b, partial ? end : 0);
    if (!partial) {
        bytes text = random_text(w, 0);
        buf_be16(&b, (uint16_t)text.n);
        buf_bytes(&b, text);
        buf_u8(&b, end);
    }
    bytes kept = arena_copy(&w->arena, buf_view(&b));
    buf_done(&b);
    return kept;
}

static bytes random_name(world *w, name_kind k, bool bound)
{
    if (k == NAME_PAIR)
        return random_pair(w, bound);
    return k == NAME_TEXT ? random_text(w, 1) : int_bytes(w, (int)below(w, 7) - 3);
}

static bytes random_bound(world *w, name_kind k)
{
    return below(w, 4) ? random_name(w, k, true) : BYTES_EMPTY;
}

static bytes random_super(world *w)
{
    return w->view.shape == SHAPE_SUPER ? random_name(w, w->shape->supers, false) : BYTES_NULL;
}

/* ---- rows as storage keeps them ---- */

static row *empty_row(world *w)
{
    row *r = arena_new(&w->arena, row);
    r->live = LIVENESS_NONE;
    r->deletion = DELETION_NONE;
    return r;
}

static void store_row(world *w, const row *r)
{
    unsigned at = 0;
    while (at < w->n_rows && bytes_cmp(w->rows[at]->clustering, r->clustering) < 0)
        at++;
    if (at < w->n_rows && bytes_eq(w->rows[at]->clustering, r->clustering)) {
        w->rows[at] = row_merge(w->rows[at], r, &w->arena);
        return;
    }
    assert_true(w->n_rows < ROWS_MAX);
    memmove(&w->rows[at + 1], &w->rows[at], (w->n_rows - at) * sizeof *w->rows);
    w->n_rows++;
    row *copy = empty_row(w);
    w->rows[at] = row_merge(copy, r, &w->arena);
    w->rows[at]->clustering = r->clustering;
}

/* Timestamps only grow here, so what a deletion covers is what is there. */
static void store(world *w, const mutation *m)
{
    for (unsigned i = 0; i < w->n_rows; i++) {
        row_apply_deletion(w->rows[i], m->deletion);
        for (uint32_t k = 0; k < m->n_ranges; k++)
            if (bytes_cmp(m->ranges[k].start, w->rows[i]->clustering) <= 0 &&
                bytes_cmp(w->rows[i]->clustering, m->ranges[k].end) < 0)
                row_apply_deletion(w->rows[i], m->ranges[k].deletion);
    }
    row_apply_deletion(w->static_row, m->deletion);
    for (uint32_t i = 0; i < m->n_rows; i++)
        store_row(w, &m->rows[i]);
    if (m->static_row)
        w->static_row = row_merge(w->static_row, m->static_row, &w->arena);
}

/* ---- operations on both ---- */

static void plain_drop(world *w, unsigned i)
{
    w->columns[i] = w->columns[--w->n_columns];
}

static void plain_put(world *w, plain c)
{
    for (unsigned i = 0; i < w->n_columns; i++)
        if (bytes_eq(w->columns[i].super, c.super) && bytes_eq(w->columns[i].name, c.name))
            plain_drop(w, i--);
    assert_true(w->n_columns < COLUMNS_MAX);
    w->columns[w->n_columns++] = c;
}

static void insert(world *w, column_writer *out)
{
    err_info e = {0};
    plain c = {random_super(w), random_name(w, w->shape->names, false),
               int_bytes(w, (int)below(w, 1000)), ++w->clock, below(w, 3) ? 0 : 77};
    thrift_column given = {.name = c.name,
                           .value = c.value,
                           .timestamp = c.timestamp,
                           .has_timestamp = true,
                           .ttl = c.ttl,
                           .has_ttl = c.ttl != 0};
    if (check_path(&w->view, c.super, c.name, &w->arena, &e) < 0 ||
        check_column(&w->view, &given, &e) < 0)
        fail_msg("%s: %s", w->shape->what, e.text);
    column_write(out, c.super, &given);
    plain_put(w, c);
}

static bool in_scope(const plain *c, bytes super)
{
    return !super.p || bytes_eq(super, c->super);
}

static void delete_one(world *w, column_writer *out)
{
    bytes super = random_super(w), name = random_name(w, w->shape->names, false);
    column_remove(out, super, name, w->clock);
    for (unsigned i = 0; i < w->n_columns; i++)
        if (in_scope(&w->columns[i], super) && bytes_eq(w->columns[i].name, name))
            plain_drop(w, i--);
}

static void delete_super(world *w, column_writer *out)
{
    bytes super = random_super(w);
    if (!super.p)
        return;
    column_remove(out, BYTES_NULL, super, w->clock);
    for (unsigned i = 0; i < w->n_columns; i++)
        if (in_scope(&w->columns[i], super))
            plain_drop(w, i--);
}

static void delete_all(world *w, column_writer *out)
{
    column_remove_all(out, w->clock);
    w->n_columns = 0;
}

/* Of columns, or of super columns when super is null in a super column family. */
static bool within(const world *w, const plain *c, bytes super, bytes start, bytes finish)
{
    bool supers = w->view.shape == SHAPE_SUPER && !super.p;
    name_kind k = supers ? w->shape->supers : w->shape->names;
    bytes name = supers ? c->super : c->name;
    return in_scope(c, super) && (!start.n || compare_name(k, start, name) <= 0) &&
           (!finish.n || compare_name(k, name, finish) <= 0);
}

static void delete_slice(world *w, column_writer *out)
{
    bytes super = below(w, 2) ? random_super(w) : BYTES_NULL;
    name_kind k = w->view.shape == SHAPE_SUPER && !super.p ? w->shape->supers : w->shape->names;
    bytes start = random_bound(w, k), finish = random_bound(w, k);
    column_remove_slice(out, super, start, finish, w->clock);
    for (unsigned i = 0; i < w->n_columns; i++)
        if (within(w, &w->columns[i], super, start, finish))
            plain_drop(w, i--);
}

static void change(world *w)
{
    static void (*const rare[])(world *, column_writer *) = {
        delete_one, delete_one, delete_super, delete_slice, delete_slice, delete_all};
    mutation m;
    column_writer out;
    w->clock++;
    column_writer_init(&out, &w->view, BYTES_LIT("k"), NOW_S, &m, &w->scratch, &w->arena);
    if (below(w, 4))
        for (unsigned n = 1 + below(w, 4); n; n--) {
            insert(w, &out);
            out.mutation->deletion = DELETION_NONE;
        }
    else
        rare[below(w, 12) % 6](w, &out);
    column_writer_end(&out);
    store(w, &m);
}

/* ---- reading both ---- */

static bool in_slices(const read_command *c, bytes clustering)
{
    for (uint32_t i = 0; i < c->n_slices; i++)
        if (bytes_cmp(c->slices[i].start, clustering) <= 0 &&
            bytes_cmp(clustering, c->slices[i].end) < 0)
            return true;
    return c->n_slices == 0;
}

/* What storage would answer, `page` rows at a time. */
static void read_pages(world *w, const column_query *q, unsigned page, column_collector *c)
{
    read_command cmd = {0};
    row *rows[ROWS_MAX];
    unsigned n = 0;
    column_query_apply(q, &cmd);
    for (uint32_t i = 1; i < cmd.n_slices; i++)
        assert_true(bytes_cmp(cmd.slices[i - 1].end, cmd.slices[i].start) <= 0);
    for (unsigned i = 0; i < w->n_rows; i++) {
        row *r = w->rows[cmd.reversed ? w->n_rows - 1 - i : i];
        if (in_slices(&cmd, r->clustering))
            rows[n++] = r;
    }
    bool more = true;
    for (unsigned at = 0; more && (at < n || at == 0); at += page) {
        partition p = {.deletion = DELETION_NONE,
                       .static_row = cmd.with_static && at == 0 ? w->static_row : NULL,
                       .n_rows = n - at < page ? n - at : page,
                       .rows = rows + at};
        more = column_collect(c, &p);
    }
    column_collector_end(c);
}

static void check_plain(const thrift_column *got, const plain *want)
{
    assert_true(bytes_eq(got->name, want->name));
    assert_true(bytes_eq(got->value, want->value));
    assert_true(got->has_timestamp && got->timestamp == want->timestamp);
    assert_int_equal(got->has_ttl, want->ttl != 0);
    assert_int_equal(got->has_ttl ? got->ttl : 0, want->ttl);
}

/* Expected columns, in the asked order, against what was collected. */
static void check_columns(const plain *want, unsigned n, const column_query *q,
                          const thrift_list_column_or_super_column *got)
{
    unsigned at = 0, units = 0;
    for (size_t i = 0; i < got->n; i++) {
        units++;
        if (!q->supers) {
            assert_true(at < n);
            check_plain(got->v[i].column, &want[at++]);
            continue;
        }
        const thrift_super_column *s = got->v[i].super_column;
        for (size_t k = 0; k < s->columns.n; k++, at++) {
            assert_true(at < n && bytes_eq(s->name, want[at].super));
            check_plain(&s->columns.v[k], &want[at]);
        }
    }
    assert_true(units <= q->count);
    if (units < q->count)
        assert_int_equal(at, n);
    else if (at < n && q->supers && at)
        assert_false(bytes_eq(want[at].super, want[at - 1].super));
}

static unsigned expect(world *w, bytes super, bool (*wanted)(world *, const plain *, bytes, void *),
                       void *arg, bool reversed, plain *out)
{
    unsigned n = 0;
    sorting = w->shape;
    qsort(w->columns, w->n_columns, sizeof *w->columns, by_name);
    for (unsigned i = 0; i < w->n_columns; i++)
        if (wanted(w, &w->columns[i], super, arg))
            out[n++] = w->columns[i];
    for (unsigned i = 0; reversed && i < n / 2; i++) {
        plain swap = out[i];
        out[i] = out[n - 1 - i];
        out[n - 1 - i] = swap;
    }
    return n;
}

static bool in_range(world *w, const plain *c, bytes super, void *arg)
{
    const thrift_slice_range *r = arg;
    return within(w, c, super, r->reversed ? r->finish : r->start,
                  r->reversed ? r->start : r->finish);
}

static bool in_names(world *w, const plain *c, bytes super, void *arg)
{
    const thrift_list_bytes *names = arg;
    bytes name = w->view.shape == SHAPE_SUPER && !super.p ? c->super : c->name;
    for (size_t i = 0; i < names->n; i++)
        if (bytes_eq(names->v[i], name))
            return in_scope(c, super);
    return false;
}

static void check_read(world *w, bytes super, const thrift_slice_predicate *p, const plain *want,
                       unsigned n)
{
    column_query q;
    column_collector c, counter;
    column_query_init(&q, &w->view, super, p, &w->scratch, &w->arena);
    if (q.count == 0)
        return;
    column_collector_init(&c, &q, NOW_S, &w->arena);
    read_pages(w, &q, 1 + below(w, 20), &c);
    check_columns(want, n, &q, &c.out);
    assert_int_equal(c.n, c.out.n);
    column_collector_init(&counter, &q, NOW_S, &w->arena);
    counter.counting = true;
    read_pages(w, &q, 1 + below(w, 20), &counter);
    assert_int_equal(counter.n, c.n);
}

static void read_slice(world *w)
{
    plain want[COLUMNS_MAX];
    err_info e = {0};
    bytes super = below(w, 2) ? random_super(w) : BYTES_NULL;
    bool supers = w->view.shape == SHAPE_SUPER && !super.p;
    name_kind k = supers ? w->shape->supers : w->shape->names;
    thrift_slice_range r = {random_bound(w, k), random_bound(w, k), below(w, 2), 0};
    r.count = below(w, 3) ? (int32_t)below(w, 8) : 1000;
    thrift_slice_predicate p = {.slice_range = &r};
    bool backwards =
        r.start.n && r.finish.n && compare_name(k, r.start, r.finish) * (r.reversed ? -1 : 1) > 0;
    if (check_predicate(&w->view, super, &p, &w->scratch, &w->arena, &e) < 0) {
        assert_true(backwards);
        assert_string_equal(e.text, "range finish must come after start in the order of traversal");
        return;
    }
    unsigned n = expect(w, super, in_range, &r, r.reversed, want);
    if (backwards)
        assert_int_equal(n, 0);
    check_read(w, super, &p, want, n);
}

static void read_names(world *w)
{
    plain want[COLUMNS_MAX];
    bytes names[6], super = below(w, 2) ? random_super(w) : BYTES_NULL;
    bool supers = w->view.shape == SHAPE_SUPER && !super.p;
    thrift_slice_predicate p = {.has_column_names = true, .column_names = {below(w, 6), names}};
    for (size_t i = 0; i < p.column_names.n; i++)
        names[i] = random_name(w, supers ? w->shape->supers : w->shape->names, false);
    unsigned n = expect(w, super, in_names, &p.column_names, false, want);
    check_read(w, super, &p, want, n);
}

/* ---- a table of a shape ---- */

static table *make_table(arena *a, const shape *s)
{
    thrift_column_def declared[] = {thrift_column_def_default, thrift_column_def_default,
                                    thrift_column_def_default};
    static const char *const names[] = {"b", "da", "dd"};
    thrift_cf_def d = thrift_cf_def_default;
    table_draft draft;
    err_info e = {0};
    d.keyspace = BYTES_LIT("ks");
    d.name = BYTES_LIT("cf");
    d.comparator_type = bytes_str(s->comparator);
    d.column_type = s->subcomparator ? BYTES_LIT("Super") : BYTES_LIT("Standard");
    if (s->subcomparator)
        d.subcomparator_type = bytes_str(s->subcomparator);
    for (unsigned i = 0; i < 3; i++) {
        declared[i].name = bytes_str(names[i]);
        declared[i].validation_class = BYTES_LIT("Int32Type");
    }
    d.column_metadata = (thrift_list_column_def){s->declared ? 3 : 0, declared};
    if (cf_def_to_draft(&d, a, &draft, &e) < 0)
        fail_msg("%s: %s", s->what, e.text);
    table_draft_complete(&draft, a);
    assert_int_equal(schema_check_table(&draft, &e), 0);
    return table_of_draft(a, &draft);
}

static void run(const shape *s, uint64_t seed)
{
    world *w = calloc(1, sizeof *w);
    err_info e = {0};
    w->shape = s;
    random_seed(&w->rng, seed);
    arena_init(&w->arena, 1 << 20);
    table *t = make_table(&w->arena, s);
    assert_int_equal(column_view_of(t, &w->view, &e), 0);
    w->static_row = empty_row(w);
    for (unsigned i = 0; i < 150; i++) {
        change(w);
        read_slice(w);
        read_names(w);
    }
    map_done(&t->by_name);
    buf_done(&w->scratch);
    arena_done(&w->arena);
    free(w);
}

static void test_random_histories(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (uint64_t seed = 1; seed <= 12; seed++)
            run(&shapes[i], seed);
}

/* ---- definitions ---- */

static void test_describes_what_was_given(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, 1 << 16);
    for (unsigned i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        table *t = make_table(&a, &shapes[i]), *again;
        table_draft draft;
        err_info e = {0};
        const thrift_cf_def *d = cf_def_of(t, &a);
        assert_non_null(d);
        assert_int_equal(cf_def_to_draft(d, &a, &draft, &e), 0);
        table_draft_complete(&draft, &a);
        again = table_of_draft(&a, &draft);
        assert_int_equal(again->flags, t->flags);
        assert_int_equal(again->n_columns, t->n_columns);
        for (unsigned k = 0; k < t->n_columns; k++) {
            const column *x = &t->columns[k], *y = &again->columns[k];
            assert_string_equal(x->name, y->name);
            assert_int_equal(x->kind, y->kind);
            assert_int_equal(x->desc, y->desc);
            assert_true(type_equal(x->type, y->type));
        }
        map_done(&t->by_name);
        map_done(&again->by_name);
    }
    arena_done(&a);
}

static void test_shows_classic_options(void **state)
{
    (void)state;
    arena a;
    arena_init(&a, 1 << 16);
    table *t = make_table(&a, &shapes[0]);
    const thrift_cf_def *d = cf_def_of(t, &a);
    assert_true(bytes_eq_str(d->comparator_type, "org.apache.cassandra.db.marshal.BytesType"));
    assert_true(bytes_eq_str(d->key_alias, "key"));
    assert_true(bytes_eq_str(d->caching, "KEYS_ONLY"));
    assert_true(bytes_eq_str(d->speculative_retry, "NONE"));
    assert_true(d->read_repair_chance == 0.1);
    assert_int_equal(d->min_compaction_threshold, 4);
    assert_int_equal(d->max_compaction_threshold, 32);
    assert_int_equal(d->compaction_strategy_options.n, 0);
    assert_int_equal(d->compression_options.n, 1);
    assert_true(bytes_eq_str(d->compression_options.v[0].key, "sstable_compression"));
    assert_true(bytes_eq_str(d->comment, ""));
    map_done(&t->by_name);
    arena_done(&a);
}

/* ---- refusals ---- */

static void refused(int r, const err_info *e, const char *sentence)
{
    assert_true(r < 0);
    assert_string_equal(e->text, sentence);
}

static void test_refusals(void **state)
{
    (void)state;
    arena a;
    column_view std, super, pair;
    err_info e = {0};
    arena_init(&a, 1 << 16);
    table *t = make_table(&a, &shapes[2]), *s = make_table(&a, &shapes[7]),
          *c = make_table(&a, &shapes[4]);
    column_view_of(t, &std, &e);
    column_view_of(s, &super, &e);
    column_view_of(c, &pair, &e);
    bytes four = bytes_of("\0\0\0\1", 4);
    thrift_column ok = {.name = four, .value = four, .has_timestamp = true}, bad = ok;

    refused(check_key(&std, BYTES_EMPTY, &e), &e, "Key may not be empty");
    refused(check_path(&std, BYTES_LIT("s"), four, &a, &e), &e,
            "supercolumn parameter is invalid for standard CF cf");
    refused(check_path(&std, BYTES_NULL, BYTES_NULL, &a, &e), &e,
            "column parameter is not optional for standard CF cf");
    refused(check_path(&super, BYTES_NULL, four, &a, &e), &e,
            "supercolumn parameter is not optional for super CF cf");
    refused(check_path(&std, BYTES_NULL, BYTES_EMPTY, &a, &e), &e, "column name must not be empty");
    refused(check_path(&std, BYTES_NULL, BYTES_LIT("abc"), &a, &e), &e,
            "Expected 4 or 0 byte int (3)");
    refused(check_parent(&std, BYTES_LIT("s"), &a, &e), &e,
            "columnfamily alone is required for standard CF cf");
    assert_true(check_path(&pair, BYTES_NULL, BYTES_LIT("\0\4ab"), &a, &e) < 0);
    assert_true(check_path(&pair, BYTES_NULL, BYTES_LIT("\0\4\0\0\0\1\0\0\1x\1"), &a, &e) < 0);
    assert_int_equal(check_path(&pair, BYTES_NULL, BYTES_LIT("\0\4\0\0\0\1\0\0\1x\0"), &a, &e), 0);

    assert_int_equal(check_column(&std, &ok, &e), 0);
    bad.has_ttl = true;
    refused(check_column(&std, &bad, &e), &e, "ttl must be positive");
    bad.ttl = MAX_TTL_S + 1;
    refused(check_column(&std, &bad, &e), &e,
            "ttl is too large. requested (630720001) maximum (630720000)");
    bad = ok;
    bad.value = BYTES_NULL;
    refused(check_column(&std, &bad, &e), &e, "Column value is required");
    bad = ok;
    bad.has_timestamp = false;
    refused(check_column(&std, &bad, &e), &e, "Column timestamp is required");

    thrift_mutation none = {0};
    refused(check_mutation(&std, &none, NULL, &a, &e), &e,
            "mutation must have one and only one of column_or_supercolumn or deletion");
    thrift_deletion d = {.timestamp = 1, .has_timestamp = true, .super_column = BYTES_LIT("s")};
    refused(check_mutation(&std, &(thrift_mutation){.deletion = &d}, NULL, &a, &e), &e,
            "Deletion of super columns is not possible on a standard ColumnFamily "
            "(KeyspaceName=ks ColumnFamilyName=cf)");

    map_done(&t->by_name);
    map_done(&s->by_name);
    map_done(&c->by_name);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_histories),
        cmocka_unit_test(test_describes_what_was_given),
        cmocka_unit_test(test_shows_classic_options),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
