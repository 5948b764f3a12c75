/* ranges.c: range tombstones as a disjoint, ordered list.
 *
 * A sweep over all starts and ends in order; a heap holds the ranges that are open, the newest
 * deletion on top. Between two neighbouring points the top is what counts.
 */
#include <stdlib.h>

#include "model/mutation.h"

typedef struct sweep {
    const range_tombstone **heap;
    uint32_t n;
} sweep;

static bool newer(deletion a, deletion b)
{
    return a.timestamp != b.timestamp ? a.timestamp > b.timestamp : a.local_s > b.local_s;
}

static bool same(deletion a, deletion b)
{
    return a.timestamp == b.timestamp && a.local_s == b.local_s;
}

static void heap_push(sweep *s, const range_tombstone *r)
{
    uint32_t i = s->n++;
    for (; i && newer(r->deletion, s->heap[(i - 1) / 2]->deletion); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = r;
}

static void heap_pop(sweep *s)
{
    const range_tombstone *last = s->heap[--s->n];
    uint32_t i = 0, child;
    while ((child = 2 * i + 1) < s->n) {
        if (child + 1 < s->n && newer(s->heap[child + 1]->deletion, s->heap[child]->deletion))
            child++;
        if (!newer(s->heap[child]->deletion, last->deletion))
            break;
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = last;
}

static int by_start(const void *a, const void *b)
{
    const range_tombstone *x = *(const range_tombstone *const *)a;
    const range_tombstone *y = *(const range_tombstone *const *)b;
    return bytes_cmp(x->start, y->start);
}

static int by_bytes(const void *a, const void *b)
{
    return bytes_cmp(*(const bytes *)a, *(const bytes *)b);
}

static void emit(range_tombstone *out, uint32_t *n, bytes start, bytes end, deletion d)
{
    range_tombstone *last = *n ? &out[*n - 1] : NULL;
    if (last && same(last->deletion, d) && bytes_eq(last->end, start))
        last->end = end;
    else
        out[(*n)++] = (range_tombstone){start, end, d};
}

range_tombstone *ranges_normalize(const range_tombstone *ranges, uint32_t n, deletion d, arena *a,
                                  uint32_t *ret_n)
{
    *ret_n = 0;
    if (!n)
        return NULL;
    sweep s = {arena_array(a, const range_tombstone *, n), 0};
    const range_tombstone **sorted = arena_array(a, const range_tombstone *, n);
    bytes *points = arena_array(a, bytes, 2 * (size_t)n);
    range_tombstone *out = arena_array(a, range_tombstone, 2 * (size_t)n);
    uint32_t kept = 0, at = 0;
    for (uint32_t i = 0; i < n; i++) {
        const range_tombstone *r = &ranges[i];
        if (bytes_cmp(r->start, r->end) >= 0 || deletion_is_none(r->deletion) ||
            deletion_covers(d, r->deletion.timestamp))
            continue;
        points[2 * kept] = r->start;
        points[2 * kept + 1] = r->end;
        sorted[kept++] = r;
    }
    qsort(sorted, kept, sizeof *sorted, by_start);
    qsort(points, 2 * (size_t)kept, sizeof *points, by_bytes);
    for (uint32_t i = 0; i + 1 < 2 * kept; i++) {
        while (at < kept && bytes_cmp(sorted[at]->start, points[i]) <= 0)
            heap_push(&s, sorted[at++]);
        while (s.n && bytes_cmp(s.heap[0]->end, points[i]) <= 0)
            heap_pop(&s);
        if (s.n && !bytes_eq(points[i], points[i + 1]))
            emit(out, ret_n, points[i], points[i + 1], s.heap[0]->deletion);
    }
    return out;
}

deletion ranges_at(const range_tombstone *ranges, uint32_t n, bytes clustering)
{
    uint32_t lo = 0, hi = n; /* the first that ends after it */
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (bytes_cmp(ranges[mid].end, clustering) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    bool inside = lo < n && bytes_cmp(ranges[lo].start, clustering) <= 0;
    return inside ? ranges[lo].deletion : DELETION_NONE;
}
