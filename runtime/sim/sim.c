#include "runtime/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "runtime/sim/world.h"

/* ---- chance and trace ---- */

uint64_t sim_choose(sim *s, uint64_t n)
{
    return random_below(&s->random, n);
}

void sim_note_number(sim *s, uint64_t what, uint64_t n)
{
    uint64_t parts[4] = {s->trace, (uint64_t)sim_now(s), what, n};
    s->trace = hash_fast(bytes_of(parts, sizeof parts));
}

void sim_note(sim *s, uint64_t what, const char *path)
{
    sim_note_number(s, what, path ? hash_fast(bytes_str(path)) : 0);
}

uint64_t sim_trace(const sim *s)
{
    return s->trace;
}

sim_stats sim_get_stats(const sim *s)
{
    return s->stats;
}

/* ---- reading along ---- */

static void say(sim *s, const char *node, log_level level, const char *text)
{
    if (s->log_fn && level >= s->log_level)
        s->log_fn(s->log_arg, sim_now(s), node, level, text);
}

static void write_line(logger *l, log_level level, const char *file, int line, const char *text)
{
    sim_node *n = container_of(l, sim_node, log);
    (void)file, (void)line;
    if (!n->down)
        say(n->sim, n->name, level, text);
}

void sim_log(sim *s, log_level level,
             void (*fn)(void *arg, int64_t mono_us, const char *node, log_level level,
                        const char *text),
             void *arg)
{
    s->log_level = level;
    s->log_fn = fn;
    s->log_arg = arg;
    for (size_t i = 0; i < s->nodes.n; i++) {
        s->nodes.p[i]->log = (logger){level, write_line};
        s->nodes.p[i]->env.log = &s->nodes.p[i]->log;
    }
}

static void say_formatted(sim *s, const char *node, log_level level, const char *fmt, va_list ap)
{
    char text[512];
    if (!s->log_fn || level < s->log_level)
        return;
    vsnprintf(text, sizeof text, fmt, ap);
    say(s, node, level, text);
}

void sim_say(sim *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say_formatted(s, s->nodes.p[0]->name, LOG_INFO, fmt, ap);
    va_end(ap);
}

void sim_event(sim_node *n, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say_formatted(n->sim, n->name, LOG_DEBUG, fmt, ap);
    va_end(ap);
}

/* ---- life ---- */

sim *sim_new(uint64_t seed)
{
    sim *s = xzalloc(sizeof *s);
    sched_init(&s->sched, 0, false);
    s->sched.now_us = 1000000;
    random_seed(&s->random, seed);
    list_init(&s->connections);
    world_add(s, "home", "127.0.0.1");
    return s;
}

sim *sim_free(sim *s)
{
    if (!s)
        return NULL;
    must(co_self() == NULL);
    net_free(s);
    for (size_t i = 0; i < s->nodes.n; i++)
        world_free(s->nodes.p[i]);
    vec_done(&s->nodes);
    sched_done(&s->sched);
    free(s);
    return NULL;
}

sim_node *sim_home(sim *s)
{
    return s->nodes.p[0];
}

env *sim_env(sim *s)
{
    return &sim_home(s)->env;
}

void sim_shuffle(sim *s, bool on)
{
    s->shuffle = on;
}

void sim_stop(sim *s)
{
    s->stopped = true;
}

void sim_crash(sim *s)
{
    sim_node_crash(sim_home(s), SIM_POWER);
    sim_node_boot(sim_home(s));
}

bool sim_crashed(const sim *s)
{
    return s->crashed;
}

/* ---- the order of events ---- */

/* One of those that may run now, any of them. */
static sim_node *next_node(sim *s)
{
    sim_node *chosen = NULL;
    unsigned candidates = 0;
    for (size_t i = 0; i < s->nodes.n; i++) {
        sim_node *n = s->nodes.p[i];
        if (world_wake_time(n) > sim_now(s))
            continue;
        if (++candidates == 1 || sim_choose(s, candidates) == 0)
            chosen = n;
    }
    return chosen;
}

static bool step(sim *s)
{
    int64_t next = sched_next_deadline(&s->sched);
    for (size_t i = 0; i < s->nodes.n; i++) {
        int64_t wake = world_wake_time(s->nodes.p[i]);
        next = wake < next ? wake : next;
    }
    if (s->stopped || s->crashed || next == NO_DEADLINE)
        return false;
    if (next > sim_now(s))
        s->sched.now_us = next;
    sched_fire(&s->sched);
    sim_node *n = next_node(s);
    if (n)
        world_turn(n);
    return true;
}

void sim_run(sim *s, void (*fn)(void *arg), void *arg)
{
    must(co_self() == NULL);
    s->stopped = false;
    s->crashed = false;
    s->running = true;
    env_post(sim_env(s), fn, arg);
    while (step(s))
        ;
    s->running = false;
}

typedef struct main_call {
    sim *s;
    void (*fn)(void *arg);
    void *arg;
    bool returned;
} main_call;

static void call_main(void *arg)
{
    main_call *m = arg;
    m->fn(m->arg);
    m->returned = true;
    sim_stop(m->s);
}

bool sim_run_main(sim *s, void (*fn)(void *arg), void *arg)
{
    main_call m = {s, fn, arg, false};
    sim_run(s, call_main, &m);
    return m.returned && !s->crashed;
}
