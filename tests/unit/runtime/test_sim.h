/* test_sim.h: the files of the simulation's tests. */
#pragma once
#include "tests/unit/runtime/suite.h"

/* test_sim_net.c; returns how many. */
size_t sim_net_tests(struct CMUnitTest *t);
