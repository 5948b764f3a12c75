/* key.h: storage keys: one byte string orders everything (docs/formats.md, "keys").
 *
 *   storage key = token prefix | escaped partition key | part | rest
 *
 *   token prefix            8 bytes (Murmur3), 16 (Random) or none (ByteOrdered): token.h
 *   escaped partition key   the raw key, every 00 as 00 FF, ended by 00 01: prefix-free, ordered,
 *                           also under complement
 *   part                    one byte, below; orders what a partition holds
 *   rest                    PART_ROW: the encoded clustering; PART_RANGE: encoded start bound,
 *                           then encoded end bound (vint length of the start in the value)
 *
 * Encoded clustering: for each component 0x40 and the component's byte-comparable form
 * (type.h; DESC complemented), 0x3F for a null component, then the terminator 0x38. A bound is a
 * prefix of components ended by 0x20 (before everything with that prefix) or 0x60 (after it).
 * So a slice of rows is one half-open interval of encoded bytes, whatever its inclusiveness.
 *
 * Partition keys are raw as on Cassandra's wire: one column = its value; several = CompositeType
 * ([u16 length][bytes][00] each). At most 65535 bytes.
 */
#pragma once
#include "base/buf.h"
#include "model/token.h"
#include "model/type.h"

enum key_part {
    PART_DELETION = 0x10, /* partition deletion */
    PART_RANGE = 0x18,    /* a range tombstone */
    PART_STATIC = 0x20,   /* the static row */
    PART_ROW = 0x30,      /* a row */
};
enum { CK_COMPONENT = 0x40, CK_NULL = 0x3F, CK_END = 0x38, CK_BEFORE = 0x20, CK_AFTER = 0x60 };

#define PARTITION_KEY_MAX 65535

/* Token prefix and escaped partition key. */
void key_encode_partition(partitioner p, bytes partition_key, buf *out);
/* Length of that prefix in a storage key, 0 when malformed. */
size_t key_partition_length(partitioner p, bytes storage_key);
/* The raw partition key back out of a storage key (into the arena). */
bytes key_decode_partition(partitioner p, bytes storage_key, arena *a);
/* Bounds of ring ranges in storage keys: no storage key with a token < t (after: <= t) is greater
 * or equal, all others are. The token prefix (after: plus one); after the highest token, prefix and
 * PARTITION_KEY_MAX + 1 bytes are FF. ByteOrdered: the escaped key, ended by 00 01 (after: 00 02).
 */
void key_encode_token_bound(partitioner p, bytes token, bool after, buf *out);

/* Clustering: components from first on; columns' types and order given as arrays. */
typedef struct clustering_type {
    unsigned n;
    const type *const *types;
    const bool *desc;
} clustering_type;
void clustering_encode(const clustering_type *ct, const bytes *values, unsigned n, buf *out);
/* n values, then CK_BEFORE or CK_AFTER: a bound. n == 0: before or after everything. */
void clustering_encode_bound(const clustering_type *ct, const bytes *values, unsigned n,
                             uint8_t end, buf *out);
/* Of a row or a bound; keys may have fewer components than ct->n (Thrift's dense tables).
 * Fills ct->n values (null where the component is null or, in a bound, absent); returns how many
 * were there, or -1 when malformed. */
int clustering_decode(const clustering_type *ct, bytes encoded, arena *a, bytes *ret_values);
/* The encoding of the empty clustering (tables without clustering columns): just CK_END. */
#define CLUSTERING_EMPTY ((bytes){(const uint8_t *)"\x38", 1})

/* Composite partition keys. A part over 65535 bytes gives a key over PARTITION_KEY_MAX, which the
 * caller refuses. */
bytes partition_key_join(arena *a, const bytes *parts, unsigned n); /* n == 1: the value itself */
/* 0 or ERR_INVALID when the bytes are no composite of n parts. */
int partition_key_split(bytes key, unsigned n, bytes *ret_parts);
