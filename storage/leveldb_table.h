/* leveldb_table.h: LevelDB's table files for C.
 *
 * The only door to LevelDB: builder, reader, iterator, bloom filter, block cache. Files are given
 * as functions, so that a read may suspend a coroutine: LevelDB holds no lock while it reads. It
 * must be given the bytes or a real fault, never "would block": it skips a block it cannot read,
 * and only the status tells. So the status is checked after every step, checksums always are.
 *
 * Owner:  *_new / *_free; free takes NULL.
 * Thread: tables and caches any; builders and iterators one.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ldb_slice {
    const void *p;
    size_t n;
} ldb_slice;

enum ldb_code { LDB_OK, LDB_CORRUPT, LDB_IO };
typedef struct ldb_status {
    enum ldb_code code;
    char text[320];
} ldb_status;

typedef struct ldb_cache ldb_cache;
ldb_cache *ldb_cache_new(size_t size);
void ldb_cache_free(ldb_cache *c);

/* Called with arg; a code other than LDB_OK goes with a text. */
typedef enum ldb_code (*ldb_append)(void *arg, const void *p, size_t n, char *text, size_t room);
typedef enum ldb_code (*ldb_read)(void *arg, uint64_t offset, void *p, size_t n, char *text,
                                  size_t room);

typedef struct ldb_builder ldb_builder;
ldb_builder *ldb_builder_new(ldb_append append, void *arg, bool snappy);
void ldb_builder_add(ldb_builder *b, ldb_slice key, ldb_slice value, ldb_status *ret);
/* The next entry begins a block. */
void ldb_builder_flush(ldb_builder *b);
void ldb_builder_finish(ldb_builder *b, uint64_t *ret_size, ldb_status *ret);
void ldb_builder_free(ldb_builder *b);

typedef struct ldb_table ldb_table;
ldb_table *ldb_table_open(ldb_read read, void *arg, uint64_t size, ldb_cache *cache,
                          ldb_status *ret); /* NULL on failure */
void ldb_table_free(ldb_table *t);
/* About where in the file the key's block lies. */
uint64_t ldb_table_offset(const ldb_table *t, ldb_slice key);

typedef struct ldb_iter ldb_iter;
ldb_iter *ldb_iter_new(const ldb_table *t);
void ldb_iter_free(ldb_iter *it);
void ldb_iter_seek(ldb_iter *it, ldb_slice key); /* the first >= key */
void ldb_iter_seek_last(ldb_iter *it);
void ldb_iter_next(ldb_iter *it);
void ldb_iter_prev(ldb_iter *it);
bool ldb_iter_valid(const ldb_iter *it);
ldb_slice ldb_iter_key(const ldb_iter *it);
ldb_slice ldb_iter_value(const ldb_iter *it);
void ldb_iter_status(const ldb_iter *it, ldb_status *ret);

typedef struct ldb_bloom ldb_bloom;
ldb_bloom *ldb_bloom_new(int bits_per_key);
void ldb_bloom_free(ldb_bloom *b);
/* The filter of n keys, from malloc. */
char *ldb_bloom_build(const ldb_bloom *b, const ldb_slice *keys, int n, size_t *ret_size);
/* Any ldb_bloom reads any filter. */
bool ldb_bloom_matches(const ldb_bloom *b, ldb_slice filter, ldb_slice key);

#ifdef __cplusplus
}
#endif
