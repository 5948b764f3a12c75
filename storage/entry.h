/* entry.h: what a storage key maps to, in memtables and SSTables alike.
 *
 *   PART_DELETION   the encoded deletion (row.h)
 *   PART_RANGE      vint length of the start bound in the key, then the encoded deletion
 *   PART_STATIC     the encoded row
 *   PART_ROW        the encoded row
 *
 * Two values of one key merge; merging is commutative, so it never matters which is newer.
 *
 * Thread: pure functions; an entry_list belongs to one thread.
 * Errors: ERR_CORRUPT when stored bytes make no sense.
 */
#pragma once
#include "base/vec.h"
#include "model/key.h"
#include "model/mutation.h"

/* The part of a storage key, 0 when malformed; *ret_rest is what follows it. */
uint8_t entry_part(partitioner p, bytes key, bytes *ret_partition, bytes *ret_rest);

/* Merges values a and b of a part. The result lies in out (which is emptied first). */
int entry_merge(uint8_t part, bytes a, bytes b, arena *room, buf *out, err_info *e);

int entry_decode_range(bytes rest, bytes value, range_tombstone *ret);

/* A mutation taken apart. Reused: entry_list_fill forgets what was in it. */
typedef struct entry {
    size_t key_at, value_at;
    uint32_t key_size, value_size;
    uint8_t part;
} entry;

typedef struct entry_list {
    buf bytes; /* keys and values */
    vec(entry) entries;
    size_t partition_size; /* of the partition prefix, at the start of bytes */
} entry_list;

void entry_list_fill(entry_list *l, partitioner p, const mutation *m);
void entry_list_done(entry_list *l);
static inline bytes entry_key(const entry_list *l, const entry *e)
{
    return bytes_of(l->bytes.p + e->key_at, e->key_size);
}
static inline bytes entry_value(const entry_list *l, const entry *e)
{
    return bytes_of(l->bytes.p + e->value_at, e->value_size);
}
