/* uuid.h: UUIDs as 16 bytes in network order. */
#pragma once
#include "base/bytes.h"

typedef struct uuid {
    uint8_t b[16];
} uuid;

#define UUID_TEXT 37 /* room for the text and its NUL */

static inline bool uuid_eq(uuid a, uuid b)
{
    return memcmp(a.b, b.b, 16) == 0;
}

static inline bytes uuid_bytes(const uuid *u)
{
    return bytes_of(u->b, 16);
}

char *uuid_format(uuid u, char out[UUID_TEXT]); /* returns out */
/* 0 or ERR_INVALID. */
int uuid_parse(bytes text, uuid *ret);
/* Version 1 from microseconds since 1970, 0..9 hundreds of ns, and random bits for clock and node.
 */
uuid uuid_time(int64_t unix_us, unsigned hundreds, uint64_t random);
/* Microseconds since 1970 of a version 1 UUID. */
int64_t uuid_unix_us(uuid u);
uuid uuid_random(uint64_t r1, uint64_t r2); /* version 4 */
uuid uuid_name(bytes name);                 /* version 3: MD5 of the name */
static inline int uuid_version(uuid u)
{
    return u.b[6] >> 4;
}
