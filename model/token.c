#include "model/token.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/must.h"
#include "model/bigint.h"
#include "model/type_internal.h"

#define DHT "org.apache.cassandra.dht."
static const char *const classes[] = {
    [PARTITIONER_MURMUR3] = DHT "Murmur3Partitioner",
    [PARTITIONER_RANDOM] = DHT "RandomPartitioner",
    [PARTITIONER_BYTE_ORDERED] = DHT "ByteOrderedPartitioner",
};
static const uint8_t prefix_sizes[] = {
    [PARTITIONER_MURMUR3] = 8,
    [PARTITIONER_RANDOM] = 16,
    [PARTITIONER_BYTE_ORDERED] = 0,
};
static const uint64_t SIGN = 1ULL << 63;

bool partitioner_from_name(const char *name, partitioner *ret)
{
    if (strncmp(name, DHT, strlen(DHT)) == 0)
        name += strlen(DHT);
    *ret = PARTITIONER_BYTE_ORDERED;
    if (strcmp(name, "OrderPreservingPartitioner") == 0)
        return true;
    for (unsigned i = 0; i < ARRAY_LEN(classes); i++)
        if (strcmp(classes[i] + strlen(DHT), name) == 0) {
            *ret = (partitioner)i;
            return true;
        }
    return false;
}

const char *partitioner_class(partitioner p)
{
    return classes[p];
}

size_t token_prefix_size(partitioner p)
{
    return prefix_sizes[p];
}

int64_t token_murmur3(bytes key)
{
    uint64_t h[2];
    if (key.n == 0)
        return INT64_MIN;
    hash_murmur3(key, h);
    return h[0] == SIGN ? INT64_MAX : (int64_t)h[0];
}

bytes token_of_int(int64_t murmur3, uint8_t room[TOKEN_FIXED_MAX])
{
    put_be64(room, (uint64_t)murmur3 ^ SIGN);
    return bytes_of(room, 8);
}

int64_t token_to_int(bytes murmur3_token)
{
    must(murmur3_token.n == 8);
    return (int64_t)(get_be64(murmur3_token.p) ^ SIGN);
}

/* The digest as a signed number, without its sign. */
static bytes random_token(bytes key, uint8_t room[TOKEN_FIXED_MAX])
{
    hash_md5(key, room);
    if (room[0] & 0x80) {
        unsigned carry = 1;
        for (int i = 15; i >= 0; i--) {
            carry += (uint8_t)~room[i];
            room[i] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    return bytes_of(room, 16);
}

bytes token_of(partitioner p, bytes key, uint8_t room[TOKEN_FIXED_MAX])
{
    if (p == PARTITIONER_MURMUR3)
        return token_of_int(token_murmur3(key), room);
    return p == PARTITIONER_RANDOM ? random_token(key, room) : key;
}

static char *hex_text(bytes b, arena *a)
{
    char *s = arena_alloc(a, 2 * b.n + 1);
    for (size_t i = 0; i < b.n; i++) {
        s[2 * i] = "0123456789abcdef"[b.p[i] >> 4];
        s[2 * i + 1] = "0123456789abcdef"[b.p[i] & 15];
    }
    s[2 * b.n] = 0;
    return s;
}

/* A token of Random as an integer: the top bit may be set (2^127), it is no sign. */
static bytes random_integer(bytes token, arena *a)
{
    if (token.n == 0)
        return bytes_of("\xff", 1);
    uint8_t *p = arena_alloc(a, token.n + 1);
    p[0] = 0;
    memcpy(p + 1, token.p, token.n);
    return bigint_trim(bytes_of(p, token.n + 1));
}

char *token_to_text(partitioner p, bytes token, arena *a)
{
    if (p == PARTITIONER_MURMUR3)
        return arena_printf(a, "%lld", (long long)token_to_int(token));
    if (p == PARTITIONER_BYTE_ORDERED)
        return hex_text(token, a);
    digits d;
    digits_init(&d, random_integer(token, a));
    char *s = arena_printf(a, "%s%.*s", d.negative ? "-" : "", (int)d.n, d.n ? d.d : "");
    digits_done(&d);
    return *s ? s : arena_strdup(a, "0");
}

static int bad_token(partitioner p, bytes text, err_info *e)
{
    static const char *const expected[] = {
        [PARTITIONER_MURMUR3] = "a long value (unsigned 8 bytes integer)",
        [PARTITIONER_RANDOM] = "an integer value from -1 to 2^127",
        [PARTITIONER_BYTE_ORDERED] = "hexadecimal digits",
    };
    return err_set(e, ERR_INVALID, "Invalid token for %s. Got %.*s but expected %s.",
                   classes[p] + strlen(DHT), (int)(text.n < 100 ? text.n : 100),
                   (const char *)text.p, expected[p]);
}

/* -1..2^127 */
static int random_of_integer(arena *a, bytes integer, bytes *ret)
{
    bytes b = bigint_trim(integer);
    if (b.n == 1 && b.p[0] == 0xff) {
        *ret = BYTES_EMPTY;
        return 0;
    }
    if (b.n == 0 || b.p[0] >= 0x80 || b.n > 17)
        return ERR_INVALID;
    if (b.n == 17) {
        b = bytes_of(b.p + 1, 16);
        for (unsigned i = 0; i < 16; i++)
            if (b.p[i] != (i ? 0 : 0x80))
                return ERR_INVALID;
    }
    uint8_t *p = arena_zalloc(a, 16);
    memcpy(p + 16 - b.n, b.p, b.n);
    *ret = bytes_of(p, 16);
    return 0;
}

static int parse_hex(arena *a, bytes text, bytes *ret)
{
    if (text.n % 2)
        return ERR_INVALID;
    uint8_t *p = arena_zalloc(a, text.n / 2 + 1);
    for (size_t i = 0; i < text.n; i++) {
        int v = hex_digit(text.p[i]);
        if (v < 0)
            return ERR_INVALID;
        p[i / 2] = (uint8_t)(p[i / 2] << 4 | v);
    }
    *ret = bytes_of(p, text.n / 2);
    return 0;
}

int token_from_text(partitioner p, bytes text, arena *a, bytes *ret, err_info *e)
{
    if (p == PARTITIONER_BYTE_ORDERED)
        return parse_hex(a, text, ret) < 0 ? bad_token(p, text, e) : 0;
    bool negative = text.n && text.p[0] == '-';
    size_t sign = negative || (text.n && text.p[0] == '+'), n = text.n - sign;
    const char *d = (const char *)text.p + sign;
    if (n == 0 || n > 40)
        return bad_token(p, text, e);
    for (size_t i = 0; i < n; i++)
        if (d[i] < '0' || d[i] > '9')
            return bad_token(p, text, e);
    bytes integer = bigint_from_digits(a, d, n, negative);
    if (p == PARTITIONER_RANDOM)
        return random_of_integer(a, integer, ret) < 0 ? bad_token(p, text, e) : 0;
    if (integer.n > 8)
        return bad_token(p, text, e);
    uint8_t *room = arena_alloc(a, 8);
    memset(room, integer.p[0] >= 0x80 ? 0xff : 0, 8);
    memcpy(room + 8 - integer.n, integer.p, integer.n);
    *ret = token_of_int((int64_t)get_be64(room), room);
    return 0;
}

const type *token_cql_type(partitioner p)
{
    static const type_kind kinds[] = {
        [PARTITIONER_MURMUR3] = TYPE_BIGINT,
        [PARTITIONER_RANDOM] = TYPE_VARINT,
        [PARTITIONER_BYTE_ORDERED] = TYPE_BLOB,
    };
    return type_native(kinds[p]);
}

bytes token_to_cql(partitioner p, bytes token, arena *a)
{
    if (p == PARTITIONER_BYTE_ORDERED)
        return token;
    if (p == PARTITIONER_RANDOM)
        return random_integer(token, a);
    uint8_t *v = arena_alloc(a, 8);
    put_be64(v, (uint64_t)token_to_int(token));
    return bytes_of(v, 8);
}

int token_from_cql(partitioner p, bytes value, arena *a, bytes *ret, err_info *e)
{
    if (bytes_is_null(value))
        return err_set(e, ERR_INVALID, "Invalid null token");
    if (p == PARTITIONER_BYTE_ORDERED) {
        *ret = value;
        return 0;
    }
    if (p == PARTITIONER_RANDOM) {
        if (random_of_integer(a, value, ret) < 0)
            return err_set(e, ERR_INVALID, "Invalid token: not from -1 to 2^127");
        return 0;
    }
    if (value.n != 8)
        return err_set(e, ERR_INVALID, "Expected 8 byte long for a token (%zu)", value.n);
    *ret = token_of_int((int64_t)get_be64(value.p), arena_alloc(a, TOKEN_FIXED_MAX));
    return 0;
}

bytes token_minimum(partitioner p)
{
    return p == PARTITIONER_MURMUR3 ? BYTES_LIT("\0\0\0\0\0\0\0\0") : BYTES_EMPTY;
}

static double fraction(partitioner p, bytes token)
{
    uint8_t high[8] = {0};
    memcpy(high, token.p, token.n < 8 ? token.n : 8);
    return (double)get_be64(high) / (p == PARTITIONER_RANDOM ? 0x1p63 : 0x1p64);
}

double token_share(partitioner p, bytes left, bytes right)
{
    if (bytes_cmp(left, right) == 0)
        return 1;
    if (p == PARTITIONER_MURMUR3)
        return (double)(get_be64(right.p) - get_be64(left.p)) / 0x1p64;
    double d = fraction(p, right) - fraction(p, left);
    return d < 0 ? d + 1 : d;
}

bytes token_random(partitioner p, uint64_t r1, uint64_t r2, arena *a)
{
    uint8_t *room = arena_alloc(a, TOKEN_FIXED_MAX);
    if (p == PARTITIONER_MURMUR3)
        return token_of_int(r1 == SIGN ? INT64_MAX : (int64_t)r1, room);
    put_be64(room, p == PARTITIONER_RANDOM ? r1 & INT64_MAX : r1);
    put_be64(room + 8, r2);
    return bytes_of(room, 16);
}
