/* alloc.h: heap allocation that does not fail.
 *
 * A daemon of bounded budgets that still runs out of memory has nothing useful left to do:
 * these abort with one line. Sizes that come from outside are bounded before they get here.
 */
#pragma once
#include <stddef.h>

void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *xzalloc(size_t n) __attribute__((malloc, returns_nonnull)); /* zeroed */
void *xrealloc(void *p, size_t n) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

/* free() for `__attribute__((cleanup))`: declare `char *s autofree = ...`. */
static inline void autofree_(void *pp)
{
    extern void free(void *);
    free(*(void **)pp);
}
#define autofree __attribute__((cleanup(autofree_)))
