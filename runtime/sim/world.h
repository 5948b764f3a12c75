/* world.h: what the parts of the simulation share; private to runtime/sim.
 *
 * All nodes of a world share one sched (one order of events) and one source of chance; each has
 * its env and its disk. There is one node for now.
 */
#pragma once
#include "base/must.h"
#include "runtime/env_ops.h"
#include "runtime/random.h"
#include "runtime/sim/sim.h"

typedef struct disk disk;

typedef struct node {
    env env; /* first */
    sim *sim;
    disk *disk;
} node;

typedef struct fault {
    sim_fault_kind kind;
    unsigned ops;
    char *path;
    uint64_t nth;
    int times;
} fault;

struct sim {
    sched sched;
    random_state random;
    uint64_t trace;
    bool stopped, crashed, running;
    bool down; /* crashed, and the run has not ended yet */
    node node;
    env *peers[1];
    vec(fault) faults;
    uint64_t disk_ops;
    list posts; /* not run yet */
};

static inline node *node_of(env *e)
{
    return (node *)e;
}

/* Mixes what happens into the trace. */
void sim_note(sim *s, uint64_t what, const char *path);
/* The fault that this operation meets, or NULL; counts it. */
const fault *sim_meet(sim *s, sim_op op, const char *path);

disk *disk_new(sim *s);
disk *disk_free(disk *d);
void disk_crash(disk *d);
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
