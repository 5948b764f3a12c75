/* The file operations of a simulated node. Each meets the faults that were asked for, then works
 * on the tree. */
#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "runtime/sim/disk_tree.h"

typedef struct sim_file {
    file base; /* first */
    inode *node;
    disk *disk;
    unsigned generation;
    bool writes, locks;
    list link; /* disk->files */
} sim_file;

static disk *disk_of(env *e)
{
    return node_of(e)->disk;
}

static int failed(err_info *err, int err_no, const char *verb, const char *path)
{
    int code = err_no == ENOENT ? ERR_NOT_FOUND : err_no == EEXIST ? ERR_EXISTS : 0;
    if (code)
        return err_set(err, code, "cannot %s %s: %s", verb, path, strerror(err_no));
    return err_set_errno(err, err_no, "cannot %s %s", verb, path);
}

/* The errno of a fault met on the way, or 0. ret_fault: what else the fault does. */
static int meet(disk *d, sim_op op, const char *path, const fault **ret_fault)
{
    if (d->node->down)
        return EIO;
    const fault *f = world_meet(d->node, op, path);
    *ret_fault = f;
    if (f && f->kind == SIM_CRASH) {
        sim_node_crash(d->node, SIM_POWER);
        return EIO;
    }
    return !f ? 0 : f->kind == SIM_EIO ? EIO : f->kind == SIM_ENOSPC ? ENOSPC : 0;
}

static int begin(disk *d, sim_op op, const char *verb, const char *path, err_info *err)
{
    const fault *f;
    int err_no = meet(d, op, path, &f);
    return err_no ? failed(err, err_no, verb, path) : 0;
}

/* ---- open files ---- */

static file *file_new(env *e, const char *path, inode *node, int flags)
{
    sim_file *f = xzalloc(sizeof *f);
    f->base = (file){.env = e, .path = xstrdup(path)};
    co_event_init(&f->base.synced);
    f->node = inode_ref(node);
    f->disk = disk_of(e);
    f->generation = f->disk->generation;
    f->writes = flags & FILE_WRITE;
    list_push(&f->disk->files, &f->link);
    return &f->base;
}

static inode *create(disk *d, const char *path)
{
    const char *name;
    inode *dir = tree_parent(d, path, &name);
    if (!dir || !*name)
        return NULL;
    inode *node = inode_new(false);
    tree_add(d, dir, name, node);
    inode_unref(node); /* the tree has it */
    return node;
}

static void truncate_to(disk *d, inode *f, size_t n)
{
    if (n < f->synced && !f->before.p)
        buf_put(&f->before, f->data.p, f->synced);
    if (n < f->data.n)
        d->free_bytes += d->free_bytes == UINT64_MAX ? 0 : f->data.n - n;
    while (f->data.n < n)
        buf_u8(&f->data, 0);
    f->data.n = n;
    f->synced = n < f->synced ? n : f->synced;
}

int disk_open(env *e, const char *path, int flags, file **ret_file, err_info *err)
{
    disk *d = disk_of(e);
    int r = begin(d, SIM_OPEN, "open", path, err);
    if (r < 0)
        return r;
    inode *node = tree_find(d, path);
    if (node && (flags & FILE_EXCLUSIVE))
        return failed(err, EEXIST, "open", path);
    if (node && node->is_dir)
        return failed(err, EISDIR, "open", path);
    if (!node && (flags & (FILE_CREATE | FILE_EXCLUSIVE)))
        node = create(d, path);
    if (!node)
        return failed(err, ENOENT, "open", path);
    if (flags & FILE_TRUNCATE)
        truncate_to(d, node, 0);
    *ret_file = file_new(e, path, node, flags);
    return 0;
}

int disk_lock_file(env *e, const char *path, file **ret_file, err_info *err)
{
    int r = disk_open(e, path, FILE_READ | FILE_WRITE | FILE_CREATE, ret_file, err);
    if (r < 0)
        return r;
    sim_file *f = (sim_file *)*ret_file;
    if (f->node->locked) {
        disk_close(&f->base);
        return err_set(err, ERR_EXISTS, "%s is locked by another process", path);
    }
    f->node->locked = f->locks = true;
    return 0;
}

void disk_close(file *base)
{
    sim_file *f = (sim_file *)base;
    if (f->locks && f->generation == f->disk->generation)
        f->node->locked = false;
    list_remove(&f->link);
    inode_unref(f->node);
    free(base->path);
    free(f);
}

/* Opened before the last power failure. */
static bool dead(const sim_file *f)
{
    return f->generation != f->disk->generation;
}

static int file_begin(sim_file *f, sim_op op, const char *verb, const fault **ret_fault,
                      err_info *err)
{
    int err_no = dead(f) ? EIO : meet(f->disk, op, f->base.path, ret_fault);
    return err_no ? failed(err, err_no, verb, f->base.path) : 0;
}

int disk_append(file *base, const void *p, size_t n, err_info *err)
{
    sim_file *f = (sim_file *)base;
    disk *d = f->disk;
    const fault *met = NULL;
    must(f->writes);
    int r = file_begin(f, SIM_APPEND, "write", &met, err);
    if (r < 0)
        return r;
    size_t fits = met && met->kind == SIM_TORN ? sim_choose(d->sim, n ? n : 1) : n;
    int err_no = fits < n ? EIO : 0;
    if (fits > d->free_bytes) {
        fits = d->free_bytes;
        err_no = ENOSPC;
    }
    buf_put(&f->node->data, p, fits);
    if (d->free_bytes != UINT64_MAX)
        d->free_bytes -= fits;
    return err_no ? failed(err, err_no, "write", base->path) : 0;
}

int disk_pread(file *base, void *p, size_t n, uint64_t offset, err_info *err)
{
    sim_file *f = (sim_file *)base;
    const fault *met = NULL;
    int r = file_begin(f, SIM_READ, "read", &met, err);
    if (r < 0)
        return r;
    if (offset > f->node->data.n || n > f->node->data.n - offset)
        return err_set(err, ERR_EOF, "%s ends at offset %zu", base->path, f->node->data.n);
    if (n)
        memcpy(p, f->node->data.p + offset, n);
    if (n && met && met->kind == SIM_FLIP)
        ((uint8_t *)p)[sim_choose(f->disk->sim, n)] ^= (uint8_t)(1 << sim_choose(f->disk->sim, 8));
    return 0;
}

/* Now and then a page is not in memory. */
int disk_pread_nowait(file *base, void *p, size_t n, uint64_t offset, err_info *err)
{
    if (sim_choose(((sim_file *)base)->disk->sim, 4) == 0)
        return 1;
    return disk_pread(base, p, n, offset, err);
}

int disk_sync(file *base, err_info *err)
{
    sim_file *f = (sim_file *)base;
    const fault *met = NULL;
    bool was_dead = dead(f);
    int r = file_begin(f, SIM_SYNC, "sync", &met, err);
    if (r < 0) {
        f->node->lossy |= !was_dead && !f->disk->node->down;
        return r;
    }
    if (f->node->lossy)
        return 0; /* the kernel has forgotten that these pages are dirty */
    f->node->synced = f->node->data.n;
    buf_done(&f->node->before);
    return 0;
}

int disk_size(file *base, uint64_t *ret_size, err_info *err)
{
    sim_file *f = (sim_file *)base;
    if (dead(f) || f->disk->node->down)
        return failed(err, EIO, "stat", base->path);
    *ret_size = f->node->data.n;
    return 0;
}

int disk_truncate(file *base, uint64_t size, err_info *err)
{
    sim_file *f = (sim_file *)base;
    const fault *met = NULL;
    must(f->writes);
    int r = file_begin(f, SIM_TRUNCATE, "truncate", &met, err);
    if (r < 0)
        return r;
    truncate_to(f->disk, f->node, size);
    return 0;
}

/* ---- names ---- */

int disk_mkdir(env *e, const char *path, err_info *err)
{
    disk *d = disk_of(e);
    const char *name;
    int r = begin(d, SIM_NAMES, "make directory", path, err);
    if (r < 0)
        return r;
    inode *there = tree_find(d, path), *dir = tree_parent(d, path, &name);
    if (there)
        return there->is_dir ? 0 : failed(err, EEXIST, "make directory", path);
    if (!dir)
        return failed(err, ENOENT, "make directory", path);
    inode *node = inode_new(true);
    tree_add(d, dir, name, node);
    inode_unref(node);
    return 0;
}

int disk_rename(env *e, const char *from, const char *to, err_info *err)
{
    disk *d = disk_of(e);
    const char *old_name, *new_name;
    int r = begin(d, SIM_NAMES, "rename", from, err);
    if (r < 0)
        return r;
    inode *node = tree_find(d, from), *over = tree_find(d, to);
    inode *dir = tree_parent(d, from, &old_name), *to_dir = tree_parent(d, to, &new_name);
    if (!node || !to_dir || !*old_name || !*new_name)
        return failed(err, ENOENT, "rename", from);
    if (over == node)
        return 0;
    if (over && (over->is_dir || node->is_dir))
        return failed(err, EISDIR, "rename", from);
    tree_move(d, dir, old_name, to_dir, new_name);
    return 0;
}

int disk_link(env *e, const char *from, const char *to, err_info *err)
{
    disk *d = disk_of(e);
    const char *name;
    int r = begin(d, SIM_NAMES, "link", from, err);
    if (r < 0)
        return r;
    inode *node = tree_find(d, from), *dir = tree_parent(d, to, &name);
    if (!node || node->is_dir || !dir)
        return failed(err, ENOENT, "link", from);
    if (tree_find(d, to))
        return failed(err, EEXIST, "link", to);
    tree_add(d, dir, name, node);
    return 0;
}

static int remove_name(env *e, const char *path, bool is_dir, const char *verb, err_info *err)
{
    disk *d = disk_of(e);
    const char *name;
    int r = begin(d, SIM_NAMES, verb, path, err);
    if (r < 0)
        return r;
    inode *node = tree_find(d, path), *dir = tree_parent(d, path, &name);
    if (!node || !*name)
        return failed(err, ENOENT, verb, path);
    if (node->is_dir != is_dir)
        return failed(err, is_dir ? ENOTDIR : EISDIR, verb, path);
    if (node->now.n)
        return failed(err, ENOTEMPTY, verb, path);
    if (!is_dir && d->free_bytes != UINT64_MAX)
        d->free_bytes += node->data.n;
    tree_remove(d, dir, name);
    return 0;
}

int disk_unlink(env *e, const char *path, err_info *err)
{
    return remove_name(e, path, false, "remove", err);
}

int disk_rmdir(env *e, const char *path, err_info *err)
{
    return remove_name(e, path, true, "remove directory", err);
}

int disk_sync_dir(env *e, const char *path, err_info *err)
{
    disk *d = disk_of(e);
    int r = begin(d, SIM_SYNC_DIR, "sync", path, err);
    if (r < 0)
        return r;
    inode *dir = tree_find(d, path);
    if (!dir || !dir->is_dir)
        return failed(err, ENOENT, "sync", path);
    tree_sync_dir(d, dir);
    return 0;
}

bool disk_exists(env *e, const char *path)
{
    return !node_of(e)->down && tree_find(disk_of(e), path);
}

int disk_list(env *e, const char *path, void (*fn)(void *arg, const char *name), void *arg,
              err_info *err)
{
    disk *d = disk_of(e);
    inode *dir = d->node->down ? NULL : tree_find(d, path);
    if (d->node->down)
        return failed(err, EIO, "list", path);
    if (!dir || !dir->is_dir)
        return failed(err, ENOENT, "list", path);
    entries copy = {0}; /* fn may change the directory */
    for (size_t i = 0; i < dir->now.n; i++)
        vec_push(&copy, (entry){xstrdup(dir->now.p[i].name), NULL});
    for (size_t i = 0; i < copy.n; i++) {
        fn(arg, copy.p[i].name);
        free(copy.p[i].name);
    }
    vec_done(&copy);
    return 0;
}

int disk_free_space(env *e, const char *path, uint64_t *ret_bytes, err_info *err)
{
    disk *d = disk_of(e);
    if (!tree_find(d, path))
        return failed(err, ENOENT, "stat", path);
    *ret_bytes = d->free_bytes;
    return 0;
}

/* ---- the disk itself ---- */

disk *disk_new(sim_node *n)
{
    disk *d = xzalloc(sizeof *d);
    d->sim = n->sim;
    d->node = n;
    list_init(&d->files);
    d->root = inode_new(true);
    d->free_bytes = UINT64_MAX;
    return d;
}

/* Files that their node never came to close. */
static void files_free(disk *d)
{
    for (list *l; (l = list_pop(&d->files));) {
        sim_file *f = container_of(l, sim_file, link);
        free(f->base.sync_failed);
        disk_close(&f->base);
    }
}

disk *disk_free(disk *d)
{
    files_free(d);
    tree_free(d);
    free(d);
    return NULL;
}

void disk_crash(disk *d, bool power)
{
    for (list *l = d->files.next; l != &d->files; l = l->next) {
        sim_file *f = container_of(l, sim_file, link);
        if (f->locks && f->generation == d->generation)
            f->node->locked = false;
    }
    d->generation++;
    if (power)
        tree_crash(d);
}

void disk_limit(disk *d, uint64_t bytes)
{
    d->free_bytes = bytes;
}

int disk_corrupt(disk *d, const char *path, uint64_t offset, unsigned bit)
{
    inode *f = tree_find(d, path);
    if (!f || f->is_dir)
        return ERR_NOT_FOUND;
    if (offset >= f->data.n)
        return ERR_EOF;
    f->data.p[offset] ^= (uint8_t)(1u << (bit & 7));
    return 0;
}
