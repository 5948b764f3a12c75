/* flush.c: switches memtables, has them written, publishes the files; truncates and drops.
 *
 * All of it runs on worker 0, one thing at a time per table (flush_lock):
 *
 *   1. note where the log's streams stand; 2. publish a view with an empty memtable in front;
 *   3. wait for the writers that chose the old one; 4. write it to a file on a long-work thread;
 *   5. one manifest edit: the file and the noted positions; 6. publish a view with the file instead
 *   of the memtable; 7. discard the log segments nobody needs any more.
 *
 * A writer chooses its memtable before it appends to the log, so every record up to the noted
 * positions is in the old memtable or in files. When step 4 or 5 fails, the memtable stays in the
 * view, readable, and is tried again later, with growing pauses.
 */
#include <inttypes.h>
#include <stdio.h>

#include "storage/storage_internal.h"

enum { MANY_STRIPES = 16, RETRY_MAX_S = 60 };
#define STRIPES_FROM_BYTES (4u << 20)

/* ---- manifest edits, one at a time, on an I/O thread ---- */

typedef struct edit_job {
    manifest *manifest;
    bytes edits;
    int result;
    err_info err;
} edit_job;

static void do_edit(void *arg)
{
    edit_job *j = arg;
    j->result = manifest_append(j->manifest, j->edits, &j->err);
}

static int append_edits(storage *s, const buf *edits, err_info *err)
{
    edit_job j = {.manifest = s->manifest, .edits = buf_view(edits)};
    co_lock(s->env, &s->manifest_lock);
    env_offload(s->env, POOL_IO, do_edit, &j);
    co_unlock(s->env, &s->manifest_lock);
    if (j.result < 0 && err)
        *err = j.err;
    return j.result;
}

/* ---- the log ---- */

static void least_segments(void *arg, uint64_t *ret)
{
    storage *s = arg;
    unsigned n = s->env->workers + 1;
    for (unsigned i = 0; i < n; i++)
        ret[i] = UINT64_MAX;
    for (storage_table *t = NULL; (t = table_next(s, t));) {
        table_view *v = table_view_ref(t);
        for (unsigned k = 0; k < v->n_memtables; k++)
            for (unsigned i = 0; i < n; i++) {
                uint64_t first = atomic_load(&v->memtables[k]->first_segment[i]);
                if (first && first < ret[i])
                    ret[i] = first;
            }
        table_view_unref(v);
    }
}

void flush_discard_log(storage *s)
{
    if (s->log)
        commitlog_discard(s->log, s->env, least_segments, s);
}

static bool has_log_marks(const memtable *m)
{
    for (unsigned i = 0; i < m->n_streams; i++)
        if (atomic_load(&m->first_segment[i]))
            return true;
    return false;
}

/* ---- views ---- */

/* Publishes t's view without memtable m, and with the file in its place (NULL: none). */
static void replace_memtable(storage_table *t, memtable *m, sstable *fresh)
{
    table_view *v = table_view_ref(t);
    unsigned n = 0, n_ssts = 0;
    memtable **mems = xmalloc((v->n_memtables + 1) * sizeof *mems);
    sstable **ssts = xmalloc((v->n_sstables + 1) * sizeof *ssts);
    for (unsigned i = 0; i < v->n_memtables; i++)
        if (v->memtables[i] != m)
            mems[n++] = v->memtables[i];
    for (unsigned i = 0; i < v->n_sstables; i++)
        ssts[n_ssts++] = v->sstables[i];
    if (fresh)
        ssts[n_ssts++] = fresh;
    table_view_replace(t, mems, n, ssts, n_ssts);
    table_view_unref(v);
    free(mems);
    free(ssts);
}

static void push_memtable(storage *s, storage_table *t)
{
    memtable *fresh = memtable_new(t->stripes, s->env->workers + 1, &s->memtable_bytes);
    table_view *v = table_view_ref(t);
    memtable **mems = xmalloc((v->n_memtables + 1) * sizeof *mems);
    mems[0] = fresh;
    memcpy(mems + 1, v->memtables, v->n_memtables * sizeof *mems);
    table_view_replace(t, mems, v->n_memtables + 1, v->sstables, v->n_sstables);
    table_view_unref(v);
    memtable_unref(fresh);
    free(mems);
}

/* Takes the active memtable out of service; afterwards it no longer changes. */
static void switch_memtable(storage *s, storage_table *t)
{
    memtable *old = t->view->memtables[0]; /* only worker 0 changes views */
    if (memtable_is_empty(old) && !has_log_marks(old) && !atomic_load(&old->writers))
        return;
    uint64_t *positions = NULL;
    if (s->log) {
        positions = xzalloc(s->env->workers * sizeof *positions);
        commitlog_positions(s->log, positions);
    }
    if (s->env->workers > 1 && atomic_load(&old->bytes) >= STRIPES_FROM_BYTES)
        t->stripes = MANY_STRIPES;
    memtable_ref(old);
    push_memtable(s, t);
    while (atomic_load_explicit(&old->writers, memory_order_acquire) > 0)
        env_yield(s->env);
    old->positions = positions;
    atomic_fetch_add(&t->counters.switches, 1);
    memtable_unref(old);
}

/* ---- flushing ---- */

typedef struct write_job {
    storage *storage;
    memtable *memtable;
    storage_table_options options;
    char *path;
    uint64_t generation;
    sstable *fresh;
    int result;
    err_info err;
} write_job;

static void do_write(void *arg)
{
    write_job *j = arg;
    j->result = flush_write(j->storage, j->memtable, &j->options, j->path, j->generation, &j->fresh,
                            &j->err);
}

static void name_directory(storage *s, storage_table *t, buf *edits)
{
    if (t->directory)
        return;
    const char *keyspace, *name;
    arena a;
    arena_init(&a, 256);
    bool named = s->o.name_of && s->o.name_of(s->o.name_arg, &t->id, &a, &keyspace, &name);
    char id[33];
    for (int i = 0; i < 16; i++)
        snprintf(id + 2 * i, 3, "%02x", t->id.b[i]);
    t->directory =
        named ? xprintf("%s/%s-%s", keyspace, name, id) : xprintf("unnamed/table-%s", id);
    arena_done(&a);
    manifest_edit_directory(edits, &t->id, t->directory);
}

static void edit_flushed(storage *s, const storage_table *t, const memtable *m, buf *edits)
{
    if (m->positions)
        manifest_edit_flushed(edits, &t->id, s->base, m->positions, s->env->workers);
}

static void forget_directory_unless_saved(storage *s, storage_table *t)
{
    manifest_table *saved = manifest_find(s->manifest, &t->id);
    if (saved && saved->directory)
        return;
    free(t->directory);
    t->directory = NULL;
}

static int write_memtable(storage *s, storage_table *t, memtable *m, err_info *err)
{
    buf edits = {0};
    name_directory(s, t, &edits);
    uint64_t generation = atomic_fetch_add(&s->generation, 1);
    write_job j = {
        .storage = s,
        .memtable = m,
        .options = t->options,
        .path = xprintf("%s/%s/%" PRIu64 "-Data.ldb", s->o.data_dir, t->directory, generation),
        .generation = generation};
    atomic_fetch_add(&s->active_flushes, 1);
    env_offload(s->env, POOL_LONG, do_write, &j);
    atomic_fetch_sub(&s->active_flushes, 1);
    int r = j.result;
    if (r < 0 && err)
        *err = j.err;
    if (r == 0) {
        manifest_edit_add(&edits, &t->id, generation, sstable_size(j.fresh));
        edit_flushed(s, t, m, &edits);
        r = append_edits(s, &edits, err); /* when it fails the file stays: the edit may be there */
    }
    if (r == 0) {
        replace_memtable(t, m, j.fresh);
        s->flushes++;
    } else {
        forget_directory_unless_saved(s, t);
    }
    sstable_unref(j.fresh);
    free(j.path);
    buf_done(&edits);
    return r;
}

static int retire_memtable(storage *s, storage_table *t, memtable *m, err_info *err)
{
    if (!memtable_is_empty(m))
        return write_memtable(s, t, m, err);
    buf edits = {0};
    edit_flushed(s, t, m, &edits);
    int r = edits.n ? append_edits(s, &edits, err) : 0;
    if (r == 0)
        replace_memtable(t, m, NULL);
    buf_done(&edits);
    return r;
}

static void wake_worker(void *arg)
{
    storage_worker *w = arg;
    co_signal(w->env, &w->space);
}

static void wake_writers(storage *s)
{
    for (unsigned i = 0; i < s->env->workers; i++)
        if (atomic_load(&s->workers[i].waiting) > 0)
            env_post(s->workers[i].env, wake_worker, &s->workers[i]);
}

int flush_table(storage *s, storage_table *t, err_info *err)
{
    int r = 0;
    atomic_fetch_add(&s->pending_flushes, 1);
    co_lock(s->env, &t->flush_lock);
    switch_memtable(s, t);
    while (r == 0 && t->view->n_memtables > 1) {
        memtable *m = memtable_ref(t->view->memtables[t->view->n_memtables - 1]);
        r = retire_memtable(s, t, m, err);
        memtable_unref(m);
    }
    co_unlock(s->env, &t->flush_lock);
    atomic_fetch_sub(&s->pending_flushes, 1);
    atomic_store(&s->flush_error, r);
    flush_discard_log(s);
    wake_writers(s);
    return r;
}

static void mark_dropped(storage_table *t, bool dropped)
{
    pthread_mutex_lock(&t->lock);
    t->dropped = dropped;
    pthread_mutex_unlock(&t->lock);
}

int flush_truncate(storage *s, storage_table *t, bool drop, err_info *err)
{
    buf edits = {0};
    co_lock(s->env, &t->flush_lock);
    if (drop)
        mark_dropped(t, true);
    switch_memtable(s, t);
    table_view *v = table_view_ref(t);
    if (v->n_memtables > 1)
        edit_flushed(s, t, v->memtables[1], &edits); /* the newest switched: the furthest */
    for (unsigned i = 0; i < v->n_sstables; i++)
        manifest_edit_remove(&edits, &t->id, sstable_generation(v->sstables[i]));
    if (drop)
        manifest_edit_drop(&edits, &t->id);
    int r = edits.n ? append_edits(s, &edits, err) : 0;
    if (r == 0) {
        for (unsigned i = 0; i < v->n_sstables; i++)
            sstable_mark_obsolete(v->sstables[i]);
        table_view_replace(t, v->memtables, 1, NULL, 0);
    } else if (drop) {
        mark_dropped(t, false);
    }
    table_view_unref(v);
    co_unlock(s->env, &t->flush_lock);
    buf_done(&edits);
    flush_discard_log(s);
    wake_writers(s);
    return r;
}

/* ---- by themselves ---- */

storage_table *flush_largest(storage *s)
{
    storage_table *best = NULL;
    size_t most = 0;
    for (storage_table *t = NULL; (t = table_next(s, t));) {
        table_view *v = table_view_ref(t);
        size_t n = 0;
        for (unsigned i = 0; i < v->n_memtables; i++)
            n += atomic_load_explicit(&v->memtables[i]->bytes, memory_order_relaxed);
        table_view_unref(v);
        if (n > most) {
            most = n;
            best = t;
        }
    }
    return best;
}

/* A table that holds on to log segments up to id; NULL when none does. */
static storage_table *table_holding(storage *s, uint64_t id)
{
    for (storage_table *t = NULL; (t = table_next(s, t));) {
        table_view *v = table_view_ref(t);
        bool holds = false;
        for (unsigned i = 0; i < v->n_memtables; i++)
            for (unsigned k = 0; k < v->memtables[i]->n_streams; k++) {
                uint64_t first = atomic_load(&v->memtables[i]->first_segment[k]);
                holds |= first && first <= id;
            }
        table_view_unref(v);
        if (holds)
            return t;
    }
    return NULL;
}

static storage_table *next_to_flush(storage *s)
{
    if (atomic_load(&s->memtable_bytes) > s->o.memtable_bytes)
        return flush_largest(s);
    if (s->log && commitlog_bytes(s->log) > s->o.commitlog_total_bytes) {
        uint64_t oldest = commitlog_oldest(s->log);
        return oldest ? table_holding(s, oldest) : NULL;
    }
    return NULL;
}

static void flush_until_within_budget(void *arg)
{
    storage *s = arg;
    storage_table *t;
    int64_t pause_s = 1;
    s->background++;
    while (!s->closing && (t = next_to_flush(s))) {
        err_info err = {0};
        if (flush_table(s, t, &err) == 0) {
            pause_s = 1;
            continue;
        }
        log_error(s->env->log, "A flush failed and is tried again in %" PRId64 " s: %s", pause_s,
                  err.text);
        storage_disk_failed(s, atomic_load(&s->flush_error), &err);
        if (!s->closing)
            co_wait(s->env, &s->stop, env_mono_us(s->env) + pause_s * 1000000);
        pause_s = pause_s * 2 < RETRY_MAX_S ? pause_s * 2 : RETRY_MAX_S;
    }
    atomic_store(&s->flush_requested, false);
    if (--s->background == 0)
        co_signal(s->env, &s->idle);
}

void flush_request(storage *s, env *e)
{
    if (atomic_load_explicit(&s->flush_requested, memory_order_relaxed) ||
        atomic_exchange(&s->flush_requested, true))
        return;
    env_post(e->peers[0], flush_until_within_budget, s);
}

void flush_request_pressure(void *arg, env *e)
{
    flush_request(arg, e);
}
