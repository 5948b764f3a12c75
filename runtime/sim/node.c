/* The nodes of a simulation: their env, their turns, their crashes. */
#include <stdlib.h>

#include "base/alloc.h"
#include "runtime/sim/world.h"

enum { OFFLOAD_MIN_US = 20, OFFLOAD_SPREAD_US = 400 };
#define EPOCH_US (1600000000LL * 1000000)
enum { NOTE_POST = 1, NOTE_OFFLOAD, NOTE_CRASH, NOTE_TURN };

/* ---- time and chance ---- */

static int64_t now_us(env *e)
{
    return EPOCH_US + sim_now(node_of(e)->sim) + node_of(e)->skew_us;
}

static int64_t mono_us(env *e)
{
    return sim_now(node_of(e)->sim);
}

static uint64_t random_u64(env *e)
{
    return random_next(&node_of(e)->sim->random);
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
    sim_note(node_of(p.to)->sim, NOTE_POST, NULL);
    env_spawn(p.to, p.fn, p.arg);
}

static void post(env *to, void (*fn)(void *arg), void *arg)
{
    posted *p = xmalloc(sizeof *p);
    *p = (posted){.timer = {.fn = posted_run, .arg = p}, .to = to, .fn = fn, .arg = arg};
    list_push(&node_of(to)->posts, &p->link);
    sched_timer_set(to->sched, &p->timer, sim_now(node_of(to)->sim) + 1);
}

void sim_node_run(sim_node *n, void (*fn)(void *arg), void *arg)
{
    post(&n->env, fn, arg);
}

typedef struct offloaded {
    sched_timer timer;
    sim_node *node;
    co *co;
    void (*fn)(void *arg);
    void *arg;
} offloaded;

static void offload_run(sched_timer *t)
{
    offloaded *o = t->arg;
    sim_note(o->node->sim, NOTE_OFFLOAD, NULL);
    o->fn(o->arg);
    sched_ready(&o->node->sched, o->co);
}

static void offload(env *e, env_pool pool, void (*fn)(void *arg), void *arg)
{
    sim_node *n = node_of(e);
    offloaded o = {.node = n, .co = co_self(), .fn = fn, .arg = arg};
    o.timer = (sched_timer){.fn = offload_run, .arg = &o};
    int64_t us = OFFLOAD_MIN_US + (int64_t)sim_choose(n->sim, OFFLOAD_SPREAD_US);
    us *= n->offload_factor;
    sched_timer_set(&n->sched, &o.timer, sim_now(n->sim) + (pool == POOL_LONG ? 10 * us : us));
    co_suspend();
}

const struct env_ops sim_ops = {
    .now_us = now_us,
    .mono_us = mono_us,
    .random = random_u64,
    .post = post,
    .offload = offload,
    .listen = net_listen,
    .listener_close = net_listener_close,
    .connect = net_connect,
    .stream_wait = net_stream_wait,
    .stream_take_output = net_stream_take_output,
    .stream_kick = net_stream_kick,
    .stream_drain = net_stream_drain,
    .stream_shut = net_stream_shut,
    .stream_close = net_stream_close,
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

/* ---- turns ---- */

/* Every turn takes some time, so that who polls sees it pass. */
int64_t world_wake_time(const sim_node *n)
{
    if (n->paused)
        return NO_DEADLINE;
    bool busy = sched_busy(&n->sched) || !list_empty(&n->accepts) || !list_empty(&n->dirty);
    int64_t wake = busy ? sim_now(n->sim) : sched_next_deadline(&n->sched);
    return wake > n->busy_until ? wake : n->busy_until;
}

static void shuffle_ready(sim_node *n)
{
    vec(list *) ready = {0};
    for (list *l; (l = list_pop(&n->sched.ready));)
        vec_push(&ready, l);
    while (ready.n) {
        size_t i = sim_choose(n->sim, ready.n);
        list_push(&n->sched.ready, ready.p[i]);
        ready.p[i] = ready.p[--ready.n];
    }
    vec_done(&ready);
}

void world_turn(sim_node *n)
{
    sim *s = n->sim;
    s->turn_of = n;
    s->stats.turns++;
    sim_note_number(s, NOTE_TURN, n->index);
    n->sched.now_us = sim_now(s);
    sched_begin(&n->sched);
    sched_fire(&n->sched);
    if (!n->down)
        net_accept(n);
    if (!n->down && s->shuffle)
        shuffle_ready(n);
    if (!n->down)
        sched_run(&n->sched);
    net_flush(n);
    n->busy_until = sim_now(s) + n->turn_us;
    s->turn_of = NULL;
    if (n->down)
        world_forget(n);
}

/* ---- faults of the disk ---- */

void sim_node_fault(sim_node *n, sim_fault_kind kind, unsigned ops, const char *path, uint64_t nth,
                    int times)
{
    must(nth > 0);
    vec_push(&n->faults, (fault){kind, ops, path ? xstrdup(path) : NULL, nth, times});
}

void sim_fault(sim *s, sim_fault_kind kind, unsigned ops, const char *path, uint64_t nth, int times)
{
    sim_node_fault(sim_home(s), kind, ops, path, nth, times);
}

void sim_node_heal(sim_node *n)
{
    for (size_t i = 0; i < n->faults.n; i++)
        free(n->faults.p[i].path);
    n->faults.n = 0;
}

void sim_heal(sim *s)
{
    sim_node_heal(sim_home(s));
}

const fault *world_meet(sim_node *n, sim_op op, const char *path)
{
    const fault *met = NULL;
    n->disk_ops++;
    sim_note(n->sim, 256 + op, path);
    for (size_t i = 0; i < n->faults.n; i++) {
        fault *f = &n->faults.p[i];
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

uint64_t sim_node_disk_ops(const sim_node *n)
{
    return n->disk_ops;
}

uint64_t sim_disk_ops(const sim *s)
{
    return s->nodes.p[0]->disk_ops;
}

void sim_node_disk_space(sim_node *n, uint64_t bytes)
{
    disk_limit(n->disk, bytes);
}

void sim_disk_space(sim *s, uint64_t bytes)
{
    sim_node_disk_space(sim_home(s), bytes);
}

int sim_corrupt(sim *s, const char *path, uint64_t offset, unsigned bit)
{
    return disk_corrupt(sim_home(s)->disk, path, offset, bit);
}

/* ---- life ---- */

static const sim_link good_link = {.delay_us = 50, .jitter_us = 200};
static const sim_link own_link = {.delay_us = 5, .jitter_us = 20};

static void link_up(sim_node *n)
{
    sim *s = n->sim;
    for (size_t i = 0; i < s->nodes.n; i++) {
        sim_node *other = s->nodes.p[i];
        vec_push(&n->links, other == n ? own_link : good_link);
        if (other != n)
            vec_push(&other->links, good_link);
    }
}

sim_node *world_add(sim *s, const char *name, const char *address)
{
    sim_node *n = xzalloc(sizeof *n);
    n->sim = s;
    n->index = (unsigned)s->nodes.n;
    n->name = xstrdup(name);
    n->env = (env){.ops = &sim_ops, .workers = 1, .sched = &n->sched};
    sched_init(&n->sched, 0, false);
    n->sched.now_us = sim_now(s);
    n->disk = disk_new(n);
    n->turn_us = 1;
    n->offload_factor = 1;
    n->next_port = 32768;
    list *lists[] = {&n->posts,   &n->sockets, &n->listeners, &n->dials,
                     &n->accepts, &n->dirty,   &n->touched};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        list_init(lists[i]);
    vec_push(&s->nodes, n);
    link_up(n);
    sim_node_add_address(n, address);
    n->own_peers[0] = &n->env;
    n->env.peers = n->own_peers;
    return n;
}

sim_node *sim_node_add(sim *s, const char *name, const char *address)
{
    sim_node *n = world_add(s, name, address);
    if (s->log_fn)
        sim_log(s, s->log_level, s->log_fn, s->log_arg);
    return n;
}

void sim_node_add_address(sim_node *n, const char *address)
{
    vec_push(&n->addresses, xstrdup(address));
}

void world_forget(sim_node *n)
{
    net_forget(n);
    for (list *l; (l = list_pop(&n->posts));)
        free(container_of(l, posted, link));
    sched_abandon(&n->sched);
    n->down = false;
}

void world_free(sim_node *n)
{
    world_forget(n);
    sim_node_heal(n);
    vec_done(&n->faults);
    disk_free(n->disk);
    sched_done(&n->sched);
    for (size_t i = 0; i < n->addresses.n; i++)
        free(n->addresses.p[i]);
    vec_done(&n->addresses);
    vec_done(&n->links);
    free(n->name);
    free(n);
}

env *sim_node_env(sim_node *n)
{
    return &n->env;
}

const char *sim_node_name(const sim_node *n)
{
    return n->name;
}

unsigned sim_node_lives(const sim_node *n)
{
    return n->lives;
}

void sim_node_crash(sim_node *n, unsigned how)
{
    sim *s = n->sim;
    if (n->down)
        return;
    sim_event(n, "dies%s%s", how & SIM_LOSE_UNSYNCED ? ", loses what was not synced" : "",
              how & SIM_HANG ? ", its host is silent" : "");
    n->down = true;
    n->lives++;
    n->paused = false;
    n->host_off = how & SIM_HANG;
    list_init(&n->sched.ready);
    list_init(&n->sched.later);
    sim_note_number(s, NOTE_CRASH, n->index);
    disk_crash(n->disk, how & SIM_LOSE_UNSYNCED);
    net_crash(n, how & SIM_HANG);
    if (n == sim_home(s))
        s->crashed = true;
    if (s->turn_of != n)
        world_forget(n);
}

void sim_node_boot(sim_node *n)
{
    n->host_off = false;
}

void sim_node_pause(sim_node *n, bool paused)
{
    sim_event(n, paused ? "is stopped" : "goes on");
    n->paused = paused;
}

void sim_node_skew(sim_node *n, int64_t us)
{
    n->skew_us = us;
}

void sim_node_slow(sim_node *n, int64_t turn_us, unsigned offload_factor)
{
    must(turn_us > 0 && offload_factor > 0);
    n->turn_us = turn_us;
    n->offload_factor = offload_factor;
}
