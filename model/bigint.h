/* bigint.h: integers of any size (big-endian two's complement, as varint) and their digits.
 *
 * GMP's low-level functions (mpn_*) with one-limb operands only: those take no temporary memory,
 * while the mpz functions put up to 64 KiB on the stack, which is all that a coroutine has.
 * The price is quadratic time; what people type is bounded by BIGINT_DIGITS_MAX.
 */
#pragma once
#include "base/arena.h"
#include "base/bytes.h"

#define BIGINT_DIGITS_MAX 65536

/* Decimal digits in ASCII, without leading zeros; zero has none. */
typedef struct digits {
    bool negative;
    size_t n;
    const char *d;
    char *heap;
    char room[20];
} digits;
void digits_init(digits *ret, bytes integer);
void digits_done(digits *d);

/* The shortest two's complement form. n digits in ASCII, leading zeros allowed. */
bytes bigint_from_digits(arena *a, const char *d, size_t n, bool negative);
/* Without the bytes that only repeat the sign; no bytes at all are zero. */
bytes bigint_trim(bytes integer);
int bigint_compare(bytes a, bytes b);
bytes bigint_add(arena *a, bytes x, bytes y);
bytes bigint_negate(arena *a, bytes x);
/* x times 10^n; bounded by the caller. */
bytes bigint_shift10(arena *a, bytes x, uint32_t n);
/* x / by towards zero (by > 0); the size of the remainder in ret_left. */
bytes bigint_divide(arena *a, bytes x, uint64_t by, uint64_t *ret_left);
/* Order of values of type decimal: [int scale][integer]. */
int decimal_compare(bytes a, bytes b);

/* A decimal as +-0.d1d2d3... * 10^exponent with d1 and the last digit not 0; zero has no digits. */
typedef struct decimal {
    digits digits;
    int64_t exponent;
} decimal;
void decimal_init(decimal *ret, bytes value);
