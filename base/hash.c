#include "base/hash.h"

#include <openssl/evp.h>
#include <zlib.h>

static uint64_t rotl(uint64_t x, int r)
{
    return (x << r) | (x >> (64 - r));
}

static uint64_t mix(uint64_t k)
{
    k ^= k >> 33;
    k *= 0xff51afd7ed558ccdULL;
    k ^= k >> 33;
    k *= 0xc4ceb9fe1a85ec53ULL;
    k ^= k >> 33;
    return k;
}

static uint64_t le64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static const uint64_t C1 = 0x87c37b91114253d5ULL, C2 = 0x4cf5ad432745937fULL;

void hash_murmur3(bytes b, uint64_t ret[2])
{
    uint64_t h1 = 0, h2 = 0;
    size_t blocks = b.n / 16;
    for (size_t i = 0; i < blocks; i++) {
        uint64_t k1 = le64(b.p + i * 16), k2 = le64(b.p + i * 16 + 8);
        h1 ^= rotl(k1 * C1, 31) * C2;
        h1 = (rotl(h1, 27) + h2) * 5 + 0x52dce729;
        h2 ^= rotl(k2 * C2, 33) * C1;
        h2 = (rotl(h2, 31) + h1) * 5 + 0x38495ab5;
    }
    uint64_t k1 = 0, k2 = 0;
    for (size_t i = b.n; i > blocks * 16; i--) {
        size_t at = (i - 1) & 15;
        uint64_t c = (uint64_t)(int64_t)(int8_t)b.p[i - 1]; /* sign-extended, as in Java */
        if (at >= 8)
            k2 ^= c << ((at - 8) * 8);
        else
            k1 ^= c << (at * 8);
    }
    if ((b.n & 15) > 8)
        h2 ^= rotl(k2 * C2, 33) * C1;
    if (b.n & 15)
        h1 ^= rotl(k1 * C1, 31) * C2;
    h1 ^= b.n;
    h2 ^= b.n;
    h1 += h2;
    h2 += h1;
    h1 = mix(h1);
    h2 = mix(h2);
    h1 += h2;
    h2 += h1;
    ret[0] = h1;
    ret[1] = h2;
}

void hash_md5(bytes b, uint8_t ret[16])
{
    EVP_Digest(b.p, b.n, ret, NULL, EVP_md5(), NULL);
}

uint32_t hash_crc32(uint32_t crc, bytes b)
{
    return (uint32_t)crc32_z(crc, b.p, b.n);
}

uint64_t hash_fast(bytes b)
{
    uint64_t h = b.n * 0x9e3779b97f4a7c15ULL;
    size_t i = 0;
    for (; i + 8 <= b.n; i += 8)
        h = mix(h ^ le64(b.p + i));
    uint64_t tail = 0;
    if (i < b.n)
        memcpy(&tail, b.p + i, b.n - i);
    return mix(h ^ tail);
}
