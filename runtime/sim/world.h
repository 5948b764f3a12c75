/* world.h: what the parts of the simulation share; private to runtime/sim.
 *
 * Every node has a sched of its own, so that a crash forgets exactly what was its; the world has
 * one more, without coroutines, whose timers are the events of hosts and network. All draw from
 * one source of chance. sim.c has the order of events, node.c the nodes' life, disk.c their
 * disks, net.c links and connections, socket.c the streams on top of them.
 */
#pragma once
#include "base/must.h"
#include "base/vec.h"
#include "runtime/env_ops.h"
#include "runtime/random.h"
#include "runtime/sim/sim.h"

typedef struct disk disk;

typedef struct fault {
    sim_fault_kind kind;
    unsigned ops;
    char *path;
    uint64_t nth;
    int times;
} fault;

struct sim_node {
    env env; /* first */
    sim *sim;
    unsigned index;
    char *name;
    vec(char *) addresses;
    sched sched;
    env *own_peers[1];
    logger log;
    disk *disk;
    vec(fault) faults;
    uint64_t disk_ops;
    list posts; /* not run yet */
    bool down;  /* crashed, and its turn has not ended yet */
    bool host_off, paused;
    unsigned lives;
    int64_t skew_us, turn_us, busy_until;
    unsigned offload_factor;
    /* net.c, socket.c */
    vec(sim_link) links; /* by index of the other node */
    list sockets, listeners, dials;
    list accepts; /* connections whose coroutine has not begun */
    list dirty;   /* sockets with output to hand over */
    list touched; /* sockets with input that moves, or whose peer may go on */
    uint16_t next_port;
};

struct sim {
    sched sched; /* the world's: its now_us is the time */
    random_state random;
    uint64_t trace;
    bool stopped, crashed, running, shuffle;
    sim_node *turn_of; /* who runs */
    vec(sim_node *) nodes;
    list connections;
    uint64_t next_connection;
    sim_stats stats;
    log_level log_level;
    void (*log_fn)(void *arg, int64_t mono_us, const char *node, log_level level, const char *text);
    void *log_arg;
};

static inline sim_node *node_of(env *e)
{
    return (sim_node *)e;
}

static inline int64_t sim_now(const sim *s)
{
    return s->sched.now_us;
}

/* Mixes what happens into the trace. */
void sim_note(sim *s, uint64_t what, const char *path);
void sim_note_number(sim *s, uint64_t what, uint64_t n);
/* One line of the simulation's own about a node. */
void sim_event(sim_node *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* node.c */
extern const struct env_ops sim_ops;
sim_node *world_add(sim *s, const char *name, const char *address);
void world_free(sim_node *n);
/* Nothing that was under way goes on. */
void world_forget(sim_node *n);
/* When it wants its next turn. */
int64_t world_wake_time(const sim_node *n);
void world_turn(sim_node *n);
/* The fault that this operation meets, or NULL; counts it. */
const fault *world_meet(sim_node *n, sim_op op, const char *path);

/* net.c, socket.c, dial.c */
int net_listen(env *e, const char *address, uint16_t port, void (*on_accept)(void *arg, stream *s),
               void *arg, listener **ret_listener, err_info *err);
void net_listener_close(listener *l);
int net_connect(env *e, const char *address, uint16_t port, int64_t deadline, stream **ret_stream,
                err_info *err);
int net_stream_wait(stream *s, size_t n, int64_t deadline);
void net_stream_take_output(stream *s);
void net_stream_kick(stream *s);
int net_stream_drain(stream *s, size_t below, int64_t deadline);
void net_stream_shut(stream *s);
void net_stream_close(stream *s);
/* Coroutines for accepted connections. */
void net_accept(sim_node *n);
/* The end of a turn: hands output over, moves input. */
void net_flush(sim_node *n);
/* Its process ended: the other ends learn of it, or not. Sockets stay until net_forget. */
void net_crash(sim_node *n, bool hang);
void net_forget(sim_node *n);
void net_free(sim *s);

disk *disk_new(sim_node *n);
disk *disk_free(disk *d);
/* power: what is not durable is lost; else only its files and locks end. */
void disk_crash(disk *d, bool power);
void disk_limit(disk *d, uint64_t bytes);
int disk_corrupt(disk *d, const char *path, uint64_t offset, unsigned bit);

int disk_open(env *e, const char *path, int flags, file **ret_file, err_info *err);
void disk_close(file *f);
int disk_append(file *f, const void *p, size_t n, err_info *err);
int disk_pread(file *f, void *p, size_t n, uint64_t offset, err_info *err);
int disk_pread_nowait(file *f, void *p, size_t n, uint64_t offset, err_info *err);
int disk_sync(file *f, err_info *err);
int disk_size(file *f, uint64_t *ret_size, err_info *err);
int disk_truncate(file *f, uint64_t size, err_info *err);
int disk_lock_file(env *e, const char *path, file **ret_file, err_info *err);
int disk_mkdir(env *e, const char *path, err_info *err);
int disk_rename(env *e, const char *from, const char *to, err_info *err);
int disk_link(env *e, const char *from, const char *to, err_info *err);
int disk_unlink(env *e, const char *path, err_info *err);
int disk_rmdir(env *e, const char *path, err_info *err);
int disk_sync_dir(env *e, const char *path, err_info *err);
bool disk_exists(env *e, const char *path);
int disk_list(env *e, const char *path, void (*fn)(void *arg, const char *name), void *arg,
              err_info *err);
int disk_free_space(env *e, const char *path, uint64_t *ret_bytes, err_info *err);
