/* commitlog_stream.c: one worker's stream of segments.
 *
 * Append: frame the records in `pending`. End of the turn: pending -> file (one append).
 * Sync: whoever takes sync_lock syncs for all whose records are in the file by then; those that
 * wait behind it find their mark synced. The next segment is made ahead on an I/O thread.
 */
#include "base/must.h"
#include "storage/commitlog_internal.h"

enum { WRITE_EARLY = 1 << 20, RETRY_US = 1000000, MAX_BATCH = 1 << 30 };

/* ---- segments ---- */

static log_segment *segment_free(log_segment *g)
{
    if (!g)
        return NULL;
    file_close(g->file);
    free(g->path);
    free(g);
    return NULL;
}

static int segment_create(commitlog *l, env *e, unsigned stream, log_segment **ret, err_info *err)
{
    log_segment *g = xzalloc(sizeof *g);
    buf header = {0};
    g->id = atomic_fetch_add(&l->next_id, 1);
    g->path = commitlog_path(l->o.dir, g->id);
    int r = env_open(e, g->path, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &g->file, err);
    if (r == 0) {
        segment_put_header(&header, g->id, stream);
        r = file_append(g->file, header.p, header.n, err);
        g->size = g->written = g->synced = header.n;
        if (r == 0)
            r = file_sync(g->file, err);
        if (r == 0)
            r = env_sync_dir(e, l->o.dir, err);
        if (r < 0)
            env_unlink(e, g->path, NULL);
    }
    buf_done(&header);
    if (r < 0) {
        segment_free(g);
        return r;
    }
    atomic_fetch_add(&l->bytes, g->size);
    *ret = g;
    return 0;
}

static void segment_remove(commitlog *l, env *e, log_segment *g)
{
    atomic_fetch_sub(&l->bytes, g->size);
    env_unlink(e, g->path, NULL);
    segment_free(g);
}

typedef struct segment_job {
    log_stream *stream;
    log_segment *segment;
    int result;
    err_info err;
} segment_job;

static void do_prepare(void *arg)
{
    segment_job *j = arg;
    log_stream *s = j->stream;
    j->result = segment_create(s->log, s->env, s->index, &j->segment, &j->err);
}

static void stream_left(log_stream *s)
{
    if (--s->coroutines == 0)
        co_signal(s->env, &s->idle);
}

static void prepare_next(void *arg)
{
    log_stream *s = arg;
    segment_job j = {.stream = s};
    env_offload(s->env, POOL_IO, do_prepare, &j);
    s->preparing = false;
    if (j.segment && !s->next && s->current && j.segment->id > s->current->id)
        s->next = j.segment;
    else if (j.segment)
        segment_remove(s->log, s->env, j.segment);
    stream_left(s);
}

/* ---- failures ---- */

/* POLICY_IGNORE: what was not synced may be lost; the next record starts a new segment. */
static void abandon_segment(log_stream *s)
{
    s->lost_from = s->synced;
    s->lost_to = s->appended;
    s->pending.n = 0;
    if (s->current)
        vec_push(&s->rotated, s->current);
    s->current = NULL;
    for (size_t i = 0; i < s->rotated.n; i++) {
        log_segment *g = s->rotated.p[i];
        commitlog_note_closed(s->log, s->index, g->id, g->size);
        vec_push(&s->abandoned, g); /* a sync may be looking at it */
    }
    s->rotated.n = 0;
}

static int fail(log_stream *s, int code, const err_info *why)
{
    commitlog *l = s->log;
    log_error(s->env->log, "Commit log: %s", why->text);
    if (l->o.policy == POLICY_IGNORE) {
        abandon_segment(s);
        return code;
    }
    s->failed = code;
    s->why = *why;
    if (l->o.policy == POLICY_STOP_COMMIT)
        atomic_store(&l->refusing, code);
    else if (l->o.on_failure)
        l->o.on_failure(l->o.failure_arg, l->o.policy, why);
    return code;
}

static int write_pending(log_stream *s, err_info *err);

/* Waits for space: what is buffered was acknowledged and must get to the file first. */
static void wait_for_space(void *arg)
{
    log_stream *s = arg;
    while (s->full && !s->stopping) {
        co_wait(s->env, &s->stop, env_mono_us(s->env) + RETRY_US);
        if (s->stopping || file_truncate(s->current->file, s->current->written, NULL) < 0)
            continue;
        s->full = false;
        write_pending(s, NULL);
    }
    if (!s->full)
        log_info(s->env->log, "Commit log: there is space again, writes are taken");
    s->waits_for_space = false;
    atomic_fetch_sub(&s->log->full, 1);
    stream_left(s);
}

static void run_out_of_space(log_stream *s, const err_info *why)
{
    s->full = true;
    if (s->waits_for_space)
        return;
    log_error(s->env->log, "Commit log: %s; writes are refused until there is space", why->text);
    s->waits_for_space = true;
    atomic_fetch_add(&s->log->full, 1);
    s->coroutines++;
    env_spawn(s->env, wait_for_space, s);
}

/* ---- writing ---- */

static int no_space(log_stream *s, err_info *err)
{
    return err_set(err, ERR_NO_SPACE, "no space left in %s: writes are refused", s->log->o.dir);
}

static int write_pending(log_stream *s, err_info *err)
{
    if (s->failed) {
        if (err)
            *err = s->why;
        return s->failed;
    }
    if (s->pending.n == 0)
        return 0;
    if (s->full)
        return no_space(s, err);
    err_info why;
    int r = file_append(s->current->file, s->pending.p, s->pending.n, &why);
    if (r == 0) {
        s->current->written += s->pending.n;
        s->pending.n = 0;
        return 0;
    }
    if (err)
        *err = why;
    if (r != ERR_NO_SPACE)
        return fail(s, r, &why);
    run_out_of_space(s, &why);
    return r;
}

static void note_appended(log_stream *s, size_t n)
{
    s->current->size += n;
    s->appended += n;
    atomic_fetch_add(&s->log->bytes, n);
    atomic_store(&s->position, log_position_of(s->current->id, s->current->size));
}

/* Ends the current segment; it waits in `rotated` for the next sync. */
static int retire_current(log_stream *s, err_info *err)
{
    if (!s->current)
        return 0;
    int r = write_pending(s, err);
    if (r < 0)
        return r;
    vec_push(&s->rotated, s->current);
    s->current = NULL;
    return 0;
}

static int rotate(log_stream *s, err_info *err)
{
    commitlog *l = s->log;
    if (!s->next) {
        err_info why;
        int r = segment_create(l, s->env, s->index, &s->next, &why);
        if (r < 0 && err)
            *err = why;
        if (r < 0)
            return r == ERR_NO_SPACE ? r : fail(s, r, &why);
    }
    int r = retire_current(s, err);
    if (r < 0)
        return r;
    s->current = s->next;
    s->next = NULL;
    if (atomic_load(&l->bytes) > l->o.total_bytes && l->o.on_pressure)
        l->o.on_pressure(l->o.pressure_arg, s->env);
    return 0;
}

static int make_room(log_stream *s, size_t n, err_info *err)
{
    log_segment *g = s->current;
    uint64_t limit = s->log->o.segment_bytes;
    bool fits = g && (g->size == SEGMENT_HEADER || g->size + n + RECORD_HEADER <= limit);
    if (!fits)
        return rotate(s, err);
    if (g->size > limit / 2 && !s->next && !s->preparing) {
        s->preparing = true;
        s->coroutines++;
        env_spawn(s->env, prepare_next, s);
    }
    return 0;
}

static int encode_record(log_stream *s, const mutation *m, err_info *err)
{
    size_t at = s->scratch.n;
    buf_reserve(&s->scratch, RECORD_HEADER);
    s->scratch.n += RECORD_HEADER;
    buf_put(&s->scratch, m->table.b, 16);
    mutation_encode(m, &s->scratch);
    size_t body = s->scratch.n - at - RECORD_HEADER;
    if (body > s->log->o.segment_bytes / 2)
        return err_set(err, ERR_TOO_LARGE,
                       "Mutation of %zu bytes is too large for the maximum size of %llu", body,
                       (unsigned long long)s->log->o.segment_bytes / 2);
    put_be32(s->scratch.p + at, (uint32_t)body);
    return 0;
}

/* Frames the records that lie at the end of pending, from `at` on. */
static void frame_records(log_stream *s, size_t at)
{
    uint64_t offset = s->current->size;
    while (at < s->pending.n) {
        uint8_t *h = s->pending.p + at;
        uint32_t body = get_be32(h);
        record_frame(h, s->current->id, offset, body, s->current->synced);
        at += RECORD_HEADER + body;
        offset += RECORD_HEADER + body;
    }
}

int log_stream_append(log_stream *s, const mutation *const *ms, size_t n, uint64_t *ret_mark,
                      err_info *err)
{
    s->scratch.n = 0;
    for (size_t i = 0; i < n; i++) {
        int r = encode_record(s, ms[i], err);
        if (r < 0)
            return r;
    }
    if (s->scratch.n > MAX_BATCH)
        return err_set(err, ERR_TOO_LARGE, "Batch of %zu bytes is too large", s->scratch.n);
    int r = make_room(s, s->scratch.n, err);
    if (r < 0)
        return r;
    size_t at = s->pending.n;
    buf_bytes(&s->pending, buf_view(&s->scratch));
    frame_records(s, at);
    note_appended(s, s->scratch.n);
    *ret_mark = s->appended;
    if (s->pending.n > WRITE_EARLY)
        return write_pending(s, err);
    return 0;
}

static void at_end_of_turn(void *arg)
{
    write_pending(arg, NULL);
}

/* ---- syncing ---- */

static void do_sync(void *arg)
{
    segment_job *j = arg;
    j->result = file_sync(j->segment->file, &j->err);
}

static int sync_segment(log_stream *s, log_segment *g, err_info *err)
{
    segment_job j = {.stream = s, .segment = g};
    uint64_t written = g->written;
    env_offload(s->env, POOL_IO, do_sync, &j);
    if (j.result == 0)
        g->synced = written;
    if (j.result < 0 && err)
        *err = j.err;
    return j.result;
}

/* Says in the file that all of it was synced; whether that gets to the disk does not matter. */
static void put_end_mark(log_stream *s, log_segment *g)
{
    uint8_t h[RECORD_HEADER];
    record_frame(h, g->id, g->size, 0, g->synced);
    if (file_append(g->file, h, sizeof h, NULL) < 0)
        return;
    g->size += sizeof h;
    atomic_fetch_add(&s->log->bytes, sizeof h);
}

/* With sync_lock held: all that was appended before is durable when this returns 0. */
static int sync_now(log_stream *s, err_info *err)
{
    err_info why;
    int r = write_pending(s, err);
    if (r < 0)
        return r;
    uint64_t target = s->appended;
    while (s->rotated.n > 0) {
        log_segment *g = s->rotated.p[0];
        r = sync_segment(s, g, &why);
        if (r < 0 || s->rotated.n == 0)
            break;
        memmove(s->rotated.p, s->rotated.p + 1, --s->rotated.n * sizeof *s->rotated.p);
        put_end_mark(s, g);
        commitlog_note_closed(s->log, s->index, g->id, g->size);
        segment_free(g);
    }
    if (r == 0 && s->current)
        r = sync_segment(s, s->current, &why);
    if (r == 0) {
        s->synced = target;
        return 0;
    }
    if (err)
        *err = why;
    return fail(s, r, &why);
}

int log_stream_sync(log_stream *s, uint64_t mark, err_info *err)
{
    int r = 0;
    co_lock(s->env, &s->sync_lock);
    if (mark > s->lost_from && mark <= s->lost_to)
        r = err_set(err, ERR_IO, "the commit log could not be written");
    else if (s->failed)
        r = write_pending(s, err); /* says why */
    else if (s->synced < mark)
        r = sync_now(s, err);
    co_unlock(s->env, &s->sync_lock);
    return r;
}

static void sync_periodically(void *arg)
{
    log_stream *s = arg;
    int64_t period_us = (int64_t)s->log->o.sync_period_ms * 1000;
    while (!s->stopping) {
        co_wait(s->env, &s->stop, env_mono_us(s->env) + (period_us > 0 ? period_us : 1000));
        if (!s->stopping && !s->failed && !s->full && s->synced < s->appended)
            log_stream_sync(s, s->appended, NULL);
    }
    stream_left(s);
}

/* ---- life ---- */

log_stream *log_stream_new(commitlog *l, env *e)
{
    log_stream *s = xzalloc(sizeof *s);
    s->log = l;
    s->env = e;
    s->index = e->worker;
    co_mutex_init(&s->sync_lock);
    co_event_init(&s->stop);
    co_event_init(&s->idle);
    s->hook = (env_hook){.fn = at_end_of_turn, .arg = s};
    env_hook_turn(e, &s->hook);
    if (l->o.sync == SYNC_PERIODIC) {
        s->coroutines++;
        env_spawn(e, sync_periodically, s);
    }
    return s;
}

int log_stream_end_segment(log_stream *s, err_info *err)
{
    co_lock(s->env, &s->sync_lock);
    int r = 0;
    if (s->current && s->current->size > SEGMENT_HEADER)
        r = retire_current(s, err);
    if (r == 0 && s->rotated.n > 0)
        r = sync_now(s, err);
    co_unlock(s->env, &s->sync_lock);
    return r;
}

log_stream *log_stream_close(log_stream *s)
{
    log_stream_end_segment(s, NULL);
    s->stopping = true;
    co_signal(s->env, &s->stop);
    while (s->coroutines > 0)
        co_wait(s->env, &s->idle, NO_DEADLINE);
    env_unhook(s->env, &s->hook);
    if (s->next)
        segment_remove(s->log, s->env, s->next);
    if (s->current && s->current->size == SEGMENT_HEADER)
        segment_remove(s->log, s->env, s->current);
    else
        segment_free(s->current);
    for (size_t i = 0; i < s->rotated.n; i++)
        segment_free(s->rotated.p[i]);
    for (size_t i = 0; i < s->abandoned.n; i++)
        segment_free(s->abandoned.p[i]);
    vec_done(&s->rotated);
    vec_done(&s->abandoned);
    buf_done(&s->pending);
    buf_done(&s->scratch);
    free(s);
    return NULL;
}
