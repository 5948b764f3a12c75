#include "gossip/ring.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"

static const char *keep(arena *a, const char *s)
{
    return s ? arena_strdup(a, s) : NULL;
}

static endpoint copy_endpoint(arena *a, const endpoint *from)
{
    endpoint to = *from;
    to.address = keep(a, from->address);
    to.listen_address = keep(a, from->listen_address);
    to.rpc_address = keep(a, from->rpc_address);
    to.dc = keep(a, from->dc);
    to.rack = keep(a, from->rack);
    to.release_version = keep(a, from->release_version);
    bytes *tokens = arena_array(a, bytes, from->n_tokens);
    for (unsigned i = 0; i < from->n_tokens; i++)
        tokens[i] = arena_copy(a, from->tokens[i]);
    to.tokens = tokens;
    return to;
}

static int by_token(const void *a, const void *b)
{
    return bytes_cmp(((const ring_token *)a)->token, ((const ring_token *)b)->token);
}

ring *ring_new(partitioner p, const endpoint *endpoints, unsigned n, unsigned local)
{
    must(n > 0 && n <= RING_NODES_MAX && local < n);
    ring *r = xzalloc(sizeof *r);
    arena_init(&r->arena, 4096);
    r->refs = 1;
    r->partitioner = p;
    r->local = local;
    r->n_endpoints = n;
    r->endpoints = arena_array(&r->arena, endpoint, n);
    unsigned total = 0;
    for (unsigned i = 0; i < n; i++) {
        r->endpoints[i] = copy_endpoint(&r->arena, &endpoints[i]);
        total += endpoints[i].status == ENDPOINT_JOINING ? 0 : endpoints[i].n_tokens;
    }
    r->tokens = arena_array(&r->arena, ring_token, total);
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0;
             r->endpoints[i].status != ENDPOINT_JOINING && k < r->endpoints[i].n_tokens; k++)
            r->tokens[r->n_tokens++] = (ring_token){r->endpoints[i].tokens[k], (uint16_t)i};
    qsort(r->tokens, r->n_tokens, sizeof *r->tokens, by_token);
    return r;
}

ring *ring_ref(ring *r)
{
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

ring *ring_unref(ring *r)
{
    if (r && atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1) {
        arena_done(&r->arena);
        free(r);
    }
    return NULL;
}

unsigned ring_find(const ring *r, bytes token)
{
    unsigned lo = 0, hi = r->n_tokens;
    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;
        if (bytes_cmp(r->tokens[mid].token, token) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo == r->n_tokens ? 0 : lo;
}
