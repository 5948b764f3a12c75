/* faults.h: what goes wrong in a run, drawn from its seed.
 *
 * A nemesis makes faults one after the other, several at a time when they overlap, and a keeper
 * per member starts it again some time after it died. nemesis_heal ends all of it.
 *
 * Suspend: functions marked co_fn, on home.
 */
#pragma once
#include "tests/sim/cluster.h"

typedef enum fault_kind {
    FAULT_KILL,       /* kill -9 */
    FAULT_POWER,      /* power failure; the host is back at once and resets what it does not know */
    FAULT_VANISH,     /* power failure; the host is silent for a while */
    FAULT_DISK_CRASH, /* power failure at one of the next disk operations */
    FAULT_PAUSE,
    FAULT_CUT,
    FAULT_CUT_ONE_WAY,
    FAULT_RESET,
    FAULT_SLOW,
    FAULT_BAD_LINKS, /* delay and loss, resets */
    FAULT_SKEW,
    FAULT_STOP, /* an orderly end */
    N_FAULTS
} fault_kind;
#define FAULTS_ALL ((1u << N_FAULTS) - 1)
#define FAULTS_NO_DEATH                                                                            \
    (1u << FAULT_PAUSE | 1u << FAULT_CUT | 1u << FAULT_CUT_ONE_WAY | 1u << FAULT_RESET |           \
     1u << FAULT_SLOW | 1u << FAULT_BAD_LINKS | 1u << FAULT_SKEW)

typedef struct nemesis {
    sim_cluster *c;
    unsigned kinds;     /* of 1 << fault_kind */
    int64_t gap_us;     /* between two faults, at most twice this */
    int64_t length_us;  /* of those that last, at most twice this */
    unsigned most_down; /* so many members may be dead, stopped or cut off at once */
    /* A member died and lost what it had not synced. */
    void (*on_loss)(void *arg, sim_member *m);
    void *arg;
    bool over;
    unsigned busy; /* coroutines of this */
    unsigned counts[N_FAULTS];
    char failure[600]; /* a member could not be started; "" */
} nemesis;

/* All members serve, or n->failure. */
bool co_fn nemesis_begin(nemesis *n);
/* Faults until then. */
void co_fn nemesis_run(nemesis *n, int64_t until_us);
/* No more faults; all members serve again, or n->failure. */
bool co_fn nemesis_heal(nemesis *n);
