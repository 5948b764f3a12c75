/* admin.h: the management port: HTTP and JSON for nodetool, dashboards and scrapers.
 *
 * Listens on admin_port (7199; cassandra-env.sh's JMX_PORT) at the listen address and loopback.
 * An HTTP thread of libmicrohttpd's takes requests; what touches the node runs on worker 0 while
 * that thread waits. Paths and answers: docs/admin.md.
 *
 * Owner:  one per node; admin_stop frees (NULL is fine, returns NULL), before the node stops.
 * Thread: start and stop on worker 0.
 */
#pragma once
#include "server/node.h"

typedef struct admin admin;

int co_fn admin_start(node *n, admin **ret, err_info *err);
admin *co_fn admin_stop(admin *a);
