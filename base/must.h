/* must.h: assertions that stay on in production.
 *
 * For what must be true of our own state. What a client, a peer or a disk says is
 * validated and answered with an error, never asserted.
 */
#pragma once

_Noreturn void must_fail(const char *cond, const char *file, int line, const char *func);

#define must(cond)                                                                                 \
    do {                                                                                           \
        if (__builtin_expect(!(cond), 0))                                                          \
            must_fail(#cond, __FILE_NAME__, __LINE__, __func__);                                   \
    } while (0)

/* Long-lived objects carry a magic number, checked on entry. */
#define must_be(obj, m) must((obj) && (obj)->magic == (m))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
