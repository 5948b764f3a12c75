/* open.c: opening and closing.
 *
 * Open: lock and read the manifest (refusing what is foreign, before anything is touched); remove
 * what it does not name; open the SSTables; replay the commit log into memtables, flushing when
 * over budget; start a new log with segment ids greater than any seen. Replayed segments are
 * deleted when what they held is flushed.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/must.h"
#include "storage/storage_internal.h"
#include "storage/worker_call.h"

enum { MAGIC = 0x53544f52 };

static storage *storage_new(env *e, const storage_options *o)
{
    storage *s = xzalloc(sizeof *s);
    s->magic = MAGIC;
    s->env = e;
    s->o = *o;
    s->o.data_dir = xstrdup(o->data_dir);
    s->o.commitlog_dir = xstrdup(o->commitlog_dir);
    s->cache = sstable_cache_new(o->block_cache_bytes);
    co_mutex_init(&s->manifest_lock);
    pthread_mutex_init(&s->add_lock, NULL);
    co_event_init(&s->stop);
    co_event_init(&s->idle);
    s->workers = xzalloc(e->workers * sizeof *s->workers);
    for (unsigned i = 0; i < e->workers; i++) {
        arena_init(&s->workers[i].room, 4096);
        co_event_init(&s->workers[i].space);
        s->workers[i].env = e->peers[i];
    }
    return s;
}

static void storage_free(storage *s)
{
    for (unsigned b = 0; b < TABLE_BUCKETS; b++)
        for (storage_table *t = s->buckets[b], *next; t; t = next) {
            next = t->next;
            table_free(t);
        }
    for (unsigned i = 0; i < s->env->workers; i++) {
        storage_worker *w = &s->workers[i];
        entry_list_done(&w->entries);
        arena_done(&w->room);
        buf_done(&w->merged);
        vec_done(&w->writing);
    }
    free(s->workers);
    manifest_close(s->manifest);
    sstable_cache_free(s->cache);
    pthread_mutex_destroy(&s->add_lock);
    free((char *)s->o.data_dir);
    free((char *)s->o.commitlog_dir);
    s->magic = 0;
    free(s);
}

/* ---- what is on the disk ---- */

/* Makes a directory whose name survives a power failure, as do those above it that were missing. */
static int make_directory(env *e, const char *path, err_info *err)
{
    autofree char *parent = xstrdup(path);
    char *slash = strrchr(parent, '/');
    if (slash)
        *slash = 0;
    const char *above = !slash ? "." : slash == parent ? "/" : parent;
    if (!env_exists(e, path)) {
        int r = slash && slash != parent ? make_directory(e, parent, err) : 0;
        if (r == 0)
            r = env_mkdirs(e, path, err);
        return r == 0 ? env_sync_dir(e, above, err) : r;
    }
    env_sync_dir(e, above, NULL); /* it may have been made by a run that was cut short */
    return 0;
}

typedef struct sweep {
    storage *storage;
    const char *path; /* of this directory */
    const char *relative;
    int depth;
} sweep;

static bool is_named(storage *s, const char *directory, uint64_t generation)
{
    const map_slot *slot;
    for (size_t i = 0; (slot = map_next(&s->manifest->tables, &i));) {
        const manifest_table *t = slot->value;
        if (!t->directory || strcmp(t->directory, directory) != 0)
            continue;
        for (size_t k = 0; k < t->files.n; k++)
            if (t->files.p[k].generation == generation)
                return true;
    }
    return false;
}

/* Removes files of ours that no manifest names; leaves alone what is not ours. */
static void sweep_name(void *arg, const char *name)
{
    sweep *x = arg;
    storage *s = x->storage;
    autofree char *path = xprintf("%s/%s", x->path, name);
    if (x->depth < 2) {
        autofree char *relative = x->depth ? xprintf("%s/%s", x->relative, name) : xstrdup(name);
        sweep below = {s, path, relative, x->depth + 1};
        env_list(s->env, path, sweep_name, &below, NULL);
        return;
    }
    uint64_t generation;
    int end = 0;
    if (sscanf(name, "%" SCNu64 "-Data.ldb%n", &generation, &end) != 1 || !end)
        return;
    bool temporary = strcmp(name + end, ".tmp") == 0;
    if (!temporary && (name[end] || is_named(s, x->relative, generation)))
        return;
    log_info(s->env->log, "Removing %s, left over from an unfinished flush", path);
    env_unlink(s->env, path, NULL);
}

static int open_sstables(storage *s, manifest_table *mt, err_info *err)
{
    storage_table *t = table_get(s, &mt->id);
    t->dropped = mt->dropped;
    if (mt->dropped)
        return 0;
    if (mt->directory)
        t->directory = xstrdup(mt->directory);
    vec(sstable *) open = {0};
    int r = 0;
    for (size_t i = 0; i < mt->files.n && r == 0; i++) {
        sstable *x;
        autofree char *path = xprintf("%s/%s/%" PRIu64 "-Data.ldb", s->o.data_dir, mt->directory,
                                      mt->files.p[i].generation);
        r = sstable_open(s->env, path, mt->files.p[i].generation, s->cache, &x, err);
        if (r == 0)
            vec_push(&open, x);
    }
    if (r == 0)
        table_view_replace(t, t->view->memtables, 1, open.p, (unsigned)open.n);
    for (size_t i = 0; i < open.n; i++)
        sstable_unref(open.p[i]);
    vec_done(&open);
    return r;
}

static int open_tables(storage *s, err_info *err)
{
    const map_slot *slot;
    for (size_t i = 0; (slot = map_next(&s->manifest->tables, &i));) {
        manifest_table *mt = slot->value;
        if (mt->files.n && !mt->directory)
            return err_set(err, ERR_CORRUPT, "%s names files but no directory of a table",
                           s->manifest->path);
        int r = open_sstables(s, mt, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- the commit log ---- */

static int replay_mutation(storage *s, const record *rec, err_info *err)
{
    storage_worker *w = &s->workers[s->env->worker];
    mutation m;
    arena_reset(&w->room);
    int r = mutation_decode(rec->mutation, &w->room, &m, err);
    if (r < 0)
        return r;
    if (!uuid_eq(m.table, rec->table))
        return err_set(err, ERR_CORRUPT, "the record and its mutation name different tables");
    storage_table *t = table_get(s, &m.table);
    memtable *into = t->view->memtables[0];
    unsigned old = s->env->workers; /* the stream of earlier runs */
    if (!into->first_segment[old])
        into->first_segment[old] = rec->segment;
    entry_list_fill(&w->entries, s->o.partitioner, &m);
    s->replayed++;
    return memtable_put(into, &w->entries, &w->room, &w->merged, err);
}

static int replay_record(void *arg, const record *rec, err_info *err)
{
    storage *s = arg;
    manifest_table *mt = manifest_find(s->manifest, &rec->table);
    if (mt && manifest_covers(mt, rec->stream, rec->segment, rec->end))
        return 0;
    int r = replay_mutation(s, rec, err);
    storage_table *t;
    while (r == 0 && atomic_load(&s->memtable_bytes) > s->o.memtable_bytes &&
           (t = flush_largest(s)))
        r = flush_table(s, t, err);
    return r;
}

static int start_log(storage *s, const commitlog_replay_result *replayed, err_info *err)
{
    uint64_t used = manifest_max_segment(s->manifest);
    if (replayed->max_segment > used)
        used = replayed->max_segment;
    s->base = used + 1;
    int r = make_directory(s->env, s->o.commitlog_dir, err);
    if (r < 0)
        return r;
    commitlog_options o = {
        .dir = s->o.commitlog_dir,
        .sync = s->o.sync,
        .sync_period_ms = s->o.sync_period_ms,
        .segment_bytes = s->o.segment_bytes,
        .total_bytes = s->o.commitlog_total_bytes,
        .policy = s->o.commit_failure,
        .on_failure = s->o.on_failure,
        .failure_arg = s->o.failure_arg,
        .on_pressure = flush_request_pressure,
        .pressure_arg = s,
        .first_segment = s->base,
    };
    s->log = commitlog_new(s->env, &o);
    for (size_t i = 0; i < replayed->ids.n; i++)
        commitlog_add_old(s->log, replayed->ids.p[i], replayed->sizes.p[i]);
    flush_discard_log(s);
    return 0;
}

static int open_all(storage *s, err_info *err)
{
    env *e = s->env;
    int r = make_directory(e, s->o.data_dir, err);
    if (r == 0)
        r = manifest_open(e, s->o.data_dir, s->o.cluster_name, s->o.partitioner, &s->manifest, err);
    if (r < 0)
        return r;
    s->generation = manifest_max_generation(s->manifest) + 1;
    sweep all = {s, s->o.data_dir, "", 0};
    env_list(e, s->o.data_dir, sweep_name, &all, NULL);
    r = open_tables(s, err);
    if (r < 0)
        return r;
    commitlog_replay_result replayed = {0};
    r = commitlog_replay(e, s->o.commitlog_dir, replay_record, s, &replayed, err);
    if (r == 0)
        r = start_log(s, &replayed, err);
    vec_done(&replayed.ids);
    vec_done(&replayed.sizes);
    return r;
}

int storage_open(env *e, const storage_options *o, storage **ret_storage, err_info *err)
{
    must(e->worker == 0);
    if (o->segment_bytes < 1024 || o->segment_bytes > 1u << 30)
        return err_set(err, ERR_CONFIG,
                       "commit log segments of %llu bytes: must be between 1 KiB and 1 GiB",
                       (unsigned long long)o->segment_bytes);
    storage *s = storage_new(e, o);
    int r = open_all(s, err);
    if (r < 0)
        storage_free(s);
    else
        *ret_storage = s;
    return r;
}

static void nothing(void *arg)
{
    (void)arg;
}

/* Waits for what runs in the background; what was posted before has run when this returns. */
static void settle(storage *s)
{
    co_signal(s->env, &s->stop);
    for (unsigned i = 0; i < s->env->workers; i++)
        worker_call(s->env, s->env->peers[i], nothing, NULL);
    env_yield(s->env);
    while (s->background > 0)
        co_wait(s->env, &s->idle, NO_DEADLINE);
}

storage *storage_close(storage *s)
{
    if (!s)
        return NULL;
    must_be(s, MAGIC);
    s->closing = true;
    settle(s);
    s->log = commitlog_close(s->log, s->env);
    settle(s);
    storage_free(s);
    return NULL;
}
