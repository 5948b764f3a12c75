#include "server/admission.h"

#include <stdlib.h>

#include "base/alloc.h"

typedef struct admission_ip {
    int64_t clients;
    char ip[];
} admission_ip;

void admission_init(admission *a, const config *c)
{
    *a = (admission){.max = c->native_transport_max_concurrent_connections,
                     .max_per_ip = c->native_transport_max_concurrent_connections_per_ip};
    if (a->max < 0)
        a->max = ADMISSION_DEFAULT_MAX;
    pthread_mutex_init(&a->lock, NULL);
}

void admission_done(admission *a)
{
    const map_slot *s;
    for (size_t i = 0; (s = map_next(&a->by_ip, &i));)
        free(s->value);
    map_done(&a->by_ip);
    pthread_mutex_destroy(&a->lock);
}

static admission_ip *entry_of(admission *a, const char *ip)
{
    admission_ip *e = map_get(&a->by_ip, bytes_str(ip));
    if (!e) {
        size_t n = strlen(ip) + 1;
        e = xmalloc(sizeof *e + n);
        e->clients = 0;
        memcpy(e->ip, ip, n);
        map_put(&a->by_ip, bytes_str(e->ip), e);
    }
    return e;
}

bool admission_enter(admission *a, const char *ip, uint64_t *ret_refused)
{
    pthread_mutex_lock(&a->lock);
    admission_ip *e = a->max_per_ip >= 0 ? entry_of(a, ip) : NULL;
    bool ok = a->clients < a->max && (!e || e->clients < a->max_per_ip);
    a->clients += ok;
    if (e)
        e->clients += ok;
    a->refused += !ok;
    *ret_refused = a->refused;
    pthread_mutex_unlock(&a->lock);
    return ok;
}

void admission_leave(admission *a, const char *ip)
{
    pthread_mutex_lock(&a->lock);
    a->clients--;
    admission_ip *e = a->max_per_ip >= 0 ? entry_of(a, ip) : NULL;
    if (e && --e->clients == 0) {
        map_del(&a->by_ip, bytes_str(e->ip));
        free(e);
    }
    pthread_mutex_unlock(&a->lock);
}
