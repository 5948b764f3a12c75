#include "gossip/gossiper.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

enum { GOSSIPER_MAGIC = 0x474f5352, LOAD_EVERY = 60, MINOR_EVERY = 10 /* rounds */ };
#define ROUND_US 1000000
#define ECHO_TIMEOUT_US 2000000
#define SHADOW_AGAIN_US 500000

struct gossiper {
    int magic;
    env *env;
    messaging *messaging;
    gossip *gossip;
    uuid host_id;
    bool running, shadowing;
    bool minor_changed; /* since the last snapshot */
    ring *newest;
    uint64_t rounds;
    bool in_rounds;
    co_event ended; /* in_rounds fell */
    co_event wake;  /* ends the pause between rounds */
    list echoes;    /* under way */
    co_event answered;
    void (*on_ring)(void *arg, ring *r);
    void (*on_change)(void *arg, const gossip_change *c);
    double (*load_bytes)(void *arg);
    void *arg;
};

/* ---- carrying out ---- */

static void carry_out(gossiper *g, gossip_output *out);

typedef struct echo {
    message_wait wait; /* first */
    gossiper *g;
    list link;
    char peer[INTERNODE_ADDRESS_MAX + 1];
} echo;

static void echo_done(message_wait *w, int result, bytes body, const err_info *err)
{
    echo *x = (echo *)w;
    gossiper *g = x->g;
    gossip_output out;
    (void)body, (void)err;
    list_remove(&x->link);
    gossip_output_init(&out);
    gossip_echoed(g->gossip, x->peer, result == 0, env_mono_us(g->env), &out);
    carry_out(g, &out);
    free(x);
}

static void send_echo(gossiper *g, const char *peer)
{
    echo *x = xzalloc(sizeof *x);
    x->wait.done = echo_done;
    x->g = g;
    strncpy(x->peer, peer, sizeof x->peer - 1);
    list_push(&g->echoes, &x->link);
    int r = messaging_request(g->messaging, g->env, peer, VERB_ECHO, BYTES_EMPTY,
                              env_mono_us(g->env) + ECHO_TIMEOUT_US, &x->wait, NULL);
    if (r < 0)
        echo_done(&x->wait, r, BYTES_NULL, NULL);
}

static void cancel_echoes(gossiper *g)
{
    for (list *l; (l = list_pop(&g->echoes));) {
        echo *x = container_of(l, echo, link);
        messaging_cancel(g->messaging, g->env, &x->wait);
        free(x);
    }
}

/* Whom we cannot reach now is asked again in a later round; a lost message is no error. */
static void send_all(gossiper *g, const gossip_output *out)
{
    for (size_t i = 0; i < out->sends.n; i++) {
        const gossip_send *s = &out->sends.p[i];
        if (s->verb == VERB_ECHO)
            send_echo(g, s->to);
        else
            messaging_send(g->messaging, g->env, s->to, s->verb, s->body, NULL);
    }
}

static void note_state(gossiper *g, const gossip_change *c)
{
    const member *m = gossip_find(g->gossip, c->address);
    if (c->state == STATE_STATUS && m && member_is(m, "NORMAL"))
        log_info(g->env->log, "Node /%s state jump to normal", c->address);
}

static void note_change(gossiper *g, const gossip_change *c)
{
    logger *log = g->env->log;
    switch (c->kind) {
    case CHANGE_NEW:
        log_info(log, "Node /%s is now part of the cluster", c->address);
        break;
    case CHANGE_RESTARTED:
        log_info(log, "Node /%s has restarted, now UP", c->address);
        messaging_peer_up(g->messaging, c->address);
        break;
    case CHANGE_UP:
        log_info(log, "InetAddress /%s is now UP", c->address);
        messaging_peer_up(g->messaging, c->address);
        break;
    case CHANGE_DOWN:
        log_info(log, "InetAddress /%s is now DOWN", c->address);
        messaging_peer_down(g->messaging, c->address);
        break;
    case CHANGE_REMOVED:
        log_info(log, "Node /%s has been silent for too long, removing from gossip", c->address);
        break;
    case CHANGE_COLLISION:
        log_error(log, "Address collision at /%s: %s", c->address, c->text);
        break;
    case CHANGE_STATE:
        note_state(g, c);
        break;
    }
}

static void publish(gossiper *g)
{
    g->minor_changed = false;
    ring_unref(g->newest);
    g->newest = gossip_ring(g->gossip);
    g->on_ring(g->arg, ring_ref(g->newest));
}

/* Ends the output. A restarted peer's link forgets its failures before something is sent. */
static void carry_out(gossiper *g, gossip_output *out)
{
    for (size_t i = 0; i < out->changes.n; i++)
        note_change(g, &out->changes.p[i]);
    send_all(g, out);
    g->minor_changed |= out->minor_changed;
    if (out->ring_changed && g->running)
        publish(g);
    for (size_t i = 0; i < out->changes.n && g->on_change; i++)
        g->on_change(g->arg, &out->changes.p[i]);
    gossip_output_done(out);
}

/* ---- what peers send ---- */

/* Arrives on any worker; the machine lives on worker 0. */
typedef struct arrival {
    gossiper *g;
    verb verb;
    char from[INTERNODE_ADDRESS_MAX + 1];
    size_t n;
    uint8_t body[];
} arrival;

static void take_arrival(void *arg)
{
    arrival *a = arg;
    gossiper *g = a->g;
    gossip_output out;
    err_info err = {0};
    if (!g->running && !g->shadowing) {
        free(a);
        return;
    }
    gossip_output_init(&out);
    if (gossip_receive(g->gossip, a->from, a->verb, bytes_of(a->body, a->n), env_mono_us(g->env),
                       &out, &err) < 0)
        log_warn(g->env->log, "Ignored %s from /%s: %s", verb_name(a->verb), a->from, err.text);
    carry_out(g, &out);
    if (gossip_shadow_done(g->gossip))
        co_signal(g->env, &g->answered);
    free(a);
}

static int co_fn on_gossip(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    gossiper *g = arg;
    arrival *a = xmalloc(sizeof *a + q->body.n);
    (void)e, (void)reply, (void)err;
    *a = (arrival){.g = g, .verb = q->verb, .n = q->body.n};
    strncpy(a->from, q->from, sizeof a->from - 1);
    if (q->body.n)
        memcpy(a->body, q->body.p, q->body.n);
    env_post(g->env, take_arrival, a);
    return 0;
}

/* A node whose gossip is off is not up. `running` is one word, read here from any worker. */
static int co_fn on_echo(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    gossiper *g = arg;
    (void)e, (void)q, (void)reply;
    return __atomic_load_n(&g->running, __ATOMIC_RELAXED)
               ? 0
               : err_set(err, ERR_BOOTSTRAPPING, "gossip is not running");
}

static void set_running(gossiper *g, bool running)
{
    __atomic_store_n(&g->running, running, __ATOMIC_RELAXED);
}

/* ---- rounds ---- */

static void tell_load(gossiper *g, gossip_output *out)
{
    if (g->load_bytes)
        gossip_set_text(g->gossip, STATE_LOAD,
                        arena_printf(&out->arena, "%.1f", g->load_bytes(g->arg)), out);
}

static void run_round(gossiper *g)
{
    gossip_output out;
    gossip_output_init(&out);
    if (g->rounds % LOAD_EVERY == 0)
        tell_load(g, &out);
    gossip_tick(g->gossip, env_mono_us(g->env), &out);
    if (g->minor_changed && g->rounds % MINOR_EVERY == 0)
        out.ring_changed = true;
    g->rounds++;
    carry_out(g, &out);
}

static void co_fn rounds_main(void *arg)
{
    gossiper *g = arg;
    g->in_rounds = true;
    int64_t next = env_mono_us(g->env);
    while (g->running) {
        run_round(g);
        int64_t now = env_mono_us(g->env);
        next = next + ROUND_US > now ? next + ROUND_US : now + ROUND_US;
        while (g->running && co_wait(g->env, &g->wake, next) == 0)
            ;
    }
    g->in_rounds = false;
    co_signal(g->env, &g->ended);
}

void gossiper_start(gossiper *g)
{
    must_be(g, GOSSIPER_MAGIC);
    must(!g->running);
    g->shadowing = false;
    set_running(g, true);
    log_info(g->env->log, "Starting up server gossip");
    publish(g);
    env_spawn(g->env, rounds_main, g);
}

void co_fn gossiper_stop(gossiper *g)
{
    gossip_output out;
    g->shadowing = false;
    if (!g->running)
        return;
    log_info(g->env->log, "Announcing shutdown");
    set_running(g, false);
    gossip_output_init(&out);
    gossip_leave(g->gossip, &out);
    carry_out(g, &out);
    co_signal(g->env, &g->wake);
    cancel_echoes(g);
    while (g->in_rounds)
        co_wait(g->env, &g->ended, NO_DEADLINE);
}

void gossiper_restart(gossiper *g, int32_t generation)
{
    if (g->running)
        return;
    gossip_restart(g->gossip, generation);
    gossiper_start(g);
}

bool gossiper_running(const gossiper *g)
{
    return g->running;
}

/* ---- shadow round ---- */

static void ask_seeds(gossiper *g)
{
    gossip_output out;
    gossip_output_init(&out);
    gossip_shadow(g->gossip, &out);
    carry_out(g, &out);
}

static int check_identity(gossiper *g, err_info *err)
{
    int32_t generation;
    int r = gossip_shadow_check(g->gossip, g->host_id, &generation, err);
    if (r == 0 && generation > gossip_self(g->gossip)->generation)
        gossip_restart(g->gossip, generation);
    return r;
}

int co_fn gossiper_shadow(gossiper *g, int64_t deadline, err_info *err)
{
    must_be(g, GOSSIPER_MAGIC);
    if (!gossip_has_other_seeds(g->gossip))
        return 0;
    g->shadowing = true;
    while (!gossip_shadow_done(g->gossip)) {
        int64_t now = env_mono_us(g->env);
        if (now >= deadline) {
            g->shadowing = false;
            return err_set(err, ERR_TIMEOUT, "Unable to gossip with any seeds");
        }
        ask_seeds(g);
        co_wait(g->env, &g->answered,
                now + SHADOW_AGAIN_US < deadline ? now + SHADOW_AGAIN_US : deadline);
    }
    return check_identity(g, err);
}

/* ---- between lives ---- */

void gossiper_save(const gossiper *g, buf *out)
{
    gossip_save(g->gossip, out);
}

int gossiper_recall(gossiper *g, bytes saved, err_info *err)
{
    must(!g->running && !g->shadowing);
    int r = gossip_recall(g->gossip, saved, err);
    if (r == 0)
        log_info(g->env->log, "Known from before: %zu other nodes", gossip_size(g->gossip) - 1);
    return r;
}

/* ---- telling ---- */

void gossiper_set_schema(gossiper *g, uuid version)
{
    gossip_output out;
    char text[UUID_TEXT];
    uuid_format(version, text);
    if (bytes_eq_str(member_value(gossip_self(g->gossip), STATE_SCHEMA), text))
        return;
    gossip_output_init(&out);
    gossip_set_text(g->gossip, STATE_SCHEMA, text, &out);
    if (g->running)
        gossip_spread(g->gossip, &out);
    carry_out(g, &out);
}

void gossiper_set_normal(gossiper *g)
{
    gossip_output out;
    gossip_output_init(&out);
    bytes status = member_value(gossip_self(g->gossip), STATE_STATUS);
    const uint8_t *comma = memchr(status.p, ',', status.n);
    size_t at = comma ? (size_t)(comma - status.p) : status.n;
    gossip_set_text(
        g->gossip, STATE_STATUS,
        arena_printf(&out.arena, "NORMAL%.*s", (int)(status.n - at), (const char *)status.p + at),
        &out);
    if (g->running)
        gossip_spread(g->gossip, &out);
    carry_out(g, &out);
}

const gossip *gossiper_state(const gossiper *g)
{
    return g->gossip;
}

ring *gossiper_ring(gossiper *g)
{
    return ring_ref(g->newest);
}

/* ---- life ---- */

int gossiper_new(env *home, const gossiper_options *o, gossiper **ret, err_info *err)
{
    gossip_output out;
    gossip *state;
    gossip_options go = {
        .partitioner = o->partitioner,
        .address = o->self->address,
        .generation = o->self->generation,
        .seeds = o->seeds,
        .n_seeds = o->n_seeds,
        .phi_convict_threshold = o->phi_convict_threshold,
        .interval_us = ROUND_US,
        .first_arrival_us = o->first_arrival_us,
        .ring_delay_us = o->ring_delay_us,
        .seed = env_random(home),
    };
    int r = gossip_new(&go, &state, err);
    if (r < 0)
        return r;
    gossiper *g = xzalloc(sizeof *g);
    *g = (gossiper){.magic = GOSSIPER_MAGIC,
                    .env = home,
                    .messaging = o->messaging,
                    .gossip = state,
                    .host_id = o->self->host_id,
                    .on_ring = o->on_ring,
                    .on_change = o->on_change,
                    .load_bytes = o->load_bytes,
                    .arg = o->arg};
    co_event_init(&g->ended);
    co_event_init(&g->wake);
    list_init(&g->echoes);
    co_event_init(&g->answered);
    gossip_output_init(&out);
    gossip_set_endpoint(state, o->self, &out);
    gossip_output_done(&out);
    for (verb v = VERB_GOSSIP_SYN; v <= VERB_GOSSIP_SHUTDOWN; v++)
        messaging_handle(o->messaging, v, on_gossip, g);
    messaging_handle(o->messaging, VERB_ECHO, on_echo, g);
    *ret = g;
    return 0;
}

gossiper *gossiper_free(gossiper *g)
{
    if (!g)
        return NULL;
    must(!g->running && !g->in_rounds);
    cancel_echoes(g);
    gossip_free(g->gossip);
    ring_unref(g->newest);
    free(g);
    return NULL;
}
