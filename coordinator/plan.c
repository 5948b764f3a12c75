#include "coordinator/plan.h"

static unsigned quorum(int factor)
{
    return (unsigned)factor / 2 + 1;
}

static unsigned each_quorum(const replication *rep)
{
    if (rep->strategy != STRATEGY_NETWORK_TOPOLOGY)
        return quorum(replication_total(rep));
    unsigned n = 0;
    for (unsigned i = 0; i < rep->n_dcs; i++)
        n += quorum(rep->dcs[i].factor);
    return n;
}

unsigned plan_need(const replication *rep, consistency cl, const char *local_dc)
{
    switch (cl) {
    case CL_ANY:
    case CL_ONE:
    case CL_LOCAL_ONE:
        return 1;
    case CL_TWO:
        return 2;
    case CL_THREE:
        return 3;
    case CL_QUORUM:
    case CL_SERIAL:
        return quorum(replication_total(rep));
    case CL_LOCAL_QUORUM:
    case CL_LOCAL_SERIAL:
        return quorum(replication_in_dc(rep, local_dc));
    case CL_EACH_QUORUM:
        return each_quorum(rep);
    case CL_ALL:
        return (unsigned)replication_total(rep);
    }
    return 1;
}

static bool is_local_level(consistency cl)
{
    return cl == CL_LOCAL_ONE || cl == CL_LOCAL_QUORUM || cl == CL_LOCAL_SERIAL;
}

static bool by_dc(const replication *rep, consistency cl)
{
    return is_local_level(cl) && rep->strategy == STRATEGY_NETWORK_TOPOLOGY;
}

static int unavailable(consistency cl, unsigned need, unsigned alive, err_info *err)
{
    if (err) {
        err->consistency = cl;
        err->required = (int)need;
        err->alive = (int)alive;
    }
    return err_set(err, ERR_UNAVAILABLE, "Cannot achieve consistency level %s",
                   consistency_name(cl));
}

static unsigned alive_in(const ring *r, const replica_plan *p, const char *dc)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->n; i++) {
        const endpoint *e = &r->endpoints[p->replicas[i]];
        n += e->alive && (!dc || !strcmp(e->dc, dc));
    }
    return n;
}

int plan_make(const ring *r, const replication *rep, bytes token, consistency cl, replica_plan *ret,
              err_info *err)
{
    const endpoint *self = &r->endpoints[r->local];
    ret->n = ring_replicas(r, rep, token, ret->replicas);
    ret->alive = alive_in(r, ret, NULL);
    ret->need = plan_need(rep, cl, self->dc);
    ret->local = false;
    for (unsigned i = 0; i < ret->n; i++)
        ret->local |= ret->replicas[i] == r->local;
    unsigned counted = by_dc(rep, cl) ? alive_in(r, ret, self->dc) : ret->alive;
    if (counted < ret->need)
        return unavailable(cl, ret->need, counted, err);
    for (unsigned i = 0; cl == CL_EACH_QUORUM && i < rep->n_dcs; i++) {
        unsigned need = quorum(rep->dcs[i].factor), alive = alive_in(r, ret, rep->dcs[i].dc);
        if (alive < need)
            return unavailable(cl, need, alive, err);
    }
    return 0;
}

static unsigned count_in(const ring *r, const uint16_t *list, unsigned n, const char *dc)
{
    unsigned count = 0;
    for (unsigned i = 0; i < n; i++)
        count += !strcmp(r->endpoints[list[i]].dc, dc);
    return count;
}

bool plan_enough(const ring *r, const replication *rep, consistency cl, unsigned need,
                 const uint16_t *answered, unsigned n, unsigned *ret_counted)
{
    *ret_counted = by_dc(rep, cl) ? count_in(r, answered, n, r->endpoints[r->local].dc) : n;
    for (unsigned i = 0; cl == CL_EACH_QUORUM && i < rep->n_dcs; i++)
        if (count_in(r, answered, n, rep->dcs[i].dc) < quorum(rep->dcs[i].factor))
            return false;
    return *ret_counted >= need;
}

/* 0: this node; 1: its data centre; 2: elsewhere. */
static int distance(const ring *r, uint16_t endpoint)
{
    if (endpoint == r->local)
        return 0;
    return strcmp(r->endpoints[endpoint].dc, r->endpoints[r->local].dc) ? 2 : 1;
}

unsigned plan_read_order(const ring *r, const replication *rep, consistency cl,
                         const replica_plan *p, uint16_t *out)
{
    unsigned n = 0;
    for (int d = 0; d <= (by_dc(rep, cl) ? 1 : 2); d++)
        for (unsigned i = 0; i < p->n; i++)
            if (r->endpoints[p->replicas[i]].alive && distance(r, p->replicas[i]) == d)
                out[n++] = p->replicas[i];
    return n;
}

int plan_check_read(consistency cl, err_info *err)
{
    if (cl == CL_ANY)
        return err_set(err, ERR_INVALID, "ANY ConsistencyLevel is only supported for writes");
    return 0;
}

int plan_check_write(consistency cl, err_info *err)
{
    if (consistency_is_serial(cl))
        return err_set(err, ERR_INVALID,
                       "You must use conditional updates for serializable writes");
    return 0;
}
