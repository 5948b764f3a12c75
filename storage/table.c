/* table.c: tables and their views. See storage_internal.h. */
#include "base/hash.h"
#include "storage/storage_internal.h"

static unsigned bucket_of(const uuid *id)
{
    return (unsigned)(hash_fast(uuid_bytes(id)) % TABLE_BUCKETS);
}

storage_table *table_find(storage *s, const uuid *id)
{
    storage_table *t = atomic_load_explicit(&s->buckets[bucket_of(id)], memory_order_acquire);
    while (t && !uuid_eq(t->id, *id))
        t = t->next;
    return t;
}

static table_view *view_new(memtable *const *mems, unsigned n_mems, sstable *const *ssts,
                            unsigned n_ssts)
{
    table_view *v = xmalloc(sizeof *v + (n_mems + n_ssts) * sizeof(void *));
    v->refs = 1;
    v->n_memtables = n_mems;
    v->n_sstables = n_ssts;
    v->memtables = (memtable **)(v + 1);
    v->sstables = (sstable **)(v->memtables + n_mems);
    for (unsigned i = 0; i < n_mems; i++)
        v->memtables[i] = memtable_ref(mems[i]);
    for (unsigned i = 0; i < n_ssts; i++)
        v->sstables[i] = sstable_ref(ssts[i]);
    return v;
}

static storage_table *table_new(storage *s, const uuid *id)
{
    storage_table *t = xzalloc(sizeof *t);
    t->id = *id;
    t->options = (storage_table_options){0.01, true, 864000};
    t->stripes = 1;
    pthread_mutex_init(&t->lock, NULL);
    co_mutex_init(&t->flush_lock);
    memtable *m = memtable_new(t->stripes, s->env->workers + 1, &s->memtable_bytes);
    t->view = view_new(&m, 1, NULL, 0);
    memtable_unref(m);
    return t;
}

storage_table *table_get(storage *s, const uuid *id)
{
    storage_table *t = table_find(s, id);
    if (__builtin_expect(!!t, 1))
        return t;
    pthread_mutex_lock(&s->add_lock);
    t = table_find(s, id);
    if (!t) {
        t = table_new(s, id);
        storage_table *_Atomic *bucket = &s->buckets[bucket_of(id)];
        t->next = atomic_load_explicit(bucket, memory_order_relaxed);
        atomic_store_explicit(bucket, t, memory_order_release);
    }
    pthread_mutex_unlock(&s->add_lock);
    return t;
}

storage_table *table_free(storage_table *t)
{
    table_view_unref(t->view);
    pthread_mutex_destroy(&t->lock);
    free(t->directory);
    free(t);
    return NULL;
}

storage_table *table_next(storage *s, storage_table *t)
{
    unsigned b = 0;
    if (t && t->next)
        return t->next;
    if (t)
        b = bucket_of(&t->id) + 1;
    for (; b < TABLE_BUCKETS; b++) {
        t = atomic_load_explicit(&s->buckets[b], memory_order_acquire);
        if (t)
            return t;
    }
    return NULL;
}

table_view *table_view_ref(storage_table *t)
{
    pthread_mutex_lock(&t->lock);
    table_view *v = t->view;
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&t->lock);
    return v;
}

void table_view_unref(table_view *v)
{
    if (atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (unsigned i = 0; i < v->n_memtables; i++)
        memtable_unref(v->memtables[i]);
    for (unsigned i = 0; i < v->n_sstables; i++)
        sstable_unref(v->sstables[i]);
    free(v);
}

void table_view_replace(storage_table *t, memtable *const *mems, unsigned n_mems,
                        sstable *const *ssts, unsigned n_ssts)
{
    table_view *fresh = view_new(mems, n_mems, ssts, n_ssts);
    pthread_mutex_lock(&t->lock);
    table_view *old = t->view;
    t->view = fresh;
    pthread_mutex_unlock(&t->lock);
    table_view_unref(old);
}

memtable *table_begin_write(storage_table *t)
{
    pthread_mutex_lock(&t->lock);
    memtable *m = t->dropped ? NULL : t->view->memtables[0];
    if (m)
        atomic_fetch_add_explicit(&m->writers, 1, memory_order_relaxed);
    pthread_mutex_unlock(&t->lock);
    return m;
}
