#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"
#include "tools/stress/stress.h"

void stress_key(uint64_t key, uint8_t out[STRESS_KEY])
{
    memcpy(out, "key0000000000000", STRESS_KEY);
    for (int i = STRESS_KEY - 1; key; i--, key /= 10)
        out[i] = (uint8_t)('0' + key % 10);
}

/* ---- one request ---- */

static uint64_t next_key(stress_run *r)
{
    return r->o->sequential ? r->sent % r->o->keys : env_random(r->env) % r->o->keys;
}

static bool is_write(stress_run *r)
{
    if (r->o->kind == STRESS_MIXED)
        return env_random(r->env) % 100 >= r->o->read_percent;
    return r->o->kind == STRESS_WRITE;
}

static bool may_send(const stress_run *r)
{
    return r->o->operations ? r->sent < r->o->operations : env_mono_us(r->env) < r->until_us;
}

static void send_one(stress_connection *c, int64_t due_us)
{
    must(c->n_free);
    uint16_t tag = c->free_tags[--c->n_free];
    c->slots[tag] = (stress_slot){due_us, true};
    c->in_flight++;
    c->run->o->wire->put(c, is_write(c->run), next_key(c->run), tag);
    c->run->sent++;
}

static void note_failure(stress_run *r, const err_info *e)
{
    if (!r->failed++)
        r->first_error = *e;
}

static int settle(stress_connection *c, uint16_t tag, bool failed, const err_info *e)
{
    stress_run *r = c->run;
    if (tag >= r->o->in_flight || !c->slots[tag].used)
        return ERR_PROTOCOL;
    uint64_t us = (uint64_t)(env_mono_us(r->env) - c->slots[tag].due_us);
    c->slots[tag].used = false;
    c->free_tags[c->n_free++] = tag;
    c->in_flight--;
    r->answered++;
    if (failed)
        note_failure(r, e);
    histogram_record(&r->latency, us);
    histogram_record(&r->window, us);
    return 0;
}

static int take_answers(stress_connection *c, err_info *e)
{
    for (;;) {
        size_t used;
        uint16_t tag;
        bool failed;
        int r = c->run->o->wire->take(c, stream_input(c->stream), &used, &tag, &failed, e);
        if (r <= 0)
            return r;
        stream_consume(c->stream, used);
        arena_reset(&c->arena);
        r = settle(c, tag, failed, e);
        if (r < 0)
            return err_set(e, r, "an answer to nothing that was asked");
    }
}

/* ---- a connection ---- */

/* Open loop: this connection's share of the rate, evenly spread. */
static int64_t next_due_us(const stress_connection *c)
{
    const stress_options *o = c->run->o;
    double gap_us = 1e6 * o->connections / o->rate;
    double gaps = (double)c->index / o->connections + (double)c->n_due;
    return c->run->started_us + (int64_t)(gaps * gap_us);
}

/* Sends what is due by now. */
static void send_due(stress_connection *c)
{
    while (may_send(c->run) && c->n_free && next_due_us(c) <= env_mono_us(c->run->env)) {
        send_one(c, next_due_us(c));
        c->n_due++;
    }
}

/* When to look again though no answer has come. */
static int64_t wake_us(const stress_connection *c)
{
    const stress_run *r = c->run;
    if (!(r->o->rate > 0) || !c->n_free || !may_send(r))
        return NO_DEADLINE;
    int64_t due = next_due_us(c);
    return r->o->operations || due < r->until_us ? due : r->until_us;
}

static int co_fn drive(stress_connection *c, err_info *e)
{
    stress_run *r = c->run;
    for (;;) {
        int code = take_answers(c, e);
        if (code < 0)
            return code;
        if (r->o->rate > 0)
            send_due(c);
        else
            while (c->n_free && may_send(r))
                send_one(c, env_mono_us(r->env));
        stream_kick(c->stream);
        if (!c->in_flight && !may_send(r))
            return 0;
        code = stream_wait(c->stream, stream_input(c->stream).n + 1, wake_us(c));
        if (code < 0 && code != ERR_TIMEOUT)
            return err_set(e, code, "the server closed the connection");
    }
}

static void connection_init(stress_run *r, stress_connection *c, unsigned index)
{
    unsigned n = r->o->in_flight;
    *c = (stress_connection){.run = r, .index = index};
    c->slots = xzalloc(n * sizeof *c->slots);
    c->free_tags = xzalloc(n * sizeof *c->free_tags);
    c->value = xmalloc(r->o->value_bytes + 1);
    for (size_t i = 0; i < r->o->value_bytes; i++)
        c->value[i] = (uint8_t)('a' + env_random(r->env) % 26);
    for (unsigned i = 0; i < n; i++)
        c->free_tags[c->n_free++] = (uint16_t)i;
    arena_init(&c->arena, 4096);
}

static void connection_done(stress_connection *c)
{
    if (c->stream)
        stream_close(c->stream);
    free(c->slots);
    free(c->free_tags);
    free(c->value);
    arena_done(&c->arena);
}

static int co_fn connection_connect(stress_connection *c, err_info *e)
{
    const stress_options *o = c->run->o;
    return env_connect(c->run->env, o->host, o->port, env_mono_us(c->run->env) + 10000000,
                       &c->stream, e);
}

static void co_fn run_connection(void *arg)
{
    stress_connection *c = arg;
    stress_run *r = c->run;
    err_info e = {0};
    if (drive(c, &e) < 0)
        note_failure(r, &e);
    c->done = true;
    if (--r->open == 0)
        co_signal(r->env, &r->finished);
}

/* ---- the whole run ---- */

static void print_window(stress_run *r, double seconds, uint64_t answered)
{
    fprintf(stderr, "%8.0f ops/s  p50 %llu us  p99 %llu us  max %llu us  total %llu  failed %llu\n",
            (double)answered / seconds, (unsigned long long)histogram_percentile(&r->window, 50),
            (unsigned long long)histogram_percentile(&r->window, 99),
            (unsigned long long)r->window.max_us, (unsigned long long)r->answered,
            (unsigned long long)r->failed);
    r->window = (histogram){0};
}

static void co_fn wait_and_report(stress_run *r)
{
    while (r->open) {
        uint64_t before = r->answered;
        int64_t from = env_mono_us(r->env);
        if (co_wait(r->env, &r->finished, from + 1000000) == ERR_TIMEOUT && !r->o->quiet)
            print_window(r, (double)(env_mono_us(r->env) - from) / 1e6, r->answered - before);
    }
}

static void print_result(const stress_run *r, double seconds)
{
    static const double percents[] = {50, 95, 99, 99.9, 99.99};
    printf("operations %llu\nfailed %llu\nseconds %.3f\nops_per_second %.0f\n",
           (unsigned long long)r->answered, (unsigned long long)r->failed, seconds,
           (double)r->answered / seconds);
    printf("mean_us %llu\n",
           (unsigned long long)(r->latency.n ? r->latency.sum_us / r->latency.n : 0));
    for (unsigned i = 0; i < ARRAY_LEN(percents); i++)
        printf("p%g_us %llu\n", percents[i],
               (unsigned long long)histogram_percentile(&r->latency, percents[i]));
    printf("max_us %llu\n", (unsigned long long)r->latency.max_us);
}

static int co_fn set_up(stress_run *r, err_info *e)
{
    stress_connection c;
    connection_init(r, &c, 0);
    int code = connection_connect(&c, e);
    if (code == 0)
        code = r->o->wire->setup(r, &c, e);
    connection_done(&c);
    return code;
}

static int co_fn open_all(stress_run *r, err_info *e)
{
    int code = r->o->setup ? set_up(r, e) : 0;
    for (unsigned i = 0; i < r->o->connections && code == 0; i++) {
        stress_connection *c = &r->connections[i];
        connection_init(r, c, i);
        code = connection_connect(c, e);
        if (code == 0)
            code = r->o->wire->open(c, e);
    }
    return code;
}

void co_fn stress_run_all(env *e, const stress_options *o, int *ret_status)
{
    stress_run r = {.o = o, .env = e};
    err_info err = {0};
    r.connections = xzalloc(o->connections * sizeof *r.connections);
    co_event_init(&r.finished);
    *ret_status = 1;
    if (open_all(&r, &err) < 0) {
        fprintf(stderr, "ilion-stress: %s\n", err.text);
    } else {
        r.started_us = env_mono_us(e);
        r.until_us = r.started_us + (int64_t)(o->seconds * 1e6);
        r.open = o->connections;
        for (unsigned i = 0; i < o->connections; i++)
            env_spawn(e, run_connection, &r.connections[i]);
        wait_and_report(&r);
        print_result(&r, (double)(env_mono_us(e) - r.started_us) / 1e6);
        if (r.failed)
            fprintf(stderr, "ilion-stress: %llu requests failed; the first: %s\n",
                    (unsigned long long)r.failed, r.first_error.text);
        *ret_status = r.failed ? 1 : 0;
    }
    for (unsigned i = 0; i < o->connections; i++)
        if (r.connections[i].slots)
            connection_done(&r.connections[i]);
    free(r.connections);
}
