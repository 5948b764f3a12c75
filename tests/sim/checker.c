#include "tests/sim/checker.h"

#include <stdlib.h>

#include "base/must.h"

void history_done(history *h)
{
    vec_done(&h->ops);
}

size_t history_begin(history *h, op_kind kind, uint32_t key, int64_t version, int64_t now_us)
{
    vec_push(&h->ops, (operation){.kind = kind,
                                  .key = key,
                                  .version = version,
                                  .begin_us = now_us,
                                  .end_us = UNANSWERED,
                                  .forgotten_us = NOT_FORGOTTEN});
    return h->ops.n - 1;
}

void history_end(history *h, size_t op, bool acknowledged, int64_t version, int64_t now_us)
{
    operation *o = &h->ops.p[op];
    must(o->end_us == UNANSWERED && now_us >= o->begin_us);
    o->acknowledged = acknowledged;
    o->end_us = now_us;
    if (o->kind == OP_READ_VALUE)
        o->version = version;
}

void history_forget(history *h, uint32_t from, uint32_t to, int64_t since_us, int64_t now_us)
{
    for (size_t i = 0; i < h->ops.n; i++) {
        operation *o = &h->ops.p[i];
        bool concerned = o->key >= from && o->key < to && o->begin_us <= now_us;
        if (concerned && o->end_us > since_us && o->forgotten_us > now_us)
            o->forgotten_us = now_us;
    }
}

/* ---- checking ---- */

static int by_key_and_begin(const void *a, const void *b)
{
    const operation *x = *(operation *const *)a, *y = *(operation *const *)b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->begin_us != y->begin_us ? (x->begin_us < y->begin_us ? -1 : 1) : 0;
}

/* What binds a read: the operation with the highest version that it must not fall behind. */
static const operation *find_bound(operation *const *ops, size_t n, const operation *read,
                                   bool monotonic)
{
    const operation *bound = NULL;
    for (size_t i = 0; i < n; i++) {
        const operation *o = ops[i];
        bool speaks = o->acknowledged && (o->kind != OP_READ_VALUE || monotonic);
        if (!speaks || o->end_us >= read->begin_us || o->forgotten_us <= read->begin_us)
            continue;
        if (!bound || o->version > bound->version)
            bound = o;
    }
    return bound;
}

/* Somebody had begun to write that version before the read ended. */
static bool was_written(operation *const *ops, size_t n, const operation *read)
{
    for (size_t i = 0; i < n; i++)
        if (ops[i]->kind == OP_WRITE_VALUE && ops[i]->version == read->version &&
            ops[i]->begin_us <= read->end_us)
            return true;
    return false;
}

/* A delete of at least that version may be what the read saw. */
static bool was_deleted(operation *const *ops, size_t n, const operation *read, int64_t version)
{
    for (size_t i = 0; i < n; i++)
        if (ops[i]->kind == OP_DELETE_VALUE && ops[i]->version >= version &&
            ops[i]->begin_us <= read->end_us)
            return true;
    return false;
}

static verdict check_read(operation *const *ops, size_t n, const operation *read, bool monotonic,
                          finding *ret)
{
    const operation *bound = find_bound(ops, n, read, monotonic);
    verdict v = HISTORY_HOLDS;
    if (read->version && !was_written(ops, n, read))
        v = HISTORY_INVENTED;
    else if (bound && read->version < bound->version &&
             (read->version || !was_deleted(ops, n, read, bound->version)))
        v = bound->kind == OP_READ_VALUE ? HISTORY_STALE : HISTORY_LOST;
    if (v != HISTORY_HOLDS)
        *ret = (finding){v, *read, bound ? *bound : (operation){0}};
    return v;
}

static void check_key(operation *const *ops, size_t n, bool monotonic, finding *ret)
{
    for (size_t i = 0; i < n; i++) {
        finding f;
        const operation *o = ops[i];
        if (o->kind != OP_READ_VALUE || !o->acknowledged)
            continue;
        if (check_read(ops, n, o, monotonic, &f) == HISTORY_HOLDS)
            continue;
        if (ret->verdict == HISTORY_HOLDS || f.read.begin_us < ret->read.begin_us)
            *ret = f;
    }
}

verdict history_check(const history *h, bool monotonic_reads, finding *ret)
{
    operation **sorted = xmalloc((h->ops.n + 1) * sizeof *sorted);
    *ret = (finding){0};
    for (size_t i = 0; i < h->ops.n; i++)
        sorted[i] = &h->ops.p[i];
    qsort(sorted, h->ops.n, sizeof *sorted, by_key_and_begin);
    for (size_t i = 0, k; i < h->ops.n; i = k) {
        for (k = i; k < h->ops.n && sorted[k]->key == sorted[i]->key;)
            k++;
        check_key(sorted + i, k - i, monotonic_reads, ret);
    }
    free(sorted);
    return ret->verdict;
}

const char *verdict_name(verdict v)
{
    static const char *const names[] = {"holds", "a value that nobody wrote",
                                        "an acknowledged write is lost",
                                        "a read is older than an earlier one"};
    return names[v];
}
