/* Links: the connections that a worker makes to its peers, what waits to be sent on them and what
 * waits for replies. */
#include <stdlib.h>

#include "base/must.h"
#include "gossip/lanes.h"

enum {
    SLOT_BITS = 20,
    BACKOFF_FIRST_US = 50000,
    BACKOFF_MAX_US = 1000000,
    BACKOFF_REFUSED_US = 30000000, /* another cluster does not become ours soon */
};

/* ---- replies that are waited for ---- */

int link_add_wait(peer_link *p, message_wait *w, err_info *err)
{
    uint32_t slot;
    if (p->free_slots.n) {
        slot = p->free_slots.p[--p->free_slots.n];
    } else {
        if (p->slots.n == SLOTS_MAX)
            return err_set(err, ERR_OVERLOADED, "too many requests wait for /%s", p->address);
        slot = (uint32_t)p->slots.n;
        vec_push(&p->slots, NULL);
    }
    p->slots.p[slot] = w;
    w->peer = p;
    w->id = ++p->serial << SLOT_BITS | slot;
    p->lane->stats.pending++;
    return 0;
}

void link_remove_wait(message_wait *w)
{
    peer_link *p = w->peer;
    uint32_t slot = (uint32_t)(w->id & (SLOTS_MAX - 1));
    if (!p)
        return;
    must(slot < p->slots.n && p->slots.p[slot] == w);
    p->slots.p[slot] = NULL;
    vec_push(&p->free_slots, slot);
    p->lane->stats.pending--;
    w->peer = NULL;
}

static void settle(message_wait *w, int result, bytes body, const err_info *err)
{
    link_remove_wait(w);
    w->done(w, result, body, err);
}

static void fail_waits(peer_link *p, const err_info *err)
{
    for (size_t i = 0; i < p->slots.n; i++)
        if (p->slots.p[i])
            settle(p->slots.p[i], err->code, BYTES_NULL, err);
}

void link_sweep(peer_link *p, int64_t now_us)
{
    for (size_t i = 0; i < p->slots.n; i++) {
        message_wait *w = p->slots.p[i];
        if (!w || w->deadline > now_us)
            continue;
        err_info err = {0};
        const char *verb = verb_name(w->verb);
        err_set(&err, ERR_TIMEOUT, "/%s did not answer %s in time", p->address, verb);
        p->lane->stats.timeouts++;
        settle(w, ERR_TIMEOUT, BYTES_NULL, &err);
    }
}

/* A reply to a request that nobody waits for any more is nothing bad. */
static void take_reply(peer_link *p, const internode_frame *f)
{
    err_info err = {0};
    uint32_t slot = (uint32_t)(f->id & (SLOTS_MAX - 1));
    message_wait *w = slot < p->slots.n ? p->slots.p[slot] : NULL;
    p->lane->stats.replies_received++;
    if (!w || w->id != f->id)
        return;
    if (!(f->flags & FRAME_ERROR)) {
        settle(w, 0, f->body, NULL);
        return;
    }
    if (error_body_decode(f->body, &err, &err) < 0)
        err_set(&err, ERR_SERVER, "/%s answered with a garbled error", p->address);
    settle(w, err.code, BYTES_NULL, &err);
}

/* ---- a connection ---- */

static int co_fn read_answer(peer_link *p, int64_t deadline, internode_answer *ret, err_info *err)
{
    for (;;) {
        size_t size;
        int r = internode_read_answer(stream_input(p->stream), ret, &size, err);
        if (r == 0)
            stream_consume(p->stream, size);
        if (r != ERR_EOF)
            return r;
        r = stream_wait(p->stream, size, deadline);
        if (r < 0)
            return err_set(err, r, "/%s did not answer the handshake", p->address);
    }
}

static int judge_answer(peer_link *p, const internode_answer *a, err_info *err)
{
    if (a->verdict != VERDICT_WELCOME) {
        err_set(err, ERR_REFUSED, "/%s refuses this node: %.*s", p->address, (int)a->reason.n,
                (const char *)a->reason.p);
    } else if (!bytes_eq_str(a->address, p->address)) {
        err_set(err, ERR_REFUSED, "/%s answers as another node, /%.*s", p->address,
                (int)a->address.n, (const char *)a->address.p);
    } else if (!internode_agree(a->version, a->version)) {
        err_set(err, ERR_REFUSED, "/%s chose protocol version %u, which is unknown here",
                p->address, a->version);
    } else {
        p->refusal_said = false;
        return 0;
    }
    if (!p->refusal_said)
        log_warn(p->lane->env->log, "%s", err->text);
    p->refusal_said = true;
    p->backoff_us = BACKOFF_REFUSED_US;
    return ERR_REFUSED;
}

static int co_fn handshake(peer_link *p, int64_t deadline, err_info *err)
{
    const messaging *m = p->lane->m;
    internode_answer answer;
    internode_hello hello = {
        .version_min = INTERNODE_VERSION_MIN,
        .version_max = INTERNODE_VERSION_MAX,
        .purpose = PURPOSE_MESSAGES,
        .partitioner = m->partitioner,
        .cluster_name = bytes_str(m->cluster_name),
        .address = bytes_str(m->broadcast_address),
        .generation = m->generation,
    };
    internode_put_hello(stream_output(p->stream), &hello);
    stream_kick(p->stream);
    int r = read_answer(p, deadline, &answer, err);
    return r == 0 ? judge_answer(p, &answer, err) : r;
}

static int co_fn open_link(peer_link *p, err_info *err)
{
    lane *l = p->lane;
    int64_t deadline = env_mono_us(l->env) + l->m->connect_timeout_us;
    int r = env_connect(l->env, p->address, l->m->storage_port, deadline, &p->stream, err);
    if (r == 0)
        r = handshake(p, deadline, err);
    if (r == 0 && (p->dropped || l->stopping))
        r = err_set(err, ERR_CLOSED, "/%s is down", p->address);
    return r;
}

/* Replies are all that comes. */
static int co_fn read_replies(peer_link *p, err_info *err)
{
    for (;;) {
        internode_frame f;
        size_t size;
        int r = internode_read_frame(stream_input(p->stream), &f, &size, err);
        if (r == 0 && !(f.flags & FRAME_REPLY))
            r = err_set(err, ERR_PROTOCOL, "a request where replies are expected");
        if (r == 0) {
            take_reply(p, &f);
            stream_consume(p->stream, size);
            continue;
        }
        if (r != ERR_EOF) {
            log_warn(p->lane->env->log, "Closing the connection to /%s, which sent %s", p->address,
                     err->text);
            return r;
        }
        r = stream_wait(p->stream, size, NO_DEADLINE);
        if (r < 0)
            return err_set(err, ERR_CLOSED, "the connection to /%s was lost", p->address);
    }
}

static void back_off(peer_link *p)
{
    env *e = p->lane->env;
    if (p->backoff_us < BACKOFF_REFUSED_US)
        p->backoff_us = p->backoff_us ? p->backoff_us * 2 : BACKOFF_FIRST_US;
    if (p->backoff_us < BACKOFF_REFUSED_US && p->backoff_us > BACKOFF_MAX_US)
        p->backoff_us = BACKOFF_MAX_US;
    int64_t half = p->backoff_us / 2;
    p->retry_us = env_mono_us(e) + half + (int64_t)(env_random(e) % (uint64_t)(half + 1));
    if (p->backoff_us >= BACKOFF_REFUSED_US)
        p->backoff_us = BACKOFF_MAX_US;
}

static void link_ended(peer_link *p, const err_info *err)
{
    bool was_up = p->state == LINK_UP;
    p->state = LINK_IDLE;
    p->stream = NULL;
    p->why = *err;
    p->queue.n = 0;
    if (was_up)
        p->lane->stats.connections--;
    else
        p->lane->stats.refused++;
    if (!p->dropped)
        back_off(p);
    p->dropped = false;
    fail_waits(p, &p->why);
}

static void co_fn link_main(void *arg)
{
    peer_link *p = arg;
    lane *l = p->lane;
    err_info err = {0};
    lane_enter(l);
    env_yield(l->env); /* whoever sends must not see it fail before its call returned */
    int r = open_link(p, &err);
    if (r == 0) {
        p->state = LINK_UP;
        p->backoff_us = 0;
        l->stats.connections++;
        buf_bytes(stream_output(p->stream), buf_view(&p->queue));
        buf_done(&p->queue);
        p->queue = (buf){0};
        stream_kick(p->stream);
        r = read_replies(p, &err);
    }
    if (!err.code)
        err_set(&err, r, "the connection to /%s failed", p->address);
    if (p->state != LINK_UP)
        err.code = ERR_REFUSED; /* whatever it was: nothing of ours was sent */
    stream *s = p->stream;
    link_ended(p, &err);
    if (s)
        stream_close(s);
    lane_leave(l);
}

/* ---- sending ---- */

static int check_room(peer_link *p, size_t unsent, size_t more, err_info *err)
{
    size_t max = p->lane->m->queue_bytes;
    if (more > INTERNODE_BODY_MAX)
        return err_set(err, ERR_TOO_LARGE, "a message of %zu bytes", more);
    if (unsent && unsent + more > max)
        return err_set(err, ERR_OVERLOADED, "/%s does not take what is sent to it: %zu bytes wait",
                       p->address, unsent);
    return 0;
}

static int start_connecting(peer_link *p, err_info *err)
{
    if (p->state != LINK_IDLE)
        return 0;
    if (env_mono_us(p->lane->env) < p->retry_us)
        return err_set(err, ERR_REFUSED, "%s", p->why.text);
    p->state = LINK_CONNECTING;
    env_spawn(p->lane->env, link_main, p);
    return 0;
}

int link_send(peer_link *p, const internode_frame *f, err_info *err)
{
    if (p->lane->stopping)
        return err_set(err, ERR_CLOSED, "this node is stopping");
    int r = start_connecting(p, err);
    if (r < 0)
        return r;
    bool up = p->state == LINK_UP;
    r = check_room(p, up ? stream_unsent(p->stream) : p->queue.n, f->body.n, err);
    if (r < 0)
        return r;
    internode_put_frame(up ? stream_output(p->stream) : &p->queue, f);
    if (up)
        stream_kick(p->stream);
    p->lane->stats.sent++;
    return 0;
}

void link_drop(peer_link *p)
{
    err_info err = {0};
    if (p->state == LINK_IDLE)
        return;
    p->dropped = true;
    if (p->stream)
        stream_shut(p->stream);
    err_set(&err, ERR_CLOSED, "/%s is down", p->address);
    p->queue.n = 0;
    fail_waits(p, &err);
}

void link_drop_peer(lane *l, const char *peer)
{
    peer_link *p = map_get(&l->links, bytes_str(peer));
    if (p)
        link_drop(p);
    incoming_shut(l, peer);
}

void link_forgive(lane *l, const char *peer)
{
    peer_link *p = map_get(&l->links, bytes_str(peer));
    if (p)
        p->retry_us = p->backoff_us = 0;
}

/* ---- life ---- */

peer_link *link_get(lane *l, const char *peer)
{
    peer_link *p = map_get(&l->links, bytes_str(peer));
    if (p || strlen(peer) > INTERNODE_ADDRESS_MAX)
        return p;
    p = xzalloc(sizeof *p);
    p->lane = l;
    strcpy(p->address, peer);
    map_put(&l->links, bytes_str(p->address), p);
    return p;
}

void link_free(peer_link *p)
{
    must(p->state == LINK_IDLE);
    buf_done(&p->queue);
    vec_done(&p->slots);
    vec_done(&p->free_slots);
    free(p);
}
