/* Gossip in nodes: three in one process on loopback addresses. */
#include "gossip/gossiper.h"
#include "tests/unit/runtime/suite.h"

#define S(n) ((int64_t)((n)*1000000))

static uint16_t port;
static char said[64 << 10]; /* the log of all nodes */

static void keep_line(logger *l, log_level level, const char *file, int line, const char *text)
{
    size_t n = strlen(said);
    (void)l, (void)level, (void)file, (void)line;
    if (n + strlen(text) + 2 < sizeof said)
        sprintf(said + n, "%s\n", text);
}

static logger keeping = {LOG_INFO, keep_line};

static int lines(const char *text)
{
    int n = 0;
    for (const char *at = said; (at = strstr(at, text)); at++)
        n++;
    return n;
}

typedef struct site {
    messaging *m;
    gossiper *g;
    ring *ring;
    unsigned rings, schema_changes;
} site;

static void take_ring(void *arg, ring *r)
{
    site *s = arg;
    check(!s->ring || r->generation > s->ring->generation);
    ring_unref(s->ring);
    s->ring = r;
    s->rings++;
}

static void take_change(void *arg, const gossip_change *c)
{
    site *s = arg;
    s->schema_changes += c->kind == CHANGE_STATE && c->state == STATE_SCHEMA;
}

static double load_of(void *arg)
{
    (void)arg;
    return 12345;
}

static const char *const addresses[] = {"127.0.0.1", "127.0.0.2", "127.0.0.3"};

static void make(site *s, env *e, int i, int32_t generation, uint64_t host)
{
    err_info err = {0};
    uint8_t room[TOKEN_FIXED_MAX];
    bytes token = token_of_int(i * 1000, room);
    messaging_options mo = {.cluster_name = "Test Cluster",
                            .partitioner = PARTITIONER_MURMUR3,
                            .listen_address = addresses[i],
                            .broadcast_address = addresses[i],
                            .storage_port = port,
                            .generation = generation};
    endpoint self = {.address = addresses[i],
                     .listen_address = addresses[i],
                     .rpc_address = addresses[i],
                     .storage_port = port,
                     .native_port = 9042,
                     .thrift_port = 9160,
                     .dc = "datacenter1",
                     .rack = "rack1",
                     .release_version = "4.1.0",
                     .host_id = uuid_random(host, host),
                     .generation = generation,
                     .n_tokens = 1,
                     .tokens = &token};
    *s = (site){.m = messaging_new(e, &mo)};
    gossiper_options go = {.messaging = s->m,
                           .partitioner = PARTITIONER_MURMUR3,
                           .self = &self,
                           .seeds = addresses,
                           .n_seeds = 1,
                           .on_ring = take_ring,
                           .on_change = take_change,
                           .load_bytes = load_of,
                           .arg = s};
    check(gossiper_new(e, &go, &s->g, &err) == 0);
    check(messaging_start(s->m, &err) == 0);
}

static void join(site *s, env *e, int i, int32_t generation)
{
    err_info err = {0};
    make(s, e, i, generation, (uint64_t)i);
    check(gossiper_shadow(s->g, env_mono_us(e) + S(3), &err) == 0);
    gossiper_start(s->g);
}

static void end(site *s)
{
    gossiper_stop(s->g);
    messaging_stop(s->m);
    s->g = gossiper_free(s->g);
    s->m = messaging_free(s->m);
    s->ring = ring_unref(s->ring);
}

static bool all_up(const site *s, int n, unsigned members)
{
    for (int i = 0; i < n; i++) {
        if (!s[i].ring || s[i].ring->n_endpoints != members)
            return false;
        for (unsigned k = 0; k < members; k++)
            if (!s[i].ring->endpoints[k].alive)
                return false;
    }
    return true;
}

static int64_t wait_up(env *e, const site *s, int n, unsigned members)
{
    int64_t start = env_mono_us(e);
    while (!all_up(s, n, members) && env_mono_us(e) - start < S(5))
        env_sleep_us(e, 1000);
    return env_mono_us(e) - start;
}

static void three_form_a_ring(env *e, const char *dir)
{
    site s[3];
    (void)dir;
    int64_t start = env_mono_us(e);
    join(&s[0], e, 0, 1000); /* its only seed is itself: waits for nobody */
    check(env_mono_us(e) - start < S(0.05) && s[0].ring);
    join(&s[1], e, 1, 1000);
    join(&s[2], e, 2, 1000);
    check(wait_up(e, s, 3, 3) < S(2));
    check(lines("is now UP") == 6 && lines("is now DOWN") == 0);
    check(s[1].ring->local == 1 && s[1].ring->n_tokens == 3);
    check(s[1].ring->endpoints[2].storage_port == port);
    check(bytes_eq_str(member_value(gossip_find(gossiper_state(s[0].g), "127.0.0.3"), STATE_LOAD),
                       "12345.0"));

    uuid version = uuid_random(77, 78);
    gossiper_set_schema(s[2].g, version);
    env_sleep_us(e, S(0.05));
    check(uuid_eq(s[0].ring->endpoints[2].schema_version, version));
    check(uuid_eq(s[1].ring->endpoints[2].schema_version, version));
    check(s[0].schema_changes && s[1].schema_changes);

    end(&s[2]);
    env_sleep_us(e, S(0.05));
    check(lines("InetAddress /127.0.0.3 is now DOWN") == 2);
    check(!s[0].ring->endpoints[2].alive && !s[1].ring->endpoints[2].alive);
    join(&s[2], e, 2, 1001);
    check(wait_up(e, s, 3, 3) < S(2));
    check(lines("Node /127.0.0.3 has restarted, now UP") == 2);
    for (int i = 0; i < 3; i++)
        end(&s[i]);
}

/* disablegossip and enablegossip. */
static void gossip_goes_off_and_on(env *e, const char *dir)
{
    site s[2];
    (void)dir;
    join(&s[0], e, 0, 1000);
    join(&s[1], e, 1, 1000);
    check(wait_up(e, s, 2, 2) < S(2));
    gossiper_stop(s[1].g);
    env_sleep_us(e, S(1.5)); /* what the other sends meanwhile does not raise it */
    check(!gossiper_running(s[1].g) && !s[0].ring->endpoints[1].alive);
    gossiper_restart(s[1].g, 1500);
    check(wait_up(e, s, 2, 2) < S(2.5));
    check(s[0].ring->endpoints[1].generation == 1500);
    for (int i = 0; i < 2; i++)
        end(&s[i]);
}

static void a_seed_must_answer(env *e, const char *dir)
{
    site s[3];
    err_info err = {0};
    (void)dir;
    make(&s[1], e, 1, 1000, 1);
    int64_t start = env_mono_us(e);
    check(gossiper_shadow(s[1].g, start + S(0.7), &err) == ERR_TIMEOUT);
    check(!strcmp(err.text, "Unable to gossip with any seeds"));
    check(env_mono_us(e) - start < S(1));
    end(&s[1]);
    join(&s[0], e, 0, 1000);
    join(&s[1], e, 1, 1000);
    check(wait_up(e, s, 2, 2) < S(2));
    end(&s[1]);
    make(&s[2], e, 1, 2000, 999); /* another host takes the address of one that is known */
    check(gossiper_shadow(s[2].g, env_mono_us(e) + S(2), &err) == ERR_EXISTS);
    end(&s[2]);
    join(&s[1], e, 1, 900); /* the clock went back */
    check(gossip_self(gossiper_state(s[1].g))->generation == 1001);
    check(wait_up(e, s, 2, 2) < S(2));
    end(&s[0]);
    end(&s[1]);
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
    err_info err = {0};
    listener *l;
    check(env_listen(e, "127.0.0.1", 0, NULL, NULL, &l, &err) == 0);
    port = listener_port(l);
    listener_close(l);
    r->fn(e, NULL);
    runtime_stop(r->r);
}

static void on_two_workers(void **state)
{
    runtime_options o = {.workers = 2, .io_threads = 1, .long_threads = 1, .log = &keeping};
    run r = {.fn = ((const suite_case *)*state)->fn};
    said[0] = 0;
    r.r = runtime_new_uv(&o);
    runtime_run(r.r, run_main, &r);
    runtime_free(r.r);
    if (getenv("SHOW_LOG"))
        fputs(said, stderr);
}

static const suite_case cases[] = {
    {"three_form_a_ring", three_form_a_ring},
    {"gossip_goes_off_and_on", gossip_goes_off_and_on},
    {"a_seed_must_answer", a_seed_must_answer},
};

int main(void)
{
    struct CMUnitTest t[ARRAY_LEN(cases)];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        t[i] = (struct CMUnitTest){cases[i].name, on_two_workers, NULL, NULL, (void *)&cases[i]};
    return _cmocka_run_group_tests("gossiper", t, ARRAY_LEN(cases), NULL, NULL);
}
