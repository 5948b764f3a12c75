/* btree.h: an ordered tree in an arena: the memtable's index.
 *
 * A B+-tree whose nodes hold the first 8 bytes of each key as an integer (in Murmur3 and Random
 * storage keys: the token), so that nearly every comparison touches the node alone. Entries never
 * move, are never removed, and a value is replaced by pointing at another one: what a reader was
 * given under the lock stays valid as long as the arena does.
 *
 * Owner:  embeds; memory is the arena's.
 * Thread: one at a time; the entries handed out may be read by others, but for value and
 *         value_size, which want the writer's lock.
 */
#pragma once
#include "base/arena.h"

typedef struct btree_entry {
    const uint8_t *value;
    uint32_t value_size, key_size;
    uint8_t key[];
} btree_entry;

typedef struct btree_node btree_node;

typedef struct btree {
    arena *arena;
    btree_node *root; /* NULL: empty */
    unsigned height;  /* levels of inner nodes */
    size_t n;
} btree;

static inline bytes btree_key(const btree_entry *e)
{
    return bytes_of(e->key, e->key_size);
}

static inline bytes btree_value(const btree_entry *e)
{
    return bytes_of(e->value, e->value_size);
}

void btree_init(btree *t, arena *a);
btree_entry *btree_find(const btree *t, bytes key); /* NULL: not there */
/* Finds or makes; a fresh entry has value == NULL. */
btree_entry *btree_insert(btree *t, bytes key);
/* Up to max entries in order, from the first with a key >= from (> from when `after`). */
size_t btree_forward(const btree *t, bytes from, bool after, btree_entry **ret, size_t max);
/* Up to max entries in descending order, from the last with a key < before; null: from the end. */
size_t btree_backward(const btree *t, bytes before, btree_entry **ret, size_t max);
