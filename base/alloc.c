#include "base/alloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

_Noreturn void must_fail(const char *cond, const char *file, int line, const char *func)
{
    fprintf(stderr, "ilion: %s:%d: %s: broken invariant: %s\n", file, line, func, cond);
    fflush(stderr);
    abort();
}

static void *alive(void *p, size_t n)
{
    if (p)
        return p;
    fprintf(stderr, "ilion: out of memory (asked for %zu bytes)\n", n);
    abort();
}

void *xmalloc(size_t n)
{
    return alive(malloc(n ? n : 1), n);
}

void *xzalloc(size_t n)
{
    return alive(calloc(1, n ? n : 1), n);
}

void *xrealloc(void *p, size_t n)
{
    return alive(realloc(p, n ? n : 1), n);
}

char *xstrdup(const char *s)
{
    size_t n = strlen(s) + 1;
    return memcpy(xmalloc(n), s, n);
}

char *xprintf(const char *fmt, ...)
{
    va_list ap;
    char *s = NULL;
    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    return alive(n < 0 ? NULL : s, 0);
}
