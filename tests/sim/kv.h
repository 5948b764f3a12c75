/* kv.h: clients that write, delete, read and scan one small table, and remember what they saw.
 *
 * Three clients per member ask in bursts over both ports, and connect again when their connection
 * ends. Independent members have keys of their own; in a ring all share them, and a client goes to
 * any member. What must hold besides the checker's promise: every request gets an answer or the
 * end of its connection, unless a fault kept it from coming; no answer is an error of the server's
 * own; no row comes twice.
 *
 * Owner:   embeds; history_done(&w->h).
 * Suspend: functions marked co_fn, on home.
 */
#pragma once
#include "tests/sim/checker.h"
#include "tests/sim/client.h"
#include "tests/sim/cluster.h"
#include "tests/sim/sim_test.h"

enum { KV_KEYS = 24 };

typedef struct kv {
    sim *s;
    sim_cluster *c;
    sim_report *report;
    consistency cl;
    bool shared;
    int64_t request_us, until_us;
    /* its own */
    history h;
    int64_t next_version;
    unsigned running;
} kv;

int64_t kv_now(const kv *w);
/* Keys of a member: KV_KEYS from here. */
uint32_t kv_first_key(const kv *w, const sim_member *m);
void co_fn kv_make_tables(kv *w, sim_member *m, int replication);
/* The clients run until until_us. */
void kv_start(kv *w);
void co_fn kv_wait(kv *w);
/* Reads all of the table through one member. False: no answer, or an error. */
bool co_fn kv_read_all(kv *w, sim_member *m);
void kv_check(const kv *w, bool monotonic_reads);
