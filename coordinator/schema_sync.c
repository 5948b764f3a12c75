/* Schema between nodes: what changed here is pushed to the live others; a node that hears of
 * another version pulls all rows. Rows merge (last write wins), so order and repetition do not
 * matter. */
#include "base/must.h"
#include "coordinator/gather.h"
#include "model/repair.h"

/* A node that is slow to take a change must not hold up the statement for long: it will pull. */
enum { PUSH_WAIT_US = 2000000, PULL_WAIT_US = 10000000 };

void co_fn schema_push(coordinator *c, env *e, const mutation *const *ms, size_t n)
{
    ring *r = coordinator_ring(c, e);
    schema *s = coordinator_schema(c, e);
    schema_body b = {s->version, ms, n};
    arena a;
    gather g;
    buf body = {0};
    arena_init(&a, 1024);
    gather_init(&g, c, e, r, env_mono_us(e) + PUSH_WAIT_US, &a);
    schema_body_encode(&b, &body);
    for (unsigned i = 0; i < r->n_endpoints; i++)
        if (i != r->local && r->endpoints[i].alive)
            gather_ask(&g, (uint16_t)i, VERB_SCHEMA_PUSH, buf_view(&body));
    while (g.pending && gather_wait(&g, g.deadline) == 0)
        ;
    gather_done(&g);
    buf_done(&body);
    arena_done(&a);
    schema_unref(s);
    ring_unref(r);
}

/* ---- on worker 0 ---- */

typedef struct apply_call {
    const schema_body *body;
    err_info *err;
} apply_call;

static int co_fn apply_at_home(coordinator *c, void *arg)
{
    apply_call *call = arg;
    co_lock(c->home, &c->changing);
    int r = coordinator_apply_schema(c, c->home, call->body->mutations, call->body->n, call->err);
    co_unlock(c->home, &c->changing);
    return r;
}

/* Only rows of system_schema: a peer may not write elsewhere this way. */
static int check_tables(coordinator *c, env *e, const schema_body *b, err_info *err)
{
    schema *s = coordinator_schema(c, e);
    int r = 0;
    for (size_t i = 0; i < b->n && r == 0; i++) {
        const table *t = schema_table_by_id(s, &b->mutations[i]->table);
        if (!t || strcmp(t->keyspace, "system_schema"))
            r = err_set(err, ERR_PROTOCOL, "schema rows of a table that is not of system_schema");
    }
    schema_unref(s);
    return r;
}

static int co_fn take_rows(coordinator *c, env *e, bytes body, arena *a, err_info *err)
{
    schema_body b;
    apply_call call = {&b, err};
    int r = schema_body_decode(body, a, &b, err);
    if (r == 0)
        r = check_tables(c, e, &b, err);
    if (r < 0 || !b.n)
        return r;
    return coordinator_at_home(c, e, apply_at_home, &call);
}

int co_fn schema_take_push(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    (void)reply;
    return take_rows(arg, e, q->body, q->arena, err);
}

/* ---- all rows, as mutations ---- */

static int co_fn collect_table(coordinator *c, env *e, const table *t, arena *a, mutations *ret,
                               err_info *err)
{
    static const read_result nothing;
    read_command cmd = {.table = t->id, .partitioner = c->info->partitioner};
    read_result *all;
    mutations ms = {0};
    int r = coordinator_read_schema_table(c, e, t, a, &all, err);
    if (r < 0)
        return r;
    read_result_diff(&cmd, all, &nothing, a, &ms);
    for (unsigned i = 0; i < ms.n; i++)
        if (!keyspace_is_system(arena_str(a, ms.p[i].key)))
            *mutations_add(ret, a) = ms.p[i];
    return 0;
}

int co_fn schema_give_all(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    coordinator *c = arg;
    schema *s = coordinator_schema(c, e);
    mutations all = {0};
    int r = 0;
    for (unsigned i = 0; i < SYNCED_TABLES && r == 0; i++)
        r = collect_table(c, e, schema_table(s, "system_schema", synced_tables[i]), q->arena, &all,
                          err);
    if (r == 0) {
        const mutation **list = arena_array(q->arena, const mutation *, all.n);
        for (unsigned i = 0; i < all.n; i++)
            list[i] = &all.p[i];
        schema_body b = {s->version, list, all.n};
        schema_body_encode(&b, reply);
    }
    schema_unref(s);
    return r;
}

int co_fn coordinator_pull_schema(coordinator *c, env *e, const char *peer, err_info *err)
{
    arena a;
    bytes body;
    arena_init(&a, 16 << 10);
    int r = messaging_ask(c->messaging, e, peer, VERB_SCHEMA_PULL, BYTES_EMPTY,
                          env_mono_us(e) + PULL_WAIT_US, &a, &body, err);
    if (r == 0)
        r = take_rows(c, e, body, &a, err);
    arena_done(&a);
    return r;
}
