/* commitlog_replay.c: reads the segments back, oldest first. See commitlog.h and segment.h. */
#include <inttypes.h>
#include <stdio.h>

#include "storage/commitlog.h"

enum { MAX_SEGMENT_FILE = 1 << 30 };

char *commitlog_path(const char *dir, uint64_t id)
{
    return xprintf("%s/CommitLog-%" PRIu64 ".log", dir, id);
}

static void take_name(void *arg, const char *name)
{
    commitlog_replay_result *ret = arg;
    uint64_t id;
    int end = 0;
    if (sscanf(name, "CommitLog-%" SCNu64 ".log%n", &id, &end) == 1 && end && !name[end])
        vec_push(&ret->ids, id);
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int in_file(const char *path, int r, const err_info *why, err_info *err)
{
    return err_set(err, r,
                   "commit log segment %s: %s; restore the file or, to lose what it holds, move it "
                   "away and start again",
                   path, why->text);
}

static int replay_records(env *e, const char *path, uint64_t id, bytes content,
                          int (*fn)(void *, const record *, err_info *), void *arg,
                          commitlog_replay_result *ret, err_info *err)
{
    segment_reader s;
    record rec;
    err_info why = {0};
    int r = segment_open(&s, content, id, &why);
    while (r >= 0 && (r = segment_next(&s, &rec, &why)) > 0) {
        ret->records++;
        ret->bytes += rec.end - rec.offset;
        int f = fn(arg, &rec, &why);
        if (f == ERR_CORRUPT) {
            autofree char *text = xstrdup(why.text);
            r = err_set(&why, f, "the record at offset %" PRIu64 ": %s", rec.offset, text);
        } else if (f < 0) {
            if (err)
                *err = why;
            return f;
        }
    }
    if (r < 0)
        return in_file(path, r, &why, err);
    if (s.cut)
        log_warn(e->log,
                 "Commit log segment %s: %" PRIu64 " bytes from offset %" PRIu64
                 " on were never synced and are left out",
                 path, s.cut, s.gap);
    ret->cut += s.cut;
    return 0;
}

/* A killed process leaves records that were acknowledged before their sync was due. From now on
 * they count as durable, whatever happens to the power. */
static int co_fn make_durable(env *e, const char *path, err_info *err)
{
    file *f;
    int r = env_open(e, path, FILE_READ | FILE_WRITE, &f, err);
    if (r < 0)
        return r;
    r = file_sync_co(e, f, err);
    file_close(f);
    return r;
}

static int replay_file(env *e, const char *dir, uint64_t id,
                       int (*fn)(void *, const record *, err_info *), void *arg,
                       commitlog_replay_result *ret, err_info *err)
{
    autofree char *path = commitlog_path(dir, id);
    arena a;
    arena_init(&a, 4096);
    bytes content;
    int r = env_read_file(e, path, MAX_SEGMENT_FILE, &a, &content, err);
    if (r == 0) {
        vec_push(&ret->sizes, content.n);
        r = replay_records(e, path, id, content, fn, arg, ret, err);
    }
    if (r == 0)
        r = make_durable(e, path, err);
    arena_done(&a);
    return r;
}

int commitlog_replay(env *e, const char *dir, int (*fn)(void *arg, const record *r, err_info *err),
                     void *arg, commitlog_replay_result *ret, err_info *err)
{
    int r = env_list(e, dir, take_name, ret, err);
    if (r == ERR_NOT_FOUND || (r == 0 && ret->ids.n == 0))
        return 0;
    if (r < 0)
        return r;
    qsort(ret->ids.p, ret->ids.n, sizeof *ret->ids.p, compare_ids);
    ret->max_segment = ret->ids.p[ret->ids.n - 1];
    log_info(e->log, "Replaying %zu commit log segments", ret->ids.n);
    for (size_t i = 0; i < ret->ids.n; i++) {
        r = replay_file(e, dir, ret->ids.p[i], fn, arg, ret, err);
        if (r < 0)
            return r;
        env_yield(e);
    }
    r = env_sync_dir(e, dir, err);
    if (r < 0)
        return r;
    log_info(e->log, "Log replay complete, %" PRIu64 " replayed mutations", ret->records);
    return 0;
}
