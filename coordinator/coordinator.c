#include "coordinator/coordinator.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"
#include "coordinator/internal.h"
#include "coordinator/key_lock.h"

schema *coordinator_schema(coordinator *c, env *e)
{
    return schema_ref(c->workers[e->worker].schema);
}

ring *coordinator_ring(coordinator *c, env *e)
{
    return ring_ref(c->workers[e->worker].ring);
}

schema *coordinator_newest_schema(coordinator *c)
{
    pthread_mutex_lock(&c->lock);
    schema *s = schema_ref(c->newest);
    pthread_mutex_unlock(&c->lock);
    return s;
}

const node_info *coordinator_info(coordinator *c)
{
    return c->info;
}

storage *coordinator_storage(coordinator *c)
{
    return c->storage;
}

struct key_lock *coordinator_keys(coordinator *c)
{
    return c->keys;
}

int coordinator_replication(coordinator *c, env *e, const keyspace *ks, const replication **ret,
                            replication *room, err_info *err)
{
    snapshots *w = &c->workers[e->worker];
    bytes key = bytes_of(ks->name, strlen(ks->name));
    bool current = schema_keyspace(w->schema, ks->name) == ks;
    if (current && (*ret = map_get(&w->replications, key)))
        return 0;
    int r = replication_parse(&ks->replication, room, err);
    if (r < 0)
        return r;
    *ret = room;
    if (current) {
        replication *kept = arena_new(&w->arena, replication);
        *kept = *room;
        map_put(&w->replications, key, kept);
        *ret = kept;
    }
    return 0;
}

static void snapshots_forget(snapshots *w)
{
    map_done(&w->replications);
    arena_reset(&w->arena);
}

/* ---- publishing: hands each worker its reference, on its own thread ---- */

typedef struct delivery {
    coordinator *c;
    env *to, *from;
    schema *schema; /* one of the two */
    ring *ring;
    struct publication *of;
} delivery;

typedef struct publication {
    unsigned left;
    co_event done;
} publication;

static void delivery_done(void *arg)
{
    delivery *d = arg;
    if (d->of && --d->of->left == 0)
        co_signal(d->from, &d->of->done);
    free(d);
}

static void delivery_run(void *arg)
{
    delivery *d = arg;
    snapshots *w = &d->c->workers[d->to->worker];
    if (d->schema) {
        snapshots_forget(w);
        schema_unref(w->schema);
        w->schema = d->schema;
    }
    if (d->ring) {
        ring_unref(w->ring);
        w->ring = d->ring;
    }
    env_post(d->from, delivery_done, d);
}

static void deliver_to_all(coordinator *c, env *from, schema *s, ring *r, publication *of)
{
    for (unsigned i = 0; i < from->workers; i++) {
        delivery *d = xzalloc(sizeof *d);
        *d = (delivery){c, from->peers[i], from, s ? schema_ref(s) : NULL, r ? ring_ref(r) : NULL,
                        of};
        env_post(d->to, delivery_run, d);
    }
}

static void tell_watches(coordinator *c)
{
    pthread_mutex_lock(&c->lock);
    for (list *l = c->watches.next; l != &c->watches; l = l->next) {
        snapshot_watch *w = container_of(l, snapshot_watch, link);
        env_post(w->env, w->fn, w->arg);
    }
    pthread_mutex_unlock(&c->lock);
}

void co_fn coordinator_publish_schema(coordinator *c, env *e, schema *s)
{
    pthread_mutex_lock(&c->lock);
    schema *old = c->newest;
    c->newest = s;
    pthread_mutex_unlock(&c->lock);
    publication p = {.left = e->workers};
    co_event_init(&p.done);
    deliver_to_all(c, e, s, NULL, &p);
    while (p.left)
        co_wait(e, &p.done, NO_DEADLINE);
    schema_unref(old);
    tell_watches(c);
}

void coordinator_publish_ring(coordinator *c, ring *r)
{
    deliver_to_all(c, c->home, NULL, r, NULL);
    tell_watches(c);
}

void coordinator_watch(coordinator *c, snapshot_watch *w)
{
    pthread_mutex_lock(&c->lock);
    list_push(&c->watches, &w->link);
    pthread_mutex_unlock(&c->lock);
}

void coordinator_unwatch(coordinator *c, snapshot_watch *w)
{
    pthread_mutex_lock(&c->lock);
    list_remove(&w->link);
    pthread_mutex_unlock(&c->lock);
}

/* ---- life ---- */

int co_fn coordinator_open(env *e, const coordinator_options *o, coordinator **ret, err_info *err)
{
    must(e->worker == 0);
    coordinator *c = xzalloc(sizeof *c);
    c->magic = COORDINATOR_MAGIC;
    c->home = e;
    c->storage = o->storage;
    c->info = o->info;
    c->virtuals = o->virtuals;
    c->n_virtuals = o->n_virtuals;
    c->read_timeout_us = o->read_timeout_us;
    c->range_timeout_us = o->range_timeout_us;
    c->write_timeout_us = o->write_timeout_us;
    c->truncate_timeout_us = o->truncate_timeout_us;
    c->workers = xzalloc(e->workers * sizeof *c->workers);
    c->keys = key_lock_new(e);
    co_mutex_init(&c->changing);
    pthread_mutex_init(&c->lock, NULL);
    list_init(&c->watches);
    schema *first = schema_system(c->info->partitioner);
    for (unsigned i = 0; i < e->workers; i++) {
        snapshots *w = &c->workers[i];
        arena_init(&w->arena, 1024);
        w->schema = schema_ref(first);
        w->ring = ring_ref(o->ring);
    }
    c->newest = first;
    schema *loaded;
    int r = coordinator_load_schema(c, e, &loaded, err);
    if (r == 0) {
        coordinator_publish_schema(c, e, loaded);
        r = coordinator_settle_tables(c, e, loaded, loaded, err);
    }
    if (r < 0) {
        coordinator_close(c);
        return r;
    }
    *ret = c;
    return 0;
}

coordinator *coordinator_close(coordinator *c)
{
    if (!c)
        return NULL;
    for (unsigned i = 0; i < c->home->workers; i++) {
        snapshots *w = &c->workers[i];
        snapshots_forget(w);
        arena_done(&w->arena);
        schema_unref(w->schema);
        ring_unref(w->ring);
    }
    schema_unref(c->newest);
    pthread_mutex_destroy(&c->lock);
    key_lock_free(c->keys, c->home);
    free(c->workers);
    free(c);
    return NULL;
}
