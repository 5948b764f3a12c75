/* Paging state: u8 version 1, u8 flags, be32 remaining, be32 rows of the partition, be16 length and
 * partition key, be32 length and clustering, be32 CRC-32 of all before. Flags: 1 there is a
 * clustering. Anything else, or a wrong CRC, is refused. */
#include "base/hash.h"
#include "cql/select.h"

#define VERSION 1
#define HAS_CLUSTERING 1

bytes paging_encode(const paging_position *p, arena *a)
{
    size_t n = 2 + 4 + 4 + 2 + p->key.n + 4 + p->clustering.n + 4;
    uint8_t *out = arena_alloc(a, n), *at = out + 10;
    out[0] = VERSION;
    out[1] = p->clustering.p ? HAS_CLUSTERING : 0;
    put_be32(out + 2, p->remaining);
    put_be32(out + 6, p->partition_rows);
    put_be16(at, (uint16_t)p->key.n);
    memcpy(at + 2, p->key.p, p->key.n);
    at += 2 + p->key.n;
    put_be32(at, (uint32_t)p->clustering.n);
    if (p->clustering.n)
        memcpy(at + 4, p->clustering.p, p->clustering.n);
    put_be32(out + n - 4, hash_crc32(0, bytes_of(out, n - 4)));
    return bytes_of(out, n);
}

int paging_decode(bytes state, paging_position *ret, err_info *e)
{
    reader r = reader_of(state);
    uint8_t version = rd_u8(&r), flags = rd_u8(&r);
    ret->remaining = rd_be32(&r);
    ret->partition_rows = rd_be32(&r);
    ret->key = rd_take(&r, rd_be16(&r));
    ret->clustering = rd_take(&r, rd_be32(&r));
    bool bad = r.bad || rd_left(&r) != 4 || version != VERSION || flags > HAS_CLUSTERING;
    if (bad || hash_crc32(0, bytes_of(state.p, state.n - 4)) != rd_be32(&r))
        return err_set(e, ERR_PROTOCOL, "Invalid value for the paging state");
    if (!(flags & HAS_CLUSTERING))
        ret->clustering = BYTES_NULL;
    return 0;
}
