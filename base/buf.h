/* buf.h: a growable byte buffer to write into, and a cursor to read from.
 *
 * Owner:  buf embeds and owns its heap memory (buf_done); reader borrows.
 * Errors: a reader that runs past its end sets `bad`, returns zeros from then on and never
 *         touches memory outside; check `bad` once, after the last read.
 * Order:  be = big-endian; vint = LEB128 (7 bits a byte, low first), for our own formats.
 */
#pragma once
#include "base/bytes.h"

typedef struct buf {
    uint8_t *p;
    size_t n, cap;
} buf;

void buf_done(buf *b);
void buf_grow(buf *b, size_t more);

static inline uint8_t *buf_reserve(buf *b, size_t more)
{
    if (__builtin_expect(b->cap - b->n < more, 0))
        buf_grow(b, more);
    return b->p + b->n;
}

static inline void buf_put(buf *b, const void *p, size_t n)
{
    if (n) {
        memcpy(buf_reserve(b, n), p, n);
        b->n += n;
    }
}

static inline void buf_bytes(buf *b, bytes s)
{
    buf_put(b, s.p, s.n);
}

static inline void buf_str(buf *b, const char *s)
{
    buf_put(b, s, strlen(s));
}

static inline void put_be16(uint8_t *p, uint16_t v)
{
    v = __builtin_bswap16(v);
    memcpy(p, &v, 2);
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy(p, &v, 4);
}

static inline void put_be64(uint8_t *p, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(p, &v, 8);
}

static inline uint16_t get_be16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, 2);
    return __builtin_bswap16(v);
}

static inline uint32_t get_be32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return __builtin_bswap32(v);
}

static inline uint64_t get_be64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return __builtin_bswap64(v);
}

static inline void buf_u8(buf *b, uint8_t v)
{
    *buf_reserve(b, 1) = v;
    b->n += 1;
}

static inline void buf_be16(buf *b, uint16_t v)
{
    put_be16(buf_reserve(b, 2), v);
    b->n += 2;
}

static inline void buf_be32(buf *b, uint32_t v)
{
    put_be32(buf_reserve(b, 4), v);
    b->n += 4;
}

static inline void buf_be64(buf *b, uint64_t v)
{
    put_be64(buf_reserve(b, 8), v);
    b->n += 8;
}

void buf_vint(buf *b, uint64_t v);
/* Zigzag: small negative numbers stay short. */
void buf_svint(buf *b, int64_t v);
/* vint length, then the bytes. */
void buf_vbytes(buf *b, bytes s);
void buf_printf(buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline bytes buf_view(const buf *b)
{
    return bytes_of(b->p ? b->p : (const uint8_t *)"", b->n);
}

/* Drops the first n bytes. */
void buf_shift(buf *b, size_t n);

typedef struct reader {
    const uint8_t *p, *end;
    bool bad;
} reader;

static inline reader reader_of(bytes b)
{
    return (reader){b.p, b.p + b.n, false};
}

static inline size_t rd_left(const reader *r)
{
    return (size_t)(r->end - r->p);
}

/* n bytes in place; null and bad when fewer remain. */
static inline bytes rd_take(reader *r, size_t n)
{
    if (__builtin_expect(r->bad || rd_left(r) < n, 0)) {
        r->bad = true;
        return BYTES_NULL;
    }
    bytes b = bytes_of(r->p, n);
    r->p += n;
    return b;
}

static inline uint8_t rd_u8(reader *r)
{
    bytes b = rd_take(r, 1);
    return b.p ? b.p[0] : 0;
}

static inline uint16_t rd_be16(reader *r)
{
    bytes b = rd_take(r, 2);
    return b.p ? get_be16(b.p) : 0;
}

static inline uint32_t rd_be32(reader *r)
{
    bytes b = rd_take(r, 4);
    return b.p ? get_be32(b.p) : 0;
}

static inline uint64_t rd_be64(reader *r)
{
    bytes b = rd_take(r, 8);
    return b.p ? get_be64(b.p) : 0;
}

uint64_t rd_vint(reader *r);
int64_t rd_svint(reader *r);
bytes rd_vbytes(reader *r);
