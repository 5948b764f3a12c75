/* Frames. */
#include "base/hash.h"
#include "base/must.h"
#include "proto/internode/internode.h"

enum {
    AT_LENGTH = 0,
    AT_VERB = 4,
    AT_FLAGS = 6,
    AT_ID = 8,
    AT_TIMEOUT = 16,
    AT_BODY_CRC = 20,
    AT_CRC = 24
};

const char *verb_name(unsigned v)
{
    switch (v) {
#define X(name, number, text)                                                                      \
    case name:                                                                                     \
        return text;
        INTERNODE_VERBS(X)
#undef X
    default:
        return NULL;
    }
}

size_t internode_begin(buf *out, const internode_frame *f)
{
    size_t at = out->n;
    uint8_t *p = buf_reserve(out, INTERNODE_HEADER);
    memset(p, 0, INTERNODE_HEADER);
    put_be16(p + AT_VERB, f->verb);
    p[AT_FLAGS] = f->flags;
    put_be64(p + AT_ID, f->id);
    put_be32(p + AT_TIMEOUT, f->timeout_ms);
    out->n += INTERNODE_HEADER;
    return at;
}

void internode_end(buf *out, size_t at)
{
    bytes body = bytes_of(out->p + at + INTERNODE_HEADER, out->n - at - INTERNODE_HEADER);
    uint8_t *p = out->p + at;
    must(body.n <= INTERNODE_BODY_MAX);
    put_be32(p + AT_LENGTH, (uint32_t)body.n);
    put_be32(p + AT_BODY_CRC, hash_crc32(0, body));
    put_be32(p + AT_CRC, hash_crc32(0, bytes_of(p, AT_CRC)));
}

void internode_put_frame(buf *out, const internode_frame *f)
{
    size_t at = internode_begin(out, f);
    buf_bytes(out, f->body);
    internode_end(out, at);
}

/* The header is checked as soon as it is there: a wrong length must not be waited for. */
int internode_read_frame(bytes in, internode_frame *ret, size_t *ret_size, err_info *e)
{
    *ret_size = INTERNODE_HEADER;
    if (in.n < INTERNODE_HEADER)
        return ERR_EOF;
    if (hash_crc32(0, bytes_of(in.p, AT_CRC)) != get_be32(in.p + AT_CRC))
        return err_set(e, ERR_CORRUPT, "a frame header with a wrong checksum");
    uint32_t n = get_be32(in.p + AT_LENGTH);
    if (n > INTERNODE_BODY_MAX)
        return err_set(e, ERR_TOO_LARGE, "a frame of %u bytes", n);
    *ret_size += n;
    if (in.n < *ret_size)
        return ERR_EOF;
    *ret = (internode_frame){
        .verb = get_be16(in.p + AT_VERB),
        .flags = in.p[AT_FLAGS],
        .id = get_be64(in.p + AT_ID),
        .timeout_ms = get_be32(in.p + AT_TIMEOUT),
        .body = bytes_of(in.p + INTERNODE_HEADER, n),
    };
    if (hash_crc32(0, ret->body) != get_be32(in.p + AT_BODY_CRC))
        return err_set(e, ERR_CORRUPT, "a frame with a wrong checksum");
    return 0;
}
