/* admin.h: the management port: HTTP and JSON for nodetool, dashboards and scrapers.
 *
 * Listens on admin_port (7199; cassandra-env.sh's JMX_PORT) at the listen address and loopback.
 * An HTTP thread of libmicrohttpd's takes requests; what touches the node runs on worker 0 while
 * that thread waits. Paths and answers: docs/admin.md.
 *
 * Errors: a port in use is ERR_ADDRESS_IN_USE; at loopback, when that is not the listen address, it
 *         is a warning only (nodes on several loopback addresses of one machine).
 * Owner:  one per node. Thread: worker 0.
 */
#pragma once
#include "server/node.h"

typedef struct admin admin;

/* *ret is NULL when admin_port is 0: no management. */
int co_fn admin_start(node *n, admin **ret, err_info *err);
/* Before the node stops: finishes the requests it has; later ones hear that the node is stopping.
 * NULL is fine, here and below. */
void co_fn admin_quiesce(admin *a);
/* After the node stopped: closes the port, frees. Who sees the port closed knows that all is on
 * disk. Returns NULL. */
admin *co_fn admin_free(admin *a);
