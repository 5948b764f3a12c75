#include "base/map.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"

static const uint8_t tombstone[1];

void map_done(map *m)
{
    free(m->slots);
    *m = (map){0};
}

static map_slot *find(const map *m, bytes key, uint64_t hash)
{
    if (!m->cap)
        return NULL;
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        map_slot *s = &m->slots[i];
        if (!s->key.p)
            return NULL;
        if (s->hash == hash && s->key.p != tombstone && bytes_eq(s->key, key))
            return s;
    }
}

static void place(map *m, bytes key, uint64_t hash, void *value)
{
    size_t i = hash & (m->cap - 1);
    while (m->slots[i].key.p && m->slots[i].key.p != tombstone)
        i = (i + 1) & (m->cap - 1);
    m->dead -= m->slots[i].key.p == tombstone;
    m->slots[i] = (map_slot){key, hash, value};
    m->n++;
}

static void rehash(map *m)
{
    map old = *m;
    size_t cap = 8;
    while (cap < (old.n + 1) * 2)
        cap *= 2;
    *m = (map){.slots = xzalloc(cap * sizeof *m->slots), .cap = cap};
    const map_slot *s;
    for (size_t i = 0; (s = map_next(&old, &i));)
        place(m, s->key, s->hash, s->value);
    free(old.slots);
}

void *map_get(const map *m, bytes key)
{
    map_slot *s = find(m, key, m->cap ? hash_fast(key) : 0);
    return s ? s->value : NULL;
}

void *map_put(map *m, bytes key, void *value)
{
    uint64_t hash = hash_fast(key);
    map_slot *s = find(m, key, hash);
    if (s) {
        void *old = s->value;
        s->value = value;
        s->key = key;
        return old;
    }
    if ((m->n + m->dead + 1) * 4 > m->cap * 3)
        rehash(m);
    place(m, key, hash, value);
    return NULL;
}

void *map_del(map *m, bytes key)
{
    map_slot *s = find(m, key, m->cap ? hash_fast(key) : 0);
    if (!s)
        return NULL;
    void *old = s->value;
    *s = (map_slot){.key = {tombstone, 1}};
    m->n--;
    m->dead++;
    return old;
}

const map_slot *map_next(const map *m, size_t *at)
{
    while (*at < m->cap) {
        const map_slot *s = &m->slots[(*at)++];
        if (s->key.p && s->key.p != tombstone)
            return s;
    }
    return NULL;
}
