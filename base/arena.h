/* arena.h: bump allocation for things that die together (a request, a statement, a snapshot).
 *
 * Owner:  embeds; arena_done() frees all. arena_reset() keeps the first chunk for the next use.
 * Thread: one at a time.
 * Errors: none; memory that cannot be had aborts (alloc.h).
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

#include "base/bytes.h"

typedef struct arena_chunk arena_chunk;

typedef struct arena {
    uint8_t *at, *end;   /* free space in the newest chunk */
    arena_chunk *chunks; /* newest first */
    size_t first_size;   /* size of the first chunk, bytes */
    size_t used;         /* bytes taken from the heap */
} arena;

void arena_init(arena *a, size_t first_size);
void arena_done(arena *a);
void arena_reset(arena *a);

void *arena_alloc_slow(arena *a, size_t n);

/* 8-byte aligned, not zeroed. */
static inline void *arena_alloc(arena *a, size_t n)
{
    n = (n + 7 + !n) & ~(size_t)7; /* nothing has an address, too */
    if (__builtin_expect((size_t)(a->end - a->at) < n, 0))
        return arena_alloc_slow(a, n);
    void *p = a->at;
    a->at += n;
    return p;
}

static inline void *arena_zalloc(arena *a, size_t n)
{
    return memset(arena_alloc(a, n), 0, n);
}

#define arena_new(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_zalloc((a), sizeof(type) * (size_t)(n)))

/* Copies; null stays null. */
bytes arena_copy(arena *a, bytes b);
/* NUL-terminated copies. */
char *arena_str(arena *a, bytes b);
char *arena_strdup(arena *a, const char *s);
char *arena_printf(arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(arena *a, const char *fmt, va_list ap);
