/* Messaging on libuv and loopback addresses: several nodes in one process, and peers that misbehave
 * on purpose. */
#include <stdatomic.h>

#include "gossip/messaging.h"
#include "tests/unit/runtime/suite.h"

#define S(n) ((int64_t)((n)*1000000))

/* ---- a log that counts ---- */

static atomic_int warnings;

static void count_line(logger *l, log_level level, const char *file, int line, const char *text)
{
    (void)l, (void)file, (void)line;
    if (level >= LOG_WARN) {
        atomic_fetch_add(&warnings, 1);
        fprintf(stderr, "# %s\n", text);
    }
}

static logger counting = {LOG_DEBUG, count_line};

/* ---- nodes ---- */

typedef struct site {
    messaging *m;
    atomic_int one_way;
    co_event stuck; /* what HANG waits for; never signalled */
} site;

#define VERB_FAIL VERB_TRUNCATE
#define VERB_HANG VERB_RANGE_READ

static int co_fn on_echo(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    (void)arg, (void)err;
    if (q->body.n && q->body.p[0] == 's')
        env_sleep_us(e, 10000);
    check(q->deadline == NO_DEADLINE || q->deadline > env_mono_us(e) - S(1));
    buf_bytes(reply, q->body);
    return 0;
}

static int co_fn on_fail(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    (void)arg, (void)e;
    buf_str(reply, "half an answer");
    return err_set(err, ERR_NO_SPACE, "no space, %s", q->from);
}

static int co_fn on_hang(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    (void)arg, (void)q, (void)reply, (void)err;
    env_sleep_us(e, S(0.4));
    return 0;
}

static int co_fn on_count(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    site *s = arg;
    (void)e, (void)reply, (void)err;
    check(bytes_eq_str(q->body, "told"));
    atomic_fetch_add(&s->one_way, 1);
    return 0;
}

static uint16_t port;

static uint16_t free_port(env *e)
{
    err_info err = {0};
    listener *l;
    check(env_listen(e, "127.0.0.1", 0, NULL, NULL, &l, &err) == 0);
    uint16_t p = listener_port(l);
    listener_close(l);
    return p;
}

static messaging_options options_of(const char *address)
{
    return (messaging_options){.cluster_name = "Test Cluster",
                               .partitioner = PARTITIONER_MURMUR3,
                               .listen_address = address,
                               .broadcast_address = address,
                               .storage_port = port,
                               .generation = 1000,
                               .connect_timeout_us = S(0.5),
                               .queue_bytes = 1 << 20};
}

static void site_start_with(site *s, env *env0, const messaging_options *o)
{
    err_info e = {0};
    *s = (site){.m = messaging_new(env0, o)};
    messaging_handle(s->m, VERB_ECHO, on_echo, s);
    messaging_handle(s->m, VERB_FAIL, on_fail, s);
    messaging_handle(s->m, VERB_HANG, on_hang, s);
    messaging_handle(s->m, VERB_SCHEMA_PUSH, on_count, s);
    ok(messaging_start(s->m, &e));
}

static void site_start(site *s, env *e, const char *address)
{
    messaging_options o = options_of(address);
    site_start_with(s, e, &o);
}

static void site_stop(site *s)
{
    messaging_stop(s->m);
    s->m = messaging_free(s->m);
}

static int ask(site *s, env *e, const char *peer, verb v, bytes body, int64_t us, arena *a,
               bytes *ret, err_info *err)
{
    *err = (err_info){0};
    return messaging_ask(s->m, e, peer, v, body, env_mono_us(e) + us, a, ret, err);
}

/* ---- ordinary life ---- */

static void ask_and_answer(env *e0, const char *dir)
{
    (void)dir;
    site a, b;
    arena mem;
    bytes got;
    err_info e;
    arena_init(&mem, 4096);
    site_start(&a, e0, "127.0.0.1");
    site_start(&b, e0, "127.0.0.2");
    ok(ask(&a, e0, "127.0.0.2", VERB_ECHO, BYTES_LIT("hello"), S(2), &mem, &got, &e));
    check(bytes_eq_str(got, "hello"));
    ok(ask(&b, e0, "127.0.0.1", VERB_ECHO, BYTES_EMPTY, S(2), &mem, &got, &e));
    check(got.n == 0);
    uint8_t *big = arena_zalloc(&mem, 5 << 20);
    big[12345] = 7;
    ok(ask(&a, e0, "127.0.0.2", VERB_ECHO, bytes_of(big, 5 << 20), S(5), &mem, &got, &e));
    check(bytes_eq(got, bytes_of(big, 5 << 20)));
    check(ask(&a, e0, "127.0.0.2", VERB_FAIL, BYTES_EMPTY, S(2), &mem, &got, &e) == ERR_NO_SPACE);
    check(!strcmp(e.text, "no space, 127.0.0.1"));
    check(ask(&a, e0, "127.0.0.2", (verb)99, BYTES_EMPTY, S(2), &mem, &got, &e) ==
          ERR_NOT_SUPPORTED);
    check(ask(&a, e0, "127.0.0.1", VERB_ECHO, BYTES_EMPTY, S(2), &mem, &got, &e) == ERR_INVALID);
    ok(messaging_send(a.m, e0, "127.0.0.2", VERB_SCHEMA_PUSH, BYTES_LIT("told"), &e));
    while (!atomic_load(&b.one_way))
        env_sleep_us(e0, 1000);
    messaging_stats st;
    messaging_sum(a.m, &st);
    check(st.pending == 0 && st.connections == 1 && st.sent == 5);
    site_stop(&a);
    site_stop(&b);
    arena_done(&mem);
}

typedef struct crowd {
    site *s;
    env *e;
    int first, left;
    co_event done;
    atomic_int *all_left;
} crowd;

static void crowd_member(void *arg)
{
    crowd *c = arg;
    arena mem;
    bytes got;
    err_info e;
    arena_init(&mem, 256);
    for (int i = 0; i < 20; i++) {
        char *text = arena_printf(&mem, "%s %d", i % 5 ? "fast" : "slow", c->first + i);
        ok(ask(c->s, c->e, i % 2 ? "127.0.0.2" : "127.0.0.3", VERB_ECHO, bytes_str(text), S(10),
               &mem, &got, &e));
        check(bytes_eq_str(got, text));
    }
    arena_done(&mem);
    atomic_fetch_sub(c->all_left, 1);
}

static void crowd_main(void *arg)
{
    crowd *c = arg;
    for (int i = 0; i < 100; i++)
        env_spawn(c->e, crowd_member, c);
}

static void all_workers_ask(env *e0, const char *dir)
{
    (void)dir;
    site s[3];
    atomic_int left = 200;
    for (int i = 0; i < 3; i++)
        site_start(&s[i], e0, ((const char *[]){"127.0.0.1", "127.0.0.2", "127.0.0.3"})[i]);
    crowd c[2] = {{.s = &s[0], .e = e0, .first = 0, .all_left = &left},
                  {.s = &s[0], .e = e0->peers[1], .first = 1000, .all_left = &left}};
    env_post(c[0].e, crowd_main, &c[0]);
    env_post(c[1].e, crowd_main, &c[1]);
    while (atomic_load(&left))
        env_sleep_us(e0, 1000);
    messaging_stats st;
    messaging_sum(s[0].m, &st);
    check(st.connections == 4 && st.replies_received == 4000);
    for (int i = 0; i < 3; i++)
        site_stop(&s[i]);
}

typedef struct tally {
    message_wait w;
    int result, calls;
} tally;

static void count_done(message_wait *w, int result, bytes body, const err_info *err)
{
    tally *t = (tally *)w;
    check((result == 0) == (err == NULL) && (result == 0 || body.p == NULL));
    t->calls++;
    t->result = result;
}

static void requests_call_back_once(env *e0, const char *dir)
{
    (void)dir;
    site a, b;
    err_info e = {0};
    tally t[4] = {{.w.done = count_done},
                  {.w.done = count_done},
                  {.w.done = count_done},
                  {.w.done = count_done}};
    site_start(&a, e0, "127.0.0.1");
    site_start(&b, e0, "127.0.0.2");
    int64_t soon = env_mono_us(e0) + S(0.1), later = env_mono_us(e0) + S(5);
    ok(messaging_request(a.m, e0, "127.0.0.2", VERB_ECHO, BYTES_EMPTY, later, &t[0].w, &e));
    ok(messaging_request(a.m, e0, "127.0.0.2", VERB_HANG, BYTES_EMPTY, soon, &t[1].w, &e));
    ok(messaging_request(a.m, e0, "127.0.0.2", VERB_HANG, BYTES_EMPTY, soon, &t[2].w, &e));
    messaging_cancel(a.m, e0, &t[2].w);
    env_sleep_us(e0, S(0.3));
    check(t[0].calls == 1 && t[0].result == 0);
    check(t[1].calls == 1 && t[1].result == ERR_TIMEOUT);
    check(t[2].calls == 0);
    ok(messaging_request(a.m, e0, "127.0.0.2", VERB_HANG, BYTES_EMPTY, later, &t[3].w, &e));
    env_sleep_us(e0, S(0.02));
    messaging_peer_down(a.m, "127.0.0.2"); /* ends what waits at once */
    env_sleep_us(e0, S(0.02));
    check(t[3].calls == 1 && t[3].result == ERR_CLOSED);
    env_sleep_us(e0, S(0.5));
    check(t[1].calls == 1 && t[2].calls == 0);
    site_stop(&a);
    site_stop(&b);
}

/* ---- peers that are not there, or stop ---- */

static void absent_peers_fail_fast(env *e0, const char *dir)
{
    (void)dir;
    site a, b;
    arena mem;
    bytes got;
    err_info e;
    arena_init(&mem, 256);
    site_start(&a, e0, "127.0.0.1");
    int64_t start = env_mono_us(e0);
    for (int i = 0; i < 50; i++)
        check(ask(&a, e0, "127.0.0.2", VERB_ECHO, BYTES_EMPTY, S(5), &mem, &got, &e) ==
              ERR_REFUSED);
    check(env_mono_us(e0) - start < S(0.4));
    site_start(&b, e0, "127.0.0.2");
    int tries = 0;
    while (ask(&a, e0, "127.0.0.2", VERB_ECHO, BYTES_EMPTY, S(5), &mem, &got, &e) < 0 &&
           tries++ < 200)
        env_sleep_us(e0, 10000);
    check(tries < 150);
    site_stop(&b);
    env_sleep_us(e0, 20000);
    check(ask(&a, e0, "127.0.0.2", VERB_ECHO, BYTES_EMPTY, S(5), &mem, &got, &e) == ERR_REFUSED);
    site_start(&b, e0, "127.0.0.2");
    messaging_peer_up(a.m, "127.0.0.2"); /* no need to wait for the back-off */
    env_yield(e0);
    ok(ask(&a, e0, "127.0.0.2", VERB_ECHO, BYTES_EMPTY, S(5), &mem, &got, &e));
    site_stop(&b);
    site_stop(&a);
    arena_done(&mem);
}

typedef struct asker {
    site *s;
    env *e;
    int result;
    bool done;
} asker;

static void ask_hang(void *arg)
{
    asker *q = arg;
    arena mem;
    bytes got;
    err_info e;
    arena_init(&mem, 256);
    q->result = ask(q->s, q->e, "127.0.0.2", VERB_HANG, BYTES_EMPTY, S(1), &mem, &got, &e);
    q->done = true;
    arena_done(&mem);
}

static void lost_connections_end_what_waits(env *e0, const char *dir)
{
    (void)dir;
    site a, b;
    asker q = {.s = &a, .e = e0}, own = {.s = &a, .e = e0};
    site_start(&a, e0, "127.0.0.1");
    site_start(&b, e0, "127.0.0.2");
    env_spawn(e0, ask_hang, &q);
    env_sleep_us(e0, S(0.05));
    site_stop(&b);
    while (!q.done)
        env_sleep_us(e0, 1000);
    check(q.result == ERR_CLOSED || q.result == 0); /* the other waited for its handler */
    site_start(&b, e0, "127.0.0.2");
    messaging_peer_up(a.m, "127.0.0.2");
    env_yield(e0);
    env_spawn(e0, ask_hang, &own);
    env_sleep_us(e0, S(0.05));
    site_stop(&a);
    check(own.done && own.result == ERR_CLOSED);
    site_stop(&b);
}

/* A stopped process: the kernel accepts for it, nothing answers. `welcome`: it stopped after the
 * handshake. */
typedef struct stopped {
    env *e;
    bool welcome, ended;
} stopped;

static void stopped_main(void *arg, stream *s)
{
    stopped *p = arg;
    internode_hello h;
    size_t size;
    if (p->welcome) {
        while (internode_read_hello(stream_input(s), &h, &size, NULL) == ERR_EOF)
            check(stream_wait(s, size, NO_DEADLINE) == 0);
        internode_answer a = {VERDICT_WELCOME, 1, bytes_str("127.0.0.2"), 1, BYTES_EMPTY};
        internode_put_answer(stream_output(s), &a);
        stream_kick(s);
    }
    while (!p->ended)
        env_sleep_us(p->e, 10000);
    stream_close(s);
}

static void stopped_peers_block_nobody(env *e0, const char *dir)
{
    (void)dir;
    site a, c;
    arena mem;
    bytes got;
    listener *l;
    err_info e = {0};
    stopped p = {.e = e0};
    arena_init(&mem, 256);
    site_start(&a, e0, "127.0.0.1");
    site_start(&c, e0, "127.0.0.3");
    ok(env_listen(e0, "127.0.0.2", port, stopped_main, &p, &l, &e));
    int64_t start = env_mono_us(e0);
    check(ask(&a, e0, "127.0.0.2", VERB_ECHO, BYTES_EMPTY, S(0.2), &mem, &got, &e) == ERR_TIMEOUT);
    check(env_mono_us(e0) - start < S(0.4));
    check(ask(&a, e0, "127.0.0.2", VERB_ECHO, BYTES_EMPTY, S(2), &mem, &got, &e) == ERR_REFUSED);
    check(env_mono_us(e0) - start < S(1)); /* the handshake's deadline */
    p.welcome = true;
    messaging_peer_up(a.m, "127.0.0.2");
    env_yield(e0);
    uint8_t *block = arena_zalloc(&mem, 100000);
    check(messaging_send(a.m, e0, "127.0.0.2", VERB_MUTATION, bytes_of(block, 10), &e) == 0);
    env_sleep_us(e0, S(0.05));
    int sent = 0, r;
    while ((r = messaging_send(a.m, e0, "127.0.0.2", VERB_MUTATION, bytes_of(block, 100000), &e)) ==
           0)
        check(++sent < 1000);
    check(r == ERR_OVERLOADED);
    ok(ask(&a, e0, "127.0.0.3", VERB_ECHO, BYTES_LIT("x"), S(1), &mem, &got, &e));
    messaging_peer_down(a.m, "127.0.0.2");
    env_sleep_us(e0, S(0.02));
    messaging_stats st;
    messaging_sum(a.m, &st);
    check(st.connections == 1);
    p.ended = true;
    env_sleep_us(e0, S(0.05));
    listener_close(l);
    site_stop(&a);
    site_stop(&c);
    arena_done(&mem);
}

/* ---- who is refused ---- */

static void refuse(env *e0, site *a, const messaging_options *o, const char *why)
{
    site b;
    arena mem;
    bytes got;
    err_info e;
    arena_init(&mem, 256);
    site_start_with(&b, e0, o);
    int before = atomic_load(&warnings);
    for (int i = 0; i < 5; i++)
        check(ask(&b, e0, "127.0.0.1", VERB_ECHO, BYTES_EMPTY, S(1), &mem, &got, &e) ==
              ERR_REFUSED);
    check(strstr(e.text, why));
    check(atomic_load(&warnings) - before == 2); /* one line on each side */
    site_stop(&b);
    (void)a;
    arena_done(&mem);
}

static void strangers_are_refused(env *e0, const char *dir)
{
    (void)dir;
    site a;
    site_start(&a, e0, "127.0.0.1");
    messaging_options o = options_of("127.0.0.2");
    o.cluster_name = "Another";
    refuse(e0, &a, &o, "is of cluster \"Another\", this node of \"Test Cluster\"");
    o = options_of("127.0.0.2");
    o.partitioner = PARTITIONER_RANDOM;
    refuse(e0, &a, &o, "has another partitioner");
    site_stop(&a);
}

static bool was_closed(env *e, const char *text)
{
    stream *s;
    err_info err = {0};
    check(env_connect(e, "127.0.0.1", port, env_mono_us(e) + S(1), &s, &err) == 0);
    buf_str(stream_output(s), text);
    stream_kick(s);
    int r = *text ? stream_wait(s, 1, env_mono_us(e) + S(1)) : ERR_EOF;
    stream_close(s);
    return r == ERR_EOF || r == ERR_IO;
}

static void garbage_is_one_line(env *e0, const char *dir)
{
    (void)dir;
    site a;
    site_start(&a, e0, "127.0.0.1");
    int before = atomic_load(&warnings);
    check(was_closed(e0, "")); /* a probe: silent */
    env_sleep_us(e0, S(0.05));
    check(atomic_load(&warnings) == before);
    for (int i = 0; i < 3; i++)
        check(was_closed(e0, "GET / HTTP/1.1\r\n\r\n"));
    env_sleep_us(e0, S(0.05));
    check(atomic_load(&warnings) == before + 1);
    site_stop(&a);
}

/* A node that was given this node's address, and garbage after a proper handshake. */
static void impostors_are_refused(env *e0, const char *dir)
{
    (void)dir;
    site a;
    stream *s;
    err_info err = {0};
    internode_answer answer;
    size_t size;
    site_start(&a, e0, "127.0.0.1");
    for (int i = 0; i < 2; i++) {
        internode_hello h = {1,
                             7,
                             PURPOSE_MESSAGES,
                             PARTITIONER_MURMUR3,
                             bytes_str("Test Cluster"),
                             bytes_str(i ? "127.0.0.9" : "127.0.0.1"),
                             2000};
        check(env_connect(e0, "127.0.0.1", port, env_mono_us(e0) + S(1), &s, &err) == 0);
        internode_put_hello(stream_output(s), &h);
        stream_kick(s);
        while (internode_read_answer(stream_input(s), &answer, &size, &err) == ERR_EOF)
            check(stream_wait(s, size, env_mono_us(e0) + S(1)) == 0);
        check(answer.verdict == (i ? VERDICT_WELCOME : VERDICT_ADDRESS));
        check(i || strstr((const char *)answer.reason.p, "a newer generation 2000"));
        stream_consume(s, size);
        for (int k = 0; k < 40; k++)
            buf_str(stream_output(s), "x");
        stream_kick(s);
        int r = stream_wait(s, 1, env_mono_us(e0) + S(1));
        check(r == ERR_EOF || r == ERR_IO);
        stream_close(s);
    }
    site_stop(&a);
}

/* ---- running ---- */

typedef struct run {
    runtime *r;
    void (*fn)(env *e, const char *dir);
} run;

static void run_main(void *arg)
{
    run *r = arg;
    env *e = runtime_env(r->r, 0);
    port = free_port(e);
    r->fn(e, NULL);
    runtime_stop(r->r);
}

static void on_two_workers(void **state)
{
    runtime_options o = {.workers = 2, .io_threads = 1, .long_threads = 1, .log = &counting};
    run r = {.fn = ((const suite_case *)*state)->fn};
    r.r = runtime_new_uv(&o);
    runtime_run(r.r, run_main, &r);
    runtime_free(r.r);
}

static const suite_case cases[] = {
    {"ask_and_answer", ask_and_answer},
    {"all_workers_ask", all_workers_ask},
    {"requests_call_back_once", requests_call_back_once},
    {"absent_peers_fail_fast", absent_peers_fail_fast},
    {"lost_connections_end_what_waits", lost_connections_end_what_waits},
    {"stopped_peers_block_nobody", stopped_peers_block_nobody},
    {"strangers_are_refused", strangers_are_refused},
    {"garbage_is_one_line", garbage_is_one_line},
    {"impostors_are_refused", impostors_are_refused},
};

int main(void)
{
    struct CMUnitTest t[ARRAY_LEN(cases)];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        t[i] = (struct CMUnitTest){cases[i].name, on_two_workers, NULL, NULL, (void *)&cases[i]};
    return _cmocka_run_group_tests("messaging", t, ARRAY_LEN(cases), NULL, NULL);
}
