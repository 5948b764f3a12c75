#include "model/bigint.h"

#include <gmp.h>

#include <stdlib.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/must.h"

_Static_assert(GMP_NUMB_BITS == 64, "limbs of 64 bits");

/* 10^19 is the largest power that fits a limb. */
enum { CHUNK = 19 };
static const mp_limb_t CHUNK_VALUE = 10000000000000000000ULL;

bytes bigint_trim(bytes b)
{
    if (b.n == 0)
        return bytes_of("", 1); /* one byte: 0 */
    while (b.n > 1 && ((b.p[0] == 0x00 && b.p[1] < 0x80) || (b.p[0] == 0xff && b.p[1] >= 0x80))) {
        b.p++;
        b.n--;
    }
    return b;
}

/* 19 digits, leading zeros shown, ending before `end`. */
static char *put_chunk(char *end, uint64_t v)
{
    for (int i = 0; i < CHUNK; i++, v /= 10)
        *--end = (char)('0' + v % 10);
    return end;
}

static void digits_of_limb(digits *ret, uint64_t v)
{
    char *end = ret->room + sizeof ret->room, *p = end;
    for (; v; v /= 10)
        *--p = (char)('0' + v % 10);
    ret->d = p;
    ret->n = (size_t)(end - p);
}

/* The magnitude in limbs, least first; room for b.n / 8 + 1. Returns how many. */
static mp_size_t load_limbs(mp_limb_t *limbs, bytes b, bool negative)
{
    size_t n = (b.n + 7) / 8;
    for (size_t i = 0; i < n; i++) {
        uint64_t v = 0;
        size_t end = b.n - 8 * i, start = end > 8 ? end - 8 : 0;
        for (size_t k = start; k < end; k++)
            v = v << 8 | b.p[k];
        if (negative && end < 8)
            v |= UINT64_MAX << (8 * end);
        limbs[i] = v;
    }
    if (negative)
        mpn_neg(limbs, limbs, (mp_size_t)n);
    while (n && limbs[n - 1] == 0)
        n--;
    return (mp_size_t)n;
}

void digits_init(digits *ret, bytes integer)
{
    bytes b = bigint_trim(integer);
    *ret = (digits){.negative = b.n && b.p[0] >= 0x80};
    if (b.n <= 8) {
        mp_limb_t one = 0;
        load_limbs(&one, b, ret->negative);
        digits_of_limb(ret, one);
        return;
    }
    mp_limb_t *limbs = xmalloc((b.n / 8 + 1) * sizeof *limbs);
    mp_size_t n = load_limbs(limbs, b, ret->negative);
    size_t room = ((size_t)n + 1) * (CHUNK + 1) + CHUNK;
    ret->heap = xmalloc(room);
    char *end = ret->heap + room, *p = end;
    while (n) {
        p = put_chunk(p, mpn_divrem_1(limbs, 0, limbs, n, CHUNK_VALUE));
        while (n && limbs[n - 1] == 0)
            n--;
    }
    free(limbs);
    while (p < end && *p == '0')
        p++;
    ret->d = p;
    ret->n = (size_t)(end - p);
}

void digits_done(digits *d)
{
    free(d->heap);
    d->heap = NULL;
}

static mp_limb_t power_of_ten(size_t n)
{
    mp_limb_t v = 1;
    while (n--)
        v *= 10;
    return v;
}

static mp_size_t limbs_of_digits(mp_limb_t *limbs, const char *d, size_t n)
{
    mp_size_t used = 0;
    for (size_t i = 0; i < n;) {
        size_t take = (n - i) % CHUNK ? (n - i) % CHUNK : CHUNK;
        mp_limb_t v = 0;
        for (size_t end = i + take; i < end; i++)
            v = v * 10 + (mp_limb_t)(d[i] - '0');
        mp_limb_t carry = used ? mpn_mul_1(limbs, limbs, used, power_of_ten(take)) : 0;
        if (used)
            carry += mpn_add_1(limbs, limbs, used, v);
        else
            carry = v;
        if (carry)
            limbs[used++] = carry;
    }
    return used;
}

bytes bigint_from_digits(arena *a, const char *d, size_t n, bool negative)
{
    size_t room = n / CHUNK + 2;
    mp_limb_t *limbs = arena_alloc(a, room * sizeof *limbs);
    size_t used = (size_t)limbs_of_digits(limbs, d, n);
    must(used < room);
    limbs[used++] = 0; /* the sign */
    if (negative)
        mpn_neg(limbs, limbs, (mp_size_t)used);
    uint8_t *out = arena_alloc(a, used * 8);
    for (size_t i = 0; i < used; i++)
        put_be64(out + 8 * i, limbs[used - 1 - i]);
    return bigint_trim(bytes_of(out, used * 8));
}

int bigint_compare(bytes a, bytes b)
{
    a = bigint_trim(a);
    b = bigint_trim(b);
    bool na = a.n && a.p[0] >= 0x80, nb = b.n && b.p[0] >= 0x80;
    if (na != nb)
        return na ? -1 : 1;
    if (a.n != b.n)
        return (a.n < b.n) != na ? -1 : 1;
    return a.n ? memcmp(a.p, b.p, a.n) : 0;
}

/* ---- arithmetic ---- */

/* Two's complement in n limbs, least first. */
static mp_limb_t *load_signed(arena *a, bytes b, size_t n)
{
    mp_limb_t *limbs = arena_alloc(a, (n + 1) * sizeof *limbs);
    bool negative = b.n && b.p[0] >= 0x80;
    memset(limbs, negative ? 0xff : 0, n * sizeof *limbs);
    for (size_t i = 0; i < b.n; i++) {
        size_t place = b.n - 1 - i;
        limbs[place / 8] &= ~((mp_limb_t)0xff << place % 8 * 8);
        limbs[place / 8] |= (mp_limb_t)b.p[i] << place % 8 * 8;
    }
    return limbs;
}

static bytes store_signed(arena *a, const mp_limb_t *limbs, size_t n)
{
    uint8_t *out = arena_alloc(a, n * 8);
    for (size_t i = 0; i < n; i++)
        put_be64(out + 8 * i, limbs[n - 1 - i]);
    return bigint_trim(bytes_of(out, n * 8));
}

bytes bigint_add(arena *a, bytes x, bytes y)
{
    size_t n = (x.n > y.n ? x.n : y.n) / 8 + 2;
    mp_limb_t *p = load_signed(a, x, n), *q = load_signed(a, y, n);
    mpn_add_n(p, p, q, (mp_size_t)n);
    return store_signed(a, p, n);
}

bytes bigint_negate(arena *a, bytes x)
{
    size_t n = x.n / 8 + 2;
    mp_limb_t *p = load_signed(a, x, n);
    mpn_neg(p, p, (mp_size_t)n);
    return store_signed(a, p, n);
}

/* Of the magnitude: the sign is put back at the end. */
static mp_limb_t *load_magnitude(arena *a, bytes x, size_t n, bool *ret_negative)
{
    mp_limb_t *p = load_signed(a, x, n);
    *ret_negative = x.n && x.p[0] >= 0x80;
    if (*ret_negative)
        mpn_neg(p, p, (mp_size_t)n);
    return p;
}

bytes bigint_shift10(arena *a, bytes x, uint32_t n)
{
    size_t size = x.n / 8 + 2 + n / CHUNK + 1;
    bool negative;
    mp_limb_t *p = load_magnitude(a, x, size, &negative);
    for (uint32_t left = n; left;) {
        uint32_t take = left < CHUNK ? left : CHUNK;
        mpn_mul_1(p, p, (mp_size_t)size, power_of_ten(take));
        left -= take;
    }
    if (negative)
        mpn_neg(p, p, (mp_size_t)size);
    return store_signed(a, p, size);
}

bytes bigint_divide(arena *a, bytes x, uint64_t by, uint64_t *ret_left)
{
    size_t n = x.n / 8 + 2;
    bool negative;
    mp_limb_t *p = load_magnitude(a, x, n, &negative);
    *ret_left = mpn_divrem_1(p, 0, p, (mp_size_t)n, by);
    if (negative)
        mpn_neg(p, p, (mp_size_t)n);
    return store_signed(a, p, n);
}

void decimal_init(decimal *ret, bytes value)
{
    int32_t scale = value.n >= 4 ? (int32_t)get_be32(value.p) : 0;
    digits_init(&ret->digits, value.n >= 4 ? bytes_of(value.p + 4, value.n - 4) : BYTES_EMPTY);
    digits *d = &ret->digits;
    ret->exponent = d->n ? (int64_t)d->n - scale : 0;
    while (d->n && d->d[d->n - 1] == '0')
        d->n--;
}

static int decimal_sign(const decimal *d)
{
    return d->digits.n == 0 ? 0 : d->digits.negative ? -1 : 1;
}

static int compare_magnitude(const decimal *a, const decimal *b)
{
    if (a->exponent != b->exponent)
        return a->exponent < b->exponent ? -1 : 1;
    return bytes_cmp(bytes_of(a->digits.d, a->digits.n), bytes_of(b->digits.d, b->digits.n));
}

int decimal_compare(bytes a, bytes b)
{
    if (a.n >= 4 && b.n >= 4 && memcmp(a.p, b.p, 4) == 0) /* one scale */
        return bigint_compare(bytes_of(a.p + 4, a.n - 4), bytes_of(b.p + 4, b.n - 4));
    decimal x, y;
    decimal_init(&x, a);
    decimal_init(&y, b);
    int sx = decimal_sign(&x), sy = decimal_sign(&y);
    int c = sx != sy ? sx - sy : sx * compare_magnitude(&x, &y);
    digits_done(&x.digits);
    digits_done(&y.digits);
    return c;
}
