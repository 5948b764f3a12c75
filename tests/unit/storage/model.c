/* model.c: see model.h. */
#include "tests/unit/storage/model.h"

#include "model/key.h"

enum { NOW_S = 1000 };

uint64_t model_random(model *m, uint64_t n)
{
    m->seed += 0x9e3779b97f4a7c15;
    uint64_t z = m->seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % n;
}

static int by_prefix(const void *a, const void *b)
{
    return bytes_cmp(((const model_partition *)a)->prefix, ((const model_partition *)b)->prefix);
}

void model_init(model *m, partitioner p, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    arena_init(&m->arena, 4096);
    m->partitioner = p;
    m->seed = seed;
    for (unsigned i = 0; i < MODEL_PARTITIONS; i++) {
        buf b = {0};
        char name[] = {'k', 0, (char)('a' + i), 0};
        m->p[i].key = arena_copy(&m->arena, bytes_of(name, i % 2 ? 3 : 4));
        key_encode_partition(p, m->p[i].key, &b);
        m->p[i].prefix = arena_copy(&m->arena, buf_view(&b));
        buf_done(&b);
    }
    qsort(m->p, MODEL_PARTITIONS, sizeof *m->p, by_prefix);
    model_forget(m);
}

void model_forget(model *m)
{
    for (unsigned i = 0; i < MODEL_PARTITIONS; i++) {
        model_partition *p = &m->p[i];
        *p = (model_partition){.key = p->key, .prefix = p->prefix, .deletion = DELETION_NONE};
    }
}

bytes model_bound(arena *a, unsigned i, uint8_t end)
{
    uint8_t *p = arena_alloc(a, 4);
    p[0] = CK_COMPONENT;
    p[1] = 0x80;
    p[2] = (uint8_t)i;
    p[3] = end;
    return bytes_of(p, 4);
}

bytes model_clustering(arena *a, unsigned i)
{
    return model_bound(a, i, CK_END);
}

/* ---- changes ---- */

static int64_t some_timestamp(model *m)
{
    return 1 + (int64_t)model_random(m, 400);
}

static void some_cells(model *m, arena *a, row *r)
{
    r->cells = arena_array(a, cell, 3);
    for (unsigned i = 0; i < 3; i++) {
        if (model_random(m, 3) == 0)
            continue;
        cell *c = &r->cells[r->n_cells++];
        *c = (cell){.column = i + 1, .local_s = NO_DELETION_TIME, .timestamp = some_timestamp(m)};
        switch (model_random(m, 6)) {
        case 0:
            c->flags = CELL_TOMBSTONE;
            c->local_s = 900;
            break;
        case 1:
            c->flags = CELL_EXPIRING;
            c->ttl_s = 10;
            c->local_s = NOW_S - 5 + (int32_t)model_random(m, 10);
            c->value = bytes_str("expiring");
            break;
        default:
            c->value = bytes_str(arena_printf(a, "v%d", (int)model_random(m, 1000)));
        }
    }
}

static void some_row(model *m, arena *a, row *r)
{
    *r = (row){.live = LIVENESS_NONE, .deletion = DELETION_NONE};
    if (model_random(m, 12) == 0)
        r->deletion = (deletion){some_timestamp(m), 900};
    if (model_random(m, 2) == 0)
        r->live = (liveness){some_timestamp(m), NO_TTL, NO_DELETION_TIME};
    some_cells(m, a, r);
    row_normalize(r);
}

mutation *model_change(model *m, const uuid *table, arena *a)
{
    mutation *x = arena_new(a, mutation);
    *x = (mutation){.table = *table, .deletion = DELETION_NONE};
    x->key = m->p[model_random(m, MODEL_PARTITIONS)].key;
    uint64_t kind = model_random(m, 40);
    if (kind == 0)
        x->deletion = (deletion){some_timestamp(m) / 2, 900};
    if (kind >= 1 && kind <= 3) {
        unsigned from = (unsigned)model_random(m, MODEL_ROWS);
        unsigned to = from + 1 + (unsigned)model_random(m, 6);
        x->n_ranges = 1;
        x->ranges = arena_new(a, range_tombstone);
        *x->ranges =
            (range_tombstone){model_bound(a, from, CK_BEFORE),
                              model_bound(a, to, model_random(m, 2) ? CK_BEFORE : CK_AFTER),
                              {some_timestamp(m) / 2, 900}};
    }
    if (kind == 4 || kind == 5) {
        x->static_row = arena_new(a, row);
        some_row(m, a, x->static_row);
        x->static_row->live = LIVENESS_NONE;
        x->static_row->deletion = DELETION_NONE;
    }
    if (kind > 3) {
        x->n_rows = 1 + (uint32_t)model_random(m, 3);
        x->rows = arena_array(a, row, x->n_rows);
        for (uint32_t i = 0; i < x->n_rows; i++) {
            some_row(m, a, &x->rows[i]);
            x->rows[i].clustering = model_clustering(a, (unsigned)model_random(m, MODEL_ROWS));
        }
    }
    model_apply(m, x);
    return x;
}

static row *keep_row(model *m, const row *r)
{
    buf b = {0};
    row *x = arena_new(&m->arena, row);
    err_info e = {0};
    row_encode(r, &b);
    ok(row_decode(arena_copy(&m->arena, buf_view(&b)), &m->arena, x, &e));
    x->clustering = arena_copy(&m->arena, r->clustering);
    buf_done(&b);
    return x;
}

static void merge_row(model *m, row **at, const row *r)
{
    row *x = keep_row(m, r);
    *at = *at ? row_merge(*at, x, &m->arena) : x;
}

void model_apply(model *m, const mutation *x)
{
    model_partition *p = m->p;
    while (!bytes_eq(p->key, x->key))
        p++;
    p->deletion = deletion_max(p->deletion, x->deletion);
    for (uint32_t i = 0; i < x->n_ranges; i++) {
        check(p->n_ranges < MODEL_RANGES);
        range_tombstone *t = &p->ranges[p->n_ranges++];
        *t = x->ranges[i];
        t->start = arena_copy(&m->arena, t->start);
        t->end = arena_copy(&m->arena, t->end);
    }
    if (x->static_row)
        merge_row(m, &p->static_row, x->static_row);
    for (uint32_t i = 0; i < x->n_rows; i++)
        merge_row(m, &p->rows[x->rows[i].clustering.p[2]], &x->rows[i]);
}

/* ---- questions ---- */

static void some_slices(model *m, arena *a, read_command *c)
{
    clustering_slice *s = arena_array(a, clustering_slice, 4);
    unsigned at = (unsigned)model_random(m, 8), n = 1 + (unsigned)model_random(m, 3);
    for (unsigned i = 0; i < n; i++) {
        unsigned end = at + (unsigned)model_random(m, 5);
        s[i] = (clustering_slice){model_bound(a, at, model_random(m, 2) ? CK_BEFORE : CK_AFTER),
                                  model_bound(a, end, CK_AFTER)};
        if (model_random(m, 4) == 0) { /* a single row */
            bytes k = model_clustering(a, at);
            uint8_t *p = arena_zalloc(a, k.n + 1);
            memcpy(p, k.p, k.n);
            s[i] = (clustering_slice){k, bytes_of(p, k.n + 1)};
        }
        at = end + 1 + (unsigned)model_random(m, 4);
    }
    c->slices = s;
    c->n_slices = n;
}

void model_question(model *m, const uuid *table, arena *a, read_command *c)
{
    *c = (read_command){.table = *table,
                        .partitioner = m->partitioner,
                        .limit = UINT32_MAX,
                        .partition_limit = UINT32_MAX,
                        .now_s = NOW_S};
    if (model_random(m, 3)) {
        c->key = m->p[model_random(m, MODEL_PARTITIONS)].key;
    } else {
        unsigned from = (unsigned)model_random(m, MODEL_PARTITIONS);
        unsigned to = from + (unsigned)model_random(m, MODEL_PARTITIONS - from);
        if (model_random(m, 3))
            c->from = m->p[from].prefix;
        if (model_random(m, 3))
            c->to = m->p[to].prefix;
    }
    if (model_random(m, 2))
        some_slices(m, a, c);
    c->reversed = model_random(m, 3) == 0;
    c->with_static = model_random(m, 2) == 0;
    c->static_only = model_random(m, 8) == 0;
    if (model_random(m, 2))
        c->limit = 1 + (uint32_t)model_random(m, 9);
    if (model_random(m, 4) == 0)
        c->partition_limit = 1 + (uint32_t)model_random(m, 5);
    if (model_random(m, 4) == 0)
        c->max_bytes = 1 + model_random(m, 400);
}

/* ---- answers ---- */

static bool in_slices(const read_command *c, bytes clustering)
{
    if (c->n_slices == 0)
        return true;
    for (uint32_t i = 0; i < c->n_slices; i++)
        if (bytes_cmp(c->slices[i].start, clustering) <= 0 &&
            bytes_cmp(clustering, c->slices[i].end) < 0)
            return true;
    return false;
}

static row *visible(model *m, const model_partition *p, const row *r, bool is_static)
{
    if (!r)
        return NULL;
    row *x = keep_row(m, r);
    deletion d = p->deletion;
    for (unsigned i = 0; i < p->n_ranges && !is_static; i++)
        if (bytes_cmp(p->ranges[i].start, r->clustering) <= 0 &&
            bytes_cmp(r->clustering, p->ranges[i].end) < 0)
            d = deletion_max(d, p->ranges[i].deletion);
    if (!deletion_is_none(d))
        row_apply_deletion(x, d);
    return row_is_empty(x) ? NULL : x;
}

/* The rows asked for of a partition, with partition limit; returns how many. */
static unsigned expect_rows(model *m, const read_command *c, const model_partition *p,
                            const row *static_row, row **ret)
{
    unsigned n = 0;
    uint32_t live = 0, most = c->static_only ? 1 : c->partition_limit;
    if (c->static_only && static_row && row_is_live(static_row, c->now_s))
        return 0;
    for (unsigned i = 0; i < MODEL_ROWS && live < most; i++) {
        const row *r = p->rows[c->reversed ? MODEL_ROWS - 1 - i : i];
        row *x = r && in_slices(c, r->clustering) ? visible(m, p, r, false) : NULL;
        if (!x)
            continue;
        ret[n++] = x;
        live += row_is_live(x, c->now_s);
    }
    return n;
}

static void check_same_row(const row *a, const row *b)
{
    buf x = {0}, y = {0};
    check(a && b);
    row_encode(a, &x);
    row_encode(b, &y);
    check(bytes_eq(a->clustering, b->clustering));
    check(bytes_eq(buf_view(&x), buf_view(&y)));
    buf_done(&x);
    buf_done(&y);
}

/* What the pages said of one partition, put together. */
typedef struct told {
    const model_partition *p;
    deletion deletion;
    row *static_row;
    unsigned n_rows;
    row *rows[MODEL_ROWS + 1];
    uint32_t live;
} told;

static void check_partition(model *m, const read_command *c, const told *t)
{
    bool statics = c->with_static || c->static_only;
    row *expected[MODEL_ROWS], *s = statics ? visible(m, t->p, t->p->static_row, true) : NULL;
    unsigned n = expect_rows(m, c, t->p, s, expected);
    if (t->n_rows != n)
        fprintf(stderr,
                "%u rows instead of %u; reversed %d slices %u limit %u/%u bytes %d key %d\n",
                t->n_rows, n, c->reversed, c->n_slices, c->limit, c->partition_limit,
                (int)c->max_bytes, c->key.p != NULL);
    check(t->n_rows == n);
    for (unsigned i = 0; i < n; i++)
        check_same_row(t->rows[i], expected[i]);
    check(t->deletion.timestamp == t->p->deletion.timestamp);
    check(!t->static_row == !s);
    if (s) {
        s->clustering = BYTES_NULL;
        check_same_row(t->static_row, s);
    }
}

/* A partition that was not told must have nothing to tell. */
static void check_absent(model *m, const read_command *c, const model_partition *p)
{
    told t = {.p = p, .deletion = DELETION_NONE};
    check_partition(m, c, &t);
}

static bool is_asked(const read_command *c, const model_partition *p)
{
    if (c->key.p)
        return bytes_eq(c->key, p->key);
    return (!c->from.p || bytes_cmp(p->prefix, c->from) >= 0) &&
           (!c->to.p || bytes_cmp(p->prefix, c->to) < 0);
}

static void take_page(model *m, const read_command *c, const read_result *r, told *told_all,
                      unsigned *n_told)
{
    for (uint32_t i = 0; i < r->n_partitions; i++) {
        const partition *p = &r->partitions[i];
        told *t = *n_told ? &told_all[*n_told - 1] : NULL;
        if (!t || !bytes_eq(t->p->key, p->key)) {
            check(*n_told < MODEL_PARTITIONS);
            t = &told_all[(*n_told)++];
            *t = (told){.p = m->p};
            while (!bytes_eq(t->p->key, p->key))
                check(++t->p < m->p + MODEL_PARTITIONS);
        }
        t->deletion = p->deletion;
        t->static_row = p->static_row;
        for (uint32_t k = 0; k < p->n_rows; k++) {
            check(t->n_rows < MODEL_ROWS);
            t->rows[t->n_rows++] = p->rows[k];
            t->live += row_is_live(p->rows[k], c->now_s);
        }
    }
}

void model_check(model *m, storage *s, env *e, const read_command *c)
{
    told all[MODEL_PARTITIONS];
    unsigned n = 0, pages = 0;
    read_command q = *c;
    arena a;
    arena_init(&a, 4096);
    for (;;) {
        err_info err = {0};
        read_result *r;
        int result = storage_read(s, e, &q, &a, &r, &err);
        if (result < 0)
            fprintf(stderr, "%s\n", err.text);
        check(result == 0 && ++pages < 1000);
        check(q.max_bytes || r->live_rows <= q.limit);
        take_page(m, c, r, all, &n);
        if (!r->more)
            break;
        check(n > 0 && r->n_partitions > 0);
        told *last = &all[n - 1];
        q.resume_key = last->p->key;
        q.resume_clustering = BYTES_NULL;
        if (!r->partition_finished) {
            check(last->n_rows > 0);
            q.resume_clustering = last->rows[last->n_rows - 1]->clustering;
        }
        q.resume_partition_rows = last->live;
    }
    unsigned at = 0;
    for (unsigned i = 0; i < MODEL_PARTITIONS; i++) {
        if (!is_asked(c, &m->p[i]))
            continue;
        if (at < n && all[at].p == &m->p[i])
            check_partition(m, c, &all[at++]);
        else if (!m->p[i].n_ranges && deletion_is_none(m->p[i].deletion))
            check_absent(m, c, &m->p[i]);
    }
    check(at == n); /* in ring order, and nothing that was not asked for */
    arena_done(&a);
}
