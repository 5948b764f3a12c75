/* What is kept of the members between two lives of this node: the body of an ACK2 about them. */
#include "base/must.h"
#include "gossip/members.h"

void gossip_save(const gossip *g, buf *out)
{
    arena a;
    arena_init(&a, 16 << 10);
    gossip_body b = {.nodes = arena_array(&a, gossip_node, g->members.n)};
    for (size_t i = 0; i < g->members.n; i++)
        if (g->members.p[i] != g->self && member_has_tokens(g->members.p[i]))
            b.nodes[b.n_nodes++] = member_since(g->members.p[i], -1, &a);
    gossip_body_encode(&b, out);
    arena_done(&a);
}

static void recall(gossip *g, const gossip_node *n, const char *address)
{
    member *m = members_find(g, address) ? NULL : members_add(g, address);
    if (!m)
        return;
    m->generation = n->generation;
    m->heartbeat = n->heartbeat;
    for (uint32_t i = 0; i < n->n_values; i++)
        if (n->values[i].state < GOSSIP_STATES_MAX)
            member_set(m, n->values[i].state, n->values[i].version, n->values[i].value);
}

int gossip_recall(gossip *g, bytes saved, err_info *err)
{
    arena a;
    gossip_body b;
    must_be(g, GOSSIP_MAGIC);
    arena_init(&a, 16 << 10);
    int r = gossip_body_decode(saved, &a, &b, NULL);
    for (uint32_t i = 0; r == 0 && i < b.n_nodes; i++)
        recall(g, &b.nodes[i], arena_str(&a, b.nodes[i].address));
    arena_done(&a);
    g->shadowing = true; /* the first round asks them all who is there */
    return r == 0 ? 0 : err_set(err, ERR_CORRUPT, "what was kept of the other nodes is garbled");
}
