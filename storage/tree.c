/* tree.c: see tree.h.
 *
 * Node i of an inner node holds the keys >= separator i (the least key of that subtree when it was
 * split off; separator 0 is taken as lower than all) and < separator i + 1. Separators are entries,
 * which never move, so splitting copies pointers only. A full rightmost leaf that gets a new
 * greatest key is not halved but followed by an empty one: rows written in order fill their nodes.
 */
#include "storage/tree.h"

#include "base/buf.h"
#include "base/must.h"

enum { FANOUT = 64, MAX_HEIGHT = 12 };

struct tree_node {
    unsigned n;
    uint64_t prefix[FANOUT];
    tree_entry *entry[FANOUT]; /* inner nodes: separators */
};

typedef struct tree_leaf {
    tree_node node;
    struct tree_leaf *next, *prev;
} tree_leaf;

typedef struct tree_inner {
    tree_node node;
    tree_node *child[FANOUT];
} tree_inner;

void tree_init(tree *t, arena *a)
{
    *t = (tree){.arena = a};
}

static uint64_t prefix_of(bytes key)
{
    if (__builtin_expect(key.n >= 8, 1))
        return get_be64(key.p);
    uint8_t room[8] = {0};
    memcpy(room, key.p, key.n);
    return get_be64(room);
}

/* How many of the node's keys are < key (or <= key with `equal`). */
static unsigned count_below(const tree_node *x, uint64_t prefix, bytes key, bool equal)
{
    unsigned lo = 0, n = x->n;
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
        int c = bytes_cmp(tree_key(x->entry[mid]), key);
        if (c < 0 || (equal && c == 0))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static unsigned child_index(const tree_node *x, uint64_t prefix, bytes key)
{
    unsigned i = count_below(x, prefix, key, true);
    return i ? i - 1 : 0;
}

static tree_leaf *find_leaf(const tree *t, uint64_t prefix, bytes key)
{
    tree_node *x = t->root;
    for (unsigned h = t->height; h > 0; h--)
        x = ((tree_inner *)x)->child[child_index(x, prefix, key)];
    return (tree_leaf *)x;
}

tree_entry *tree_find(const tree *t, bytes key)
{
    if (!t->root)
        return NULL;
    uint64_t prefix = prefix_of(key);
    tree_leaf *l = find_leaf(t, prefix, key);
    unsigned i = count_below(&l->node, prefix, key, false);
    if (i < l->node.n && bytes_eq(tree_key(l->node.entry[i]), key))
        return l->node.entry[i];
    return NULL;
}

static tree_entry *entry_new(tree *t, bytes key)
{
    tree_entry *e = arena_alloc(t->arena, sizeof *e + key.n);
    *e = (tree_entry){.key_size = (uint32_t)key.n};
    if (key.n)
        memcpy(e->key, key.p, key.n);
    t->n++;
    return e;
}

static void node_put(tree_node *x, unsigned at, uint64_t prefix, tree_entry *e)
{
    memmove(x->prefix + at + 1, x->prefix + at, (x->n - at) * sizeof *x->prefix);
    memmove(x->entry + at + 1, x->entry + at, (x->n - at) * sizeof *x->entry);
    x->prefix[at] = prefix;
    x->entry[at] = e;
    x->n++;
}

static void inner_put(tree_inner *x, unsigned at, tree_node *child, tree_node *child_head)
{
    memmove(x->child + at + 1, x->child + at, (x->node.n - at) * sizeof *x->child);
    x->child[at] = child;
    node_put(&x->node, at, child_head->prefix[0], child_head->entry[0]);
}

/* Moves the upper part of x, from `keep` on, to y. */
static void node_split(tree_node *x, tree_node *y, unsigned keep)
{
    y->n = x->n - keep;
    memcpy(y->prefix, x->prefix + keep, y->n * sizeof *x->prefix);
    memcpy(y->entry, x->entry + keep, y->n * sizeof *x->entry);
    x->n = keep;
}

static tree_leaf *leaf_split(tree *t, tree_leaf *l, unsigned keep)
{
    tree_leaf *right = arena_alloc(t->arena, sizeof *right);
    node_split(&l->node, &right->node, keep);
    right->next = l->next;
    right->prev = l;
    if (l->next)
        l->next->prev = right;
    l->next = right;
    return right;
}

static tree_inner *inner_split(tree *t, tree_inner *x, unsigned keep)
{
    tree_inner *right = arena_alloc(t->arena, sizeof *right);
    node_split(&x->node, &right->node, keep);
    memcpy(right->child, x->child + keep, right->node.n * sizeof *x->child);
    return right;
}

static void grow_root(tree *t, tree_node *left, tree_node *right)
{
    tree_inner *root = arena_alloc(t->arena, sizeof *root);
    root->node.n = 0;
    inner_put(root, 0, left, left);
    inner_put(root, 1, right, right);
    t->root = &root->node;
    must(++t->height < MAX_HEIGHT);
}

/* Hangs `fresh`, split off to the right of the leaf under path[depth - 1], into the inner nodes. */
static void hang(tree *t, tree_inner **path, const unsigned *at, unsigned depth, tree_node *fresh)
{
    tree_node *left = t->root;
    for (unsigned d = depth; d-- > 0;) {
        tree_inner *x = path[d];
        unsigned i = at[d] + 1;
        if (x->node.n < FANOUT) {
            inner_put(x, i, fresh, fresh);
            return;
        }
        unsigned keep = i == FANOUT ? FANOUT - 1 : FANOUT / 2;
        tree_inner *right = inner_split(t, x, keep);
        if (i <= keep && i != FANOUT)
            inner_put(x, i, fresh, fresh);
        else
            inner_put(right, i - keep, fresh, fresh);
        left = &x->node;
        fresh = &right->node;
    }
    grow_root(t, left, fresh);
}

tree_entry *tree_insert(tree *t, bytes key)
{
    uint64_t prefix = prefix_of(key);
    if (!t->root) {
        tree_leaf *l = arena_alloc(t->arena, sizeof *l);
        l->node.n = 0;
        l->next = l->prev = NULL;
        t->root = &l->node;
    }
    tree_inner *path[MAX_HEIGHT];
    unsigned at[MAX_HEIGHT];
    tree_node *x = t->root;
    for (unsigned d = 0; d < t->height; d++) {
        path[d] = (tree_inner *)x;
        at[d] = child_index(x, prefix, key);
        x = path[d]->child[at[d]];
    }
    tree_leaf *l = (tree_leaf *)x;
    unsigned i = count_below(x, prefix, key, false);
    if (i < x->n && bytes_eq(tree_key(x->entry[i]), key))
        return x->entry[i];
    tree_entry *e = entry_new(t, key);
    if (x->n < FANOUT) {
        node_put(x, i, prefix, e);
        return e;
    }
    bool append = i == FANOUT && !l->next;
    unsigned keep = append ? FANOUT : FANOUT / 2;
    tree_leaf *right = leaf_split(t, l, keep);
    if (i > keep || append)
        node_put(&right->node, i - keep, prefix, e);
    else
        node_put(x, i, prefix, e);
    hang(t, path, at, t->height, &right->node);
    return e;
}

size_t tree_forward(const tree *t, bytes from, bool after, tree_entry **ret, size_t max)
{
    if (!t->root)
        return 0;
    uint64_t prefix = prefix_of(from);
    tree_leaf *l = find_leaf(t, prefix, from);
    unsigned i = count_below(&l->node, prefix, from, after);
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

static tree_leaf *last_leaf(const tree *t)
{
    tree_node *x = t->root;
    for (unsigned h = t->height; h > 0; h--)
        x = ((tree_inner *)x)->child[x->n - 1];
    return (tree_leaf *)x;
}

size_t tree_backward(const tree *t, bytes before, tree_entry **ret, size_t max)
{
    if (!t->root)
        return 0;
    uint64_t prefix = before.p ? prefix_of(before) : 0;
    tree_leaf *l = before.p ? find_leaf(t, prefix, before) : last_leaf(t);
    unsigned i = before.p ? count_below(&l->node, prefix, before, false) : l->node.n;
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
