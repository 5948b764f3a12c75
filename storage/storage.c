/* storage.c: the writes, and everything that is only passing on. See storage.h; opening is in
 * open.c. */
#include "base/must.h"
#include "storage/storage_internal.h"

enum { WAIT_FOR_MEMORY_US = 10000000, WAIT_STEP_US = 100000 };

/* ---- writing ---- */

static int refuse_when_draining(const storage *s, err_info *err)
{
    if (!atomic_load_explicit(&s->draining, memory_order_relaxed))
        return 0;
    return err_set(err, ERR_CLOSED, "the node was drained: it takes no more writes");
}

static bool over_memory(const storage *s)
{
    uint64_t used = atomic_load_explicit(&s->memtable_bytes, memory_order_relaxed);
    return used > s->o.memtable_bytes + s->o.memtable_bytes / 2;
}

/* Writers wait for a flush before memory runs out. */
static int wait_for_memory(storage *s, env *e, err_info *err)
{
    storage_worker *w = &s->workers[e->worker];
    int64_t deadline = env_mono_us(e) + WAIT_FOR_MEMORY_US;
    while (over_memory(s)) {
        int failed = atomic_load(&s->flush_error);
        if (failed == ERR_NO_SPACE)
            return err_set(err, failed, "no space left in %s: writes are refused", s->o.data_dir);
        if (failed || env_mono_us(e) >= deadline)
            return err_set(err, ERR_OVERLOADED, "memtables are full and are not flushed in time");
        flush_request(s, e);
        atomic_fetch_add(&w->waiting, 1);
        co_wait(e, &w->space, env_mono_us(e) + WAIT_STEP_US);
        atomic_fetch_sub(&w->waiting, 1);
    }
    return 0;
}

/* Chooses the memtables; each must be released by end_writes. */
static void begin_writes(storage *s, storage_worker *w, const mutation *const *ms, size_t n)
{
    w->writing.n = 0;
    for (size_t i = 0; i < n; i++)
        vec_push(&w->writing, table_begin_write(table_get(s, &ms[i]->table)));
}

static void end_writes(storage_worker *w)
{
    for (size_t i = 0; i < w->writing.n; i++)
        if (w->writing.p[i])
            table_end_write(w->writing.p[i]);
}

static void mark_segments(storage_worker *w, unsigned stream, uint64_t segment)
{
    for (size_t i = 0; i < w->writing.n; i++) {
        memtable *m = w->writing.p[i];
        if (m && !atomic_load_explicit(&m->first_segment[stream], memory_order_relaxed))
            atomic_store_explicit(&m->first_segment[stream], segment, memory_order_release);
    }
}

static int put_all(storage *s, storage_worker *w, const mutation *const *ms, size_t n,
                   err_info *err)
{
    int r = 0;
    for (size_t i = 0; i < n && r == 0; i++) {
        if (!w->writing.p[i])
            continue; /* dropped meanwhile */
        entry_list_fill(&w->entries, s->o.partitioner, ms[i]);
        r = memtable_put(w->writing.p[i], &w->entries, &w->room, &w->merged, err);
        arena_reset(&w->room);
        storage_table *t = table_find(s, &ms[i]->table);
        atomic_fetch_add_explicit(&t->counters.writes, 1, memory_order_relaxed);
    }
    return r;
}

static void flush_if_over_budget(storage *s, env *e)
{
    if (atomic_load_explicit(&s->memtable_bytes, memory_order_relaxed) > s->o.memtable_bytes)
        flush_request(s, e);
}

int storage_apply(storage *s, env *e, const mutation *const *ms, size_t n, err_info *err)
{
    storage_worker *w = &s->workers[e->worker];
    uint64_t mark;
    int r = 0;
    if (__builtin_expect(over_memory(s), 0))
        r = wait_for_memory(s, e, err);
    if (r == 0)
        r = refuse_when_draining(s, err);
    if (r == 0)
        r = commitlog_check(s->log, e, err);
    if (r < 0 || n == 0)
        return r;
    int64_t start_ns = env_tick_ns(e);
    /* From here to the memtables nothing suspends: the worker's scratch is ours. */
    begin_writes(s, w, ms, n);
    mark_segments(w, e->worker, commitlog_current(s->log, e));
    r = commitlog_append(s->log, e, ms, n, &mark, err);
    if (r == 0)
        r = put_all(s, w, ms, n, err);
    end_writes(w);
    if (r < 0)
        return r;
    flush_if_over_budget(s, e);
    r = commitlog_wait(s->log, e, mark, err);
    storage_table *t = table_find(s, &ms[0]->table);
    if (t)
        atomic_fetch_add_explicit(&t->counters.write_ns, (uint64_t)(env_tick_ns(e) - start_ns),
                                  memory_order_relaxed);
    return r;
}

int storage_apply_volatile(storage *s, env *e, const mutation *const *ms, size_t n, err_info *err)
{
    storage_worker *w = &s->workers[e->worker];
    int r = refuse_when_draining(s, err);
    if (r < 0)
        return r;
    if (over_memory(s) && atomic_load(&s->flush_error))
        return err_set(err, ERR_OVERLOADED, "memtables are full and cannot be flushed");
    begin_writes(s, w, ms, n);
    r = put_all(s, w, ms, n, err);
    end_writes(w);
    flush_if_over_budget(s, e);
    return r;
}

/* ---- reading ---- */

void storage_disk_failed(storage *s, int code, const err_info *why)
{
    failure_policy p = s->o.disk_failure;
    bool acts =
        p == POLICY_DIE || p == POLICY_STOP_PARANOID || (p == POLICY_STOP && code == ERR_IO);
    if ((code == ERR_IO || code == ERR_CORRUPT) && acts && s->o.on_failure)
        s->o.on_failure(s->o.failure_arg, p, why);
}

int storage_read(storage *s, env *e, const read_command *c, arena *a, read_result **ret,
                 err_info *err)
{
    storage_table *t = table_find(s, &c->table);
    if (!t) {
        *ret = arena_new(a, read_result);
        return 0;
    }
    int64_t start_ns = env_tick_ns(e);
    table_view *v = table_view_ref(t);
    int r = read_table(s, t, v, c, a, ret, err);
    table_view_unref(v);
    if (r < 0 && err)
        storage_disk_failed(s, r, err);
    atomic_fetch_add_explicit(&t->counters.reads, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&t->counters.read_ns, (uint64_t)(env_tick_ns(e) - start_ns),
                              memory_order_relaxed);
    return r;
}

/* ---- the rest, on worker 0 ---- */

void storage_set_table(storage *s, const uuid *table, const storage_table_options *o)
{
    storage_table *t = table_get(s, table);
    pthread_mutex_lock(&t->lock);
    t->options = *o;
    pthread_mutex_unlock(&t->lock);
}

static int flush_all(storage *s, err_info *err)
{
    int r = 0;
    for (storage_table *t = NULL; (t = table_next(s, t));) {
        int one = flush_table(s, t, r == 0 ? err : NULL);
        if (r == 0)
            r = one;
    }
    return r;
}

int storage_flush(storage *s, env *e, const uuid *table, err_info *err)
{
    must(e == s->env);
    if (!table)
        return flush_all(s, err);
    storage_table *t = table_find(s, table);
    return t ? flush_table(s, t, err) : 0;
}

int storage_truncate(storage *s, env *e, const uuid *table, err_info *err)
{
    must(e == s->env);
    storage_table *t = table_find(s, table);
    return t ? flush_truncate(s, t, false, err) : 0;
}

int storage_drop(storage *s, env *e, const uuid *table, err_info *err)
{
    must(e == s->env);
    storage_table *t = table_get(s, table);
    int r = flush_truncate(s, t, true, err);
    if (r == 0 && t->directory) {
        autofree char *path = xprintf("%s/%s", s->o.data_dir, t->directory);
        env_rmdir(e, path, NULL); /* not while a reader has a file of it; the next start does */
    }
    return r;
}

bool storage_was_dropped(storage *s, const uuid *table)
{
    storage_table *t = table_find(s, table);
    if (!t)
        return false;
    pthread_mutex_lock(&t->lock);
    bool dropped = t->dropped;
    pthread_mutex_unlock(&t->lock);
    return dropped;
}

int storage_drain(storage *s, env *e, err_info *err)
{
    must(e == s->env);
    atomic_store(&s->draining, true);
    int r = commitlog_end_segments(s->log, e, err);
    if (r == 0)
        r = flush_all(s, err);
    if (r == 0)
        r = commitlog_end_segments(s->log, e, err);
    flush_discard_log(s);
    return r;
}

int storage_sync(storage *s, env *e, err_info *err)
{
    must(e == s->env);
    return commitlog_sync_all(s->log, e, err);
}

/* ---- figures ---- */

static void add_sstable_stats(const sstable *x, storage_table_stats *ret)
{
    ret->live_bytes += sstable_size(x);
    ret->bloom_bytes += sstable_bloom_bytes(x);
    ret->partitions_estimate += sstable_get_stats(x)->partitions;
}

void storage_stats(storage *s, const uuid *table, storage_table_stats *ret)
{
    *ret = (storage_table_stats){0};
    storage_table *t = table_find(s, table);
    if (!t)
        return;
    table_view *v = table_view_ref(t);
    ret->sstables = v->n_sstables;
    for (unsigned i = 0; i < v->n_sstables; i++)
        add_sstable_stats(v->sstables[i], ret);
    for (unsigned i = 0; i < v->n_memtables; i++) {
        ret->memtable_bytes += atomic_load(&v->memtables[i]->bytes);
        ret->memtable_rows += atomic_load(&v->memtables[i]->rows);
    }
    table_view_unref(v);
    ret->total_bytes = ret->live_bytes;
    ret->memtable_switches = atomic_load(&t->counters.switches);
    ret->reads = atomic_load(&t->counters.reads);
    ret->writes = atomic_load(&t->counters.writes);
    ret->read_us = atomic_load(&t->counters.read_ns) / 1000;
    ret->write_us = atomic_load(&t->counters.write_ns) / 1000;
    ret->bloom_false_positives = atomic_load(&t->counters.false_positives);
}

uint64_t storage_load_bytes(storage *s)
{
    uint64_t n = 0;
    for (storage_table *t = NULL; (t = table_next(s, t));) {
        table_view *v = table_view_ref(t);
        for (unsigned i = 0; i < v->n_sstables; i++)
            n += sstable_size(v->sstables[i]);
        table_view_unref(v);
    }
    return n;
}

void storage_get_totals(storage *s, storage_totals *ret)
{
    *ret = (storage_totals){
        .flushes = s->flushes,
        .replayed_mutations = s->replayed,
        .commitlog_bytes = commitlog_bytes(s->log),
        .memtable_bytes = atomic_load(&s->memtable_bytes),
        .pending_flushes = atomic_load(&s->pending_flushes),
        .active_flushes = atomic_load(&s->active_flushes),
        .refusing_writes = atomic_load(&s->draining) || commitlog_refuses(s->log) ||
                           (over_memory(s) && atomic_load(&s->flush_error)),
    };
}
