/* cluster.h: the node's part in its cluster: messaging, gossip, and what follows from their news.
 *
 * Worker 0 only. Life: cluster_open (identity is known, nothing is sent), cluster_join (schema is
 * loaded), cluster_leave (others stop sending), cluster_silence (nothing comes any more),
 * cluster_close. Each of the last three does nothing when there is nothing to do.
 */
#pragma once
#include "server/node.h"

/* self is copied. ERR_CONFIG. */
int cluster_open(node *n, const endpoint *self, err_info *err);
/* Listens on the storage port, asks the seeds who is there, announces this node. A node whose only
 * seed is itself waits for nobody. ERR_ADDRESS_IN_USE, ERR_TIMEOUT (no seed answered a node that
 * was never in the ring), ERR_EXISTS. */
int co_fn cluster_join(node *n, err_info *err);
void co_fn cluster_leave(node *n);
void co_fn cluster_silence(node *n);
void cluster_close(node *n);

/* nodetool disablegossip, enablegossip: others take this node for down, and up again. */
int co_fn cluster_gossip_off(node *n, err_info *err);
int co_fn cluster_gossip_on(node *n, err_info *err);
