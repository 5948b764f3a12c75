/* failure_detector.h: how sure are we that a silent node is down? Phi accrual, as Cassandra has it.
 *
 * For each endpoint the times between signs of life are kept (the last 1000). phi is the time since
 * the last sign over their mean; the endpoint counts as down when phi / ln 10 exceeds the
 * threshold (8: about 18 silent seconds at one sign a second). The first sample is two
 * intervals of gossip; gaps longer than that are no samples, so that an outage does not make the
 * detector patient.
 *
 * Owner:   an arrival_window embeds in what is watched.
 * Thread:  pure. Times are env_mono_us.
 * Sources: Hayashibara and others, "The phi accrual failure detector"; storage_semantics 9.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { ARRIVALS_MAX = 1000 };

typedef struct arrival_window {
    int64_t last_us; /* 0: never seen */
    int64_t sum_us;
    uint32_t n, next, cap;
    uint32_t *intervals_us; /* a circle; heap, grows to ARRIVALS_MAX */
} arrival_window;

void arrival_window_done(arrival_window *w);
void arrival_window_clear(arrival_window *w);
/* A sign of life. first_us: the first sample, and the longest gap that counts as one. */
void arrival_window_report(arrival_window *w, int64_t now_us, int64_t first_us);
double arrival_window_phi(const arrival_window *w, int64_t now_us); /* never seen: 0 */
/* phi x 1/ln 10 > threshold. */
bool arrival_window_suspect(const arrival_window *w, int64_t now_us, double threshold);
