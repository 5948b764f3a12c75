/* tree.h: an ordered tree in an arena: the memtable's index.
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

typedef struct tree_entry {
    const uint8_t *value;
    uint32_t value_size, key_size;
    uint8_t key[];
} tree_entry;

typedef struct tree_node tree_node;

typedef struct tree {
    arena *arena;
    tree_node *root; /* NULL: empty */
    unsigned height; /* levels of inner nodes */
    size_t n;
} tree;

static inline bytes tree_key(const tree_entry *e)
{
    return bytes_of(e->key, e->key_size);
}

static inline bytes tree_value(const tree_entry *e)
{
    return bytes_of(e->value, e->value_size);
}

void tree_init(tree *t, arena *a);
tree_entry *tree_find(const tree *t, bytes key); /* NULL: not there */
/* Finds or makes; a fresh entry has value == NULL. */
tree_entry *tree_insert(tree *t, bytes key);
/* Up to max entries in order, from the first with a key >= from (> from when `after`). */
size_t tree_forward(const tree *t, bytes from, bool after, tree_entry **ret, size_t max);
/* Up to max entries in descending order, from the last with a key < before; null: from the end. */
size_t tree_backward(const tree *t, bytes before, tree_entry **ret, size_t max);
