/* sstable_writer.c: writes an SSTable.
 *
 * Entries go to LevelDB's builder as 01 | storage key. Partition prefixes are gathered; every
 * BLOOM_CHUNK of them become one bloom filter, kept until the data is through and then written
 *
 *   02 "bloom" be32 number     vint length, first partition prefix of the chunk, filter
 *   02 "stats"                 format version 1, then vints as in put_stats()
 *
 * The order of partitions is that of the keys, so a reader finds the one chunk that can know a
 * partition by its first prefixes. The file is synced before it is closed; the caller writes to
 * a temporary name and renames.
 */
#include <math.h>
#include <stdio.h>

#include "base/vec.h"
#include "storage/leveldb_table.h"
#include "storage/sstable.h"
#include "storage/sstable_format.h"

enum { BLOOM_CHUNK = 16384, OUTPUT_BUFFER = 256 << 10 };

typedef struct chunk {
    bytes first, filter; /* filter from malloc */
} chunk;

struct sstable_writer {
    file *file;
    buf output;
    uint64_t written;
    int failed; /* the file's error, kept */
    err_info why;
    ldb_builder *builder;
    ldb_bloom *bloom;
    buf key;
    buf last, min_key;
    size_t last_partition;
    arena prefixes;
    vec(ldb_slice) partitions; /* of the chunk in the making */
    arena firsts;
    vec(chunk) chunks;
    uint64_t entries, n_partitions, data_bytes;
};

static int flush_output(sstable_writer *w)
{
    if (w->failed || w->output.n == 0)
        return w->failed;
    w->failed = file_append(w->file, w->output.p, w->output.n, &w->why);
    w->output.n = 0;
    return w->failed;
}

static enum ldb_code append(void *arg, const void *p, size_t n, char *text, size_t room)
{
    sstable_writer *w = arg;
    buf_put(&w->output, p, n);
    if (w->output.n >= OUTPUT_BUFFER && flush_output(w) < 0) {
        snprintf(text, room, "%s", w->why.text);
        return LDB_IO;
    }
    return LDB_OK;
}

int sstable_writer_open(env *e, const char *path, const sstable_write_options *o,
                        sstable_writer **ret, err_info *err)
{
    file *f;
    int r = env_open(e, path, FILE_WRITE | FILE_CREATE | FILE_EXCLUSIVE, &f, err);
    if (r < 0)
        return r;
    sstable_writer *w = xzalloc(sizeof *w);
    w->file = f;
    w->builder = ldb_builder_new(append, w, o->snappy);
    if (o->bloom_fp_chance > 0 && o->bloom_fp_chance < 1) {
        int bits = (int)ceil(-log(o->bloom_fp_chance) / (M_LN2 * M_LN2));
        w->bloom = ldb_bloom_new(bits < 2 ? 2 : bits > 40 ? 40 : bits);
    }
    arena_init(&w->prefixes, 64 << 10);
    arena_init(&w->firsts, 4096);
    *ret = w;
    return 0;
}

static int failure(sstable_writer *w, const ldb_status *s, err_info *err)
{
    if (w->failed) {
        if (err)
            *err = w->why;
        return w->failed;
    }
    return err_set(err, ERR_IO, "%s: %s", file_path(w->file), s->text);
}

static void end_chunk(sstable_writer *w)
{
    if (w->partitions.n == 0)
        return;
    const ldb_slice *first = &w->partitions.p[0];
    size_t n;
    char *p = ldb_bloom_build(w->bloom, w->partitions.p, (int)w->partitions.n, &n);
    vec_push(&w->chunks,
             (chunk){arena_copy(&w->firsts, bytes_of(first->p, first->n)), bytes_of(p, n)});
    w->partitions.n = 0;
    arena_reset(&w->prefixes);
}

static void note_partition(sstable_writer *w, bytes prefix)
{
    bytes last = bytes_of(w->last.p, w->last_partition);
    if (w->entries && bytes_eq(last, prefix))
        return;
    w->n_partitions++;
    if (!w->bloom)
        return;
    bytes copy = arena_copy(&w->prefixes, prefix);
    vec_push(&w->partitions, (ldb_slice){copy.p, copy.n});
    if (w->partitions.n == BLOOM_CHUNK)
        end_chunk(w);
}

static int add(sstable_writer *w, uint8_t prefix, bytes key, bytes value, err_info *err)
{
    w->key.n = 0;
    buf_u8(&w->key, prefix);
    buf_bytes(&w->key, key);
    ldb_status s;
    ldb_builder_add(w->builder, (ldb_slice){w->key.p, w->key.n}, (ldb_slice){value.p, value.n}, &s);
    return s.code == LDB_OK ? 0 : failure(w, &s, err);
}

int sstable_writer_add(sstable_writer *w, bytes key, size_t partition_size, bytes value,
                       err_info *err)
{
    note_partition(w, bytes_of(key.p, partition_size));
    if (w->entries++ == 0)
        buf_bytes(&w->min_key, key);
    w->last.n = 0;
    buf_bytes(&w->last, key);
    w->last_partition = partition_size;
    w->data_bytes += key.n + value.n;
    return add(w, SSTABLE_DATA, key, value, err);
}

static void put_stats(buf *b, const sstable_writer *w, const sstable_stats *s)
{
    buf_vint(b, SSTABLE_FORMAT);
    buf_svint(b, s->min_timestamp);
    buf_svint(b, s->max_timestamp);
    buf_svint(b, s->max_local_deletion_s);
    buf_u8(b, s->parts);
    buf_vint(b, w->entries);
    buf_vint(b, s->rows);
    buf_vint(b, s->tombstones);
    buf_vint(b, w->n_partitions);
    buf_vint(b, w->data_bytes);
    buf_vbytes(b, buf_view(&w->min_key));
    buf_vbytes(b, buf_view(&w->last));
}

static int add_meta(sstable_writer *w, const sstable_stats *stats, err_info *err)
{
    buf name = {0}, value = {0};
    int r = 0;
    ldb_builder_flush(w->builder); /* damage to data leaves this readable */
    for (size_t i = 0; i < w->chunks.n && r == 0; i++) {
        name.n = value.n = 0;
        buf_str(&name, SSTABLE_BLOOM);
        buf_be32(&name, (uint32_t)i);
        buf_vbytes(&value, w->chunks.p[i].first);
        buf_bytes(&value, w->chunks.p[i].filter);
        r = add(w, SSTABLE_META, buf_view(&name), buf_view(&value), err);
    }
    if (r == 0) {
        value.n = 0;
        put_stats(&value, w, stats);
        r = add(w, SSTABLE_META, BYTES_LIT(SSTABLE_STATS), buf_view(&value), err);
    }
    buf_done(&name);
    buf_done(&value);
    return r;
}

int sstable_writer_finish(sstable_writer *w, const sstable_stats *stats, uint64_t *ret_size,
                          err_info *err)
{
    if (w->bloom)
        end_chunk(w);
    int r = add_meta(w, stats, err);
    if (r < 0)
        return r;
    ldb_status s;
    ldb_builder_finish(w->builder, ret_size, &s);
    if (s.code != LDB_OK || flush_output(w) < 0)
        return failure(w, &s, err);
    r = file_sync(w->file, err);
    file_close(w->file);
    w->file = NULL;
    return r;
}

sstable_writer *sstable_writer_free(sstable_writer *w)
{
    if (!w)
        return NULL;
    ldb_builder_free(w->builder);
    ldb_bloom_free(w->bloom);
    file_close(w->file);
    for (size_t i = 0; i < w->chunks.n; i++)
        free((void *)w->chunks.p[i].filter.p);
    vec_done(&w->chunks);
    vec_done(&w->partitions);
    arena_done(&w->prefixes);
    arena_done(&w->firsts);
    buf_done(&w->output);
    buf_done(&w->key);
    buf_done(&w->last);
    buf_done(&w->min_key);
    free(w);
    return NULL;
}
