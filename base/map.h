/* map.h: a hash table from bytes to pointers (open addressing).
 *
 * Owner:  embeds; keys and values are borrowed and must outlive their entry.
 * Thread: one at a time; a map that nobody changes may be read by many.
 */
#pragma once
#include "base/bytes.h"

typedef struct map_slot {
    bytes key; /* p == NULL: never used; p == MAP_TOMBSTONE: deleted */
    uint64_t hash;
    void *value;
} map_slot;

typedef struct map {
    map_slot *slots;
    size_t cap, n, dead;
} map;

void map_done(map *m);
void *map_get(const map *m, bytes key); /* NULL: not there */
/* Returns the value replaced, or NULL. The key kept is the new one. */
void *map_put(map *m, bytes key, void *value);
void *map_del(map *m, bytes key); /* the value, or NULL */
/* Walks all: `for (size_t i = 0; (s = map_next(m, &i));)`. */
const map_slot *map_next(const map *m, size_t *at);
