/* Frames: headers, versions, compression. */
#include <lz4.h>
#include <snappy-c.h>

#include "proto/native/native.h"

int native_read_header(bytes in, native_header *ret, err_info *e)
{
    if (in.n < NATIVE_HEADER)
        return ERR_EOF;
    *ret = (native_header){
        .version = in.p[0] & 0x7f,
        .response = in.p[0] & 0x80,
        .flags = in.p[1],
        .stream = (int16_t)get_be16(in.p + 2),
        .opcode = in.p[4],
        .length = get_be32(in.p + 5),
    };
    if (ret->length > INT32_MAX)
        return err_set(e, ERR_PROTOCOL, "Invalid frame body length: %d", (int)ret->length);
    return 0;
}

int native_bad_version(int version, err_info *e)
{
    return err_set(
        e, ERR_PROTOCOL,
        "Invalid or unsupported protocol version (%d); the lowest supported version is %d "
        "and the greatest is %d",
        version, NATIVE_MIN_VERSION, NATIVE_MAX_VERSION);
}

static int lz4_inflate(bytes body, size_t max, arena *a, bytes *ret, err_info *e)
{
    if (body.n < 4)
        return err_set(e, ERR_PROTOCOL, "Compressed body of %zu bytes has no length", body.n);
    uint32_t n = get_be32(body.p);
    if (n > max)
        return err_set(e, ERR_PROTOCOL,
                       "Request is too big: length %u exceeds maximum allowed length %zu", n, max);
    if (n == 0) {
        *ret = BYTES_EMPTY;
        return 0;
    }
    char *out = arena_alloc(a, n);
    int got = LZ4_decompress_safe((const char *)body.p + 4, out, (int)(body.n - 4), (int)n);
    if (got != (int)n)
        return err_set(e, ERR_PROTOCOL, "Cannot decompress the body (LZ4)");
    *ret = bytes_of(out, n);
    return 0;
}

static int snappy_inflate(bytes body, size_t max, arena *a, bytes *ret, err_info *e)
{
    size_t n;
    if (snappy_uncompressed_length((const char *)body.p, body.n, &n) != SNAPPY_OK)
        return err_set(e, ERR_PROTOCOL, "Cannot decompress the body (snappy)");
    if (n > max)
        return err_set(e, ERR_PROTOCOL,
                       "Request is too big: length %zu exceeds maximum allowed length %zu", n, max);
    char *out = arena_alloc(a, n + 1);
    if (snappy_uncompress((const char *)body.p, body.n, out, &n) != SNAPPY_OK)
        return err_set(e, ERR_PROTOCOL, "Cannot decompress the body (snappy)");
    *ret = bytes_of(out, n);
    return 0;
}

int native_decompress(native_compression c, bytes body, size_t max, arena *a, bytes *ret,
                      err_info *e)
{
    if (c == NATIVE_LZ4)
        return lz4_inflate(body, max, a, ret, e);
    if (c == NATIVE_SNAPPY)
        return snappy_inflate(body, max, a, ret, e);
    return err_set(e, ERR_PROTOCOL,
                   "Compressed frame on a connection that agreed on no compression");
}

size_t native_begin(buf *out, int version, bool response, int16_t stream, native_opcode opcode,
                    int flags)
{
    size_t at = out->n;
    uint8_t *p = buf_reserve(out, NATIVE_HEADER);
    p[0] = (uint8_t)(version | (response ? 0x80 : 0));
    p[1] = (uint8_t)flags;
    put_be16(p + 2, (uint16_t)stream);
    p[4] = (uint8_t)opcode;
    put_be32(p + 5, 0);
    out->n += NATIVE_HEADER;
    return at;
}

void native_end(buf *out, size_t at)
{
    put_be32(out->p + at + 5, (uint32_t)(out->n - at - NATIVE_HEADER));
}

static size_t deflate_body(native_compression c, bytes body, buf *scratch)
{
    if (c == NATIVE_LZ4) {
        int bound = LZ4_compressBound((int)body.n);
        uint8_t *p = buf_reserve(scratch, (size_t)bound + 4);
        put_be32(p, (uint32_t)body.n);
        return 4 + (size_t)LZ4_compress_default((const char *)body.p, (char *)p + 4, (int)body.n,
                                                bound);
    }
    size_t n = snappy_max_compressed_length(body.n);
    uint8_t *p = buf_reserve(scratch, n);
    return snappy_compress((const char *)body.p, body.n, (char *)p, &n) == SNAPPY_OK ? n : body.n;
}

void native_end_compressed(buf *out, size_t at, native_compression c, buf *scratch)
{
    bytes body = bytes_of(out->p + at + NATIVE_HEADER, out->n - at - NATIVE_HEADER);
    scratch->n = 0;
    if (c != NATIVE_PLAIN && body.n > 64 && body.n < INT32_MAX / 2) {
        size_t n = deflate_body(c, body, scratch);
        if (n < body.n) {
            memcpy(out->p + at + NATIVE_HEADER, scratch->p, n);
            out->n = at + NATIVE_HEADER + n;
            out->p[at + 1] |= NATIVE_COMPRESSED;
        }
    }
    native_end(out, at);
}
