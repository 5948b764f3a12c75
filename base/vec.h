/* vec.h: a growable array of any one type.
 *
 *     vec(int) v = {0};  vec_push(&v, 7);  for (size_t i = 0; i < v.n; i++) use(v.p[i]);
 *     vec_done(&v);
 */
#pragma once
#include <stdlib.h>

#include "base/alloc.h"

#define vec(type)                                                                                  \
    struct {                                                                                       \
        type *p;                                                                                   \
        size_t n, cap;                                                                             \
    }

#define vec_push(v, ...)                                                                           \
    do {                                                                                           \
        if ((v)->n == (v)->cap) {                                                                  \
            (v)->cap = (v)->cap ? (v)->cap * 2 : 8;                                                \
            (v)->p = xrealloc((v)->p, (v)->cap * sizeof *(v)->p);                                  \
        }                                                                                          \
        (v)->p[(v)->n++] = (__VA_ARGS__);                                                          \
    } while (0)

#define vec_done(v)                                                                                \
    do {                                                                                           \
        free((v)->p);                                                                              \
        (v)->p = NULL;                                                                             \
        (v)->n = (v)->cap = 0;                                                                     \
    } while (0)
