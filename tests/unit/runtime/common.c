/* What holds on libuv and in the simulation alike: coroutines, time, offload, files. */
#include "tests/unit/runtime/suite.h"

/* ---- coroutines ---- */

typedef struct crowd {
    env *e;
    co_event go;
    size_t waiting, done;
} crowd;

static void crowd_member(void *arg)
{
    crowd *c = arg;
    c->waiting++;
    check(co_wait(c->e, &c->go, NO_DEADLINE) == 0);
    env_yield(c->e);
    c->done++;
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CROWD 1000 /* each costs the sanitizer several mappings */
#endif
#endif
#ifndef CROWD
#define CROWD 10000
#endif

static void ten_thousand_live(env *e, const char *dir)
{
    (void)dir;
    crowd c = {.e = e};
    co_event_init(&c.go);
    for (int i = 0; i < CROWD; i++)
        env_spawn(e, crowd_member, &c);
    check(c.waiting == CROWD && c.done == 0);
    co_signal(e, &c.go);
    check(c.done == 0); /* they run when we suspend */
    while (c.done < CROWD)
        env_yield(e);
}

typedef struct step {
    env *e;
    int *trace, *n, id;
    int64_t sleep_us;
} step;

static void note(const step *s)
{
    s->trace[(*s->n)++] = s->id;
}

static void nested_inner(void *arg)
{
    step *s = arg;
    note(s);
    env_yield(s->e);
    s->id = 4;
    note(s);
}

static void spawn_runs_at_once(env *e, const char *dir)
{
    (void)dir;
    int trace[8], n = 0;
    co *self = co_self();
    step in = {e, trace, &n, 1, 0}, out = {e, trace, &n, 2, 0};
    check(self != NULL);
    env_spawn(e, nested_inner, &in);
    check(co_self() == self);
    note(&out);
    while (n < 3)
        env_yield(e);
    check(trace[0] == 1 && trace[1] == 2 && trace[2] == 4);
}

static void sleeper(void *arg)
{
    step *s = arg;
    env_sleep_us(s->e, s->sleep_us);
    note(s);
}

static void sleep_in_order(env *e, const char *dir)
{
    (void)dir;
    int trace[6], n = 0;
    step s[6];
    const int64_t us[6] = {30000, 5000, 20000, 5000, 0, 10000};
    int64_t start = env_mono_us(e);
    for (int i = 0; i < 6; i++) {
        s[i] = (step){e, trace, &n, i, us[i]};
        env_spawn(e, sleeper, &s[i]);
    }
    env_sleep_us(e, 40000);
    const int expected[6] = {4, 1, 3, 5, 2, 0};
    check(n == 6 && memcmp(trace, expected, sizeof trace) == 0);
    check(env_mono_us(e) - start >= 40000);
    env_sleep_until(e, start); /* long past: does not hang */
    check(env_now_us(e) > 1000000LL * 86400 * 365 * 40);
}

static void signal_later(void *arg)
{
    crowd *c = arg;
    env_sleep_us(c->e, 5000);
    co_signal(c->e, &c->go);
}

static void event_timeouts(env *e, const char *dir)
{
    (void)dir;
    crowd c = {.e = e};
    co_event_init(&c.go);
    int64_t start = env_mono_us(e);
    check(co_wait(e, &c.go, start + 10000) == ERR_TIMEOUT);
    check(env_mono_us(e) >= start + 10000);
    check(co_wait(e, &c.go, start) == ERR_TIMEOUT);
    env_spawn(e, signal_later, &c);
    check(co_wait(e, &c.go, env_mono_us(e) + 10000000) == 0);
    check(env_mono_us(e) - start < 10000000);
    co_signal(e, &c.go); /* nobody waits: not remembered */
    check(co_wait(e, &c.go, env_mono_us(e) + 1000) == ERR_TIMEOUT);
}

typedef struct counter {
    env *e;
    co_mutex m;
    int n, inside, left;
    co_event done;
} counter;

static void increment(void *arg)
{
    counter *c = arg;
    for (int i = 0; i < 10; i++) {
        co_lock(c->e, &c->m);
        check(++c->inside == 1);
        int n = c->n;
        if (i % 2)
            env_yield(c->e);
        else
            env_sleep_us(c->e, 1);
        c->n = n + 1;
        c->inside--;
        co_unlock(c->e, &c->m);
    }
    if (--c->left == 0)
        co_signal(c->e, &c->done);
}

static void mutex_excludes(env *e, const char *dir)
{
    (void)dir;
    counter c = {.e = e, .left = 8};
    co_mutex_init(&c.m);
    co_event_init(&c.done);
    for (int i = 0; i < 8; i++)
        env_spawn(e, increment, &c);
    check(co_wait(e, &c.done, env_mono_us(e) + 60000000) == 0);
    check(c.n == 80 && !c.m.held);
}

/* ---- hooks, posts, offload ---- */

typedef struct hooked {
    env *e;
    env_hook h;
    int calls;
    co_event called;
} hooked;

static void on_turn(void *arg)
{
    hooked *h = arg;
    h->calls++;
    co_signal(h->e, &h->called);
    if (h->calls == 3)
        env_unhook(h->e, &h->h);
}

static void hooks_end_turns(env *e, const char *dir)
{
    (void)dir;
    hooked h = {.e = e};
    co_event_init(&h.called);
    h.h = (env_hook){.fn = on_turn, .arg = &h};
    env_hook_turn(e, &h.h);
    check(co_wait(e, &h.called, NO_DEADLINE) == 0 && h.calls == 1);
    for (int i = 0; i < 10; i++)
        env_yield(e);
    check(h.calls == 3);
}

static void posted(void *arg)
{
    step *s = arg;
    check(co_self() != NULL);
    note(s);
    env_yield(s->e);
}

static void posts_in_order(env *e, const char *dir)
{
    (void)dir;
    int trace[20], n = 0;
    step s[20];
    for (int i = 0; i < 20; i++) {
        s[i] = (step){e, trace, &n, i, 0};
        env_post(e, posted, &s[i]);
    }
    check(n == 0);
    while (n < 20)
        env_sleep_us(e, 100);
    for (int i = 0; i < 20; i++)
        check(trace[i] == i);
    env_sleep_us(e, 1000); /* they end */
}

static void in_pool(void *arg)
{
    check(co_self() == NULL);
    ++*(int *)arg;
}

typedef struct offloads {
    env *e;
    int done;
} offloads;

static void offload_both(void *arg)
{
    offloads *o = arg;
    int n = 0;
    env_offload(o->e, POOL_IO, in_pool, &n);
    env_offload(o->e, POOL_LONG, in_pool, &n);
    check(n == 2);
    o->done++;
}

static void offload_many(env *e, const char *dir)
{
    (void)dir;
    offloads o = {e, 0};
    for (int i = 0; i < 200; i++)
        env_spawn(e, offload_both, &o);
    while (o.done < 200)
        env_sleep_us(e, 1000);
}

static void random_differs(env *e, const char *dir)
{
    (void)dir;
    uint64_t a = env_random(e), b = env_random(e), c = env_random(e);
    check(a != b && b != c && a != c);
}

/* ---- files ---- */

static const char *in(const char *dir, const char *name)
{
    static char p[4][512];
    static int at;
    char *s = p[at++ & 3];
    snprintf(s, sizeof p[0], "%s/%s", dir, name);
    return s;
}

static void files_append_and_read(env *e0, const char *dir)
{
    err_info e = {0};
    file *f;
    char b[16] = {0};
    uint64_t n;
    const char *path = in(dir, "a.db");
    check(env_open(e0, path, FILE_READ, &f, &e) == ERR_NOT_FOUND);
    check(strstr(e.text, path));
    ok(env_open(e0, path, FILE_READ | FILE_WRITE | FILE_CREATE, &f, &e));
    check(strcmp(file_path(f), path) == 0);
    ok(file_append(f, "hello ", 6, &e));
    ok(file_append(f, "world", 5, &e));
    ok(file_size(f, &n, &e));
    check(n == 11);
    ok(file_pread(f, b, 5, 6, &e));
    check(memcmp(b, "world", 5) == 0);
    ok(file_pread_co(f, b, 11, 0, &e));
    check(memcmp(b, "hello world", 11) == 0);
    check(file_pread(f, b, 6, 6, &e) == ERR_EOF);
    check(file_pread_co(f, b, 1, 11, &e) == ERR_EOF);
    ok(file_truncate(f, 5, &e));
    ok(file_append(f, "!", 1, &e));
    ok(file_pread_co(f, b, 6, 0, &e));
    check(memcmp(b, "hello!", 6) == 0);
    ok(file_sync(f, &e));
    ok(file_sync_co(e0, f, &e));
    file_close(f);
    check(env_open(e0, path, FILE_WRITE | FILE_EXCLUSIVE, &f, &e) == ERR_EXISTS);
    ok(env_open(e0, path, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, &f, &e));
    ok(file_size(f, &n, &e));
    check(n == 0);
    file_close(f);
    file_close(NULL);
}

typedef struct names {
    int n;
    char all[256];
} names;

static void add_name(void *arg, const char *name)
{
    names *s = arg;
    s->n++;
    strcat(strcat(s->all, name), " ");
}

static void files_names(env *e0, const char *dir)
{
    err_info e = {0};
    names l = {0};
    uint64_t space;
    const char *sub = in(dir, "x/y/z");
    ok(env_mkdirs(e0, sub, &e));
    ok(env_mkdirs(e0, sub, &e));
    ok(env_write_file(e0, in(dir, "x/one"), BYTES_LIT("1"), &e));
    ok(env_rename(e0, in(dir, "x/one"), in(dir, "x/two"), &e));
    check(!env_exists(e0, in(dir, "x/one")) && env_exists(e0, in(dir, "x/two")));
    ok(env_link(e0, in(dir, "x/two"), in(dir, "x/three"), &e));
    check(env_link(e0, in(dir, "x/two"), in(dir, "x/three"), &e) == ERR_EXISTS);
    ok(env_list(e0, in(dir, "x"), add_name, &l, &e));
    check(l.n == 3 && strstr(l.all, "two ") && strstr(l.all, "three ") && strstr(l.all, "y "));
    check(env_list(e0, in(dir, "none"), add_name, &l, &e) == ERR_NOT_FOUND);
    ok(env_unlink(e0, in(dir, "x/two"), &e));
    check(env_unlink(e0, in(dir, "x/two"), &e) == ERR_NOT_FOUND);
    check(env_rmdir(e0, in(dir, "x"), &e) < 0);
    ok(env_rmdir(e0, in(dir, "x/y/z"), &e));
    ok(env_sync_dir(e0, in(dir, "x"), &e));
    ok(env_free_space(e0, dir, &space, &e));
    check(space > 0);
    check(env_rename(e0, in(dir, "none"), in(dir, "more"), &e) == ERR_NOT_FOUND);
}

static void files_whole(env *e0, const char *dir)
{
    err_info e = {0};
    arena a;
    bytes b;
    arena_init(&a, 1024);
    const char *path = in(dir, "conf");
    check(env_read_file(e0, path, 100, &a, &b, &e) == ERR_NOT_FOUND);
    ok(env_write_file(e0, path, BYTES_LIT("first"), &e));
    ok(env_write_file(e0, path, BYTES_LIT("second"), &e));
    ok(env_read_file(e0, path, 6, &a, &b, &e));
    check(bytes_eq_str(b, "second"));
    check(env_read_file(e0, path, 5, &a, &b, &e) == ERR_TOO_LARGE);
    ok(env_write_file(e0, path, BYTES_EMPTY, &e));
    ok(env_read_file(e0, path, 5, &a, &b, &e));
    check(b.n == 0 && !bytes_is_null(b));
    arena_done(&a);
}

static void files_lock(env *e0, const char *dir)
{
    err_info e = {0};
    file *f, *g;
    ok(env_lock_file(e0, in(dir, "lock"), &f, &e));
    check(env_lock_file(e0, in(dir, "lock"), &g, &e) == ERR_EXISTS);
    file_close(f);
    ok(env_lock_file(e0, in(dir, "lock"), &g, &e));
    file_close(g);
}

typedef struct syncs {
    env *e;
    file *f;
    int done;
} syncs;

static void sync_one(void *arg)
{
    syncs *s = arg;
    err_info e = {0};
    ok(file_append(s->f, "x", 1, &e));
    ok(file_sync_co(s->e, s->f, &e));
    s->done++;
}

static void files_shared_sync(env *e0, const char *dir)
{
    err_info e = {0};
    syncs s = {.e = e0};
    ok(env_open(e0, in(dir, "log"), FILE_WRITE | FILE_CREATE, &s.f, &e));
    for (int i = 0; i < 100; i++)
        env_spawn(e0, sync_one, &s);
    while (s.done < 100)
        env_sleep_us(e0, 500);
    file_close(s.f);
}

const suite_case common_cases[] = {
    {"ten_thousand_live", ten_thousand_live},
    {"spawn_runs_at_once", spawn_runs_at_once},
    {"sleep_in_order", sleep_in_order},
    {"event_timeouts", event_timeouts},
    {"mutex_excludes", mutex_excludes},
    {"hooks_end_turns", hooks_end_turns},
    {"posts_in_order", posts_in_order},
    {"offload_many", offload_many},
    {"random_differs", random_differs},
    {"files_append_and_read", files_append_and_read},
    {"files_names", files_names},
    {"files_whole", files_whole},
    {"files_lock", files_lock},
    {"files_shared_sync", files_shared_sync},
};
const size_t n_common_cases = ARRAY_LEN(common_cases);
