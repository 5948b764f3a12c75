/* format_cluster.c: nodes, tokens, schema versions, gossip. */
#include <stdio.h>

#include "base/vec.h"
#include "tools/nodetool/format.h"

static const char note[] = "Note: Ownership information does not include topology; for complete "
                           "information, specify a keyspace\n";

typedef vec(const char *) names;

/* The data centers of nodes, each once, in order of appearance. */
static names datacenters(const json_t *nodes)
{
    names dcs = {0};
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node)
    {
        const char *dc = field_str(node, "datacenter");
        size_t k = 0;
        while (k < dcs.n && strcmp(dcs.p[k], dc) != 0)
            k++;
        if (k == dcs.n)
            vec_push(&dcs, dc);
    }
    return dcs;
}

static int widest_address(const json_t *nodes)
{
    size_t i, widest = 0;
    json_t *node;
    json_array_foreach(nodes, i, node)
    {
        size_t n = strlen(field_str(node, "address"));
        widest = n > widest ? n : widest;
    }
    return (int)widest;
}

/* ---- status ---- */

typedef struct status_view {
    buf *out;
    int width;
    bool effective, vnodes;
} status_view;

typedef struct status_row {
    char status, state;
    const char *address, *load, *tokens, *owns, *host_id, *token, *rack;
} status_row;

static void put_status_row(const status_view *v, const status_row *r)
{
    buf_printf(v->out, "%c%c  %-*s  %-9s  ", r->status, r->state, v->width, r->address, r->load);
    if (v->vnodes)
        buf_printf(v->out, "%-6s  ", r->tokens);
    buf_printf(v->out, v->effective ? "%-16s  " : "%-5s  ", r->owns);
    buf_printf(v->out, "%-36s  ", r->host_id);
    if (!v->vnodes)
        buf_printf(v->out, "%-39s  ", r->token);
    buf_printf(v->out, "%s\n", r->rack);
}

static void put_status_node(const status_view *v, const json_t *node)
{
    char load[32], tokens[24], owns[24];
    const char *status = field_str(node, "status"), *state = field_str(node, "state");
    format_size(field_real(node, "load_bytes"), load);
    snprintf(tokens, sizeof tokens, "%lld", field_int(node, "n_tokens"));
    snprintf(owns, sizeof owns, "%.1f%%", field_real(node, "owns") * 100);
    put_status_row(v, &(status_row){*status ? *status : '?', *state ? *state : '?',
                                    field_str(node, "address"), load, tokens, owns,
                                    field_str(node, "host_id"), field_str(node, "token"),
                                    field_str(node, "rack")});
}

static void put_status_dc(const status_view *v, const json_t *nodes, const char *dc)
{
    size_t i;
    json_t *node;
    buf_printf(v->out, "Datacenter: %s\n", dc);
    for (i = strlen("Datacenter: ") + strlen(dc); i; i--)
        buf_u8(v->out, '=');
    buf_str(v->out, "\nStatus=Up/Down\n|/ State=Normal/Leaving/Joining/Moving\n");
    put_status_row(v, &(status_row){'-', '-', "Address", "Load", "Tokens",
                                    v->effective ? "Owns (effective)" : "Owns", "Host ID", "Token",
                                    "Rack"});
    json_array_foreach(nodes, i, node) if (strcmp(field_str(node, "datacenter"), dc) == 0)
        put_status_node(v, node);
}

static long long count_tokens(const json_t *nodes)
{
    long long n = 0;
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node) n += field_int(node, "n_tokens");
    return n;
}

void format_status(buf *out, const json_t *status)
{
    const json_t *nodes = json_object_get(status, "nodes");
    names dcs = datacenters(nodes);
    status_view v = {out, widest_address(nodes), field_bool(status, "effective"),
                     count_tokens(nodes) > (long long)dcs.n};
    if (!v.effective)
        buf_str(out, note);
    for (size_t i = 0; i < dcs.n; i++)
        put_status_dc(&v, nodes, dcs.p[i]);
    vec_done(&dcs);
}

/* ---- ring ---- */

static void put_ring_row(buf *out, int width, const char *const cells[7])
{
    buf_printf(out, "%-*s  %-12s%-7s%-8s%-16s%-20s%-44s\n", width, cells[0], cells[1], cells[2],
               cells[3], cells[4], cells[5], cells[6]);
}

static void put_ring_token(buf *out, int width, const json_t *node, const char *token)
{
    char load[32], owns[24];
    format_size(field_real(node, "load_bytes"), load);
    snprintf(owns, sizeof owns, "%.2f%%", field_real(node, "owns") * 100);
    put_ring_row(out, width,
                 (const char *const[]){field_str(node, "address"), field_str(node, "rack"),
                                       field_str(node, "status"), field_str(node, "state"), load,
                                       owns, token});
}

static void put_ring_dc(buf *out, int width, const json_t *ring, const char *dc)
{
    const json_t *nodes = json_object_get(ring, "nodes"), *tokens = json_object_get(ring, "tokens");
    vec(const json_t *) here = {0};
    size_t i;
    json_t *t;
    json_array_foreach(tokens, i, t)
    {
        const json_t *node = json_array_get(nodes, (size_t)field_int(t, "node"));
        if (strcmp(field_str(node, "datacenter"), dc) == 0)
            vec_push(&here, t);
    }
    buf_printf(out, "Datacenter: %s\n==========\n", dc);
    put_ring_row(
        out, width,
        (const char *const[]){"Address", "Rack", "Status", "State", "Load", "Owns", "Token"});
    if (here.n > 1)
        put_ring_row(
            out, width,
            (const char *const[]){"", "", "", "", "", "", field_str(here.p[here.n - 1], "token")});
    else
        buf_str(out, "\n");
    for (i = 0; i < here.n; i++)
        put_ring_token(out, width, json_array_get(nodes, (size_t)field_int(here.p[i], "node")),
                       field_str(here.p[i], "token"));
    buf_str(out, "\n");
    vec_done(&here);
}

void format_ring(buf *out, const json_t *ring)
{
    const json_t *nodes = json_object_get(ring, "nodes");
    names dcs = datacenters(nodes);
    int width = widest_address(nodes);
    if (!field_bool(ring, "effective"))
        buf_str(out, note);
    buf_str(out, "\n");
    for (size_t i = 0; i < dcs.n; i++)
        put_ring_dc(out, width, ring, dcs.p[i]);
    if (field_int(ring, "num_tokens") > 1)
        buf_str(out,
                "  Warning: \"nodetool ring\" is used to output all the tokens of a node.\n"
                "  To view status related info of a node use \"nodetool status\" instead.\n\n");
    vec_done(&dcs);
}

/* ---- describering, getendpoints ---- */

static void put_list(buf *out, const json_t *endpoints, const char *field)
{
    size_t i;
    json_t *e;
    buf_str(out, "[");
    json_array_foreach(endpoints, i, e) buf_printf(out, "%s%s", i ? ", " : "", field_str(e, field));
    buf_str(out, "]");
}

static void put_range(buf *out, const json_t *range)
{
    const json_t *endpoints = json_object_get(range, "endpoints");
    size_t i;
    json_t *e;
    buf_printf(out, "\tTokenRange(start_token:%s, end_token:%s, endpoints:",
               field_str(range, "start_token"), field_str(range, "end_token"));
    put_list(out, endpoints, "host");
    buf_str(out, ", rpc_endpoints:");
    put_list(out, endpoints, "rpc_address");
    buf_str(out, ", endpoint_details:[");
    json_array_foreach(endpoints, i, e)
        buf_printf(out, "%sEndpointDetails(host:%s, datacenter:%s, rack:%s)", i ? ", " : "",
                   field_str(e, "host"), field_str(e, "datacenter"), field_str(e, "rack"));
    buf_str(out, "])\n");
}

void format_describering(buf *out, const json_t *describering)
{
    size_t i;
    json_t *range;
    buf_printf(out, "Schema Version:%s\nTokenRange: \n", field_str(describering, "schema_version"));
    json_array_foreach(json_object_get(describering, "ranges"), i, range) put_range(out, range);
}

void format_endpoints(buf *out, const json_t *endpoints)
{
    size_t i;
    json_t *e;
    json_array_foreach(json_object_get(endpoints, "endpoints"), i, e)
        buf_printf(out, "%s\n", json_string_value(e));
}

/* ---- describecluster, gossipinfo ---- */

void format_describecluster(buf *out, const json_t *cluster)
{
    const char *version;
    json_t *hosts, *host;
    size_t i;
    buf_printf(out, "Cluster Information:\n\tName: %s\n\tSnitch: %s\n\tPartitioner: %s\n",
               field_str(cluster, "name"), field_str(cluster, "snitch"),
               field_str(cluster, "partitioner"));
    buf_str(out, "\tSchema versions:\n");
    json_object_foreach(json_object_get(cluster, "schema_versions"), version, hosts)
    {
        buf_printf(out, "\t\t%s: [", version);
        json_array_foreach(hosts, i, host)
            buf_printf(out, "%s%s", i ? ", " : "", json_string_value(host));
        buf_str(out, "]\n\n");
    }
}

void format_gossipinfo(buf *out, const json_t *gossipinfo)
{
    size_t i;
    json_t *e, *value;
    const char *state;
    json_array_foreach(json_object_get(gossipinfo, "endpoints"), i, e)
    {
        buf_printf(out, "/%s\n", field_str(e, "address"));
        json_object_foreach(json_object_get(e, "states"), state, value)
            buf_printf(out, "  %s:%s\n", state, json_string_value(value));
    }
    buf_str(out, "\n");
}

void format_failuredetector(buf *out, const json_t *detector)
{
    size_t i;
    json_t *e;
    buf_printf(out, "%40s,%16s\n", "Endpoint", "Phi");
    json_array_foreach(json_object_get(detector, "endpoints"), i, e)
        buf_printf(out, "%*s%s,%16.8f\n", 40 - (int)strlen(field_str(e, "address")), "/",
                   field_str(e, "address"), json_number_value(json_object_get(e, "phi")));
}
