/* bytes.h: a borrowed run of bytes.
 *
 * Owner:  whoever the callee says; a `bytes` never owns what it points at.
 * Null:   p == NULL is "no value" (CQL null); p != NULL with n == 0 is an empty value.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct bytes {
    const uint8_t *p;
    size_t n;
} bytes;

#define BYTES_NULL ((bytes){NULL, 0})
#define BYTES_EMPTY ((bytes){(const uint8_t *)"", 0})
/* A string literal, without its NUL. */
#define BYTES_LIT(s) ((bytes){(const uint8_t *)(s), sizeof(s) - 1})

/* "Leave it as it is": a bound value that the client did not set (told apart by its address). */
extern const uint8_t bytes_unset_mark[1];
#define BYTES_UNSET ((bytes){bytes_unset_mark, 0})

static inline bytes bytes_of(const void *p, size_t n)
{
    return (bytes){p, n};
}

static inline bytes bytes_str(const char *s)
{
    return (bytes){(const uint8_t *)s, strlen(s)};
}

static inline bool bytes_is_null(bytes b)
{
    return b.p == NULL;
}

static inline bool bytes_is_unset(bytes b)
{
    return b.p == bytes_unset_mark;
}

/* Null equals only null. */
static inline bool bytes_eq(bytes a, bytes b)
{
    if (!a.p || !b.p)
        return !a.p && !b.p;
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Unsigned byte order, the shorter first on a common prefix; null first of all. */
static inline int bytes_cmp(bytes a, bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c)
        return c;
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return (int)!!a.p - (int)!!b.p;
}

static inline bool bytes_eq_str(bytes a, const char *s)
{
    return bytes_eq(a, bytes_str(s));
}
