/* The table of members and their values. */
#include "gossip/members.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/must.h"

const char *application_state_name(unsigned state)
{
    switch (state) {
#define X(name, number, text)                                                                      \
    case name:                                                                                     \
        return text;
        APPLICATION_STATES(X)
#undef X
    default:
        return NULL;
    }
}

bool address_order(const char *address, uint8_t ret[17])
{
    memset(ret, 0, 17);
    if (inet_pton(AF_INET, address, ret + 1) == 1) {
        ret[0] = 4;
        return true;
    }
    ret[0] = 6;
    return inet_pton(AF_INET6, address, ret + 1) == 1;
}

/* The first member that is not before it. */
static size_t position(const gossip *g, const uint8_t order[17])
{
    size_t lo = 0, hi = g->members.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (memcmp(g->members.p[mid]->order, order, 17) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

member *members_find(const gossip *g, const char *address)
{
    uint8_t order[17];
    if (!address_order(address, order))
        return NULL;
    size_t at = position(g, order);
    bool there = at < g->members.n && memcmp(g->members.p[at]->order, order, 17) == 0;
    return there ? g->members.p[at] : NULL;
}

member *members_add(gossip *g, const char *address)
{
    uint8_t order[17];
    if (g->members.n == GOSSIP_NODES_MAX || strlen(address) > INTERNODE_ADDRESS_MAX ||
        !address_order(address, order))
        return NULL;
    member *m = xzalloc(sizeof *m);
    strcpy(m->address, address);
    memcpy(m->order, order, sizeof m->order);
    size_t at = position(g, order);
    vec_push(&g->members, m);
    memmove(g->members.p + at + 1, g->members.p + at, (g->members.n - 1 - at) * sizeof m);
    g->members.p[at] = m;
    return m;
}

static void member_free(member *m)
{
    member_clear(m);
    arrival_window_done(&m->arrivals);
    free(m);
}

void members_remove(gossip *g, member *m)
{
    size_t at = position(g, m->order);
    must(g->members.p[at] == m && m != g->self);
    memmove(g->members.p + at, g->members.p + at + 1, (--g->members.n - at) * sizeof m);
    member_free(m);
}

void member_clear(member *m)
{
    for (unsigned i = 0; i < GOSSIP_STATES_MAX; i++)
        free((void *)m->states[i].value.p);
    memset(m->states, 0, sizeof m->states);
}

void member_set(member *m, unsigned state, int32_t version, bytes value)
{
    uint8_t *copy = xmalloc(value.n + 1);
    if (value.n)
        memcpy(copy, value.p, value.n);
    free((void *)m->states[state].value.p);
    m->states[state] = (state_value){version, bytes_of(copy, value.n)};
}

int32_t member_version(const member *m)
{
    int32_t v = m->heartbeat;
    for (unsigned i = 0; i < GOSSIP_STATES_MAX; i++)
        v = m->states[i].version > v ? m->states[i].version : v;
    return v;
}

bytes member_value(const member *m, application_state s)
{
    return m->states[s].value;
}

gossip_node member_since(const member *m, int32_t version, arena *a)
{
    gossip_node n = {bytes_str(m->address), m->generation, m->heartbeat, 0, NULL};
    n.values = arena_array(a, gossip_value, GOSSIP_STATES_MAX);
    for (unsigned i = 0; i < GOSSIP_STATES_MAX; i++)
        if (m->states[i].value.p && m->states[i].version > version)
            n.values[n.n_values++] =
                (gossip_value){(uint8_t)i, m->states[i].version, m->states[i].value};
    return n;
}

bool member_is(const member *m, const char *status)
{
    bytes v = m->states[STATE_STATUS].value;
    size_t n = strlen(status);
    return v.n >= n && memcmp(v.p, status, n) == 0 && (v.n == n || v.p[n] == ',');
}

bool member_is_dead(const member *m)
{
    return member_is(m, "LEFT") || member_is(m, "removed") || member_is(m, "removing") ||
           member_is(m, "hibernate");
}

bool member_has_tokens(const member *m)
{
    return member_is(m, "NORMAL") || member_is(m, "LEAVING") || member_is(m, "MOVING");
}

uuid member_uuid(const member *m, application_state s)
{
    uuid u = {0};
    if (m->states[s].value.n)
        uuid_parse(m->states[s].value, &u);
    return u;
}

/* ---- the machine's life ---- */

static void copy_seeds(gossip *g, const gossip_options *o)
{
    uint8_t order[17];
    g->seeds = xzalloc((o->n_seeds + 1) * sizeof *g->seeds);
    for (size_t i = 0; i < o->n_seeds; i++) {
        address_order(o->seeds[i], order);
        if (memcmp(order, g->self->order, sizeof order) != 0)
            g->seeds[g->n_seeds++] = xstrdup(o->seeds[i]);
    }
}

int gossip_new(const gossip_options *o, gossip **ret, err_info *err)
{
    uint8_t order[17];
    if (!address_order(o->address, order))
        return err_set(err, ERR_CONFIG, "broadcast_address %s is not an IP address", o->address);
    for (size_t i = 0; i < o->n_seeds; i++)
        if (!address_order(o->seeds[i], order))
            return err_set(err, ERR_CONFIG, "seed %s is not an IP address", o->seeds[i]);
    gossip *g = xzalloc(sizeof *g);
    g->magic = GOSSIP_MAGIC;
    g->partitioner = o->partitioner;
    g->phi_convict_threshold = o->phi_convict_threshold > 0 ? o->phi_convict_threshold : 8;
    g->interval_us = o->interval_us ? o->interval_us : 1000000;
    g->first_arrival_us = o->first_arrival_us ? o->first_arrival_us : 2 * g->interval_us;
    g->ring_delay_us = o->ring_delay_us ? o->ring_delay_us : 30000000;
    g->random = o->seed;
    g->self = members_add(g, o->address);
    g->self->generation = o->generation;
    g->self->alive = true;
    copy_seeds(g, o);
    *ret = g;
    return 0;
}

gossip *gossip_free(gossip *g)
{
    if (!g)
        return NULL;
    for (size_t i = 0; i < g->members.n; i++)
        member_free(g->members.p[i]);
    for (size_t i = 0; i < g->n_seeds; i++)
        free(g->seeds[i]);
    free(g->seeds);
    vec_done(&g->members);
    vec_done(&g->removed);
    free(g);
    return NULL;
}

bool gossip_has_other_seeds(const gossip *g)
{
    return g->n_seeds > 0;
}

size_t gossip_size(const gossip *g)
{
    return g->members.n;
}

const member *gossip_member(const gossip *g, size_t i)
{
    return g->members.p[i];
}

const member *gossip_find(const gossip *g, const char *address)
{
    return members_find(g, address);
}

const member *gossip_self(const gossip *g)
{
    return g->self;
}

double gossip_phi(const gossip *g, const member *m, int64_t now_us)
{
    return m == g->self ? 0 : arrival_window_phi(&m->arrivals, now_us);
}

/* ---- output ---- */

void gossip_output_init(gossip_output *o)
{
    *o = (gossip_output){0};
    arena_init(&o->arena, 4096);
}

void gossip_output_done(gossip_output *o)
{
    vec_done(&o->sends);
    vec_done(&o->changes);
    arena_done(&o->arena);
}

void out_change(gossip_output *out, gossip_change_kind kind, const member *m)
{
    vec_push(&out->changes,
             (gossip_change){.kind = kind, .address = arena_strdup(&out->arena, m->address)});
    out->ring_changed = true;
}
