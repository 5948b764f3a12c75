/* Connections that peers made: the handshake's other side, and requests, each on a coroutine. */
#include <stdlib.h>

#include "base/must.h"
#include "gossip/lanes.h"

enum {
    INCOMING_MAX = 4096,
    IN_FLIGHT_MAX = 1024,
    UNSENT_MAX = 1 << 20,
    TASK_ARENA = 8 << 10,
    TASK_KEEP = 64 << 10, /* a pooled task that has grown beyond is freed */
};
#define HELLO_TIMEOUT_US 10000000
#define SAID_AGAIN_US 600000000LL

typedef struct incoming {
    lane *lane;
    stream *stream;
    list link;
    char peer[INTERNODE_ADDRESS_MAX + 1]; /* broadcast address; "": before the handshake */
    unsigned in_flight;
    co_event settled;
} incoming;

typedef struct task {
    list link;
    incoming *from;
    internode_frame frame;
    message message;
    arena arena;
    buf reply;
} task;

/* ---- saying things once ---- */

typedef struct refusal {
    messaging *m;
    char ip[INTERNODE_ADDRESS_MAX + 1];
    int what;
    char text[480];
} refusal;

static bool said_already(messaging *m, const refusal *f)
{
    int64_t now = env_mono_us(m->home);
    for (unsigned i = 0; i < SAID_MAX; i++)
        if (m->said[i].until_us > now && m->said[i].what == f->what &&
            !strcmp(m->said[i].ip, f->ip))
            return true;
    said *s = &m->said[m->next_said++ % SAID_MAX];
    *s = (said){.what = f->what, .until_us = now + SAID_AGAIN_US};
    memcpy(s->ip, f->ip, sizeof s->ip);
    return false;
}

static void say(void *arg)
{
    refusal *f = arg;
    if (!said_already(f->m, f))
        log_warn(f->m->home->log, "Refused the connection of /%s to the storage port: %s", f->ip,
                 f->text);
    free(f);
}

/* Worker 0 remembers what was said, of all workers. */
static void warn_once(incoming *c, int what, const char *text)
{
    refusal *f = xzalloc(sizeof *f);
    c->lane->stats.refused++;
    f->m = c->lane->m;
    f->what = what;
    strncpy(f->ip, stream_peer_ip(c->stream), sizeof f->ip - 1);
    memcpy(f->text, text, strnlen(text, sizeof f->text - 1));
    env_post(f->m->home, say, f);
}

/* ---- handshake ---- */

static internode_verdict judge(const lane *l, const internode_hello *h, err_info *why)
{
    const messaging *m = l->m;
    int len = (int)h->address.n;
    const char *address = (const char *)h->address.p;
    if (!internode_agree(h->version_min, h->version_max)) {
        err_set(why, ERR_REFUSED, "it speaks protocol versions %u to %u, this node %u to %u",
                h->version_min, h->version_max, INTERNODE_VERSION_MIN, INTERNODE_VERSION_MAX);
        return VERDICT_VERSION;
    }
    if (!bytes_eq_str(h->cluster_name, m->cluster_name)) {
        err_set(why, ERR_REFUSED, "/%.*s is of cluster \"%.*s\", this node of \"%s\"", len, address,
                (int)h->cluster_name.n, (const char *)h->cluster_name.p, m->cluster_name);
        return VERDICT_CLUSTER;
    }
    if (h->partitioner != m->partitioner) {
        err_set(why, ERR_REFUSED, "/%.*s has another partitioner than this node's %s", len, address,
                partitioner_class(m->partitioner));
        return VERDICT_PARTITIONER;
    }
    if (bytes_eq_str(h->address, m->broadcast_address)) {
        err_set(why, ERR_REFUSED,
                "another node claims this node's address /%s, with %s generation %d (this node's "
                "is %d)",
                m->broadcast_address, h->generation > m->generation ? "a newer" : "the",
                h->generation, m->generation);
        return VERDICT_ADDRESS;
    }
    if (h->purpose != PURPOSE_MESSAGES) {
        err_set(why, ERR_REFUSED, "it wants something of kind %u", (unsigned)h->purpose);
        return VERDICT_PURPOSE;
    }
    return VERDICT_WELCOME;
}

static int answer_hello(incoming *c, const internode_hello *h)
{
    const messaging *m = c->lane->m;
    err_info why = {0};
    internode_answer a = {.verdict = judge(c->lane, h, &why),
                          .version = internode_agree(h->version_min, h->version_max),
                          .address = bytes_str(m->broadcast_address),
                          .generation = m->generation,
                          .reason = bytes_str(why.text)};
    if (a.verdict != VERDICT_WELCOME)
        a.version = INTERNODE_VERSION_MAX;
    internode_put_answer(stream_output(c->stream), &a);
    stream_kick(c->stream);
    if (a.verdict != VERDICT_WELCOME) {
        warn_once(c, (int)a.verdict, why.text);
        return ERR_REFUSED;
    }
    memcpy(c->peer, h->address.p, h->address.n);
    lanes_forgive(c->lane, c->peer);
    return 0;
}

/* Whoever connects and leaves without a word is a probe: nothing is said. */
static int co_fn greet(incoming *c)
{
    int64_t deadline = env_mono_us(c->lane->env) + HELLO_TIMEOUT_US;
    for (;;) {
        internode_hello h;
        size_t size;
        err_info e = {0};
        bytes in = stream_input(c->stream);
        int r = internode_read_hello(in, &h, &size, &e);
        if (r == 0) {
            r = answer_hello(c, &h);
            stream_consume(c->stream, size);
            return r;
        }
        if (r != ERR_EOF) {
            warn_once(c, -r, e.text);
            return r;
        }
        r = stream_wait(c->stream, size, deadline);
        if (r < 0 && stream_input(c->stream).n)
            warn_once(c, -r, "an incomplete handshake");
        if (r < 0)
            return r;
    }
}

/* ---- requests ---- */

static task *task_get(incoming *c, const internode_frame *f)
{
    lane *l = c->lane;
    list *pooled = list_pop(&l->idle_tasks);
    task *t = pooled ? container_of(pooled, task, link) : xzalloc(sizeof *t);
    if (pooled)
        l->n_idle_tasks--;
    else
        arena_init(&t->arena, TASK_ARENA);
    t->from = c;
    t->frame = *f;
    t->frame.body = arena_copy(&t->arena, f->body);
    return t;
}

static void task_free(task *t)
{
    arena_done(&t->arena);
    buf_done(&t->reply);
    free(t);
}

static void task_put(lane *l, task *t)
{
    if (l->n_idle_tasks >= IDLE_TASKS_MAX || t->arena.used > TASK_KEEP ||
        t->reply.cap > TASK_KEEP) {
        task_free(t);
        return;
    }
    arena_reset(&t->arena);
    t->reply.n = 0;
    list_push(&l->idle_tasks, &t->link);
    l->n_idle_tasks++;
}

static void put_reply(task *t, int result, err_info *err)
{
    stream *s = t->from->stream;
    internode_frame f = {.verb = t->frame.verb, .flags = FRAME_REPLY, .id = t->frame.id};
    if (result == 0 && t->reply.n > INTERNODE_BODY_MAX)
        result = err_set(err, ERR_TOO_LARGE, "a reply of %zu bytes", t->reply.n);
    if (result < 0) {
        if (!err->code)
            err_set(err, result, "%s", err_text(result));
        f.flags |= FRAME_ERROR;
        t->reply.n = 0;
        error_body_encode(err, &t->reply);
    }
    f.body = buf_view(&t->reply);
    internode_put_frame(stream_output(s), &f);
    stream_kick(s);
    t->from->lane->stats.replies_sent++;
}

static int co_fn call_handler(task *t, err_info *err)
{
    incoming *c = t->from;
    lane *l = c->lane;
    const internode_frame *f = &t->frame;
    const handler *h = f->verb < VERBS ? &l->m->handlers[f->verb] : NULL;
    if (!h || !h->fn)
        return err_set(err, ERR_NOT_SUPPORTED, "verb %u is not supported yet by /%s", f->verb,
                       l->m->broadcast_address);
    int64_t now = env_mono_us(l->env);
    t->message = (message){
        .from = c->peer,
        .verb = (verb)f->verb,
        .body = f->body,
        .deadline = f->timeout_ms == UINT32_MAX ? NO_DEADLINE : now + f->timeout_ms * 1000LL,
        .arena = &t->arena,
    };
    return h->fn(h->arg, l->env, &t->message, &t->reply, err);
}

static void co_fn task_main(void *arg)
{
    task *t = arg;
    incoming *c = t->from;
    lane *l = c->lane;
    err_info err = {0};
    int r = call_handler(t, &err);
    if (!(t->frame.flags & FRAME_ONE_WAY))
        put_reply(t, r, &err);
    task_put(l, t);
    c->in_flight--;
    if (c->in_flight == 0 || c->in_flight == IN_FLIGHT_MAX - 1)
        co_signal(l->env, &c->settled);
}

/* Starts every whole frame that has arrived; returns how many bytes of input the next one needs, or
 * an error that ends the connection. */
static int64_t take_frames(incoming *c)
{
    for (;;) {
        internode_frame f;
        size_t size;
        err_info e = {0};
        if (c->in_flight >= IN_FLIGHT_MAX || c->lane->stopping)
            return INTERNODE_HEADER;
        int r = internode_read_frame(stream_input(c->stream), &f, &size, &e);
        if (r == ERR_EOF)
            return (int64_t)size;
        if (r == 0 && (f.flags & FRAME_REPLY))
            r = err_set(&e, ERR_PROTOCOL, "a reply where requests are expected");
        if (r < 0) {
            log_warn(c->lane->env->log, "Closing the connection of /%s, which sent %s", c->peer,
                     e.text);
            return r;
        }
        c->in_flight++;
        c->lane->stats.received++;
        env_spawn(c->lane->env, task_main, task_get(c, &f));
        stream_consume(c->stream, size);
    }
}

static void co_fn wait_in_flight(incoming *c, unsigned below)
{
    while (c->in_flight >= below)
        co_wait(c->lane->env, &c->settled, NO_DEADLINE);
}

static void co_fn serve(incoming *c)
{
    while (!c->lane->stopping) {
        int64_t need = take_frames(c);
        if (need < 0)
            return;
        wait_in_flight(c, IN_FLIGHT_MAX);
        if (stream_unsent(c->stream) > UNSENT_MAX &&
            stream_drain(c->stream, UNSENT_MAX / 2, NO_DEADLINE) < 0)
            return;
        if (stream_input(c->stream).n >= (size_t)need)
            continue;
        if (stream_wait(c->stream, (size_t)need, NO_DEADLINE) < 0)
            return;
    }
}

void co_fn incoming_main(void *arg, stream *s)
{
    lane *l = arg;
    incoming c = {.lane = l, .stream = s};
    if (l->stopping || l->n_incoming == INCOMING_MAX) {
        stream_close(s);
        return;
    }
    lane_enter(l);
    l->n_incoming++;
    co_event_init(&c.settled);
    list_push(&l->incoming, &c.link);
    if (greet(&c) == 0)
        serve(&c);
    wait_in_flight(&c, 1);
    list_remove(&c.link);
    l->n_incoming--;
    stream_close(s);
    lane_leave(l);
}

void incoming_shut(lane *l, const char *peer)
{
    for (list *i = l->incoming.next; i != &l->incoming; i = i->next) {
        incoming *c = container_of(i, incoming, link);
        if (!peer || !strcmp(c->peer, peer))
            stream_shut(c->stream);
    }
}

void incoming_done(lane *l)
{
    list *t;
    while ((t = list_pop(&l->idle_tasks)))
        task_free(container_of(t, task, link));
}
