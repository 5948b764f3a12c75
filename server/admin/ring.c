/* ring.c: nodes, tokens and who owns how much.
 *
 * "Owns" is effective when it counts replicas, by the replication of a keyspace: the one named, or
 * without a name the one that all of the users' keyspaces have. Else it is the share of the
 * tokens alone.
 */
#include "server/admin/internal.h"

typedef struct view {
    ring *ring;
    schema *schema;
    replication replication;
    bool effective;
} view;

/* ---- whose replication ---- */

static bool same_replication(const replication *a, const replication *b)
{
    if (a->strategy != b->strategy || a->factor != b->factor || a->n_dcs != b->n_dcs)
        return false;
    for (unsigned i = 0; i < a->n_dcs; i++)
        if (replication_in_dc(b, a->dcs[i].dc) != a->dcs[i].factor)
            return false;
    return true;
}

/* A new node has no keyspace of users: then that of traces, as it always did. */
static void view_common(view *v)
{
    unsigned found = 0;
    const keyspace *traces = schema_keyspace(v->schema, "system_traces");
    v->effective = true;
    for (unsigned i = 0; i < v->schema->n_keyspaces && v->effective; i++) {
        const keyspace *ks = v->schema->keyspaces[i];
        replication r = {0};
        if (ks->virtual_ || keyspace_is_system(ks->name))
            continue;
        v->effective = replication_parse(&ks->replication, &r, NULL) == 0 &&
                       (!found || same_replication(&r, &v->replication));
        v->replication = r;
        found++;
    }
    if (!found)
        v->effective =
            traces && replication_parse(&traces->replication, &v->replication, NULL) == 0;
}

static void view_done(view *v)
{
    v->ring = ring_unref(v->ring);
    v->schema = schema_unref(v->schema);
}

/* On an error nothing is held. */
static int view_init(view *v, admin_request *q, const char *name)
{
    node *n = q->node;
    *v = (view){coordinator_ring(n->coordinator, n->home),
                coordinator_schema(n->coordinator, n->home)};
    const keyspace *ks = name ? schema_keyspace(v->schema, name) : NULL;
    int r = 0;
    if (!name)
        view_common(v);
    else if (!ks)
        r = no_keyspace(q, name);
    else
        r = replication_parse(&ks->replication, &v->replication, &q->err);
    if (name)
        v->effective = true;
    if (r < 0)
        view_done(v);
    return r;
}

/* ---- shares ---- */

enum { TOKENS_AT_ONCE = 256 }; /* of a large ring, before requests have their turn */

static void add_share(const view *v, unsigned i, double *shares)
{
    const ring *r = v->ring;
    const ring_token *t = &r->tokens[i];
    bytes before = r->tokens[i ? i - 1 : r->n_tokens - 1].token;
    double share = r->n_tokens == 1 ? 1 : token_share(r->partitioner, before, t->token);
    uint16_t replicas[RING_NODES_MAX] = {t->endpoint};
    unsigned n = v->effective ? ring_replicas(r, &v->replication, t->token, replicas) : 1;
    for (unsigned k = 0; k < n; k++)
        shares[replicas[k]] += share;
}

/* Of each node, by its index. */
static double *co_fn reckon_shares(admin_request *q, const view *v)
{
    double *shares = arena_array(&q->arena, double, v->ring->n_endpoints);
    for (unsigned i = 0; i < v->ring->n_tokens; i++) {
        if (i % TOKENS_AT_ONCE == TOKENS_AT_ONCE - 1)
            env_yield(q->admin->home);
        add_share(v, i, shares);
    }
    return shares;
}

static json_t *node_json(admin_request *q, const view *v, unsigned i, double owns)
{
    static const char *const states[] = {"Normal", "Joining", "Leaving", "Moving"};
    const ring *r = v->ring;
    const endpoint *e = &r->endpoints[i];
    char id[UUID_TEXT];
    double load = i == r->local ? (double)storage_load_bytes(q->node->storage) : e->load_bytes;
    const char *first = e->n_tokens ? token_to_text(r->partitioner, e->tokens[0], &q->arena) : "";
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:i, s:f, s:s, s:s}", "address", e->address,
                     "datacenter", e->dc, "rack", e->rack, "status", e->alive ? "Up" : "Down",
                     "state", states[e->status], "load_bytes", load, "n_tokens", (int)e->n_tokens,
                     "owns", owns, "host_id", uuid_format(e->host_id, id), "token", first);
}

static json_t *co_fn nodes_json(admin_request *q, const view *v)
{
    const double *shares = reckon_shares(q, v);
    json_t *list = json_array();
    for (unsigned i = 0; i < v->ring->n_endpoints; i++)
        json_array_append_new(list, node_json(q, v, i, shares[i]));
    return list;
}

int co_fn admin_status(admin_request *q)
{
    view v;
    int r = view_init(&v, q, request_param(q, "keyspace"));
    if (r < 0)
        return r;
    q->json = json_pack("{s:b, s:o}", "effective", (int)v.effective, "nodes", nodes_json(q, &v));
    view_done(&v);
    return 0;
}

int co_fn admin_ring(admin_request *q)
{
    view v;
    int r = view_init(&v, q, request_param(q, "keyspace"));
    if (r < 0)
        return r;
    json_t *tokens = json_array();
    for (unsigned i = 0; i < v.ring->n_tokens; i++) {
        const ring_token *t = &v.ring->tokens[i];
        json_array_append_new(tokens,
                              json_pack("{s:s, s:i}", "token",
                                        token_to_text(v.ring->partitioner, t->token, &q->arena),
                                        "node", (int)t->endpoint));
    }
    q->json =
        json_pack("{s:b, s:i, s:o, s:o}", "effective", (int)v.effective, "num_tokens",
                  (int)q->node->config->num_tokens, "nodes", nodes_json(q, &v), "tokens", tokens);
    view_done(&v);
    return 0;
}

/* ---- ranges ---- */

static json_t *range_json(admin_request *q, const view *v, unsigned i)
{
    const ring *r = v->ring;
    uint16_t replicas[RING_NODES_MAX];
    unsigned before = i ? i - 1 : r->n_tokens - 1;
    unsigned n = ring_replicas(r, &v->replication, r->tokens[i].token, replicas);
    json_t *list = json_array();
    for (unsigned k = 0; k < n; k++) {
        const endpoint *e = &r->endpoints[replicas[k]];
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s}", "host", e->address, "rpc_address",
                                        e->rpc_address, "datacenter", e->dc, "rack", e->rack));
    }
    return json_pack("{s:s, s:s, s:o}", "start_token",
                     token_to_text(r->partitioner, r->tokens[before].token, &q->arena), "end_token",
                     token_to_text(r->partitioner, r->tokens[i].token, &q->arena), "endpoints",
                     list);
}

int co_fn admin_describering(admin_request *q)
{
    view v;
    char version[UUID_TEXT];
    const char *name = request_param(q, "keyspace");
    if (!name)
        return err_set(&q->err, ERR_INVALID, "parameter \"keyspace\" is missing");
    int r = view_init(&v, q, name);
    if (r < 0)
        return r;
    if (v.replication.strategy == STRATEGY_LOCAL) {
        view_done(&v);
        return err_set(&q->err, ERR_INVALID, "There is no ring for the keyspace: %s", name);
    }
    json_t *list = json_array();
    for (unsigned i = 0; i < v.ring->n_tokens; i++)
        json_array_append_new(list, range_json(q, &v, i));
    q->json = json_pack("{s:s, s:o}", "schema_version", uuid_format(v.schema->version, version),
                        "ranges", list);
    view_done(&v);
    return 0;
}

/* ---- the replicas of one key ---- */

/* The key as text: one value, or several joined by ':' (a text after the last one keeps its own).
 */
static int key_of(const table *t, const char *text, arena *a, bytes *ret, err_info *err)
{
    bytes *parts = arena_array(a, bytes, t->n_partition);
    for (unsigned i = 0; i < t->n_partition; i++) {
        bool last = i + 1 == t->n_partition;
        size_t n = last ? strlen(text) : strcspn(text, ":");
        if (!last && !text[n])
            return err_set(err, ERR_INVALID, "the key has %u parts, joined by ':'", t->n_partition);
        int r = type_from_text(a, t->partition_columns[i].type, bytes_of(text, n), &parts[i], err);
        if (r < 0)
            return r;
        text += n + !last;
    }
    *ret = partition_key_join(a, parts, t->n_partition);
    if (ret->n == 0 || ret->n > PARTITION_KEY_MAX)
        return err_set(err, ERR_INVALID, "a key has 1 to %d bytes", PARTITION_KEY_MAX);
    return 0;
}

static void replicas_json(admin_request *q, const view *v, bytes key)
{
    uint8_t room[TOKEN_FIXED_MAX];
    uint16_t replicas[RING_NODES_MAX];
    bytes token = token_of(v->ring->partitioner, key, room);
    unsigned n = ring_replicas(v->ring, &v->replication, token, replicas);
    json_t *list = json_array();
    for (unsigned i = 0; i < n; i++)
        json_array_append_new(list, json_string(v->ring->endpoints[replicas[i]].address));
    q->json = json_pack("{s:s, s:o}", "token",
                        token_to_text(v->ring->partitioner, token, &q->arena), "endpoints", list);
}

int co_fn admin_endpoints(admin_request *q)
{
    view v;
    bytes key;
    const char *ks = request_param(q, "keyspace"), *name = request_param(q, "table"),
               *text = request_param(q, "key");
    if (!ks || !name || !text)
        return err_set(&q->err, ERR_INVALID, "parameters are keyspace, table and key");
    int r = view_init(&v, q, ks);
    if (r < 0)
        return r;
    const table *t = schema_table(v.schema, ks, name);
    r = t ? key_of(t, text, &q->arena, &key, &q->err) : no_table(q, ks, name);
    if (r == 0)
        replicas_json(q, &v, key);
    view_done(&v);
    return r;
}
