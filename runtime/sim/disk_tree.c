#include "runtime/sim/disk_tree.h"

#include <stdlib.h>

#include "base/alloc.h"

/* ---- entries and inodes ---- */

static void entries_done(entries *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->p[i].name);
        inode_unref(s->p[i].to);
    }
    vec_done(s);
}

static size_t position(const entries *s, const char *name)
{
    size_t i = 0;
    while (i < s->n && strcmp(s->p[i].name, name) != 0)
        i++;
    return i;
}

inode *entries_find(const entries *s, const char *name)
{
    size_t i = position(s, name);
    return i < s->n ? s->p[i].to : NULL;
}

static void entries_put(entries *s, const char *name, inode *to)
{
    size_t i = position(s, name);
    inode_ref(to);
    if (i == s->n) {
        vec_push(s, (entry){xstrdup(name), to});
        return;
    }
    inode_unref(s->p[i].to);
    s->p[i].to = to;
}

static void entries_remove(entries *s, const char *name)
{
    size_t i = position(s, name);
    if (i == s->n)
        return;
    entry gone = s->p[i];
    s->p[i] = s->p[--s->n];
    free(gone.name);
    inode_unref(gone.to);
}

inode *inode_new(bool is_dir)
{
    inode *i = xzalloc(sizeof *i);
    i->refs = 1;
    i->is_dir = is_dir;
    return i;
}

inode *inode_ref(inode *i)
{
    i->refs++;
    return i;
}

void inode_unref(inode *i)
{
    must(i->refs > 0);
    if (--i->refs)
        return;
    entries_done(&i->now);
    entries_done(&i->durable);
    buf_done(&i->data);
    buf_done(&i->before);
    free(i);
}

/* ---- paths ---- */

inode *tree_parent(disk *d, const char *path, const char **ret_name)
{
    inode *dir = d->root;
    for (;;) {
        while (*path == '/' || (*path == '.' && (path[1] == '/' || !path[1])))
            path++;
        size_t n = strcspn(path, "/");
        if (!path[n + strspn(path + n, "/")]) {
            *ret_name = path;
            return dir->is_dir ? dir : NULL;
        }
        char *name autofree = xprintf("%.*s", (int)n, path);
        dir = entries_find(&dir->now, name);
        if (!dir || !dir->is_dir)
            return NULL;
        path += n;
    }
}

/* The last name without slashes behind it. */
static char *plain(const char *name)
{
    return xprintf("%.*s", (int)strcspn(name, "/"), name);
}

inode *tree_find(disk *d, const char *path)
{
    const char *last;
    inode *dir = tree_parent(d, path, &last);
    if (!dir || !*last)
        return dir;
    char *name autofree = plain(last);
    return entries_find(&dir->now, name);
}

/* ---- changes ---- */

static void journal(disk *d, inode *dir, const char *old_name, inode *to_dir, const char *new_name,
                    inode *node)
{
    change c = {.dir = dir ? inode_ref(dir) : NULL,
                .to_dir = to_dir ? inode_ref(to_dir) : NULL,
                .node = node ? inode_ref(node) : NULL,
                .old_name = old_name ? plain(old_name) : NULL,
                .new_name = new_name ? plain(new_name) : NULL};
    if (dir)
        entries_remove(&dir->now, c.old_name);
    if (to_dir)
        entries_put(&to_dir->now, c.new_name, node);
    vec_push(&d->journal, c);
}

void tree_add(disk *d, inode *dir, const char *name, inode *node)
{
    journal(d, NULL, NULL, dir, name, node);
}

void tree_remove(disk *d, inode *dir, const char *name)
{
    journal(d, dir, name, NULL, NULL, NULL);
}

void tree_move(disk *d, inode *from, const char *name, inode *to, const char *new_name)
{
    char *old autofree = plain(name);
    inode *node = inode_ref(entries_find(&from->now, old));
    journal(d, from, name, to, new_name, node);
    inode_unref(node);
}

static void change_apply(const change *c)
{
    if (c->dir)
        entries_remove(&c->dir->durable, c->old_name);
    if (c->to_dir)
        entries_put(&c->to_dir->durable, c->new_name, c->node);
}

static void change_done(change *c)
{
    if (c->dir)
        inode_unref(c->dir);
    if (c->to_dir)
        inode_unref(c->to_dir);
    if (c->node)
        inode_unref(c->node);
    free(c->old_name);
    free(c->new_name);
}

void tree_sync_dir(disk *d, inode *dir)
{
    size_t kept = 0;
    for (size_t i = 0; i < d->journal.n; i++) {
        change c = d->journal.p[i];
        if (c.dir == dir || c.to_dir == dir) {
            change_apply(&c);
            change_done(&c);
        } else {
            d->journal.p[kept++] = c;
        }
    }
    d->journal.n = kept;
}

/* ---- power failure ---- */

enum { BLOCK = 512 };

/* Of the unsynced tail stays: nothing, a prefix, or all of it with some blocks never written. */
static void file_crash(disk *d, inode *f)
{
    f->locked = f->lossy = false;
    if (f->before.p) {
        if (sim_choose(d->sim, 2) == 0) { /* the truncation did not reach the disk */
            buf_done(&f->data);
            f->data = f->before;
            f->before = (buf){0};
            f->synced = f->data.n;
            return;
        }
        buf_done(&f->before);
    }
    size_t tail = f->data.n - f->synced, how = sim_choose(d->sim, 3);
    if (how < 2) {
        f->data.n = f->synced + (how ? sim_choose(d->sim, tail + 1) : 0);
    } else {
        for (size_t at = f->synced; at < f->data.n; at += BLOCK - at % BLOCK) {
            size_t n = BLOCK - at % BLOCK, left = f->data.n - at;
            if (sim_choose(d->sim, 2))
                memset(f->data.p + at, 0, n < left ? n : left);
        }
    }
    f->synced = f->data.n;
}

static void dir_crash(disk *d, inode *dir)
{
    entries_done(&dir->now);
    for (size_t i = 0; i < dir->durable.n; i++) {
        entry *e = &dir->durable.p[i];
        entries_put(&dir->now, e->name, e->to);
        if (e->to->is_dir)
            dir_crash(d, e->to);
        else
            file_crash(d, e->to); /* twice for a second hard link: by then all is durable */
    }
}

void tree_crash(disk *d)
{
    size_t reached = sim_choose(d->sim, d->journal.n + 1);
    for (size_t i = 0; i < d->journal.n; i++) {
        if (i < reached)
            change_apply(&d->journal.p[i]);
        change_done(&d->journal.p[i]);
    }
    d->journal.n = 0;
    dir_crash(d, d->root);
}

void tree_free(disk *d)
{
    for (size_t i = 0; i < d->journal.n; i++)
        change_done(&d->journal.p[i]);
    vec_done(&d->journal);
    inode_unref(d->root);
}
