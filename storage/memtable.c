/* memtable.c: see memtable.h. */
#include "storage/memtable.h"

#include "base/must.h"

enum { MAGIC = 0x4d454d54, FIRST_CHUNK = 4096 };

memtable *memtable_new(unsigned n_stripes, unsigned n_streams, _Atomic uint64_t *budget)
{
    size_t size = sizeof(memtable) + n_stripes * sizeof(memtable_stripe);
    memtable *m = aligned_alloc(64, (size + 63) & ~(size_t)63);
    must(m);
    memset(m, 0, size);
    m->magic = MAGIC;
    m->refs = 1;
    m->budget = budget;
    m->n_stripes = n_stripes;
    m->n_streams = n_streams;
    m->first_segment = xzalloc(n_streams * sizeof *m->first_segment);
    for (unsigned i = 0; i < n_stripes; i++) {
        memtable_stripe *s = &m->stripes[i];
        pthread_mutex_init(&s->lock, NULL);
        arena_init(&s->arena, FIRST_CHUNK);
        btree_init(&s->tree, &s->arena);
    }
    return m;
}

memtable *memtable_ref(memtable *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

memtable *memtable_unref(memtable *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return NULL;
    must_be(m, MAGIC);
    for (unsigned i = 0; i < m->n_stripes; i++) {
        arena_done(&m->stripes[i].arena);
        pthread_mutex_destroy(&m->stripes[i].lock);
    }
    atomic_fetch_sub_explicit(m->budget, m->bytes, memory_order_relaxed);
    free(m->first_segment);
    free(m->positions);
    m->magic = 0;
    free(m);
    return NULL;
}

bool memtable_is_empty(const memtable *m)
{
    return atomic_load_explicit(&m->bytes, memory_order_acquire) == 0;
}

static int stripe_of(const memtable *m, bytes key)
{
    return key.n ? (int)((unsigned)key.p[0] * m->n_stripes >> 8) : 0;
}

static uint8_t part_flag(uint8_t part)
{
    return part == PART_DELETION ? MEMTABLE_HAS_DELETIONS
           : part == PART_RANGE  ? MEMTABLE_HAS_RANGES
           : part == PART_STATIC ? MEMTABLE_HAS_STATICS
                                 : 0;
}

static int put_one(memtable_stripe *s, const entry_list *l, const entry *n, arena *room,
                   buf *merged, err_info *e)
{
    btree_entry *t = btree_insert(&s->tree, entry_key(l, n));
    bytes v = entry_value(l, n);
    if (t->value) {
        int r = entry_merge(n->part, btree_value(t), v, room, merged, e);
        if (r < 0)
            return r;
        v = buf_view(merged);
    }
    uint8_t *copy = arena_alloc(&s->arena, v.n + 1);
    memcpy(copy, v.p, v.n);
    t->value = copy;
    t->value_size = (uint32_t)v.n;
    return 0;
}

int memtable_put(memtable *m, const entry_list *l, arena *room, buf *merged, err_info *e)
{
    if (l->entries.n == 0)
        return 0;
    memtable_stripe *s = &m->stripes[stripe_of(m, entry_key(l, &l->entries.p[0]))];
    int r = 0;
    pthread_mutex_lock(&s->lock);
    size_t before = s->arena.used, rows_before = s->tree.n;
    for (size_t i = 0; i < l->entries.n && r == 0; i++) {
        s->parts |= part_flag(l->entries.p[i].part);
        r = put_one(s, l, &l->entries.p[i], room, merged, e);
    }
    size_t grown = s->arena.used - before, rows = s->tree.n - rows_before;
    pthread_mutex_unlock(&s->lock);
    if (grown) {
        atomic_fetch_add_explicit(&m->bytes, grown, memory_order_release);
        atomic_fetch_add_explicit(m->budget, grown, memory_order_relaxed);
    }
    if (rows)
        atomic_fetch_add_explicit(&m->rows, rows, memory_order_relaxed);
    return r;
}

bytes memtable_get(memtable *m, bytes key, uint8_t *ret_parts)
{
    memtable_stripe *s = &m->stripes[stripe_of(m, key)];
    pthread_mutex_lock(&s->lock);
    const btree_entry *t = btree_find(&s->tree, key);
    bytes v = t ? btree_value(t) : BYTES_NULL;
    if (ret_parts)
        *ret_parts = s->parts;
    pthread_mutex_unlock(&s->lock);
    return v;
}

/* Fills the batch from the stripe; key null: from its beginning or end. */
static void take_batch(memtable_iter *it, bytes key, bool after)
{
    memtable_stripe *s = &it->m->stripes[it->stripe];
    btree_entry *found[MEMTABLE_BATCH];
    it->at = 0;
    pthread_mutex_lock(&s->lock);
    if (it->backward)
        it->n = (unsigned)btree_backward(&s->tree, key, found, it->batch);
    else
        it->n =
            (unsigned)btree_forward(&s->tree, key.p ? key : BYTES_EMPTY, after, found, it->batch);
    for (unsigned i = 0; i < it->n; i++) {
        it->keys[i] = btree_key(found[i]);
        it->values[i] = btree_value(found[i]);
    }
    pthread_mutex_unlock(&s->lock);
    it->batch = MEMTABLE_BATCH;
}

static void skip_empty_stripes(memtable_iter *it)
{
    while (it->n == 0) {
        it->stripe += it->backward ? -1 : 1;
        if (it->stripe < 0 || it->stripe >= (int)it->m->n_stripes)
            return;
        take_batch(it, BYTES_NULL, false);
    }
}

void memtable_iter_seek(memtable_iter *it, memtable *m, bytes key, bool backward)
{
    it->m = m;
    it->backward = backward;
    it->batch = 4; /* most seeks want few */
    it->stripe = key.p ? stripe_of(m, key) : backward ? (int)m->n_stripes - 1 : 0;
    take_batch(it, key, false);
    skip_empty_stripes(it);
}

bool memtable_iter_valid(const memtable_iter *it)
{
    return it->at < it->n;
}

void memtable_iter_next(memtable_iter *it)
{
    if (++it->at < it->n)
        return;
    take_batch(it, it->keys[it->n - 1], true);
    skip_empty_stripes(it);
}
