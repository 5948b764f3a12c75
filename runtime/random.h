/* random.h: xoshiro256++, a generator for everything that needs chance but no secrecy.
 *
 * Owner:  embeds. Thread: one at a time.
 * Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators"; the seed is
 *         spread with splitmix64 (Steele, Lea, Flood).
 */
#pragma once
#include <stdint.h>

typedef struct random_state {
    uint64_t s[4];
} random_state;

static inline void random_seed(random_state *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        r->s[i] = z ^ (z >> 31);
    }
}

static inline uint64_t random_rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static inline uint64_t random_next(random_state *r)
{
    uint64_t *s = r->s, result = random_rotl(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = random_rotl(s[3], 45);
    return result;
}

/* Evenly in [0, n); n > 0. */
static inline uint64_t random_below(random_state *r, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)random_next(r) * n) >> 64);
}
