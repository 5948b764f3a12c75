/* disk_tree.h: the tree of a simulated disk, as the program sees it and as a power failure
 * leaves it; private to runtime/sim.
 *
 * Every directory has two sets of entries: the current ones and the durable ones. A change of
 * names goes to the current set at once and into a journal; syncing a directory applies the
 * journal's changes that touch it to the durable set. A crash applies a random prefix of the rest,
 * then the durable sets become the current ones.
 *
 * Files grow at their end only, so durable content is a prefix of the data; only after an
 * unsynced truncation below that prefix is the old content kept aside.
 */
#pragma once
#include "runtime/sim/world.h"

typedef struct inode inode;

typedef struct entry {
    char *name;
    inode *to;
} entry;

typedef struct entries {
    entry *p;
    size_t n, cap;
} entries;

struct inode {
    unsigned refs; /* entries of both sets, journal, open files, and the root's own */
    bool is_dir, locked;
    entries now, durable;
    buf data;
    size_t synced; /* so much of data is durable */
    buf before;    /* durable content that an unsynced truncation hides; p NULL: none */
    bool lossy;    /* a sync failed: data beyond `synced` never becomes durable */
};

/* One change of names: `dir` loses `old_name` (if not NULL), `to_dir` gains `new_name` -> node. */
typedef struct change {
    inode *dir, *to_dir, *node;
    char *old_name, *new_name;
} change;

struct disk {
    sim *sim;
    sim_node *node;
    list files; /* open ones */
    inode *root;
    vec(change) journal;
    uint64_t free_bytes;
    unsigned generation; /* the node's life: files opened in an earlier one are dead */
};

inode *inode_new(bool is_dir);
inode *inode_ref(inode *i);
void inode_unref(inode *i);

inode *entries_find(const entries *s, const char *name);
/* The inode of a path, or NULL. */
inode *tree_find(disk *d, const char *path);
/* The directory that has, or would have, the last name of a path; NULL: there is none. ret_name
 * points into path. "" names the root itself. */
inode *tree_parent(disk *d, const char *path, const char **ret_name);

/* Changes the current names and writes the journal. A name that is there is replaced. */
void tree_add(disk *d, inode *dir, const char *name, inode *node);
void tree_remove(disk *d, inode *dir, const char *name);
void tree_move(disk *d, inode *from, const char *name, inode *to, const char *new_name);
void tree_sync_dir(disk *d, inode *dir);
void tree_crash(disk *d);
void tree_free(disk *d);
