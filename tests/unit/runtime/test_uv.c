/* runtime/uv: the common suite, sockets, and what crosses threads. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/runtime/sockets.h"

typedef struct run {
    runtime *r;
    void (*fn)(env *e, const char *dir);
    char dir[64];
} run;

static void run_main(void *arg)
{
    run *r = arg;
    r->fn(runtime_env(r->r, 0), r->dir);
    runtime_stop(r->r);
}

static void run_on(unsigned workers, void (*fn)(env *e, const char *dir))
{
    runtime_options o = {
        .workers = workers, .io_threads = 3, .long_threads = 1, .log = &log_stderr};
    run r = {.fn = fn};
    strcpy(r.dir, "/tmp/ilion-runtime-XXXXXX");
    check(mkdtemp(r.dir));
    r.r = runtime_new_uv(&o);
    runtime_run(r.r, run_main, &r);
    runtime_free(r.r);
    char *command autofree = xprintf("rm -rf %s", r.dir);
    check(system(command) == 0);
}

static void common(void **state)
{
    run_on(1, ((const suite_case *)*state)->fn);
}

/* ---- across threads ---- */

typedef struct volley {
    atomic_int left[2];
    int next[2]; /* the number each side expects: FIFO per sender */
} volley;

typedef struct ball {
    volley *v;
    env *from, *to;
    int n;
} ball;

static void on_ball(void *arg)
{
    ball *b = arg;
    unsigned side = b->to->worker;
    check(b->v->next[side]++ == b->n);
    if (b->n % 16 == 0)
        env_yield(b->to);
    atomic_fetch_sub(&b->v->left[side], 1);
    free(b);
}

enum { BALLS = 20000 };

typedef struct server {
    env *e;
    env *other;
    volley *v;
} server;

static void serve_balls(void *arg)
{
    server s = *(server *)arg;
    for (int i = 0; i < BALLS; i++) {
        ball *b = xmalloc(sizeof *b);
        *b = (ball){s.v, s.e, s.other, i};
        env_post(s.other, on_ball, b);
        if (i % 64 == 0)
            env_yield(s.e);
    }
}

static void posts_across(env *e, const char *dir)
{
    (void)dir;
    volley v = {.left = {BALLS, BALLS}};
    server here = {e, e->peers[1], &v}, there = {e->peers[1], e, &v};
    check(e->workers == 2);
    env_post(e->peers[1], serve_balls, &there);
    env_spawn(e, serve_balls, &here);
    while (atomic_load(&v.left[0]) || atomic_load(&v.left[1]))
        env_sleep_us(e, 1000);
    env_sleep_us(e, 20000);
}

/* A post must wake a worker that sleeps, every time. */
typedef struct echo_post {
    env *home, *away;
    co_event back;
    int n_back;
} echo_post;

static void on_back(void *arg)
{
    echo_post *p = arg;
    p->n_back++;
    co_signal(p->home, &p->back);
}

static void on_away(void *arg)
{
    echo_post *p = arg;
    env_post(p->home, on_back, p);
}

static void posts_wake(env *e, const char *dir)
{
    (void)dir;
    echo_post p = {.home = e, .away = e->peers[1]};
    co_event_init(&p.back);
    for (int i = 0; i < 2000; i++) {
        env_post(p.away, on_away, &p);
        check(co_wait(e, &p.back, env_mono_us(e) + 5000000) == 0);
    }
}

static void in_pool_posts(void *arg)
{
    echo_post *p = arg;
    check(env_mono_us(p->home) > 0 && env_now_us(p->home) > 0);
    env_post(p->home, on_back, p);
}

static void posts_from_pool(env *e, const char *dir)
{
    (void)dir;
    echo_post p = {.home = e};
    co_event_init(&p.back);
    for (int i = 0; i < 500; i++) {
        env_offload(e, POOL_LONG, in_pool_posts, &p);
        check(p.n_back == i + 1); /* posted before the work was done: first in, first out */
    }
}

/* ---- sockets, against raw ones ---- */

static int raw_connect(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    check(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    return fd;
}

static void peer_reset(env *e, const char *dir)
{
    (void)dir;
    for (int i = 0; i < 2; i++) {
        parked p = {.e = e};
        listener *l = listen_on(e, park_main, &p);
        int fd = raw_connect(listener_port(l));
        while (!p.s)
            env_sleep_us(e, 1000);
        struct linger now = {i, 0}; /* first an orderly close, then a reset */
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close(fd);
        while (!p.done)
            env_sleep_us(e, 1000);
        check(p.result == (i ? ERR_IO : ERR_EOF));
        listener_close(l);
    }
}

/* A peer that goes away while we write: appending stays harmless, drain tells. */
static void write_to_reset(env *e, const char *dir)
{
    (void)dir;
    slow f = {.e = e};
    listener *l = listen_on(e, flood_main, &f);
    int fd = raw_connect(listener_port(l));
    env_sleep_us(e, 5000);
    struct linger now = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
    while (!f.done)
        env_sleep_us(e, 1000);
    check(f.result == ERR_IO);
    listener_close(l);
}

static void used_port(env *e0, const char *dir)
{
    (void)dir;
    err_info e = {0};
    listener *mine = listen_on(e0, say_and_close, NULL), *other = NULL;
    stream *s;
    uint16_t port = listener_port(mine);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on); /* as another node would */
    check(bind(fd, (struct sockaddr *)&a, n) == 0 && listen(fd, 1) == 0);
    check(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
    check(env_listen(e0, "127.0.0.1", ntohs(a.sin_port), say_and_close, NULL, &other, &e) ==
          ERR_ADDRESS_IN_USE);
    close(fd);
    listener_close(mine);
    check(env_connect(e0, "127.0.0.1", port, NO_DEADLINE, &s, &e) == ERR_REFUSED);
    check(env_connect(e0, "nowhere", port, NO_DEADLINE, &s, &e) == ERR_INVALID);
    ok(env_listen(e0, "127.0.0.1", port, say_and_close, NULL, &mine, &e)); /* free again */
    listener_close(mine);
}

/* Out of descriptors: accepting pauses, does not spin, and goes on by itself. */
static void accept_without_fds(env *e, const char *dir)
{
    (void)dir;
    parked p = {.e = e};
    listener *l = listen_on(e, park_main, &p);
    struct rlimit before, none;
    struct rusage a, b;
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(listener_port(l)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){(rlim_t)fd, before.rlim_max};
    check(setrlimit(RLIMIT_NOFILE, &none) == 0);
    check(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    getrusage(RUSAGE_SELF, &a);
    env_sleep_us(e, 250000);
    getrusage(RUSAGE_SELF, &b);
    int64_t cpu_us = (b.ru_utime.tv_sec - a.ru_utime.tv_sec) * 1000000LL +
                     (b.ru_utime.tv_usec - a.ru_utime.tv_usec);
    check(!p.s && cpu_us < 100000);
    setrlimit(RLIMIT_NOFILE, &before);
    int64_t start = env_mono_us(e);
    while (!p.s && env_mono_us(e) - start < 5000000)
        env_sleep_us(e, 5000);
    check(p.s);
    close(fd);
    while (!p.done)
        env_sleep_us(e, 1000);
    listener_close(l);
}

typedef struct shared {
    env *e;
    uint16_t port;
    listener *l;
    atomic_int ready, served;
} shared;

static void count_main(void *arg, stream *s)
{
    shared *h = arg;
    atomic_fetch_add(&h->served, 1);
    stream_wait(s, 1, NO_DEADLINE);
    stream_close(s);
}

static void listen_there(void *arg)
{
    shared *h = arg;
    err_info e = {0};
    ok(env_listen(h->e, "127.0.0.1", h->port, count_main, h, &h->l, &e));
    atomic_store(&h->ready, 1);
}

static void close_there(void *arg)
{
    shared *h = arg;
    h->l = listener_close(h->l);
    atomic_store(&h->ready, 0);
}

static void workers_share_port(env *e0, const char *dir)
{
    (void)dir;
    err_info e = {0};
    shared h[2] = {{.e = e0}, {.e = e0->peers[1]}};
    ok(env_listen(e0, "127.0.0.1", 0, count_main, &h[0], &h[0].l, &e));
    h[1].port = listener_port(h[0].l);
    env_post(h[1].e, listen_there, &h[1]);
    while (!atomic_load(&h[1].ready))
        env_sleep_us(e0, 1000);
    int fds[64];
    for (int i = 0; i < 64; i++)
        fds[i] = raw_connect(h[1].port);
    while (atomic_load(&h[0].served) + atomic_load(&h[1].served) < 64)
        env_sleep_us(e0, 1000);
    check(atomic_load(&h[0].served) > 0 && atomic_load(&h[1].served) > 0);
    for (int i = 0; i < 64; i++)
        close(fds[i]);
    env_post(h[1].e, close_there, &h[1]);
    while (atomic_load(&h[1].ready))
        env_sleep_us(e0, 1000);
    env_sleep_us(e0, 20000);
    listener_close(h[0].l);
}

static void connect_times_out(env *e0, const char *dir)
{
    (void)dir;
    err_info e = {0};
    stream *s, *full[8];
    int fd = socket(AF_INET, SOCK_STREAM, 0), n_full = 0, r = 0;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;
    check(bind(fd, (struct sockaddr *)&a, n) == 0 && listen(fd, 0) == 0);
    check(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
    while (n_full < 8 && r == 0) { /* until the backlog is full */
        r = env_connect(e0, "127.0.0.1", ntohs(a.sin_port), env_mono_us(e0) + 50000, &s, &e);
        if (r == 0)
            full[n_full++] = s;
    }
    check(r == ERR_TIMEOUT);
    while (n_full)
        stream_close(full[--n_full]);
    close(fd);
}

typedef struct signals {
    env *e;
    co_event got;
    int signo;
} signals;

static void on_usr1(void *arg, int signo)
{
    signals *s = arg;
    check(co_self() != NULL);
    s->signo = signo;
    co_signal(s->e, &s->got);
}

static void signal_start(void *arg)
{
    run *r = arg;
    signals s = {.e = runtime_env(r->r, 0)};
    co_event_init(&s.got);
    runtime_on_signal(r->r, SIGUSR1, on_usr1, &s);
    kill(getpid(), SIGUSR1);
    check(co_wait(s.e, &s.got, env_mono_us(s.e) + 5000000) == 0 && s.signo == SIGUSR1);
    runtime_stop(r->r);
}

static void signals_arrive(void **state)
{
    (void)state;
    runtime_options o = {.workers = 2, .io_threads = 1, .long_threads = 1};
    run r = {.r = runtime_new_uv(&o)};
    runtime_run(r.r, signal_start, &r);
    runtime_free(r.r);
}

static const suite_case uv_cases[] = {
    {"peer_reset", peer_reset},
    {"write_to_reset", write_to_reset},
    {"used_port", used_port},
    {"connect_times_out", connect_times_out},
    {"accept_without_fds", accept_without_fds},
};

static void two_workers(void **state)
{
    run_on(2, ((const suite_case *)*state)->fn);
}

static const suite_case thread_cases[] = {
    {"posts_across", posts_across},
    {"posts_wake", posts_wake},
    {"posts_from_pool", posts_from_pool},
    {"workers_share_port", workers_share_port},
};

static size_t add(struct CMUnitTest *t, const suite_case *c, size_t n, CMUnitTestFunction fn)
{
    for (size_t i = 0; i < n; i++)
        t[i] = (struct CMUnitTest){c[i].name, fn, NULL, NULL, (void *)&c[i]};
    return n;
}

int main(void)
{
    struct CMUnitTest t[64];
    size_t n = add(t, common_cases, n_common_cases, common);
    n += add(t + n, socket_cases, n_socket_cases, common);
    n += add(t + n, uv_cases, ARRAY_LEN(uv_cases), common);
    n += add(t + n, thread_cases, ARRAY_LEN(thread_cases), two_workers);
    t[n++] = (struct CMUnitTest)cmocka_unit_test(signals_arrive);
    return _cmocka_run_group_tests("runtime_uv", t, n, NULL, NULL);
}
