/* btree.c: see btree.h.
 *
 * Node i of an inner node holds the keys >= separator i (the least key of that subtree when it was
 * split off; separator 0 is taken as lower than all) and < separator i + 1. Separators are entries,
 * which never move, so splitting copies pointers only. A full rightmost leaf that gets a new
 * greatest key is not halved but followed by an empty one: rows written in order fill their nodes.
 */
#include "storage/btree.h"

#include "base/buf.h"
#include "base/must.h"

enum { FANOUT = 64, MAX_HEIGHT = 12 };

struct btree_node {
    unsigned n;
    uint64_t prefix[FANOUT];
    btree_entry *entry[FANOUT]; /* inner nodes: separators */
};

typedef struct btree_leaf {
    btree_node node;
    struct btree_leaf *next, *prev;
} btree_leaf;

typedef struct btree_inner {
    btree_node node;
    btree_node *child[FANOUT];
} btree_inner;

void btree_init(btree *t, arena *a)
{
    *t = (btree){.arena = a};
}

static uint64_t prefix_of(bytes key)
{
    if (__builtin_expect(key.n >= 8, 1))
        return get_be64(key.p);
    uint8_t room[8] = {0};
    memcpy(room, key.p, key.n);
    return get_be64(room);
}

/* How many of the node's keys from index `lo` on, and before it, are < key (`equal`: <= key). */
static unsigned count_below(const btree_node *x, unsigned lo, uint64_t prefix, bytes key,
                            bool equal)
{
    unsigned n = x->n - lo;
    for (unsigned i = 0; i < FANOUT; i += 8) /* one wait for memory instead of one per probe */
        __builtin_prefetch(x->prefix + i);
    while (n > 0) { /* first prefix >= ours */
        unsigned half = n / 2;
        bool right = x->prefix[lo + half] < prefix;
        lo = right ? lo + half + 1 : lo;
        n = right ? n - half - 1 : half;
    }
    if (lo == x->n || x->prefix[lo] != prefix)
        return lo;
    unsigned hi = lo + 1;
    while (hi < x->n && x->prefix[hi] == prefix)
        hi++;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        int c = bytes_cmp(btree_key(x->entry[mid]), key);
        if (c < 0 || (equal && c == 0))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static unsigned child_index(const btree_node *x, uint64_t prefix, bytes key)
{
    return count_below(x, 1, prefix, key, true) - 1;
}

static btree_leaf *find_leaf(const btree *t, uint64_t prefix, bytes key)
{
    btree_node *x = t->root;
    for (unsigned h = t->height; h > 0; h--)
        x = ((btree_inner *)x)->child[child_index(x, prefix, key)];
    return (btree_leaf *)x;
}

btree_entry *btree_find(const btree *t, bytes key)
{
    if (!t->root)
        return NULL;
    uint64_t prefix = prefix_of(key);
    btree_leaf *l = find_leaf(t, prefix, key);
    unsigned i = count_below(&l->node, 0, prefix, key, false);
    if (i < l->node.n && bytes_eq(btree_key(l->node.entry[i]), key))
        return l->node.entry[i];
    return NULL;
}

static btree_entry *entry_new(btree *t, bytes key)
{
    btree_entry *e = arena_alloc(t->arena, sizeof *e + key.n);
    *e = (btree_entry){.key_size = (uint32_t)key.n};
    if (key.n)
        memcpy(e->key, key.p, key.n);
    t->n++;
    return e;
}

static void node_put(btree_node *x, unsigned at, uint64_t prefix, btree_entry *e)
{
    memmove(x->prefix + at + 1, x->prefix + at, (x->n - at) * sizeof *x->prefix);
    memmove(x->entry + at + 1, x->entry + at, (x->n - at) * sizeof *x->entry);
    x->prefix[at] = prefix;
    x->entry[at] = e;
    x->n++;
}

static void inner_put(btree_inner *x, unsigned at, btree_node *child, btree_node *child_head)
{
    memmove(x->child + at + 1, x->child + at, (x->node.n - at) * sizeof *x->child);
    x->child[at] = child;
    node_put(&x->node, at, child_head->prefix[0], child_head->entry[0]);
}

/* Moves the upper part of x, from `keep` on, to y. */
static void node_split(btree_node *x, btree_node *y, unsigned keep)
{
    y->n = x->n - keep;
    memcpy(y->prefix, x->prefix + keep, y->n * sizeof *x->prefix);
    memcpy(y->entry, x->entry + keep, y->n * sizeof *x->entry);
    x->n = keep;
}

static btree_leaf *leaf_split(btree *t, btree_leaf *l, unsigned keep)
{
    btree_leaf *right = arena_alloc(t->arena, sizeof *right);
    node_split(&l->node, &right->node, keep);
    right->next = l->next;
    right->prev = l;
    if (l->next)
        l->next->prev = right;
    l->next = right;
    return right;
}

static btree_inner *inner_split(btree *t, btree_inner *x, unsigned keep)
{
    btree_inner *right = arena_alloc(t->arena, sizeof *right);
    node_split(&x->node, &right->node, keep);
    memcpy(right->child, x->child + keep, right->node.n * sizeof *x->child);
    return right;
}

static void grow_root(btree *t, btree_node *left, btree_node *right)
{
    btree_inner *root = arena_alloc(t->arena, sizeof *root);
    root->node.n = 0;
    inner_put(root, 0, left, left);
    inner_put(root, 1, right, right);
    t->root = &root->node;
    must(++t->height < MAX_HEIGHT);
}

/* Hangs `fresh`, split off to the right of the leaf under path[depth - 1], into the inner nodes. */
static void hang(btree *t, btree_inner **path, const unsigned *at, unsigned depth,
                 btree_node *fresh)
{
    btree_node *left = t->root;
    for (unsigned d = depth; d-- > 0;) {
        btree_inner *x = path[d];
        unsigned i = at[d] + 1;
        if (x->node.n < FANOUT) {
            inner_put(x, i, fresh, fresh);
            return;
        }
        unsigned keep = i == FANOUT ? FANOUT - 1 : FANOUT / 2;
        btree_inner *right = inner_split(t, x, keep);
        if (i <= keep && i != FANOUT)
            inner_put(x, i, fresh, fresh);
        else
            inner_put(right, i - keep, fresh, fresh);
        left = &x->node;
        fresh = &right->node;
    }
    grow_root(t, left, fresh);
}

btree_entry *btree_insert(btree *t, bytes key)
{
    uint64_t prefix = prefix_of(key);
    if (!t->root) {
        btree_leaf *l = arena_alloc(t->arena, sizeof *l);
        l->node.n = 0;
        l->next = l->prev = NULL;
        t->root = &l->node;
    }
    btree_inner *path[MAX_HEIGHT];
    unsigned at[MAX_HEIGHT];
    btree_node *x = t->root;
    for (unsigned d = 0; d < t->height; d++) {
        path[d] = (btree_inner *)x;
        at[d] = child_index(x, prefix, key);
        x = path[d]->child[at[d]];
    }
    btree_leaf *l = (btree_leaf *)x;
    unsigned i = count_below(x, 0, prefix, key, false);
    if (i < x->n && bytes_eq(btree_key(x->entry[i]), key))
        return x->entry[i];
    btree_entry *e = entry_new(t, key);
    if (x->n < FANOUT) {
        node_put(x, i, prefix, e);
        return e;
    }
    bool append = i == FANOUT && !l->next;
    unsigned keep = append ? FANOUT : FANOUT / 2;
    btree_leaf *right = leaf_split(t, l, keep);
    if (i > keep || append)
        node_put(&right->node, i - keep, prefix, e);
    else
        node_put(x, i, prefix, e);
    hang(t, path, at, t->height, &right->node);
    return e;
}

size_t btree_forward(const btree *t, bytes from, bool after, btree_entry **ret, size_t max)
{
    if (!t->root)
        return 0;
    uint64_t prefix = prefix_of(from);
    btree_leaf *l = find_leaf(t, prefix, from);
    unsigned i = count_below(&l->node, 0, prefix, from, after);
    size_t n = 0;
    while (n < max) {
        if (i < l->node.n) {
            ret[n++] = l->node.entry[i++];
            continue;
        }
        l = l->next;
        i = 0;
        if (!l)
            break;
    }
    return n;
}

static btree_leaf *last_leaf(const btree *t)
{
    btree_node *x = t->root;
    for (unsigned h = t->height; h > 0; h--)
        x = ((btree_inner *)x)->child[x->n - 1];
    return (btree_leaf *)x;
}

size_t btree_backward(const btree *t, bytes before, btree_entry **ret, size_t max)
{
    if (!t->root)
        return 0;
    uint64_t prefix = before.p ? prefix_of(before) : 0;
    btree_leaf *l = before.p ? find_leaf(t, prefix, before) : last_leaf(t);
    unsigned i = before.p ? count_below(&l->node, 0, prefix, before, false) : l->node.n;
    size_t n = 0;
    while (n < max) {
        if (i > 0) {
            ret[n++] = l->node.entry[--i];
            continue;
        }
        l = l->prev;
        if (!l)
            break;
        i = l->node.n;
    }
    return n;
}
