#include <string.h>

#include "server/admin/internal.h"

#define API "/api/v1/"

static const admin_endpoint endpoints[] = {
    {"GET", API "version", admin_version, {0}},
    {"GET", API "status", admin_status, {"keyspace"}},
    {"GET", API "ring", admin_ring, {"keyspace"}},
    {"GET", API "describering", admin_describering, {"keyspace"}},
    {"GET", API "endpoints", admin_endpoints, {"keyspace", "table", "key"}},
    {"GET", API "info", admin_info, {0}},
    {"GET", API "cluster", admin_cluster, {0}},
    {"GET", API "gossipinfo", admin_gossipinfo, {0}},
    {"GET", API "failuredetector", admin_failuredetector, {0}},
    {"GET", API "tpstats", admin_tpstats, {0}},
    {"GET", API "netstats", admin_netstats, {0}},
    {"GET", API "compactionstats", admin_compactionstats, {0}},
    {"GET", API "tables", admin_tables, {"keyspace", "table"}},
    {"GET", "/metrics", admin_metrics, {0}},
    {"POST", API "flush", admin_flush, {"keyspace", "table"}},
    {"POST", API "drain", admin_drain, {0}},
    {"POST", API "binary/enable", admin_enable_binary, {0}},
    {"POST", API "binary/disable", admin_disable_binary, {0}},
    {"POST", API "thrift/enable", admin_enable_thrift, {0}},
    {"POST", API "thrift/disable", admin_disable_thrift, {0}},
    {"POST", API "gossip/enable", admin_enable_gossip, {0}},
    {"POST", API "gossip/disable", admin_disable_gossip, {0}},
    {"POST", API "stop", admin_stop_daemon, {0}},
};

const admin_endpoint *endpoint_find(const char *method, const char *path, const char **ret_allow)
{
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    *ret_allow = NULL;
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        const admin_endpoint *e = &endpoints[i];
        if (strcmp(path, e->path) != 0)
            continue;
        if (strcmp(method, e->method) == 0)
            return e;
        *ret_allow = e->method;
    }
    return NULL;
}

bool endpoint_knows(const admin_endpoint *e, const char *param)
{
    for (size_t i = 0; i < sizeof e->params / sizeof *e->params && e->params[i]; i++)
        if (strcmp(e->params[i], param) == 0)
            return true;
    return false;
}

const char *request_param(const admin_request *q, const char *name)
{
    for (unsigned i = 0; i < q->n_params; i++)
        if (strcmp(q->params[i].name, name) == 0)
            return q->params[i].value;
    return NULL;
}

int no_keyspace(admin_request *q, const char *name)
{
    return err_set(&q->err, ERR_NOT_FOUND, "Keyspace [%s] does not exist.", name);
}

int no_table(admin_request *q, const char *keyspace, const char *name)
{
    return err_set(&q->err, ERR_NOT_FOUND, "Unknown keyspace/cf pair (%s.%s)", keyspace, name);
}
