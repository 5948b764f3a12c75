/* actions.c: what changes something. */
#include "server/admin/internal.h"
#include "server/cluster.h"

/* ---- flush ---- */

/* Table ids are copied first: flushing suspends, and the schema may change meanwhile. */
static int add_table(admin_request *q, const keyspace *ks, const char *name, uuid *ids, unsigned *n)
{
    for (unsigned i = 0; i < ks->n_tables; i++) {
        const table *t = ks->tables[i];
        if (strcmp(t->name, name) == 0 && !(t->flags & TABLE_VIRTUAL)) {
            ids[(*n)++] = t->id;
            return 0;
        }
    }
    return no_table(q, ks->name, name);
}

static int add_tables(admin_request *q, const keyspace *ks, uuid *ids, unsigned *n)
{
    bool all = true;
    int r = 0;
    for (unsigned i = 0; i < q->n_params && r == 0; i++)
        if (strcmp(q->params[i].name, "table") == 0) {
            r = add_table(q, ks, q->params[i].value, ids, n);
            all = false;
        }
    for (unsigned i = 0; all && i < ks->n_tables; i++)
        if (!(ks->tables[i]->flags & TABLE_VIRTUAL))
            ids[(*n)++] = ks->tables[i]->id;
    return r;
}

int co_fn admin_flush(admin_request *q)
{
    node *node = q->node;
    const char *name = request_param(q, "keyspace");
    unsigned n = 0;
    if (!name && request_param(q, "table"))
        return err_set(&q->err, ERR_INVALID, "a table needs its keyspace");
    if (!name)
        return storage_flush(node->storage, node->home, NULL, &q->err);
    schema *s = coordinator_schema(node->coordinator, node->home);
    const keyspace *ks = schema_keyspace(s, name);
    uuid *ids = ks ? arena_array(&q->arena, uuid, ks->n_tables + ADMIN_PARAMS_MAX) : NULL;
    int r = ks ? add_tables(q, ks, ids, &n) : no_keyspace(q, name);
    schema_unref(s);
    for (unsigned i = 0; i < n && r == 0; i++)
        r = storage_flush(node->storage, node->home, &ids[i], &q->err);
    return r;
}

/* ---- the node's switches: one at a time, each suspends ---- */

static int co_fn switched(admin_request *q, int co_fn (*change)(node *n, err_info *err))
{
    admin *a = q->admin;
    co_lock(a->home, &a->switching);
    int r = change(q->node, &q->err);
    co_unlock(a->home, &a->switching);
    return r;
}

static int check_normal(node *n, err_info *err)
{
    if (n->mode == NODE_NORMAL)
        return 0;
    return err_set(err, ERR_INVALID, "The node is drained or stopping; restart it");
}

static int co_fn enable_binary(node *n, err_info *err)
{
    int r = check_normal(n, err);
    return r < 0 || n->native_running ? r : node_listen_native(n, err);
}

static int co_fn disable_binary(node *n, err_info *err)
{
    (void)err;
    node_close_native(n);
    return 0;
}

static int co_fn enable_thrift(node *n, err_info *err)
{
    int r = check_normal(n, err);
    return r < 0 || n->thrift_running ? r : node_listen_thrift(n, err);
}

static int co_fn enable_gossip(node *n, err_info *err)
{
    int r = check_normal(n, err);
    return r < 0 ? r : cluster_gossip_on(n, err);
}

static int co_fn disable_thrift(node *n, err_info *err)
{
    (void)err;
    node_close_thrift(n);
    return 0;
}

int co_fn admin_drain(admin_request *q)
{
    return switched(q, node_drain);
}

int co_fn admin_enable_binary(admin_request *q)
{
    return switched(q, enable_binary);
}

int co_fn admin_disable_binary(admin_request *q)
{
    return switched(q, disable_binary);
}

int co_fn admin_enable_thrift(admin_request *q)
{
    return switched(q, enable_thrift);
}

int co_fn admin_disable_thrift(admin_request *q)
{
    return switched(q, disable_thrift);
}

int co_fn admin_enable_gossip(admin_request *q)
{
    return switched(q, enable_gossip);
}

int co_fn admin_disable_gossip(admin_request *q)
{
    return switched(q, cluster_gossip_off);
}

/* The answer leaves first (http_completed). */
int co_fn admin_stop_daemon(admin_request *q)
{
    q->stop_process = true;
    return 0;
}
