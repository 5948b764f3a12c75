/* cluster.c: what all nodes share: name, schema versions, gossip. */
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

static const char *status_text(const ring *r, const endpoint *e, arena *a)
{
    static const char *const names[] = {
        [ENDPOINT_NORMAL] = "NORMAL",
        [ENDPOINT_JOINING] = "BOOT",
        [ENDPOINT_LEAVING] = "LEAVING",
        [ENDPOINT_MOVING] = "MOVING",
    };
    const char *token = e->n_tokens ? token_to_text(r->partitioner, e->tokens[0], a) : "";
    return arena_printf(a, "%s,%s", names[e->status], token);
}

static json_t *states_of(admin_request *q, const ring *r, unsigned i, const schema *s)
{
    const endpoint *e = &r->endpoints[i];
    char version[UUID_TEXT], host[UUID_TEXT];
    double load = i == r->local ? (double)storage_load_bytes(q->node->storage) : e->load_bytes;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "RACK", e->rack, "DC", e->dc,
        "SCHEMA", uuid_format(i == r->local ? s->version : e->schema_version, version), "HOST_ID",
        uuid_format(e->host_id, host), "NET_VERSION", "7", "RELEASE_VERSION", e->release_version,
        "STATUS", status_text(r, e, &q->arena), "LOAD", arena_printf(&q->arena, "%.1f", load),
        "RPC_ADDRESS", e->rpc_address, "SEVERITY", "0.0");
}

int co_fn admin_gossipinfo(admin_request *q)
{
    node *n = q->node;
    ring *r = coordinator_ring(n->coordinator, n->home);
    schema *s = coordinator_schema(n->coordinator, n->home);
    json_t *list = json_array();
    for (unsigned i = 0; i < r->n_endpoints; i++) {
        const endpoint *e = &r->endpoints[i];
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:o}", "address", e->address,
                                              "generation", (int)e->generation, "heartbeat",
                                              (int)e->heartbeat, "states", states_of(q, r, i, s)));
    }
    q->json = json_pack("{s:o}", "endpoints", list);
    schema_unref(s);
    ring_unref(r);
    return 0;
}
