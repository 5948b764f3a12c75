/* TRUNCATE: on every node, all of which must be up. */
#include "coordinator/gather.h"

typedef struct truncate_call {
    uuid table;
    err_info *err;
} truncate_call;

static int co_fn truncate_at_home(coordinator *c, void *arg)
{
    truncate_call *call = arg;
    return storage_truncate(c->storage, c->home, &call->table, call->err);
}

int co_fn coordinator_truncate_here(coordinator *c, env *e, uuid table, err_info *err)
{
    truncate_call call = {table, err};
    return coordinator_at_home(c, e, truncate_at_home, &call);
}

static int all_alive(const ring *r, err_info *err)
{
    unsigned alive = 0;
    for (unsigned i = 0; i < r->n_endpoints; i++)
        alive += r->endpoints[i].alive;
    if (alive == r->n_endpoints)
        return 0;
    err->consistency = CL_ALL;
    err->required = (int)r->n_endpoints;
    err->alive = (int)alive;
    return err_set(err, ERR_UNAVAILABLE, "Cannot achieve consistency level ALL");
}

static int co_fn truncate_everywhere(coordinator *c, env *e, const ring *r, uuid table,
                                     err_info *err)
{
    arena a;
    gather g;
    buf body = {0};
    truncate_body b = {table, env_now_us(e)};
    int code = 0;
    arena_init(&a, 1024);
    gather_init(&g, c, e, r, env_mono_us(e) + c->truncate_timeout_us, &a);
    truncate_body_encode(&b, &body);
    for (unsigned i = 0; i < r->n_endpoints; i++)
        if (i != r->local)
            gather_ask(&g, (uint16_t)i, VERB_TRUNCATE, buf_view(&body));
    code = coordinator_truncate_here(c, e, table, err);
    while (g.pending && code == 0)
        code = gather_wait(&g, g.deadline);
    if (code == ERR_TIMEOUT || (code == 0 && g.failed))
        code = err_set(err, ERR_TRUNCATE, "Truncate failed: %u of %u nodes answered",
                       g.answered + 1, r->n_endpoints);
    gather_done(&g);
    buf_done(&body);
    arena_done(&a);
    return code;
}

int co_fn coordinate_truncate(coordinator *c, env *e, const table *t, err_info *err)
{
    uuid table = t->id; /* copied: the schema may move on while we wait */
    ring *r = coordinator_ring(c, e);
    err_info ignored = {0};
    err = err ? err : &ignored;
    int code = all_alive(r, err);
    if (code == 0)
        code = r->n_endpoints == 1 ? coordinator_truncate_here(c, e, table, err)
                                   : truncate_everywhere(c, e, r, table, err);
    ring_unref(r);
    return code;
}
