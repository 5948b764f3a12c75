#include "gossip/messaging.h"

#include <stdlib.h>

#include "base/must.h"
#include "gossip/lanes.h"

enum { SWEEP_US = 20000 };

/* ---- asking ---- */

static uint32_t left_ms(env *e, int64_t deadline)
{
    if (deadline == NO_DEADLINE)
        return UINT32_MAX;
    int64_t left = (deadline - env_mono_us(e)) / 1000;
    return left <= 0 ? 0 : left < UINT32_MAX ? (uint32_t)left : UINT32_MAX - 1;
}

static int find_link(messaging *m, env *e, const char *peer, peer_link **ret, err_info *err)
{
    must_be(m, MESSAGING_MAGIC);
    if (!strcmp(peer, m->broadcast_address))
        return err_set(err, ERR_INVALID, "/%s is this node itself", peer);
    *ret = link_get(lane_of(m, e), peer);
    return *ret ? 0 : err_set(err, ERR_INVALID, "%s is not an IP address", peer);
}

int messaging_send(messaging *m, env *e, const char *peer, verb v, bytes body, err_info *err)
{
    peer_link *p;
    internode_frame f = {
        .verb = (uint16_t)v, .flags = FRAME_ONE_WAY, .timeout_ms = UINT32_MAX, .body = body};
    int r = find_link(m, e, peer, &p, err);
    return r < 0 ? r : link_send(p, &f, err);
}

static int request(messaging *m, env *e, const char *peer, verb v, bytes body, int64_t deadline,
                   message_wait *w, err_info *err)
{
    peer_link *p;
    w->peer = NULL;
    w->deadline = deadline;
    w->verb = v;
    int r = find_link(m, e, peer, &p, err);
    if (r == 0)
        r = link_add_wait(p, w, err);
    if (r < 0)
        return r;
    internode_frame f = {
        .verb = (uint16_t)v, .id = w->id, .timeout_ms = left_ms(e, deadline), .body = body};
    r = link_send(p, &f, err);
    if (r < 0)
        link_remove_wait(w);
    return r;
}

/* Runs while anything waits, so that an idle node sleeps. */
static void co_fn sweep(void *arg)
{
    lane *l = arg;
    lane_enter(l);
    while (l->stats.pending && !l->stopping) {
        env_sleep_us(l->env, SWEEP_US);
        const map_slot *s;
        for (size_t i = 0; (s = map_next(&l->links, &i));)
            link_sweep(s->value, env_mono_us(l->env));
    }
    l->sweeping = false;
    lane_leave(l);
}

int messaging_request(messaging *m, env *e, const char *peer, verb v, bytes body, int64_t deadline,
                      message_wait *w, err_info *err)
{
    lane *l = lane_of(m, e);
    int r = request(m, e, peer, v, body, deadline, w, err);
    if (r == 0 && !l->sweeping && deadline != NO_DEADLINE) {
        l->sweeping = true;
        env_spawn(e, sweep, l);
    }
    return r;
}

void messaging_cancel(messaging *m, env *e, message_wait *w)
{
    (void)m, (void)e;
    link_remove_wait(w);
}

typedef struct ask {
    message_wait wait; /* first */
    env *env;
    co_event answered;
    bool done;
    int result;
    arena *arena;
    bytes body;
    err_info *err;
} ask;

static void ask_done(message_wait *w, int result, bytes body, const err_info *err)
{
    ask *a = (ask *)w;
    a->done = true;
    a->result = result;
    if (result == 0)
        a->body = arena_copy(a->arena, body);
    else if (a->err)
        *a->err = *err;
    co_signal(a->env, &a->answered);
}

int co_fn messaging_ask(messaging *m, env *e, const char *peer, verb v, bytes body,
                        int64_t deadline, arena *a, bytes *ret_body, err_info *err)
{
    ask q = {.wait.done = ask_done, .env = e, .arena = a, .err = err};
    co_event_init(&q.answered);
    int r = request(m, e, peer, v, body, deadline, &q.wait, err);
    if (r < 0)
        return r;
    while (!q.done && co_wait(e, &q.answered, deadline) == 0)
        ;
    if (!q.done) {
        messaging_cancel(m, e, &q.wait);
        lane_of(m, e)->stats.timeouts++;
        return err_set(err, ERR_TIMEOUT, "/%s did not answer %s in time", peer, verb_name(v));
    }
    if (q.result == 0)
        *ret_body = q.body;
    return q.result;
}

/* ---- on every worker ---- */

typedef struct round {
    messaging *m;
    void (*fn)(struct round *r, lane *l);
    unsigned worker;
    bool done;
    co_event ended;
    int result;
    err_info *err;
} round;

static void round_back(void *arg)
{
    round *r = arg;
    r->done = true;
    co_signal(r->m->home, &r->ended);
}

static void co_fn round_visit(void *arg)
{
    round *r = arg;
    r->fn(r, &r->m->lanes[r->worker]);
    env_post(r->m->home, round_back, r);
}

/* One worker after the other, on that worker's thread. */
static int co_fn on_all_lanes(messaging *m, void (*fn)(round *r, lane *l), err_info *err)
{
    round r = {.m = m, .fn = fn, .err = err};
    co_event_init(&r.ended);
    for (r.worker = 0; r.worker < m->n_lanes && r.result == 0; r.worker++) {
        r.done = false;
        env_post(m->lanes[r.worker].env, round_visit, &r);
        while (!r.done)
            co_wait(m->home, &r.ended, NO_DEADLINE);
    }
    return r.result;
}

static void start_lane(round *r, lane *l)
{
    messaging *m = r->m;
    l->stopping = false;
    r->result = env_listen(l->env, m->listen_address, m->storage_port, incoming_main, l,
                           &l->listener, r->err);
}

static void co_fn stop_lane(round *r, lane *l)
{
    const map_slot *s;
    (void)r;
    l->stopping = true;
    l->listener = listener_close(l->listener);
    incoming_shut(l, NULL);
    for (size_t i = 0; (s = map_next(&l->links, &i));)
        link_drop(s->value);
    while (l->running)
        co_wait(l->env, &l->ended, NO_DEADLINE);
}

static void pass_by(round *r, lane *l)
{
    (void)r, (void)l;
}

int co_fn messaging_start(messaging *m, err_info *err)
{
    must_be(m, MESSAGING_MAGIC);
    m->started = true;
    int r = on_all_lanes(m, start_lane, err);
    if (r < 0)
        messaging_stop(m);
    else
        log_info(m->home->log, "Starting Messaging Service on port %u", m->storage_port);
    return r;
}

void co_fn messaging_stop(messaging *m)
{
    if (!m->started)
        return;
    m->started = false;
    on_all_lanes(m, stop_lane, NULL);
    on_all_lanes(m, pass_by, NULL); /* what they posted to each other has run now */
}

/* ---- peers up and down ---- */

typedef struct notice {
    lane *lane;
    bool up;
    char peer[INTERNODE_ADDRESS_MAX + 1];
} notice;

static void take_notice(void *arg)
{
    notice *n = arg;
    if (n->up)
        link_forgive(n->lane, n->peer);
    else
        link_drop_peer(n->lane, n->peer);
    free(n);
}

/* On any worker that is not stopping; what is posted is taken before the lanes end. */
static void tell_lanes(messaging *m, const char *peer, bool up)
{
    for (unsigned i = 0; i < m->n_lanes; i++) {
        notice *n = xzalloc(sizeof *n);
        n->lane = &m->lanes[i];
        n->up = up;
        strncpy(n->peer, peer, sizeof n->peer - 1);
        env_post(n->lane->env, take_notice, n);
    }
}

void lanes_forgive(lane *here, const char *peer)
{
    link_forgive(here, peer);
    tell_lanes(here->m, peer, true);
}

void messaging_peer_up(messaging *m, const char *peer)
{
    if (m->started)
        lanes_forgive(&m->lanes[0], peer);
}

void messaging_peer_down(messaging *m, const char *peer)
{
    if (m->started)
        tell_lanes(m, peer, false);
}

/* ---- life ---- */

void messaging_handle(messaging *m, verb v, message_handler fn, void *arg)
{
    must(!m->started && v < VERBS);
    m->handlers[v] = (handler){fn, arg};
}

messaging *messaging_new(env *home, const messaging_options *o)
{
    messaging *m = xzalloc(sizeof *m);
    m->magic = MESSAGING_MAGIC;
    m->home = home;
    m->cluster_name = xstrdup(o->cluster_name);
    m->listen_address = xstrdup(o->listen_address);
    m->broadcast_address = xstrdup(o->broadcast_address);
    m->partitioner = o->partitioner;
    m->storage_port = o->storage_port;
    m->generation = o->generation;
    m->connect_timeout_us = o->connect_timeout_us ? o->connect_timeout_us : 2000000;
    m->queue_bytes = o->queue_bytes ? o->queue_bytes : 32 << 20;
    m->n_lanes = home->workers;
    m->lanes = aligned_alloc(_Alignof(lane), m->n_lanes * sizeof *m->lanes);
    must(m->lanes);
    memset(m->lanes, 0, m->n_lanes * sizeof *m->lanes);
    for (unsigned i = 0; i < m->n_lanes; i++) {
        lane *l = &m->lanes[i];
        l->m = m;
        l->env = home->peers[i];
        co_event_init(&l->ended);
        list_init(&l->incoming);
        list_init(&l->idle_tasks);
    }
    return m;
}

messaging *messaging_free(messaging *m)
{
    if (!m)
        return NULL;
    must(!m->started);
    for (unsigned i = 0; i < m->n_lanes; i++) {
        const map_slot *s;
        for (size_t k = 0; (s = map_next(&m->lanes[i].links, &k));)
            link_free(s->value);
        map_done(&m->lanes[i].links);
        incoming_done(&m->lanes[i]);
    }
    free(m->lanes);
    free(m->cluster_name);
    free(m->listen_address);
    free(m->broadcast_address);
    free(m);
    return NULL;
}

void messaging_sum(const messaging *m, messaging_stats *ret)
{
    *ret = (messaging_stats){0};
    for (unsigned i = 0; i < m->n_lanes; i++) {
        const messaging_stats *s = &m->lanes[i].stats;
        ret->sent += s->sent;
        ret->received += s->received;
        ret->replies_sent += s->replies_sent;
        ret->replies_received += s->replies_received;
        ret->timeouts += s->timeouts;
        ret->refused += s->refused;
        ret->pending += s->pending;
        ret->connections += s->connections;
    }
}
