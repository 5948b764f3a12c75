/* sim_test.h: a run of the simulation: one seed, one workload, a verdict.
 *
 * Workloads are separate files; run.c chooses, runs many seeds in processes of their own, and
 * prints what failed with the command that replays it.
 */
#pragma once
#include "runtime/sim/sim.h"

typedef struct sim_report {
    char failure[1200]; /* "": it holds */
    uint64_t operations, acknowledged, faults;
} sim_report;

typedef struct workload {
    const char *name, *what;
    void co_fn (*run)(sim *s, uint64_t seed, sim_report *report);
} workload;

extern const workload workload_single;
extern const workload workload_quorum;
extern const workload workload_quorum4;
extern const workload workload_schema;
extern const workload workload_converge;
extern const workload workload_idle;

void report_failure(sim_report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
