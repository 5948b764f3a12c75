/* internal.h: the parts of the management port.
 *
 * http.c takes a request on an HTTP thread, checks it, suspends its connection and posts it to
 * worker 0, where serve() runs the endpoint's handler on a coroutine. The handler leaves a JSON
 * tree or a text; the connection is resumed and the HTTP thread writes the answer out. So a flush
 * of minutes keeps nobody else waiting.
 *
 * Owner:  a request belongs to the HTTP thread, except while its connection is suspended: then to
 *         worker 0.
 */
#pragma once
#include <jansson.h>
#include <microhttpd.h>
#include <stdatomic.h>

#include "coordinator/coordinator.h"
#include "server/admin/admin.h"

enum { ADMIN_PARAMS_MAX = 64, ADMIN_LISTENERS = 2 };

struct admin {
    node *node;
    env *home;
    struct MHD_Daemon *daemons[ADMIN_LISTENERS];
    unsigned n_daemons;
    char host_name[256];
    atomic_bool stopping;
    atomic_uint pending; /* requests that worker 0 has or will have */
    co_event idle;       /* pending fell to 0 */
    co_mutex switching;  /* one change of the node's listeners at a time */
};

typedef struct admin_param {
    const char *name, *value;
} admin_param;

typedef struct admin_request admin_request;

typedef struct admin_endpoint {
    const char *method, *path;
    /* On worker 0. Negative: q->err says why, else q->json or q->text is the answer. */
    int co_fn (*handler)(admin_request *q);
    const char *params[4]; /* that it knows; others are refused */
} admin_endpoint;

struct admin_request {
    admin *admin;
    node *node;
    struct MHD_Connection *connection;
    const admin_endpoint *endpoint; /* NULL: refused already */
    bool served, stop_process;
    unsigned n_params;
    admin_param params[ADMIN_PARAMS_MAX]; /* memory of the connection */
    arena arena;
    int status; /* of HTTP; 0: not decided yet */
    json_t *json;
    buf text;
    err_info err;
};

/* endpoints.c */
/* NULL with *ret_allow (the methods the path knows) or NULL (no such path). */
const admin_endpoint *endpoint_find(const char *method, const char *path, const char **ret_allow);
bool endpoint_knows(const admin_endpoint *e, const char *param);
const char *request_param(const admin_request *q, const char *name); /* the first; NULL: absent */

/* http.c: callbacks of libmicrohttpd. */
enum MHD_Result http_request(void *cls, struct MHD_Connection *c, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_size, void **slot);
void http_completed(void *cls, struct MHD_Connection *c, void **slot,
                    enum MHD_RequestTerminationCode why);

/* The sentence for a keyspace or table that is not there. */
int no_keyspace(admin_request *q, const char *name);
int no_table(admin_request *q, const char *keyspace, const char *name);

/* ---- handlers, by file ---- */
/* overview.c */
int co_fn admin_version(admin_request *q);
int co_fn admin_info(admin_request *q);
int co_fn admin_tpstats(admin_request *q);
int co_fn admin_netstats(admin_request *q);
int co_fn admin_compactionstats(admin_request *q);
/* The sums of all tables. */
void storage_sum(node *n, storage_table_stats *ret);
/* What the process takes and what the machine has, bytes; zeros when unknown. */
void memory_usage(uint64_t *ret_resident, uint64_t *ret_total);
/* cluster.c */
int co_fn admin_cluster(admin_request *q);
int co_fn admin_gossipinfo(admin_request *q);
int co_fn admin_failuredetector(admin_request *q);
/* ring.c */
int co_fn admin_status(admin_request *q);
int co_fn admin_ring(admin_request *q);
int co_fn admin_describering(admin_request *q);
int co_fn admin_endpoints(admin_request *q);
/* tables.c */
int co_fn admin_tables(admin_request *q);
/* metrics.c */
int co_fn admin_metrics(admin_request *q);
/* actions.c */
int co_fn admin_flush(admin_request *q);
int co_fn admin_drain(admin_request *q);
int co_fn admin_enable_binary(admin_request *q);
int co_fn admin_disable_binary(admin_request *q);
int co_fn admin_enable_thrift(admin_request *q);
int co_fn admin_disable_thrift(admin_request *q);
int co_fn admin_enable_gossip(admin_request *q);
int co_fn admin_disable_gossip(admin_request *q);
int co_fn admin_stop_daemon(admin_request *q);
