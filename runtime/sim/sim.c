#include "runtime/sim/sim.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "runtime/sim/world.h"

enum { OFFLOAD_MIN_US = 20, OFFLOAD_SPREAD_US = 400 };
#define EPOCH_US (1600000000LL * 1000000)

/* ---- time and chance ---- */

static int64_t now_us(env *e)
{
    return EPOCH_US + e->sched->now_us;
}

static int64_t mono_us(env *e)
{
    return e->sched->now_us;
}

static uint64_t random_u64(env *e)
{
    return random_next(&node_of(e)->sim->random);
}

uint64_t sim_choose(sim *s, uint64_t n)
{
    return random_below(&s->random, n);
}

void sim_note(sim *s, uint64_t what, const char *path)
{
    uint64_t parts[4] = {s->trace, (uint64_t)s->sched.now_us, what,
                         path ? hash_fast(bytes_str(path)) : 0};
    s->trace = hash_fast(bytes_of(parts, sizeof parts));
}

uint64_t sim_trace(const sim *s)
{
    return s->trace;
}

/* ---- posts and offloaded work ---- */

typedef struct posted {
    sched_timer timer;
    list link;
    env *to;
    void (*fn)(void *arg);
    void *arg;
} posted;

static void posted_run(sched_timer *t)
{
    posted p = *(posted *)t->arg;
    list_remove(&((posted *)t->arg)->link);
    free(t->arg);
    sim_note(node_of(p.to)->sim, 1, NULL);
    env_spawn(p.to, p.fn, p.arg);
}

static void post(env *to, void (*fn)(void *arg), void *arg)
{
    posted *p = xmalloc(sizeof *p);
    *p = (posted){.timer = {.fn = posted_run, .arg = p}, .to = to, .fn = fn, .arg = arg};
    list_push(&node_of(to)->sim->posts, &p->link);
    sched_timer_set(to->sched, &p->timer, to->sched->now_us + 1);
}

typedef struct offloaded {
    sched_timer timer;
    sim *sim;
    co *co;
    void (*fn)(void *arg);
    void *arg;
} offloaded;

static void offload_run(sched_timer *t)
{
    offloaded *o = t->arg;
    sim_note(o->sim, 2, NULL);
    o->fn(o->arg);
    sched_ready(&o->sim->sched, o->co);
}

static void offload(env *e, env_pool pool, void (*fn)(void *arg), void *arg)
{
    sim *s = node_of(e)->sim;
    offloaded o = {.sim = s, .co = co_self(), .fn = fn, .arg = arg};
    o.timer = (sched_timer){.fn = offload_run, .arg = &o};
    int64_t us = OFFLOAD_MIN_US + (int64_t)sim_choose(s, OFFLOAD_SPREAD_US);
    sched_timer_set(&s->sched, &o.timer, s->sched.now_us + (pool == POOL_LONG ? 10 * us : us));
    co_suspend();
}

/* ---- the network is not simulated yet ---- */

static int no_listen(env *e, const char *address, uint16_t port,
                     void (*on_accept)(void *arg, stream *s), void *arg, listener **ret_listener,
                     err_info *err)
{
    (void)e, (void)on_accept, (void)arg, (void)ret_listener;
    return err_set(err, ERR_NOT_SUPPORTED,
                   "listening on %s:%u is not supported yet in a simulation", address, port);
}

static int no_connect(env *e, const char *address, uint16_t port, int64_t deadline,
                      stream **ret_stream, err_info *err)
{
    (void)e, (void)deadline, (void)ret_stream;
    return err_set(err, ERR_NOT_SUPPORTED,
                   "connecting to %s:%u is not supported yet in a simulation", address, port);
}

static const struct env_ops sim_ops = {
    .now_us = now_us,
    .mono_us = mono_us,
    .random = random_u64,
    .post = post,
    .offload = offload,
    .listen = no_listen,
    .connect = no_connect,
    .open = disk_open,
    .file_close = disk_close,
    .file_append = disk_append,
    .file_pread = disk_pread,
    .file_pread_nowait = disk_pread_nowait,
    .file_sync = disk_sync,
    .file_size = disk_size,
    .file_truncate = disk_truncate,
    .lock_file = disk_lock_file,
    .mkdir = disk_mkdir,
    .rename = disk_rename,
    .link = disk_link,
    .unlink = disk_unlink,
    .rmdir = disk_rmdir,
    .sync_dir = disk_sync_dir,
    .exists = disk_exists,
    .list = disk_list,
    .free_space = disk_free_space,
};

/* ---- faults ---- */

void sim_fault(sim *s, sim_fault_kind kind, unsigned ops, const char *path, uint64_t nth, int times)
{
    must(nth > 0);
    vec_push(&s->faults, (fault){kind, ops, path ? xstrdup(path) : NULL, nth, times});
}

void sim_heal(sim *s)
{
    for (size_t i = 0; i < s->faults.n; i++)
        free(s->faults.p[i].path);
    s->faults.n = 0;
}

const fault *sim_meet(sim *s, sim_op op, const char *path)
{
    const fault *met = NULL;
    s->disk_ops++;
    sim_note(s, 256 + op, path);
    for (size_t i = 0; i < s->faults.n; i++) {
        fault *f = &s->faults.p[i];
        if (!(f->ops & op) || (f->path && !strstr(path, f->path)) || f->times == INT32_MIN)
            continue;
        if (f->nth > 1) {
            f->nth--;
            continue;
        }
        met = f;
        if (f->times >= 0 && f->times-- == 0)
            f->times = INT32_MIN; /* spent */
    }
    return met;
}

uint64_t sim_disk_ops(const sim *s)
{
    return s->disk_ops;
}

void sim_disk_space(sim *s, uint64_t bytes)
{
    disk_limit(s->node.disk, bytes);
}

int sim_corrupt(sim *s, const char *path, uint64_t offset, unsigned bit)
{
    return disk_corrupt(s->node.disk, path, offset, bit);
}

/* ---- life ---- */

sim *sim_new(uint64_t seed)
{
    sim *s = xzalloc(sizeof *s);
    sched_init(&s->sched, 0, false);
    s->sched.now_us = 1000000;
    random_seed(&s->random, seed);
    list_init(&s->posts);
    s->node.sim = s;
    s->node.disk = disk_new(s);
    s->peers[0] = &s->node.env;
    s->node.env = (env){.ops = &sim_ops, .workers = 1, .peers = s->peers, .sched = &s->sched};
    return s;
}

/* Nothing that was under way goes on. */
static void forget(sim *s)
{
    for (list *l; (l = list_pop(&s->posts));)
        free(container_of(l, posted, link));
    sched_abandon(&s->sched);
}

sim *sim_free(sim *s)
{
    if (!s)
        return NULL;
    must(co_self() == NULL);
    forget(s);
    sim_heal(s);
    vec_done(&s->faults);
    disk_free(s->node.disk);
    sched_done(&s->sched);
    free(s);
    return NULL;
}

env *sim_env(sim *s)
{
    return &s->node.env;
}

void sim_stop(sim *s)
{
    s->stopped = true;
}

void sim_crash(sim *s)
{
    if (s->crashed)
        return;
    s->crashed = true;
    s->down = s->running;
    list_init(&s->sched.ready);
    list_init(&s->sched.later);
    sim_note(s, 3, NULL);
    disk_crash(s->node.disk);
}

bool sim_crashed(const sim *s)
{
    return s->crashed;
}

/* Every turn takes a microsecond, so that who polls sees time pass. */
static bool next_turn(sim *s)
{
    int64_t next = sched_next_deadline(&s->sched);
    if (s->stopped || s->crashed || (!sched_busy(&s->sched) && next == NO_DEADLINE))
        return false;
    if (!sched_busy(&s->sched) && next > s->sched.now_us)
        s->sched.now_us = next;
    else
        s->sched.now_us++;
    return true;
}

void sim_run(sim *s, void (*fn)(void *arg), void *arg)
{
    must(co_self() == NULL);
    s->stopped = false;
    if (s->crashed) /* outside of a run */
        forget(s);
    s->crashed = false;
    s->running = true;
    env_post(&s->node.env, fn, arg);
    while (next_turn(s)) {
        sched_begin(&s->sched);
        sched_fire(&s->sched);
        if (!s->crashed)
            sched_run(&s->sched);
    }
    s->running = s->down = false;
    if (s->crashed)
        forget(s);
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
