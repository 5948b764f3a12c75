/* Replication strategies: pure functions from ring, replication options and token to replicas. */
#include <stdlib.h>

#include "base/alloc.h"
#include "gossip/ring.h"

#define PACKAGE "org.apache.cassandra.locator."

static const char *const classes[] = {
    [STRATEGY_SIMPLE] = PACKAGE "SimpleStrategy",
    [STRATEGY_NETWORK_TOPOLOGY] = PACKAGE "NetworkTopologyStrategy",
    [STRATEGY_LOCAL] = PACKAGE "LocalStrategy",
};

const char *replication_class(strategy s)
{
    return classes[s];
}

static bool find_class(const char *name, strategy *ret)
{
    size_t package = strlen(PACKAGE);
    for (unsigned i = 0; i < sizeof classes / sizeof *classes; i++)
        if (!strcmp(name, classes[i]) || !strcmp(name, classes[i] + package)) {
            *ret = (strategy)i;
            return true;
        }
    return false;
}

static int parse_factor(const char *text, int *ret, err_info *e)
{
    char *end;
    long v = strtol(text, &end, 10);
    if (end == text || *end || v > 100000 || v < -100000)
        return err_set(e, ERR_CONFIG, "Replication factor must be numeric; found %s", text);
    if (v < 0)
        return err_set(e, ERR_CONFIG, "Replication factor must be non-negative; found %s", text);
    *ret = (int)v;
    return 0;
}

static int parse_simple(const options *o, replication *ret, err_info *e)
{
    const char *factor = options_get(*o, "replication_factor");
    if (!factor)
        return err_set(e, ERR_CONFIG,
                       "SimpleStrategy requires a replication_factor strategy option.");
    for (unsigned i = 0; i < o->n; i++)
        if (strcmp(o->p[i].name, "class") && strcmp(o->p[i].name, "replication_factor"))
            return err_set(e, ERR_CONFIG,
                           "Unrecognized strategy option {%s} passed to SimpleStrategy",
                           o->p[i].name);
    return parse_factor(factor, &ret->factor, e);
}

static int parse_topology(const options *o, replication *ret, err_info *e)
{
    for (unsigned i = 0; i < o->n; i++) {
        if (!strcmp(o->p[i].name, "class"))
            continue;
        if (!strcmp(o->p[i].name, "replication_factor"))
            return err_set(e, ERR_CONFIG,
                           "replication_factor is an option for simple strategies; "
                           "give the data centres of NetworkTopologyStrategy by name");
        if (ret->n_dcs == sizeof ret->dcs / sizeof *ret->dcs)
            return err_set(e, ERR_CONFIG, "Too many data centres in the replication options");
        int r = parse_factor(o->p[i].value, &ret->dcs[ret->n_dcs].factor, e);
        if (r < 0)
            return r;
        ret->dcs[ret->n_dcs++].dc = o->p[i].name;
    }
    return 0;
}

int replication_parse(const options *o, replication *ret, err_info *e)
{
    const char *name = options_get(*o, "class");
    *ret = (replication){0};
    if (!name)
        return err_set(e, ERR_CONFIG, "Missing mandatory replication strategy class");
    if (!find_class(name, &ret->strategy))
        return err_set(e, ERR_CONFIG, "Unable to find replication strategy class '%s%s'",
                       strchr(name, '.') ? "" : PACKAGE, name);
    switch (ret->strategy) {
    case STRATEGY_SIMPLE:
        return parse_simple(o, ret, e);
    case STRATEGY_NETWORK_TOPOLOGY:
        return parse_topology(o, ret, e);
    case STRATEGY_LOCAL:
        return 0;
    }
    return 0;
}

int replication_total(const replication *r)
{
    if (r->strategy == STRATEGY_LOCAL)
        return 1;
    if (r->strategy == STRATEGY_SIMPLE)
        return r->factor;
    int total = 0;
    for (unsigned i = 0; i < r->n_dcs; i++)
        total += r->dcs[i].factor;
    return total;
}

int replication_in_dc(const replication *r, const char *dc)
{
    if (r->strategy != STRATEGY_NETWORK_TOPOLOGY)
        return replication_total(r);
    for (unsigned i = 0; i < r->n_dcs; i++)
        if (!strcmp(r->dcs[i].dc, dc))
            return r->dcs[i].factor;
    return 0;
}

static bool contains(const uint16_t *list, unsigned n, uint16_t x)
{
    for (unsigned i = 0; i < n; i++)
        if (list[i] == x)
            return true;
    return false;
}

static unsigned simple_replicas(const ring *r, int factor, unsigned first, uint16_t *out)
{
    unsigned n = 0;
    for (unsigned i = 0; i < r->n_tokens && n < (unsigned)factor && n < r->n_endpoints; i++) {
        uint16_t e = r->tokens[(first + i) % r->n_tokens].endpoint;
        if (!contains(out, n, e))
            out[n++] = e;
    }
    return n;
}

/* How many nodes and distinct racks a data centre has. */
static void dc_shape(const ring *r, const char *dc, unsigned *ret_nodes, unsigned *ret_racks)
{
    *ret_nodes = *ret_racks = 0;
    for (unsigned i = 0; i < r->n_endpoints; i++) {
        if (strcmp(r->endpoints[i].dc, dc))
            continue;
        ++*ret_nodes;
        bool seen = false;
        for (unsigned k = 0; k < i && !seen; k++)
            seen = !strcmp(r->endpoints[k].dc, dc) &&
                   !strcmp(r->endpoints[k].rack, r->endpoints[i].rack);
        *ret_racks += !seen;
    }
}

/* One data centre: walk the ring; a node in a rack already used waits until every rack has had its
 * turn (Cassandra's acceptable rack repeats). */
static unsigned dc_replicas(const ring *r, const char *dc, int factor, unsigned first,
                            uint16_t *out)
{
    unsigned nodes, racks, n = 0;
    dc_shape(r, dc, &nodes, &racks);
    unsigned want = (unsigned)factor < nodes ? (unsigned)factor : nodes;
    unsigned repeats = (unsigned)factor > racks ? (unsigned)factor - racks : 0;
    for (unsigned i = 0; i < r->n_tokens && n < want; i++) {
        uint16_t e = r->tokens[(first + i) % r->n_tokens].endpoint;
        if (strcmp(r->endpoints[e].dc, dc) || contains(out, n, e))
            continue;
        bool rack_used = false;
        for (unsigned k = 0; k < n && !rack_used; k++)
            rack_used = !strcmp(r->endpoints[out[k]].rack, r->endpoints[e].rack);
        if (rack_used && !repeats)
            continue;
        repeats -= rack_used;
        out[n++] = e;
    }
    return n;
}

unsigned ring_replicas(const ring *r, const replication *rep, bytes token, uint16_t *out)
{
    if (rep->strategy == STRATEGY_LOCAL || !r->n_tokens) {
        out[0] = (uint16_t)r->local;
        return 1;
    }
    unsigned first = ring_find(r, token);
    if (rep->strategy == STRATEGY_SIMPLE)
        return simple_replicas(r, rep->factor, first, out);
    unsigned n = 0;
    for (unsigned i = 0; i < rep->n_dcs; i++)
        n += dc_replicas(r, rep->dcs[i].dc, rep->dcs[i].factor, first, out + n);
    return n;
}

double ring_ownership(const ring *r, const replication *rep, unsigned endpoint)
{
    uint16_t replicas[RING_NODES_MAX];
    double share = 0;
    if (r->n_tokens == 0)
        return endpoint == r->local;
    for (unsigned i = 0; i < r->n_tokens; i++) {
        unsigned before = i ? i - 1 : r->n_tokens - 1;
        unsigned n = ring_replicas(r, rep, r->tokens[i].token, replicas);
        if (!contains(replicas, n, (uint16_t)endpoint))
            continue;
        share += r->n_tokens == 1
                     ? 1.0
                     : token_share(r->partitioner, r->tokens[before].token, r->tokens[i].token);
    }
    return share;
}
