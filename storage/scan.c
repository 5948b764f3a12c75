/* scan.c: see scan.h. A binary heap over the sources; those that share the least key are taken out
 * of it together, merged, and moved on only when the scan moves. */
#include "storage/scan.h"

#include "base/must.h"

void scan_init(scan *s, partitioner p, arena *a, unsigned max_sources)
{
    s->partitioner = p;
    s->arena = a;
    s->n = s->heap_size = s->n_current = 0;
    s->cap = max_sources;
    s->sources = arena_alloc(a, max_sources * sizeof *s->sources);
    s->heap = arena_alloc(a, 2 * max_sources * sizeof *s->heap);
    s->current = s->heap + max_sources;
    s->backward = s->valid = false;
    s->merged[0] = s->merged[1] = (buf){0};
    arena_init(&s->room, 1024);
}

void scan_done(scan *s)
{
    for (unsigned i = 0; i < s->n; i++)
        sstable_iter_free(s->sources[i].it);
    buf_done(&s->merged[0]);
    buf_done(&s->merged[1]);
    arena_done(&s->room);
}

void scan_add_memtable(scan *s, memtable *m)
{
    if (memtable_is_empty(m))
        return;
    must(s->n < s->cap);
    memtable_iter *it = arena_alloc(s->arena, sizeof *it);
    s->sources[s->n++] = (scan_source){.mem = it, .memtable = m};
}

void scan_add_sstable(scan *s, sstable *t)
{
    must(s->n < s->cap);
    s->sources[s->n++] = (scan_source){.table = t};
}

/* Takes the source's key after a move; false when it is at its end. */
static bool source_settle(scan_source *x)
{
    bool valid = x->mem ? memtable_iter_valid(x->mem) : sstable_iter_valid(x->it);
    if (valid)
        x->key = x->mem ? x->mem->keys[x->mem->at] : sstable_iter_key(x->it);
    return valid;
}

static bytes source_value(const scan_source *x)
{
    return x->mem ? x->mem->values[x->mem->at] : sstable_iter_value(x->it);
}

static int source_seek(scan_source *x, bytes key, bool backward, err_info *err)
{
    if (x->mem) {
        memtable_iter_seek(x->mem, x->memtable, key, backward);
        return 0;
    }
    if (!x->it)
        x->it = sstable_iter_new(x->table);
    return sstable_iter_seek(x->it, key, backward, err);
}

static int source_next(scan_source *x, err_info *err)
{
    if (!x->mem)
        return sstable_iter_next(x->it, err);
    memtable_iter_next(x->mem);
    return 0;
}

static bool before(const scan *s, const scan_source *a, const scan_source *b)
{
    int c = bytes_cmp(a->key, b->key);
    return s->backward ? c > 0 : c < 0;
}

static void heap_push(scan *s, scan_source *x)
{
    unsigned i = s->heap_size++;
    while (i > 0 && before(s, x, s->heap[(i - 1) / 2])) {
        s->heap[i] = s->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    s->heap[i] = x;
}

static scan_source *heap_pop(scan *s)
{
    scan_source *top = s->heap[0], *x = s->heap[--s->heap_size];
    unsigned i = 0;
    for (;;) {
        unsigned child = 2 * i + 1;
        if (child >= s->heap_size)
            break;
        if (child + 1 < s->heap_size && before(s, s->heap[child + 1], s->heap[child]))
            child++;
        if (!before(s, s->heap[child], x))
            break;
        s->heap[i] = s->heap[child];
        i = child;
    }
    s->heap[i] = x;
    return top;
}

static int merge_values(scan *s, err_info *err)
{
    bytes partition, rest;
    uint8_t part = entry_part(s->partitioner, s->key, &partition, &rest);
    for (unsigned i = 1; i < s->n_current; i++) {
        buf *out = &s->merged[i & 1];
        int r = entry_merge(part, s->value, source_value(s->current[i]), &s->room, out, err);
        if (r < 0)
            return r;
        s->value = buf_view(out);
    }
    arena_reset(&s->room);
    return 0;
}

/* Takes all sources with the least key from the heap. */
static int take_current(scan *s, err_info *err)
{
    s->n_current = 0;
    s->valid = s->heap_size > 0;
    if (!s->valid)
        return 0;
    scan_source *x = s->current[s->n_current++] = heap_pop(s);
    s->key = x->key;
    s->value = source_value(x);
    while (s->heap_size > 0 && bytes_eq(s->heap[0]->key, s->key))
        s->current[s->n_current++] = heap_pop(s);
    return s->n_current > 1 ? merge_values(s, err) : 0;
}

int scan_seek(scan *s, bytes key, bool backward, err_info *err)
{
    s->backward = backward;
    s->heap_size = 0;
    for (unsigned i = 0; i < s->n; i++) {
        int r = source_seek(&s->sources[i], key, backward, err);
        if (r < 0)
            return r;
        if (source_settle(&s->sources[i]))
            heap_push(s, &s->sources[i]);
    }
    return take_current(s, err);
}

int scan_next(scan *s, err_info *err)
{
    for (unsigned i = 0; i < s->n_current; i++) {
        int r = source_next(s->current[i], err);
        if (r < 0)
            return r;
        if (source_settle(s->current[i]))
            heap_push(s, s->current[i]);
    }
    return take_current(s, err);
}
