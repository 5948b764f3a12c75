#include "coordinator/key_lock.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"

#define STRIPES 256 /* per worker */

struct key_stripe {
    co_mutex mutex; /* touched on the owner's thread only */
    env *owner;
    key_lock *of;
};

struct key_lock {
    unsigned workers;
    atomic_uint giving;  /* on their way to another worker */
    key_stripe *stripes; /* STRIPES of each worker */
};

key_lock *key_lock_new(env *e)
{
    key_lock *k = xzalloc(sizeof *k);
    k->workers = e->workers;
    k->stripes = xzalloc((size_t)k->workers * STRIPES * sizeof *k->stripes);
    for (unsigned i = 0; i < k->workers * STRIPES; i++) {
        co_mutex_init(&k->stripes[i].mutex);
        k->stripes[i].owner = e->peers[i / STRIPES];
        k->stripes[i].of = k;
    }
    return k;
}

key_lock *co_fn key_lock_free(key_lock *k, env *e)
{
    if (!k)
        return NULL;
    while (atomic_load(&k->giving))
        env_yield(e);
    free(k->stripes);
    free(k);
    return NULL;
}

uint64_t key_lock_hash(const uuid *table, bytes key)
{
    uint64_t h = hash_fast(key) ^ hash_fast(bytes_of(table->b, sizeof table->b));
    return h * UINT64_C(0x9e3779b97f4a7c15) >> 20; /* both halves count */
}

typedef struct hop {
    key_stripe *stripe;
    env *from;
    bool taken;
    co_event came_back;
} hop;

static void taken(void *arg)
{
    hop *h = arg;
    h->taken = true;
    co_signal(h->from, &h->came_back);
}

static void co_fn take_there(void *arg)
{
    hop *h = arg;
    co_lock(h->stripe->owner, &h->stripe->mutex);
    env_post(h->from, taken, h);
}

key_stripe *co_fn key_lock_take(key_lock *k, env *e, uint64_t hash)
{
    key_stripe *s = &k->stripes[hash % ((uint64_t)k->workers * STRIPES)];
    if (s->owner == e) {
        co_lock(e, &s->mutex);
        return s;
    }
    hop h = {.stripe = s, .from = e};
    co_event_init(&h.came_back);
    env_post(s->owner, take_there, &h);
    while (!h.taken)
        co_wait(e, &h.came_back, NO_DEADLINE);
    return s;
}

static void give_there(void *arg)
{
    key_stripe *s = arg;
    co_unlock(s->owner, &s->mutex);
    atomic_fetch_sub(&s->of->giving, 1); /* from here on it may be gone */
}

void key_lock_give(env *e, key_stripe *s)
{
    if (s->owner == e) {
        co_unlock(e, &s->mutex);
        return;
    }
    atomic_fetch_add(&s->of->giving, 1);
    env_post(s->owner, give_there, s);
}
