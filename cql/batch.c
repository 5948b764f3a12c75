/* Batches: several modifications, one default timestamp, one mutation per partition and table. */
#include "cql/cas.h"

#define BATCH_MAX 65535 /* the binary protocol counts statements in 16 bits */

struct batch_plan {
    batch_type type;
    unsigned n;
    const modify_plan *const *entries;
    const term *timestamp;
    bool conditional;
};

/* What the entries seen so far are. */
typedef struct batch_content {
    unsigned counters, others, conditional;
} batch_content;

static int check_entry(batch_type type, const modify_plan *p, bool batch_timestamp,
                       batch_content *content, err_info *err)
{
    if (modify_is_counter(p))
        content->counters++;
    else
        content->others++;
    content->conditional += modify_is_conditional(p);
    if (type == BATCH_COUNTER && content->others)
        return err_set(err, ERR_INVALID, "Cannot include non-counter statement in a counter batch");
    if (content->counters && content->others)
        return err_set(err, ERR_INVALID,
                       "Counter and non-counter mutations cannot exist in the same batch");
    if (type == BATCH_LOGGED && content->counters)
        return err_set(err, ERR_INVALID, "Cannot include a counter statement in a logged batch");
    if (batch_timestamp && modify_has_timestamp(p))
        return err_set(err, ERR_INVALID,
                       "Timestamp must be set either on BATCH or individual statements");
    return 0;
}

int compile_batch(compiler *c, const ast_batch *ast, const batch_plan **ret)
{
    static const batch_type types[] = {[AST_BATCH_LOGGED] = BATCH_LOGGED,
                                       [AST_BATCH_UNLOGGED] = BATCH_UNLOGGED,
                                       [AST_BATCH_COUNTER] = BATCH_COUNTER};
    batch_plan *p = arena_new(c->a, batch_plan);
    const modify_plan **entries = arena_array(c->a, const modify_plan *, ast->statements.n + 1);
    batch_content content = {0};
    p->type = types[ast->type];
    p->n = ast->statements.n;
    p->entries = entries;
    if (ast->using.ttl)
        return err_set(c->err, ERR_INVALID, "Global TTL on the BATCH statement is not supported.");
    if (ast->using.timestamp && p->type == BATCH_COUNTER)
        return err_set(c->err, ERR_INVALID, "Cannot provide custom timestamp for counter BATCH");
    int r = compile_int_term(c, ast->using.timestamp, TYPE_BIGINT, "[timestamp]", &p->timestamp);
    for (unsigned i = 0; i < p->n && r == 0; i++) {
        r = compile_modify(c, ast->statements.at[i], &entries[i]);
        if (r == 0)
            r = check_entry(p->type, entries[i], p->timestamp != NULL, &content, c->err);
    }
    p->conditional = content.conditional != 0;
    if (r == 0 && p->conditional && p->timestamp)
        r = err_set(c->err, ERR_INVALID, "Cannot provide custom timestamp for conditional BATCH");
    *ret = p;
    return r;
}

/* Of a batch on one table: the key of its last statement tells where to send it. */
unsigned batch_key_markers(const batch_plan *p, arena *a, const uint16_t **ret)
{
    for (unsigned i = 1; i < p->n; i++)
        if (modify_table(p->entries[i]) != modify_table(p->entries[0]))
            return 0;
    return p->n ? modify_key_markers(p->entries[p->n - 1], a, ret) : 0;
}

/* ---- merging ---- */

typedef struct gathered {
    const keyspace *keyspace;
    mutation m;
    uint32_t rows_cap, ranges_cap; /* 0: not ours to grow */
} gathered;

typedef struct gatherer {
    arena *a;
    map by_key; /* table id and partition key -> gathered */
    unsigned n, cap;
    gathered **all;
    bool counters;
} gatherer;

static gathered *gather_new(gatherer *g, const keyspace *ks, const mutation *m)
{
    gathered *x = arena_new(g->a, gathered);
    x->keyspace = ks;
    x->m = (mutation){.table = m->table, .key = m->key, .deletion = DELETION_NONE};
    if (g->n == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 16;
        gathered **all = arena_array(g->a, gathered *, g->cap);
        if (g->n)
            memcpy(all, g->all, g->n * sizeof *all);
        g->all = all;
    }
    return g->all[g->n++] = x;
}

static gathered *gather_find(gatherer *g, const keyspace *ks, const mutation *m)
{
    uint8_t *key = arena_alloc(g->a, 16 + m->key.n);
    memcpy(key, m->table.b, 16);
    memcpy(key + 16, m->key.p, m->key.n);
    gathered *x = map_get(&g->by_key, bytes_of(key, 16 + m->key.n));
    if (x)
        return x;
    x = gather_new(g, ks, m);
    map_put(&g->by_key, bytes_of(key, 16 + m->key.n), x);
    return x;
}

/* Appends ny elements to nx; what is outgrown at least doubles, as many may follow. */
static void *append(arena *a, void *x, uint32_t nx, uint32_t *cap, const void *y, uint32_t ny,
                    size_t size)
{
    uint8_t *out = x;
    if (ny == 0)
        return x;
    if (nx + ny > *cap) {
        *cap = nx ? 2 * (nx + ny) : ny;
        out = arena_alloc(a, *cap * size);
        if (nx)
            memcpy(out, x, nx * size);
    }
    memcpy(out + nx * size, y, ny * size);
    return out;
}

static void gather(gatherer *g, const keyspace *ks, const mutation *m)
{
    gathered *at = gather_find(g, ks, m);
    mutation *to = &at->m;
    to->deletion = deletion_max(to->deletion, m->deletion);
    if (m->static_row)
        to->static_row =
            to->static_row ? row_merge(to->static_row, m->static_row, g->a) : m->static_row;
    if (!to->n_rows)
        to->rows = m->rows;
    else
        to->rows =
            append(g->a, to->rows, to->n_rows, &at->rows_cap, m->rows, m->n_rows, sizeof(row));
    to->n_rows += m->n_rows;
    to->ranges = append(g->a, to->ranges, to->n_ranges, &at->ranges_cap, m->ranges, m->n_ranges,
                        sizeof(range_tombstone));
    to->n_ranges += m->n_ranges;
}

static int gather_entry(gatherer *g, exec *x, const modify_plan *p)
{
    mutations ms = {0};
    int r = modify_check_level(p, x);
    if (r == 0)
        r = modify_run(p, x, &ms);
    for (unsigned i = 0; i < ms.n && r == 0; i++) {
        if (modify_is_counter(p)) /* increments of one key add up, they do not merge */
            gather_new(g, modify_keyspace(p), &ms.p[i])->m = ms.p[i];
        else
            gather(g, modify_keyspace(p), &ms.p[i]);
    }
    g->counters |= modify_is_counter(p);
    return r;
}

static const char *write_type(const gatherer *g, batch_type type)
{
    if (g->counters)
        return "COUNTER";
    return g->n == 1 ? "SIMPLE" : type == BATCH_UNLOGGED ? "UNLOGGED_BATCH" : "BATCH";
}

/* One request for each keyspace. */
static int co_fn write_gathered(gatherer *g, exec *x, const char *type)
{
    const mutation **list = arena_array(x->a, const mutation *, g->n + 1);
    unsigned done = 0;
    while (done < g->n) {
        write_request w = {.mutations = list, .cl = x->o->cl, .write_type = type};
        for (unsigned i = 0; i < g->n; i++) {
            if (!g->all[i] || (w.keyspace && g->all[i]->keyspace != w.keyspace))
                continue;
            w.keyspace = g->all[i]->keyspace;
            list[w.n++] = &g->all[i]->m;
            g->all[i] = NULL;
        }
        done += (unsigned)w.n;
        int r = g->counters ? coordinate_counter_write(x->q->c, x->e, &w, x->err)
                            : coordinate_write(x->q->c, x->e, &w, x->err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int co_fn gather_entries(gatherer *g, exec *x, const bound_modify *entries, unsigned n)
{
    int r = 0;
    for (unsigned i = 0; i < n && r == 0; i++) {
        exec_bind(x, &entries[i]);
        r = gather_entry(g, x, entries[i].plan);
    }
    map_done(&g->by_key);
    return r;
}

static void date_deletion(deletion *d, int64_t timestamp)
{
    if (!deletion_is_none(*d))
        d->timestamp = timestamp;
}

static void date_row(row *r, int64_t timestamp)
{
    date_deletion(&r->deletion, timestamp);
    for (unsigned i = 0; i < r->n_column_deletions; i++)
        date_deletion(&r->column_deletions[i].deletion, timestamp);
}

/* Deletions are just older than what the same conditional statements set, which they leave. */
static void date_deletions(mutation *m, int64_t timestamp)
{
    date_deletion(&m->deletion, timestamp);
    if (m->static_row)
        date_row(m->static_row, timestamp);
    for (uint32_t i = 0; i < m->n_rows; i++)
        date_row(&m->rows[i], timestamp);
    for (uint32_t i = 0; i < m->n_ranges; i++)
        date_deletion(&m->ranges[i].deletion, timestamp);
}

int co_fn write_entries(exec *x, const bound_modify *entries, unsigned n, const char *type)
{
    gatherer g = {.a = x->a};
    int r = gather_entries(&g, x, entries, n);
    for (unsigned i = 0; i < g.n && r == 0; i++)
        date_deletions(&g.all[i]->m, x->timestamp_us - 1);
    return r < 0 ? r : write_gathered(&g, x, type);
}

static int check_gathered(gatherer *g, exec *x, batch_type type)
{
    const mutation **all = arena_array(x->a, const mutation *, g->n + 1);
    for (unsigned i = 0; i < g->n; i++)
        all[i] = &g->all[i]->m;
    return check_batch(x, type == BATCH_UNLOGGED && !g->counters, all, g->n);
}

static int co_fn run_entries(exec *x, batch_type type, const bound_modify *entries, unsigned n,
                             bool conditional, cql_result *ret)
{
    gatherer g = {.a = x->a};
    ret->kind = RESULT_VOID;
    if (conditional)
        return cas_run(x, entries, n, true, ret);
    int r = gather_entries(&g, x, entries, n);
    if (r == 0 && (r = check_gathered(&g, x, type)) == 0)
        r = write_gathered(&g, x, write_type(&g, type));
    return r;
}

int co_fn execute_batch(exec *x, const batch_plan *p, cql_result *ret)
{
    int64_t ts;
    int r = term_int(p->timestamp, x, NO_TIMESTAMP, &ts);
    if (r < 0)
        return r;
    if (ts != NO_TIMESTAMP)
        x->timestamp_us = ts;
    bound_modify *entries = arena_array(x->a, bound_modify, p->n + 1);
    for (unsigned i = 0; i < p->n; i++)
        entries[i] = (bound_modify){p->entries[i], x->s, x->values, x->n_values};
    return run_entries(x, p->type, entries, p->n, p->conditional, ret);
}

/* ---- batches of the binary protocol ---- */

static int find_entry(exec *x, const batch_entry *b, statement **ret)
{
    const char *ks = x->o->keyspace ? x->o->keyspace : x->client->keyspace;
    if (!b->prepared)
        return statement_new(x->q, x->e, ks, b->text, ret, x->err);
    schema *now = coordinator_schema(x->q->c, x->e);
    bool fresh = now == b->prepared->schema;
    schema_unref(now);
    if (!fresh)
        return statement_new(x->q, x->e, b->prepared->keyspace, bytes_str(b->prepared->info.text),
                             ret, x->err);
    *ret = statement_ref(b->prepared);
    return 0;
}

static int bind_entry(exec *x, const batch_entry *b, batch_type type, batch_content *content,
                      statement **ret_held, bound_modify *ret)
{
    int r = find_entry(x, b, ret_held);
    if (r < 0)
        return r;
    const statement *s = *ret_held;
    if (!s->info.is_batchable)
        return err_set(x->err, ERR_INVALID,
                       "Invalid statement in batch: only UPDATE, INSERT and DELETE statements are "
                       "allowed.");
    if (b->n_values != s->info.n_markers)
        return err_set(x->err, ERR_INVALID,
                       "Invalid amount of bind variables: there were %u markers(?) in CQL but %u "
                       "bound variables",
                       s->info.n_markers, b->n_values);
    *ret = (bound_modify){s->modify, s, b->values, b->n_values};
    return check_entry(type, s->modify, false, content, x->err);
}

int co_fn cql_batch(cql *q, env *e, cql_client *cl, batch_type type, const batch_entry *entries,
                    size_t n, const query_options *o, arena *a, cql_result *ret, err_info *err)
{
    exec x = {.q = q, .e = e, .client = cl, .o = o, .a = a, .err = err};
    batch_content content = {0};
    if (n > BATCH_MAX)
        return err_set(err, ERR_INVALID, "A batch has at most %d statements", BATCH_MAX);
    x.now_us = env_now_us(e);
    x.now_s = o->now_s ? o->now_s : (int32_t)(x.now_us / 1000000);
    x.timestamp_us = NO_TIMESTAMP;
    *ret = (cql_result){.kind = RESULT_VOID};
    /* Released after the write: mutations point into them. */
    statement **held = arena_array(a, statement *, n + 1);
    bound_modify *bound = arena_array(a, bound_modify, n + 1);
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++)
        r = bind_entry(&x, &entries[i], type, &content, &held[i], &bound[i]);
    if (r == 0)
        r = run_entries(&x, type, bound, (unsigned)n, content.conditional != 0, ret);
    ret->n_warnings = x.n_warnings;
    ret->warnings = x.warnings;
    if (r == 0 && ret->n_columns)
        ret->columns = result_columns_copy(ret->columns, ret->n_columns, a);
    for (size_t i = 0; i < n; i++)
        statement_unref(held[i]);
    return r;
}
