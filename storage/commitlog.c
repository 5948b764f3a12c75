/* commitlog.c: the log as a whole: its streams, its finished segments. See commitlog.h. */
#include "base/must.h"
#include "storage/commitlog_internal.h"
#include "storage/worker_call.h"

enum { MAGIC = 0x434c4f47 };

commitlog *commitlog_new(env *e, const commitlog_options *o)
{
    commitlog *l = xzalloc(sizeof *l);
    l->magic = MAGIC;
    l->o = *o;
    l->n_streams = e->workers;
    l->streams = xzalloc(l->n_streams * sizeof *l->streams);
    l->next_id = o->first_segment;
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

void commitlog_note_closed(commitlog *l, unsigned stream, uint64_t id, uint64_t size)
{
    pthread_mutex_lock(&l->lock);
    vec_push(&l->closed, (closed_segment){id, size, stream});
    pthread_mutex_unlock(&l->lock);
}

void commitlog_add_old(commitlog *l, uint64_t id, uint64_t size)
{
    commitlog_note_closed(l, l->n_streams, id, size);
    atomic_fetch_add(&l->bytes, size);
}

static log_stream *stream_of(commitlog *l, env *e)
{
    must_be(l, MAGIC);
    must(e->worker < l->n_streams);
    log_stream *s = l->streams[e->worker];
    if (__builtin_expect(!s, 0)) {
        s = log_stream_new(l, e);
        pthread_mutex_lock(&l->lock); /* others look at the array in positions() */
        __atomic_store_n(&l->streams[e->worker], s, __ATOMIC_RELEASE);
        pthread_mutex_unlock(&l->lock);
    }
    return s;
}

static log_stream *stream_at(const commitlog *l, unsigned i)
{
    return __atomic_load_n(&l->streams[i], __ATOMIC_ACQUIRE);
}

int commitlog_check(commitlog *l, env *e, err_info *err)
{
    log_stream *s = stream_of(l, e);
    if (__builtin_expect(s->failed, 0)) {
        if (err)
            *err = s->why;
        return s->failed;
    }
    int refusing = atomic_load_explicit(&l->refusing, memory_order_relaxed);
    if (__builtin_expect(refusing, 0))
        return err_set(err, refusing,
                       "writes are refused since the commit log failed (commit_failure_policy)");
    if (__builtin_expect(s->full, 0))
        return err_set(err, ERR_NO_SPACE, "no space left in %s: writes are refused", l->o.dir);
    return 0;
}

uint64_t commitlog_current(commitlog *l, env *e)
{
    log_stream *s = stream_of(l, e);
    return s->current ? s->current->id : atomic_load(&l->next_id);
}

int commitlog_append(commitlog *l, env *e, const mutation *const *ms, size_t n, uint64_t *ret_mark,
                     err_info *err)
{
    return log_stream_append(stream_of(l, e), ms, n, ret_mark, err);
}

int commitlog_wait(commitlog *l, env *e, uint64_t mark, err_info *err)
{
    if (l->o.sync == SYNC_PERIODIC)
        return 0;
    log_stream *s = stream_of(l, e);
    if (l->o.sync == SYNC_GROUP)
        env_sleep_us(e, (int64_t)l->o.sync_period_ms * 1000);
    else
        env_yield(e); /* the turn's other writes come along */
    return log_stream_sync(s, mark, err);
}

typedef struct stream_call {
    commitlog *log;
    log_stream *stream;
    int (*fn)(log_stream *s, err_info *err);
    int result;
    err_info err;
} stream_call;

static void run_stream_call(void *arg)
{
    stream_call *c = arg;
    c->result = c->fn(c->stream, &c->err);
}

/* Calls fn for each stream, on its own thread, one after the other. */
static int for_each_stream(commitlog *l, env *e, int (*fn)(log_stream *s, err_info *err),
                           err_info *err)
{
    int r = 0;
    for (unsigned i = 0; i < l->n_streams; i++) {
        stream_call c = {.log = l, .stream = stream_at(l, i), .fn = fn};
        if (!c.stream)
            continue;
        worker_call(e, c.stream->env, run_stream_call, &c);
        if (c.result < 0 && r == 0) {
            r = c.result;
            if (err)
                *err = c.err;
        }
    }
    return r;
}

static int sync_stream(log_stream *s, err_info *err)
{
    return log_stream_sync(s, s->appended, err);
}

int commitlog_sync_all(commitlog *l, env *e, err_info *err)
{
    return for_each_stream(l, e, sync_stream, err);
}

int commitlog_end_segments(commitlog *l, env *e, err_info *err)
{
    return for_each_stream(l, e, log_stream_end_segment, err);
}

static int close_stream(log_stream *s, err_info *err)
{
    (void)err;
    log_stream_close(s);
    return 0;
}

commitlog *commitlog_close(commitlog *l, env *e)
{
    if (!l)
        return NULL;
    must_be(l, MAGIC);
    for_each_stream(l, e, close_stream, NULL);
    pthread_mutex_destroy(&l->lock);
    vec_done(&l->closed);
    free(l->streams);
    l->magic = 0;
    free(l);
    return NULL;
}

void commitlog_positions(const commitlog *l, log_position *ret)
{
    for (unsigned i = 0; i < l->n_streams; i++) {
        log_stream *s = stream_at(l, i);
        ret[i] = s ? atomic_load(&s->position) : 0;
    }
}

/* The greatest id per stream among the finished segments. */
static void closed_horizon(commitlog *l, uint64_t *ret)
{
    memset(ret, 0, (l->n_streams + 1) * sizeof *ret);
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->closed.n; i++) {
        const closed_segment *c = &l->closed.p[i];
        if (c->id > ret[c->stream])
            ret[c->stream] = c->id;
    }
    pthread_mutex_unlock(&l->lock);
}

void commitlog_discard(commitlog *l, env *e, void (*needed)(void *arg, uint64_t *ret), void *arg)
{
    /* What is finished now was written by workers that had marked their memtables before; asking
     * who needs what after that misses nobody. */
    size_t n = l->n_streams + 1;
    uint64_t *horizon = xmalloc(2 * n * sizeof *horizon), *least = horizon + n;
    closed_horizon(l, horizon);
    needed(arg, least);
    vec(uint64_t) gone = {0};
    pthread_mutex_lock(&l->lock);
    size_t kept = 0;
    for (size_t i = 0; i < l->closed.n; i++) {
        closed_segment c = l->closed.p[i];
        if (c.id < least[c.stream] && c.id <= horizon[c.stream]) {
            atomic_fetch_sub(&l->bytes, c.size);
            vec_push(&gone, c.id);
        } else {
            l->closed.p[kept++] = c;
        }
    }
    l->closed.n = kept;
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < gone.n; i++) {
        autofree char *path = commitlog_path(l->o.dir, gone.p[i]);
        env_unlink(e, path, NULL); /* one that stays is replayed once more: harmless */
    }
    vec_done(&gone);
    free(horizon);
}

uint64_t commitlog_oldest(commitlog *l)
{
    uint64_t id = 0;
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->closed.n; i++)
        if (!id || l->closed.p[i].id < id)
            id = l->closed.p[i].id;
    pthread_mutex_unlock(&l->lock);
    return id;
}

uint64_t commitlog_bytes(const commitlog *l)
{
    return atomic_load(&l->bytes);
}

bool commitlog_refuses(const commitlog *l)
{
    return atomic_load(&l->refusing) || atomic_load(&l->full);
}
