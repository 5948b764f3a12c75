/* hash.h: hash functions as pure functions.
 *
 * hash_murmur3 is Cassandra's murmur3_x64_128 (seed 0): tail bytes are sign-extended there,
 * so that it differs from the published algorithm for bytes >= 0x80 in the last block.
 */
#pragma once
#include "base/bytes.h"

void hash_murmur3(bytes b, uint64_t ret[2]);
void hash_md5(bytes b, uint8_t ret[16]);
/* CRC-32 (zlib's polynomial), continued from `crc` (start with 0). */
uint32_t hash_crc32(uint32_t crc, bytes b);
/* For hash tables in memory only: never stored, never sent. */
uint64_t hash_fast(bytes b);
