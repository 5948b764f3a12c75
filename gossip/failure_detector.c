#include "gossip/failure_detector.h"

#include <stdlib.h>

#include "base/alloc.h"

/* Phi is defined over powers of ten; the exponential distribution gives powers of e. */
#define PHI_FACTOR 0.4342944819032518 /* 1 / ln 10 */

void arrival_window_done(arrival_window *w)
{
    free(w->intervals_us);
    *w = (arrival_window){0};
}

void arrival_window_clear(arrival_window *w)
{
    w->last_us = w->sum_us = 0;
    w->n = w->next = 0;
}

static void add_sample(arrival_window *w, int64_t us)
{
    if (w->n == w->cap && w->cap < ARRIVALS_MAX) {
        uint32_t cap = w->cap ? w->cap * 4 : 16;
        w->cap = cap < ARRIVALS_MAX ? cap : ARRIVALS_MAX;
        w->intervals_us = xrealloc(w->intervals_us, w->cap * sizeof *w->intervals_us);
        w->next = w->n;
    }
    if (w->n == w->cap)
        w->sum_us -= w->intervals_us[w->next];
    else
        w->n++;
    w->intervals_us[w->next] = (uint32_t)us;
    w->sum_us += (uint32_t)us;
    w->next = (w->next + 1) % w->cap;
}

void arrival_window_report(arrival_window *w, int64_t now_us, int64_t first_us)
{
    int64_t gap = w->last_us ? now_us - w->last_us : first_us;
    if (gap >= 0 && gap <= first_us)
        add_sample(w, gap);
    w->last_us = now_us;
}

double arrival_window_phi(const arrival_window *w, int64_t now_us)
{
    if (!w->last_us || !w->n || !w->sum_us)
        return 0;
    return (double)(now_us - w->last_us) / ((double)w->sum_us / w->n);
}

bool arrival_window_suspect(const arrival_window *w, int64_t now_us, double threshold)
{
    return arrival_window_phi(w, now_us) * PHI_FACTOR > threshold;
}
