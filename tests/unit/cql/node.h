/* node.h: one node's storage, coordinator and CQL on the simulated env, for tests. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* After those above. */
#include <cmocka.h>

#include "cql/cql.h"
#include "runtime/sim/sim.h"

typedef struct test_node {
    sim *sim;
    env *e;
    storage *storage;
    ring *ring;
    coordinator *c;
    cql *q;
    node_info info;
    cql_client client;
    void (*body)(struct test_node *n, void *arg);
    void *arg;
} test_node;

/* Runs body on a coroutine of a fresh node. */
void node_run(uint64_t seed, void (*body)(test_node *n, void *arg), void *arg);
query_options node_options(void);
/* Executes text; fails the test on an error. */
void node_ok(test_node *n, arena *a, const char *text, cql_result *ret);
