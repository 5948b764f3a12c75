/* token.h: partitioners: where on the ring a partition key lies.
 *
 * Tokens are kept as bytes whose memcmp order is the ring order:
 *   Murmur3      8 bytes, the signed 64-bit token big-endian with the sign bit flipped
 *   Random       16 bytes, abs(MD5) big-endian
 *   ByteOrdered  the key's bytes
 * The minimum token of Random (-1) and ByteOrdered ("") is the empty string: before all others.
 * In storage keys a fixed-size token precedes the key; ByteOrdered needs none (the key orders).
 */
#pragma once
#include "base/arena.h"
#include "base/bytes.h"
#include "base/errors.h"
#include "model/type.h"

typedef enum partitioner {
    PARTITIONER_MURMUR3,
    PARTITIONER_RANDOM,
    PARTITIONER_BYTE_ORDERED
} partitioner;

/* Full and short class names; also OrderPreservingPartitioner as ByteOrdered. */
bool partitioner_from_name(const char *name, partitioner *ret);
const char *partitioner_class(partitioner p); /* org.apache.cassandra.dht.Murmur3Partitioner */

/* Murmur3 token as drivers count it: Long.MIN_VALUE becomes MAX_VALUE; the empty key, which no
 * partition has, is at the minimum token. */
int64_t token_murmur3(bytes key);
#define TOKEN_FIXED_MAX 16
/* Size of the token prefix in storage keys: 8, 16, 0. */
size_t token_prefix_size(partitioner p);
/* The token; fixed-size ones go to `room`, ByteOrdered returns the key itself. */
bytes token_of(partitioner p, bytes key, uint8_t room[TOKEN_FIXED_MAX]);
bytes token_of_int(int64_t murmur3, uint8_t room[TOKEN_FIXED_MAX]);
int64_t token_to_int(bytes murmur3_token);
/* Text as in system.local.tokens, nodetool ring, Thrift: decimal, or hex for ByteOrdered. */
char *token_to_text(partitioner p, bytes token, arena *a);
int token_from_text(partitioner p, bytes text, arena *a, bytes *ret, err_info *e);
/* The type of token(k) in CQL: bigint, varint, blob; and the token as such a value. */
const type *token_cql_type(partitioner p);
bytes token_to_cql(partitioner p, bytes token, arena *a);
int token_from_cql(partitioner p, bytes value, arena *a, bytes *ret, err_info *e);
/* The lowest token of the ring ("minimum token"), as text "-9223372036854775808", "-1", "". */
bytes token_minimum(partitioner p);
/* Share of the ring in (left, right], 0..1; left == right: all. ByteOrdered: by the first 8 bytes.
 */
double token_share(partitioner p, bytes left, bytes right);
bytes token_random(partitioner p, uint64_t r1, uint64_t r2, arena *a);
