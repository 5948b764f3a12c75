#include "tools/stress/histogram.h"

static unsigned bucket_of(uint64_t us)
{
    if (us < 128)
        return (unsigned)us;
    unsigned power = 63 - (unsigned)__builtin_clzll(us); /* 7 and up */
    unsigned b = 128 + (power - 7) * 64 + (unsigned)(us >> (power - 6)) - 64;
    return b < HISTOGRAM_BUCKETS ? b : HISTOGRAM_BUCKETS - 1;
}

static uint64_t bucket_top(unsigned b)
{
    if (b < 128)
        return b;
    unsigned power = 7 + (b - 128) / 64, part = (b - 128) % 64;
    return ((uint64_t)(64 + part + 1) << (power - 6)) - 1;
}

void histogram_record(histogram *h, uint64_t us)
{
    h->counts[bucket_of(us)]++;
    h->n++;
    h->sum_us += us;
    if (us > h->max_us)
        h->max_us = us;
}

void histogram_add(histogram *to, const histogram *from)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        to->counts[i] += from->counts[i];
    to->n += from->n;
    to->sum_us += from->sum_us;
    if (from->max_us > to->max_us)
        to->max_us = from->max_us;
}

uint64_t histogram_percentile(const histogram *h, double percent)
{
    uint64_t want = (uint64_t)((double)h->n * percent / 100 + 0.5), seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen >= want && seen)
            return bucket_top(i) < h->max_us ? bucket_top(i) : h->max_us;
    }
    return h->max_us;
}
