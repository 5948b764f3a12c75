/* sim.h: an env in which time, chance, threads and the disk are simulated, all from one seed.
 *
 * One thread, virtual time: when nothing is ready the clock jumps to the next timer. The same
 * seed and the same program give the same run; sim_trace is a hash over all of it.
 *
 * Disk: a directory tree in memory that knows, next to what the program sees, what a power failure
 *       leaves. A file's data is durable once synced; a name (made, renamed, removed) once its
 *       directory is. sim_crash keeps a random part of the rest: some prefix of the changed names,
 *       and of each file's unsynced tail nothing, a prefix, or all of it with blocks of zeros.
 *       After a failed sync the data that it should have written is lost for good, although later
 *       syncs succeed, as on Linux.
 * Offload: the work runs inline after a random virtual delay; posts run in the next turn.
 * Network: not there yet; listen and connect answer ERR_NOT_SUPPORTED.
 *
 * Owner:  sim_free() releases all.
 * Thread: one at a time.
 */
#pragma once
#include "runtime/env.h"

typedef struct sim sim;

sim *sim_new(uint64_t seed);
sim *sim_free(sim *s); /* NULL is fine; returns NULL */
/* The node's env. Its log is NULL; a test may set it. */
env *sim_env(sim *s);

/* Spawns fn(arg) and runs until nothing can run any more, sim_stop or a crash. */
void sim_run(sim *s, void (*fn)(void *arg), void *arg);
/* The same, but ends as soon as fn returned (others go on with the next run). False: it crashed or
 * stopped first. */
bool sim_run_main(sim *s, void (*fn)(void *arg), void *arg);
/* The run under way ends when control comes back to it. */
void sim_stop(sim *s);

/* Power failure, on any stack. Nothing of the node runs again once control is back in sim_run,
 * and until then its file calls fail with ERR_IO. Files still open may only be closed. The
 * disk is then what a restarted node finds; the env is ready for another run. */
void sim_crash(sim *s);
bool sim_crashed(const sim *s); /* the last run ended so */

uint64_t sim_trace(const sim *s);
/* A number in [0, n) from the same seed, for the test's own choices. */
uint64_t sim_choose(sim *s, uint64_t n);

/* ---- faults ---- */
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
    SIM_CRASH, /* sim_crash in the middle of it */
} sim_fault_kind;

/* The nth operation from now (1: the next) among `ops` on paths that contain `path` (NULL: any)
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
