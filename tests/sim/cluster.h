/* cluster.h: real nodes on simulated hosts.
 *
 * Each member is server/node.h's node on an env of its own, with its own disk, address
 * (10.0.0.1, 10.0.0.2, ...) and configuration. The test runs on home and starts, kills and stops
 * members from there; clients live on home, too.
 *
 * Owner:   sim_cluster_free() releases all but the heap of members that died.
 * Suspend: functions marked co_fn, on home.
 */
#pragma once
#include "runtime/sim/sim.h"
#include "server/node.h"

typedef struct sim_member {
    struct sim_cluster *cluster;
    unsigned index;
    sim_node *host;
    char address[24];
    config *config;
    node *node;
    unsigned life; /* of the host, in which the node was started */
    bool serving, failed, stopping, stopped;
    unsigned killed;    /* crashes of this life by sim_member_crash */
    bool attacked;      /* faults.c */
    int64_t excused_us; /* requests that waited at some time before this may go unanswered */
    err_info failure;
} sim_member;

typedef struct sim_cluster_options {
    unsigned n;
    int sync;              /* enum of config.h: COMMITLOG_PERIODIC, ... */
    unsigned sync_ms;      /* period or window */
    unsigned memtable_mib; /* budget */
    unsigned num_tokens;
    bool ring; /* one cluster: all know the first as seed */
} sim_cluster_options;

typedef struct sim_cluster {
    sim *sim;
    sim_cluster_options options;
    sim_member *members;
} sim_cluster;

sim_cluster *sim_cluster_new(sim *s, const sim_cluster_options *o);
sim_cluster *sim_cluster_free(sim_cluster *c);

/* Boots the host and starts the node. 0; ERR_CLOSED: it died while starting; ERR_TIMEOUT; or why
 * it failed (m->failure). */
int co_fn sim_member_start(sim_member *m, int64_t timeout_us);
/* SIM_KILL, ... */
void sim_member_crash(sim_member *m, unsigned how);
/* An orderly end. */
void co_fn sim_member_stop(sim_member *m);
bool sim_member_serves(const sim_member *m);
/* Until us from now, and as long again for what the network has to catch up. */
void sim_member_excuse(sim_member *m, int64_t us);
