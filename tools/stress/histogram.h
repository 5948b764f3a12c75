/* histogram.h: latencies in microseconds with about 1 % resolution, for percentiles.
 *
 * Buckets: values below 128 one each, then 64 to every power of two.
 * Thread:  one writer; histogram_add merges.
 */
#pragma once
#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 128 + 64 * 40 };

typedef struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t n, sum_us, max_us;
} histogram;

void histogram_record(histogram *h, uint64_t us);
void histogram_add(histogram *to, const histogram *from);
/* The value that `percent` of all are at or below. */
uint64_t histogram_percentile(const histogram *h, double percent);
