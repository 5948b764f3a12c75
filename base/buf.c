#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

const uint8_t bytes_unset_mark[1] = {0};

void buf_done(buf *b)
{
    free(b->p);
    *b = (buf){0};
}

void buf_grow(buf *b, size_t more)
{
    size_t cap = b->cap ? b->cap * 2 : 64;
    if (cap < b->n + more)
        cap = b->n + more;
    b->p = xrealloc(b->p, cap);
    b->cap = cap;
}

void buf_vint(buf *b, uint64_t v)
{
    uint8_t *p = buf_reserve(b, 10);
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        p[n++] = (uint8_t)(v | 0x80);
    p[n++] = (uint8_t)v;
    b->n += n;
}

void buf_svint(buf *b, int64_t v)
{
    buf_vint(b, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

void buf_vbytes(buf *b, bytes s)
{
    buf_vint(b, s.n);
    buf_bytes(b, s);
}

void buf_printf(buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    vsnprintf((char *)buf_reserve(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
    va_end(again);
    b->n += (size_t)n;
}

void buf_shift(buf *b, size_t n)
{
    b->n -= n;
    if (b->n)
        memmove(b->p, b->p + n, b->n);
}

uint64_t rd_vint(reader *r)
{
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint8_t c = rd_u8(r);
        v |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80))
            return v;
    }
    r->bad = true;
    return 0;
}

int64_t rd_svint(reader *r)
{
    uint64_t v = rd_vint(r);
    return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

bytes rd_vbytes(reader *r)
{
    uint64_t n = rd_vint(r);
    if (n > rd_left(r)) {
        r->bad = true;
        return BYTES_NULL;
    }
    return rd_take(r, n);
}
