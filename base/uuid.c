#include "base/uuid.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/errors.h"
#include "base/hash.h"

/* 100 ns intervals between 1582-10-15 and 1970-01-01. */
static const uint64_t GREGORIAN = 0x01b21dd213814000ULL;

char *uuid_format(uuid u, char out[UUID_TEXT])
{
    char *p = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        p += sprintf(p, "%02x", u.b[i]);
    }
    return out;
}

static int hex(uint8_t c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                : -1;
}

int uuid_parse(bytes text, uuid *ret)
{
    uuid u;
    if (text.n != 36)
        return ERR_INVALID;
    size_t at = 0;
    for (int i = 0; i < 16; i++) {
        if ((at == 8 || at == 13 || at == 18 || at == 23) && text.p[at++] != '-')
            return ERR_INVALID;
        int hi = hex(text.p[at]), lo = hex(text.p[at + 1]);
        if (hi < 0 || lo < 0)
            return ERR_INVALID;
        u.b[i] = (uint8_t)(hi << 4 | lo);
        at += 2;
    }
    *ret = u;
    return 0;
}

static uuid stamp(uuid u, int version)
{
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | version << 4);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    return u;
}

uuid uuid_time(int64_t unix_us, unsigned hundreds, uint64_t random)
{
    uint64_t t = (uint64_t)unix_us * 10 + hundreds + GREGORIAN;
    uuid u;
    put_be32(u.b, (uint32_t)t);
    put_be16(u.b + 4, (uint16_t)(t >> 32));
    put_be16(u.b + 6, (uint16_t)(t >> 48));
    put_be64(u.b + 8, random);
    return stamp(u, 1);
}

int64_t uuid_unix_us(uuid u)
{
    uint64_t t = get_be32(u.b) | (uint64_t)get_be16(u.b + 4) << 32 |
                 (uint64_t)(get_be16(u.b + 6) & 0x0fff) << 48;
    return (int64_t)(t - GREGORIAN) / 10;
}

uuid uuid_random(uint64_t r1, uint64_t r2)
{
    uuid u;
    put_be64(u.b, r1);
    put_be64(u.b + 8, r2);
    return stamp(u, 4);
}

uuid uuid_name(bytes name)
{
    uuid u;
    hash_md5(name, u.b);
    return stamp(u, 3);
}
