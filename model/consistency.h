/* consistency.h: consistency levels and their numbers on each wire. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* X(name, number in the binary protocol, number in Thrift) */
#define CONSISTENCIES(X)                                                                           \
    X(ANY, 0, 6)                                                                                   \
    X(ONE, 1, 1)                                                                                   \
    X(TWO, 2, 7)                                                                                   \
    X(THREE, 3, 8)                                                                                 \
    X(QUORUM, 4, 2)                                                                                \
    X(ALL, 5, 5)                                                                                   \
    X(LOCAL_QUORUM, 6, 3)                                                                          \
    X(EACH_QUORUM, 7, 4)                                                                           \
    X(SERIAL, 8, 9)                                                                                \
    X(LOCAL_SERIAL, 9, 10)                                                                         \
    X(LOCAL_ONE, 10, 11)

typedef enum consistency {
#define X(name, native, thrift) CL_##name = native,
    CONSISTENCIES(X)
#undef X
} consistency;

/* All return false on an unknown number or name. */
bool consistency_from_native(uint16_t n, consistency *ret);
bool consistency_from_thrift(int32_t n, consistency *ret);
bool consistency_from_name(const char *name, consistency *ret); /* any case */
const char *consistency_name(consistency c);
static inline bool consistency_is_serial(consistency c)
{
    return c == CL_SERIAL || c == CL_LOCAL_SERIAL;
}
