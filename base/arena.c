#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

struct arena_chunk {
    arena_chunk *next;
    size_t size; /* of data */
    uint8_t data[] __attribute__((aligned(16)));
};

void arena_init(arena *a, size_t first_size)
{
    *a = (arena){.first_size = first_size < 64 ? 64 : first_size};
}

void arena_done(arena *a)
{
    while (a->chunks) {
        arena_chunk *c = a->chunks;
        a->chunks = c->next;
        free(c);
    }
    *a = (arena){.first_size = a->first_size};
}

void arena_reset(arena *a)
{
    arena_chunk *c = a->chunks;
    while (c && c->next) {
        arena_chunk *next = c->next;
        free(c);
        c = next;
    }
    a->chunks = c;
    a->used = c ? c->size : 0;
    a->at = c ? c->data : NULL;
    a->end = c ? c->data + c->size : NULL;
}

void *arena_alloc_slow(arena *a, size_t n)
{
    size_t size = a->chunks ? 2 * a->chunks->size : a->first_size;
    if (size > 1 << 20)
        size = 1 << 20;
    if (size < n)
        size = n;
    arena_chunk *c = xmalloc(sizeof *c + size);
    c->size = size;
    c->next = a->chunks;
    a->chunks = c;
    a->used += size;
    a->at = c->data + n;
    a->end = c->data + size;
    return c->data;
}

bytes arena_copy(arena *a, bytes b)
{
    if (!b.p)
        return b;
    uint8_t *p = arena_alloc(a, b.n ? b.n : 1);
    if (b.n)
        memcpy(p, b.p, b.n);
    return bytes_of(p, b.n);
}

char *arena_str(arena *a, bytes b)
{
    char *s = arena_alloc(a, b.n + 1);
    if (b.n)
        memcpy(s, b.p, b.n);
    s[b.n] = 0;
    return s;
}

char *arena_strdup(arena *a, const char *s)
{
    return arena_str(a, bytes_str(s));
}

char *arena_vprintf(arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *s = arena_alloc(a, (size_t)n + 1);
    vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

char *arena_printf(arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}
