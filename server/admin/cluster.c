/* cluster.c: what all nodes share: name, schema versions, gossip. */
#include "base/must.h"
#include "server/admin/internal.h"

/* ---- describecluster ---- */

static void add_to(json_t *versions, const char *version, const char *address)
{
    json_t *list = json_object_get(versions, version);
    if (!list) {
        list = json_array();
        json_object_set_new(versions, version, list);
    }
    json_array_append_new(list, json_string(address));
}

/* This node's schema may be newer than what its ring entry says. */
static const char *version_of(const ring *r, unsigned i, const schema *s, char room[UUID_TEXT])
{
    if (!r->endpoints[i].alive)
        return "UNREACHABLE";
    return uuid_format(i == r->local ? s->version : r->endpoints[i].schema_version, room);
}

int co_fn admin_cluster(admin_request *q)
{
    node *n = q->node;
    char id[UUID_TEXT];
    ring *r = coordinator_ring(n->coordinator, n->home);
    schema *s = coordinator_schema(n->coordinator, n->home);
    json_t *versions = json_object();
    for (unsigned i = 0; i < r->n_endpoints; i++)
        add_to(versions, version_of(r, i, s, id), r->endpoints[i].address);
    q->json = json_pack("{s:s, s:s, s:s, s:o}", "name", n->info.cluster_name, "snitch",
                        n->info.snitch_class, "partitioner", partitioner_class(n->info.partitioner),
                        "schema_versions", versions);
    schema_unref(s);
    ring_unref(r);
    return 0;
}

/* ---- gossipinfo ---- */

static json_t *states_of(const member *m)
{
    static const application_state shown[] = {STATE_RACK,
                                              STATE_DC,
                                              STATE_SCHEMA,
                                              STATE_HOST_ID,
                                              STATE_NET_VERSION,
                                              STATE_RELEASE_VERSION,
                                              STATE_STATUS,
                                              STATE_LOAD,
                                              STATE_RPC_ADDRESS,
                                              STATE_SEVERITY,
                                              STATE_REMOVAL_COORDINATOR};
    json_t *states = json_object();
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        bytes v = member_value(m, shown[i]);
        if (v.p)
            json_object_set_new(states, application_state_name(shown[i]),
                                json_stringn((const char *)v.p, v.n));
    }
    return states;
}

int co_fn admin_gossipinfo(admin_request *q)
{
    const gossip *g = gossiper_state(q->node->gossiper);
    json_t *list = json_array();
    for (size_t i = 0; i < gossip_size(g); i++) {
        const member *m = gossip_member(g, i);
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:o}", "address", m->address,
                                              "generation", (int)m->generation, "heartbeat",
                                              (int)m->heartbeat, "states", states_of(m)));
    }
    q->json = json_pack("{s:o}", "endpoints", list);
    return 0;
}

/* How overdue each other node's news are, as the failure detector counts. */
int co_fn admin_failuredetector(admin_request *q)
{
    const gossip *g = gossiper_state(q->node->gossiper);
    int64_t now = env_mono_us(q->node->home);
    json_t *list = json_array();
    for (size_t i = 0; i < gossip_size(g); i++) {
        const member *m = gossip_member(g, i);
        if (m != gossip_self(g))
            json_array_append_new(
                list, json_pack("{s:s, s:f}", "address", m->address, "phi", gossip_phi(g, m, now)));
    }
    q->json = json_pack("{s:o}", "endpoints", list);
    return 0;
}
