#include <pthread.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "cql/plan.h"

#define SHARDS 16

typedef struct entry {
    list link; /* least recently used first */
    statement *s;
    bytes id;
    size_t size;
} entry;

typedef struct shard {
    pthread_mutex_t lock;
    map by_id;
    list lru;
    size_t used;
} shard;

struct prepared_cache {
    size_t shard_max; /* bytes */
    shard shards[SHARDS];
};

prepared_cache *prepared_cache_new(size_t bytes_max)
{
    prepared_cache *c = xzalloc(sizeof *c);
    c->shard_max = bytes_max / SHARDS;
    for (unsigned i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&c->shards[i].lock, NULL);
        list_init(&c->shards[i].lru);
    }
    return c;
}

static void entry_drop(shard *sh, entry *en)
{
    map_del(&sh->by_id, en->id);
    list_remove(&en->link);
    sh->used -= en->size;
    statement_unref(en->s);
    free(en);
}

prepared_cache *prepared_cache_free(prepared_cache *c)
{
    if (!c)
        return NULL;
    for (unsigned i = 0; i < SHARDS; i++) {
        shard *sh = &c->shards[i];
        while (!list_empty(&sh->lru))
            entry_drop(sh, container_of(sh->lru.next, entry, link));
        map_done(&sh->by_id);
        pthread_mutex_destroy(&sh->lock);
    }
    free(c);
    return NULL;
}

static shard *shard_of(prepared_cache *c, bytes id)
{
    return &c->shards[hash_fast(id) % SHARDS];
}

statement *prepared_cache_get(prepared_cache *c, bytes id)
{
    shard *sh = shard_of(c, id);
    statement *s = NULL;
    pthread_mutex_lock(&sh->lock);
    entry *en = map_get(&sh->by_id, id);
    if (en) {
        list_remove(&en->link);
        list_push(&sh->lru, &en->link);
        s = statement_ref(en->s);
    }
    pthread_mutex_unlock(&sh->lock);
    return s;
}

void prepared_cache_put(prepared_cache *c, bytes id, statement *s)
{
    shard *sh = shard_of(c, id);
    pthread_mutex_lock(&sh->lock);
    entry *old = map_get(&sh->by_id, id);
    if (old)
        entry_drop(sh, old);
    entry *en = xzalloc(sizeof *en);
    en->s = statement_ref(s);
    en->id = id;
    en->size = s->arena.used + sizeof *en;
    map_put(&sh->by_id, en->id, en);
    list_push(&sh->lru, &en->link);
    sh->used += en->size;
    while (sh->used > c->shard_max && sh->lru.next != &en->link)
        entry_drop(sh, container_of(sh->lru.next, entry, link));
    pthread_mutex_unlock(&sh->lock);
}

void prepared_cache_drop(prepared_cache *c, bytes id)
{
    shard *sh = shard_of(c, id);
    pthread_mutex_lock(&sh->lock);
    entry *en = map_get(&sh->by_id, id);
    if (en)
        entry_drop(sh, en);
    pthread_mutex_unlock(&sh->lock);
}

void prepared_cache_walk(prepared_cache *c, void (*fn)(void *arg, const statement *s), void *arg)
{
    for (unsigned i = 0; i < SHARDS; i++) {
        shard *sh = &c->shards[i];
        pthread_mutex_lock(&sh->lock);
        for (list *l = sh->lru.next; l != &sh->lru; l = l->next)
            fn(arg, container_of(l, entry, link)->s);
        pthread_mutex_unlock(&sh->lock);
    }
}
