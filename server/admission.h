/* admission.h: how many clients may be connected, in all and from one address.
 *
 * Every connection costs a coroutine's stack, so there is always a bound.
 *
 * Owner:  embeds in the node. Thread: any.
 */
#pragma once
#include <pthread.h>

#include "base/map.h"
#include "server/config/config.h"

enum { ADMISSION_DEFAULT_MAX = 30000 };

typedef struct admission {
    pthread_mutex_t lock;
    int64_t max, max_per_ip; /* per ip: -1 = none */
    int64_t clients;
    uint64_t refused;
    map by_ip; /* textual IP -> admission_ip */
} admission;

void admission_init(admission *a, const config *c);
void admission_done(admission *a);
/* False: one too many. ret_refused counts refusals so far, for a log that is not flooded. */
bool admission_enter(admission *a, const char *ip, uint64_t *ret_refused);
void admission_leave(admission *a, const char *ip);
