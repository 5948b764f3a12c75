/* suite.h: tests of env.h that must hold on every implementation.
 *
 * A test is a coroutine; suite_run runs it to its end on the implementation under test. cmocka's
 * assertions jump, which a coroutine's stack does not survive, so these abort with a line.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/must.h"
#include "runtime/env.h"

#define check(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #cond);               \
            abort();                                                                               \
        }                                                                                          \
    } while (0)
/* A call that must succeed; err_info e in scope. */
#define ok(call)                                                                                   \
    do {                                                                                           \
        int r_ = (call);                                                                           \
        if (r_ != 0) {                                                                             \
            fprintf(stderr, "%s:%d: %s: %s: %s\n", __FILE__, __LINE__, #call, err_name(r_),        \
                    e.text);                                                                       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

typedef struct suite_case {
    const char *name;
    void (*fn)(env *e, const char *dir); /* dir: an empty directory of its own */
} suite_case;

extern const suite_case common_cases[];
extern const size_t n_common_cases;
