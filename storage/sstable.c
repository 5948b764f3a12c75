/* sstable.c: reads an SSTable. See sstable.h, and sstable_writer.c for what is in the file. */
#include "storage/sstable.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/must.h"
#include "base/vec.h"
#include "storage/leveldb_table.h"
#include "storage/sstable_format.h"

enum { MAGIC = 0x53535442 };

typedef struct chunk {
    bytes first, filter;
} chunk;

struct sstable {
    unsigned magic;
    atomic_int refs;
    atomic_bool obsolete;
    env *env;
    char *path;
    uint64_t generation, size;
    file *file;
    ldb_table *table;
    ldb_bloom *bloom;
    arena arena; /* statistics and bloom filters */
    vec(chunk) chunks;
    uint64_t bloom_bytes;
    sstable_stats stats;
};

struct sstable_iter {
    sstable *table;
    ldb_iter *it;
    bool backward, valid;
    buf key; /* of seeks, with its prefix */
};

sstable_cache *sstable_cache_new(size_t bytes)
{
    return ldb_cache_new(bytes);
}

sstable_cache *sstable_cache_free(sstable_cache *c)
{
    ldb_cache_free(c);
    return NULL;
}

static enum ldb_code read_at(void *arg, uint64_t offset, void *p, size_t n, char *text, size_t room)
{
    sstable *t = arg;
    err_info err;
    int r = file_pread_co(t->file, p, n, offset, &err);
    if (r == 0)
        return LDB_OK;
    snprintf(text, room, "offset %llu: %s", (unsigned long long)offset, err.text);
    return r == ERR_EOF || r == ERR_CORRUPT ? LDB_CORRUPT : LDB_IO;
}

/* Turns a status met at a key (with prefix) into an error naming file and offset. */
static int failure(const sstable *t, const ldb_status *s, bytes key, err_info *err)
{
    if (s->code == LDB_IO)
        return err_set(err, ERR_IO, "%s: %s", t->path, s->text);
    uint64_t at = t->table && key.p ? ldb_table_offset(t->table, (ldb_slice){key.p, key.n}) : 0;
    return err_set(err, ERR_CORRUPT,
                   "%s is corrupt in the block at about offset %llu: %s; restore the file from a "
                   "snapshot, or remove it and repair the table",
                   t->path, (unsigned long long)at, s->text);
}

static int bad_meta(const sstable *t, const char *what, err_info *err)
{
    return err_set(err, ERR_CORRUPT, "%s: its %s cannot be read; restore the file from a snapshot",
                   t->path, what);
}

static int read_stats(sstable *t, bytes value, err_info *err)
{
    reader r = reader_of(value);
    uint64_t version = rd_vint(&r);
    if (!r.bad && version > SSTABLE_FORMAT)
        return err_set(err, ERR_CORRUPT,
                       "%s has format %llu, newer than %d, which this version knows", t->path,
                       (unsigned long long)version, SSTABLE_FORMAT);
    sstable_stats *s = &t->stats;
    s->min_timestamp = rd_svint(&r);
    s->max_timestamp = rd_svint(&r);
    s->max_local_deletion_s = (int32_t)rd_svint(&r);
    s->parts = rd_u8(&r);
    s->entries = rd_vint(&r);
    s->rows = rd_vint(&r);
    s->tombstones = rd_vint(&r);
    s->partitions = rd_vint(&r);
    s->data_bytes = rd_vint(&r);
    s->min_key = arena_copy(&t->arena, rd_vbytes(&r));
    s->max_key = arena_copy(&t->arena, rd_vbytes(&r));
    return r.bad || version == 0 ? bad_meta(t, "statistics", err) : 0;
}

static int read_chunk(sstable *t, bytes value, err_info *err)
{
    reader r = reader_of(value);
    bytes first = rd_vbytes(&r);
    if (r.bad)
        return bad_meta(t, "bloom filter", err);
    bytes filter = arena_copy(&t->arena, bytes_of(r.p, rd_left(&r)));
    vec_push(&t->chunks, (chunk){arena_copy(&t->arena, first), filter});
    t->bloom_bytes += filter.n;
    return 0;
}

/* Everything under the meta prefix. */
static int read_meta(sstable *t, err_info *err)
{
    const uint8_t from = SSTABLE_META;
    ldb_iter *it = ldb_iter_new(t->table);
    bool stats = false;
    int r = 0;
    ldb_iter_seek(it, (ldb_slice){&from, 1});
    for (; r == 0 && ldb_iter_valid(it); ldb_iter_next(it)) {
        ldb_slice k = ldb_iter_key(it), v = ldb_iter_value(it);
        bytes name = bytes_of((const uint8_t *)k.p + 1, k.n - 1), value = bytes_of(v.p, v.n);
        if (bytes_eq_str(name, SSTABLE_STATS)) {
            r = read_stats(t, value, err);
            stats = true;
        } else if (name.n == strlen(SSTABLE_BLOOM) + 4) {
            r = read_chunk(t, value, err);
        }
    }
    ldb_status s;
    ldb_iter_status(it, &s);
    ldb_iter_free(it);
    if (r == 0 && s.code != LDB_OK)
        r = failure(t, &s, bytes_of(&from, 1), err);
    if (r == 0 && !stats)
        r = bad_meta(t, "statistics", err);
    return r;
}

static int open_table(sstable *t, sstable_cache *cache, err_info *err)
{
    int r = env_open(t->env, t->path, FILE_READ, &t->file, err);
    if (r < 0)
        return r;
    r = file_size(t->file, &t->size, err);
    if (r < 0)
        return r;
    ldb_status s;
    t->table = ldb_table_open(read_at, t, t->size, cache, &s);
    if (!t->table)
        return failure(t, &s, BYTES_NULL, err);
    return read_meta(t, err);
}

int sstable_open(env *e, const char *path, uint64_t generation, sstable_cache *cache, sstable **ret,
                 err_info *err)
{
    sstable *t = xzalloc(sizeof *t);
    t->magic = MAGIC;
    t->refs = 1;
    t->env = e;
    t->path = xstrdup(path);
    t->generation = generation;
    t->bloom = ldb_bloom_new(10);
    arena_init(&t->arena, 1024);
    int r = open_table(t, cache, err);
    if (r < 0)
        sstable_unref(t);
    else
        *ret = t;
    return r;
}

sstable *sstable_ref(sstable *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

sstable *sstable_unref(sstable *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
        return NULL;
    must_be(t, MAGIC);
    ldb_table_free(t->table);
    ldb_bloom_free(t->bloom);
    file_close(t->file);
    if (t->obsolete)
        env_unlink(t->env, t->path, NULL); /* else the next start removes it */
    vec_done(&t->chunks);
    arena_done(&t->arena);
    free(t->path);
    t->magic = 0;
    free(t);
    return NULL;
}

void sstable_mark_obsolete(sstable *t)
{
    t->obsolete = true;
}

const sstable_stats *sstable_get_stats(const sstable *t)
{
    return &t->stats;
}

uint64_t sstable_size(const sstable *t)
{
    return t->size;
}

uint64_t sstable_generation(const sstable *t)
{
    return t->generation;
}

uint64_t sstable_bloom_bytes(const sstable *t)
{
    return t->bloom_bytes;
}

bool sstable_may_contain(const sstable *t, bytes partition_prefix)
{
    if (t->chunks.n == 0)
        return true;
    size_t lo = 0, n = t->chunks.n; /* the last chunk whose first is <= ours */
    while (n > 1) {
        size_t half = n / 2;
        if (bytes_cmp(t->chunks.p[lo + half].first, partition_prefix) <= 0)
            lo += half;
        n -= half;
    }
    bytes f = t->chunks.p[lo].filter;
    return ldb_bloom_matches(t->bloom, (ldb_slice){f.p, f.n},
                             (ldb_slice){partition_prefix.p, partition_prefix.n});
}

sstable_iter *sstable_iter_new(sstable *t)
{
    sstable_iter *it = xzalloc(sizeof *it);
    it->table = sstable_ref(t);
    it->it = ldb_iter_new(t->table);
    return it;
}

sstable_iter *sstable_iter_free(sstable_iter *it)
{
    if (!it)
        return NULL;
    ldb_iter_free(it->it);
    sstable_unref(it->table);
    buf_done(&it->key);
    free(it);
    return NULL;
}

/* Checks where the iterator stands; data only, and only on the word of its status. */
static int settle(sstable_iter *it, err_info *err)
{
    ldb_status s;
    it->valid = false;
    ldb_iter_status(it->it, &s);
    if (s.code != LDB_OK)
        return failure(it->table, &s, buf_view(&it->key), err);
    if (!ldb_iter_valid(it->it))
        return 0;
    ldb_slice k = ldb_iter_key(it->it);
    it->valid = k.n > 0 && *(const uint8_t *)k.p == SSTABLE_DATA;
    return 0;
}

int sstable_iter_seek(sstable_iter *it, bytes key, bool backward, err_info *err)
{
    it->backward = backward;
    it->key.n = 0;
    buf_u8(&it->key, backward && !key.p ? SSTABLE_META : SSTABLE_DATA);
    buf_bytes(&it->key, key);
    ldb_iter_seek(it->it, (ldb_slice){it->key.p, it->key.n});
    int r = settle(it, err);
    if (r < 0 || !backward)
        return r;
    if (ldb_iter_valid(it->it))
        ldb_iter_prev(it->it);
    else
        ldb_iter_seek_last(it->it);
    return settle(it, err);
}

int sstable_iter_next(sstable_iter *it, err_info *err)
{
    if (it->backward)
        ldb_iter_prev(it->it);
    else
        ldb_iter_next(it->it);
    return settle(it, err);
}

bool sstable_iter_valid(const sstable_iter *it)
{
    return it->valid;
}

bytes sstable_iter_key(const sstable_iter *it)
{
    ldb_slice k = ldb_iter_key(it->it);
    return bytes_of((const uint8_t *)k.p + 1, k.n - 1);
}

bytes sstable_iter_value(const sstable_iter *it)
{
    ldb_slice v = ldb_iter_value(it->it);
    return bytes_of(v.p, v.n);
}
