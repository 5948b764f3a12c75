/* key_lock.h: one request at a time for a key: read-modify-write (counters, conditional writes).
 *
 * Requests for one key run on any worker. Each key falls, by its hash, on a stripe; a stripe is a
 * co_mutex that lives on one worker. Who wants it hops there, waits in line, and comes back holding
 * it: the work itself is done on the worker of the request. Keys that share a stripe wait for each
 * other, which costs time and nothing else.
 *
 * Whoever holds a stripe must not take another one: there is no order between them.
 *
 * Owner:   the coordinator. A stripe taken is given back on the env that took it.
 * Thread:  any worker.
 * Errors:  none. Suspend: key_lock_take, key_lock_free.
 */
#pragma once
#include "base/uuid.h"
#include "runtime/env.h"

typedef struct key_lock key_lock;
typedef struct key_stripe key_stripe;

key_lock *key_lock_new(env *e); /* any worker's env; serves all its peers */
/* Nobody holds or wants a stripe any more; waits for those that are on their way back. */
key_lock *co_fn key_lock_free(key_lock *k, env *e);
uint64_t key_lock_hash(const uuid *table, bytes key);
/* Waits in line. */
key_stripe *co_fn key_lock_take(key_lock *k, env *e, uint64_t hash);
void key_lock_give(env *e, key_stripe *s);
