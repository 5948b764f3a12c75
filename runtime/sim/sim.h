/* sim.h: envs in which time, chance, threads, disk and network are simulated, all from one seed.
 *
 * One thread, virtual time: when nothing is ready the clock jumps to the next event. The same
 * seed and the same program give the same run; sim_trace is a hash over all of it.
 *
 * Nodes: a simulation begins with one, its home, where sim_run starts; a test of several adds them
 *       (sim_node_add), each with its own env, addresses, disk and clock, and drives them from
 *       home. Nodes that could run at the same time do so in an order drawn from the seed.
 *
 * Disk: a directory tree in memory that knows, next to what the program sees, what a power failure
 *       leaves. A file's data is durable once synced; a name (made, renamed, removed) once its
 *       directory is. sim_crash keeps a random part of the rest: some prefix of the changed names,
 *       and of each file's unsynced tail nothing, a prefix, or all of it with blocks of zeros.
 *       After a failed sync the data that it should have written is lost for good, although later
 *       syncs succeed, as on Linux.
 * Offload: the work runs inline after a random virtual delay; posts run in the next turn.
 * Network: what TCP gives. Bytes of a live connection arrive in order and once, in pieces of any
 *       size, delayed as the link between the two nodes says; a lost segment is a delay of its
 *       connection, a cut link a stall that ends some time after the cut (retransmissions back
 *       off), or an error after 15 minutes. A connection dies by close, by reset, or with a node.
 *       Connections are independent of each other: what one delays, another may overtake.
 *       A one-way cut stalls the data of its direction; acknowledgements are not modelled.
 *       Input moves after the turn in which it was first seen, so that who keeps a slice of it
 *       across a suspension is found out.
 *
 * Owner:  sim_free() releases all that the simulation gave; a crash releases the node's sockets,
 *         timers and coroutines. What the node had on the heap is lost with it, like a process's
 *         memory, but in this process: a runner of many seeds forks (tests/sim).
 * Thread: one at a time.
 */
#pragma once
#include "runtime/env.h"

typedef struct sim sim;
typedef struct sim_node sim_node;

sim *sim_new(uint64_t seed);
sim *sim_free(sim *s); /* NULL is fine; returns NULL */
/* Home's env. Its log is NULL; a test may set it. */
env *sim_env(sim *s);

/* Spawns fn(arg) and runs until nothing can run any more, sim_stop or a crash. */
void sim_run(sim *s, void (*fn)(void *arg), void *arg);
/* The same, but ends as soon as fn returned (others go on with the next run). False: it crashed or
 * stopped first. */
bool sim_run_main(sim *s, void (*fn)(void *arg), void *arg);
/* The run under way ends when control comes back to it. */
void sim_stop(sim *s);

/* Power failure of home, on any stack; it ends the run. Nothing of the node runs again once
 * control is back in sim_run, and until then its file calls fail with ERR_IO. Files still open may
 * only be closed. The disk is then what a restarted node finds; the env is ready for another run.
 */
void sim_crash(sim *s);
bool sim_crashed(const sim *s); /* the last run ended so */

uint64_t sim_trace(const sim *s);
/* A number in [0, n) from the same seed, for the test's own choices. */
uint64_t sim_choose(sim *s, uint64_t n);

/* ---- several nodes ---- */
/* name: for logs. address: an IP; 127.0.0.1 is every node's own besides. Home has 127.0.0.1. */
sim_node *sim_node_add(sim *s, const char *name, const char *address);
void sim_node_add_address(sim_node *n, const char *address);
sim_node *sim_home(sim *s);
env *sim_node_env(sim_node *n);
const char *sim_node_name(const sim_node *n);

/* A coroutine on another node, started at its next turn: how home starts and asks nodes. */
void sim_node_run(sim_node *n, void (*fn)(void *arg), void *arg);

/* The process dies, on any stack: its coroutines never go on. The env can be used again at once,
 * for the next life on the same disk. */
enum {
    SIM_KILL = 0,          /* kill -9: peers see their connections closed or reset */
    SIM_LOSE_UNSYNCED = 1, /* the disk keeps what a power failure leaves */
    SIM_HANG = 2,          /* the host is gone: silence, until sim_node_boot; then resets */
    SIM_POWER = 3
};
void sim_node_crash(sim_node *n, unsigned how);
unsigned sim_node_lives(const sim_node *n); /* crashes so far */
void sim_node_boot(sim_node *n);
/* SIGSTOP: its clock goes on and its sockets still take what arrives, but nothing runs. */
void sim_node_pause(sim_node *n, bool paused);
/* Wall clock, relative to the others. */
void sim_node_skew(sim_node *n, int64_t us);
/* Every turn of its loop takes so long (1: the start), every offload so many times longer. */
void sim_node_slow(sim_node *n, int64_t turn_us, unsigned offload_factor);
/* Coroutines that are ready at the same time run in any order, not in the order of readiness. */
void sim_shuffle(sim *s, bool on);

/* ---- the network ---- */
/* One direction between two nodes; may be changed at any time, for what is sent from then on. */
typedef struct sim_link {
    int64_t delay_us, jitter_us; /* evenly in [delay, delay + jitter) */
    unsigned loss_ppm;           /* segments that must be sent again: a stall of 200 ms or more */
    unsigned reset_ppm;          /* segments that kill their connection */
    uint64_t bytes_per_s;        /* of each connection; 0: no limit */
    bool cut;
} sim_link;
sim_link *sim_link_get(sim_node *from, sim_node *to);
/* Both directions. */
void sim_cut(sim_node *a, sim_node *b, bool cut);
/* Kills all connections between the two that are open now; returns how many. */
unsigned sim_reset(sim_node *a, sim_node *b);

typedef struct sim_stats {
    uint64_t turns, segments, bytes, connects, resets;
} sim_stats;
sim_stats sim_get_stats(const sim *s);

/* ---- reading along ---- */
/* From now on every node's env has a log; lines of it and of the simulation's own events go to
 * fn. Does not change the run. */
void sim_log(sim *s, log_level level,
             void (*fn)(void *arg, int64_t mono_us, const char *node, log_level level,
                        const char *text),
             void *arg);
/* A line of the test's own, by home. */
void sim_say(sim *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- disk faults ---- */
typedef enum sim_op {
    SIM_OPEN = 1,
    SIM_READ = 2,
    SIM_APPEND = 4,
    SIM_SYNC = 8,
    SIM_TRUNCATE = 16,
    SIM_NAMES = 32, /* rename, link, unlink, mkdir, rmdir */
    SIM_SYNC_DIR = 64,
    SIM_WRITES = SIM_APPEND | SIM_SYNC | SIM_TRUNCATE | SIM_NAMES | SIM_SYNC_DIR,
    SIM_ANY = 127
} sim_op;

typedef enum sim_fault_kind {
    SIM_EIO,
    SIM_ENOSPC,
    SIM_TORN,  /* an append that writes a part, then fails with EIO */
    SIM_FLIP,  /* a read that succeeds with one bit wrong */
    SIM_CRASH, /* power failure in the middle of it */
} sim_fault_kind;

/* These are about home's disk; the sim_node_ forms about any node's.
 * The nth operation from now (1: the next) among `ops` on paths that contain `path` (NULL: any)
 * has the fault; times more follow (-1: all from then on). */
void sim_fault(sim *s, sim_fault_kind kind, unsigned ops, const char *path, uint64_t nth,
               int times);
void sim_heal(sim *s); /* no more faults */
/* How many disk operations there were: a test can run once, then crash at each of them. */
uint64_t sim_disk_ops(const sim *s);
/* Free space from now on; UINT64_MAX (the start) is no limit. */
void sim_disk_space(sim *s, uint64_t bytes);
/* Flips one bit for good. ERR_NOT_FOUND, ERR_EOF. */
int sim_corrupt(sim *s, const char *path, uint64_t offset, unsigned bit);
void sim_node_fault(sim_node *n, sim_fault_kind kind, unsigned ops, const char *path, uint64_t nth,
                    int times);
void sim_node_heal(sim_node *n);
uint64_t sim_node_disk_ops(const sim_node *n);
void sim_node_disk_space(sim_node *n, uint64_t bytes);
