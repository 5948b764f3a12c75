#include "coordinator/gather.h"

#include "base/must.h"

void gather_init(gather *g, coordinator *c, env *e, const ring *r, int64_t deadline, arena *a)
{
    *g = (gather){.c = c, .env = e, .ring = r, .deadline = deadline, .arena = a};
    co_event_init(&g->changed);
}

void gather_done(gather *g)
{
    for (unsigned i = 0; i < g->n; i++) {
        gather_reply *r = g->replies[i];
        if (r->state == REPLY_PENDING)
            messaging_cancel(g->c->messaging, g->env, &r->wait);
        buf_done(&r->body);
    }
    g->n = 0;
}

static void settle(gather_reply *r, reply_state state)
{
    gather *g = r->of;
    r->state = state;
    g->pending--;
    g->answered += state == REPLY_ANSWERED;
    g->failed += state == REPLY_FAILED;
}

static void on_reply(message_wait *w, int result, bytes body, const err_info *err)
{
    gather_reply *r = container_of(w, gather_reply, wait);
    (void)err;
    if (result == 0)
        buf_bytes(&r->body, body);
    r->code = result;
    settle(r, result == 0 ? REPLY_ANSWERED : REPLY_FAILED);
    co_signal(r->of->env, &r->of->changed);
}

static gather_reply *add_reply(gather *g)
{
    if (g->n == g->cap) {
        unsigned cap = g->cap ? g->cap * 2 : 8;
        gather_reply **more = arena_array(g->arena, gather_reply *, cap);
        if (g->n)
            memcpy(more, g->replies, g->n * sizeof *more);
        g->replies = more;
        g->cap = cap;
    }
    return g->replies[g->n++] = arena_new(g->arena, gather_reply);
}

void gather_ask(gather *g, uint16_t endpoint, verb v, bytes body)
{
    gather_reply *r = add_reply(g);
    err_info err;
    r->of = g;
    r->endpoint = endpoint;
    r->verb = v;
    r->wait.done = on_reply;
    g->pending++;
    r->code = messaging_request(g->c->messaging, g->env, g->ring->endpoints[endpoint].address, v,
                                body, g->deadline, &r->wait, &err);
    if (r->code < 0)
        settle(r, REPLY_FAILED);
}

int co_fn gather_wait(gather *g, int64_t until)
{
    if (!g->pending)
        return ERR_CLOSED;
    return co_wait(g->env, &g->changed, until);
}
