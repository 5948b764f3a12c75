/* stress.h: the load generator: many connections, each with several requests in flight.
 *
 * Closed loop: every answer sends the next request; throughput is what the server gives.
 * Open loop:   requests are due at fixed times whatever the server does, and latency counts from
 *              when a request was due, not from when it could be sent (so a stall counts for all
 *              requests that it delayed: no coordinated omission).
 *
 * A wire (native, thrift) knows how to speak; run.c knows when.
 */
#pragma once
#include "model/consistency.h"
#include "runtime/env.h"
#include "tools/stress/histogram.h"

typedef enum stress_kind { STRESS_WRITE, STRESS_READ, STRESS_MIXED } stress_kind;

typedef struct stress_wire stress_wire;

typedef struct stress_options {
    stress_kind kind;
    const char *host;
    uint16_t port;
    unsigned connections, in_flight;
    uint64_t operations;  /* 0: by duration */
    double seconds, rate; /* rate: operations a second in all; 0: closed loop */
    uint64_t keys;        /* key space */
    bool sequential;      /* keys 0, 1, 2, ... instead of random ones */
    size_t value_bytes;
    consistency cl;
    unsigned read_percent; /* of mixed */
    bool setup, quiet;
    int replication_factor;
    const stress_wire *wire;
} stress_options;

/* A request in flight. */
typedef struct stress_slot {
    int64_t due_us;
    bool used;
} stress_slot;

typedef struct stress_connection {
    struct stress_run *run;
    stream *stream;
    stress_slot *slots; /* by tag */
    unsigned in_flight, index;
    uint64_t n_due; /* open loop: how many were due so far */
    uint16_t *free_tags;
    unsigned n_free;
    uint16_t *order; /* tags in the order sent, for wires that answer in order */
    unsigned order_head, order_tail;
    uint8_t write_id[16], read_id[16];
    uint8_t *value;
    arena arena; /* reset for every answer */
    bool done;
} stress_connection;

typedef struct stress_run {
    const stress_options *o;
    env *env;
    stress_connection *connections;
    unsigned open;
    uint64_t sent, answered, failed;
    int64_t started_us, until_us;
    histogram latency, window;
    co_event finished;
    err_info first_error;
} stress_run;

struct stress_wire {
    const char *name;
    uint16_t port;
    bool ordered; /* answers come in the order of the requests */
    /* Keyspace and table; on a connection of its own. */
    int co_fn (*setup)(stress_run *r, stress_connection *c, err_info *e);
    /* Handshake, prepare. */
    int co_fn (*open)(stress_connection *c, err_info *e);
    void (*put)(stress_connection *c, bool write, uint64_t key, uint16_t tag);
    /* Takes one answer off the input: 1, or 0 when more is needed, or an error that ends the
     * connection. ret_failed: the request failed, with the reason in e. */
    int (*take)(stress_connection *c, bytes in, size_t *ret_used, uint16_t *ret_tag,
                bool *ret_failed, err_info *e);
};

extern const stress_wire stress_native, stress_thrift;

void co_fn stress_run_all(env *e, const stress_options *o, int *ret_status);
/* 16 bytes of key text: "key0000000000042". */
#define STRESS_KEY 16
void stress_key(uint64_t key, uint8_t out[STRESS_KEY]);
