/* state.h: what a node remembers of itself between starts (host id, tokens, generation), as rows
 * of system.ilion_state. */
#pragma once
#include "server/node.h"

/* BYTES_NULL when never written. */
int co_fn state_get(node *n, const char *key, arena *a, bytes *ret, err_info *err);
int co_fn state_put(node *n, const char *key, bytes value, err_info *err);
/* Reads, or chooses and stores, host id, tokens and generation; gives this node's endpoint. */
int co_fn state_identity(node *n, arena *a, endpoint *ret, err_info *err);
/* The next life of this node in gossip: kept before it is told. */
int co_fn state_set_generation(node *n, int32_t generation, err_info *err);
/* Writes the system keyspaces' own rows into system_schema, for clients that list them; only when
 * they differ from what was written before. */
int co_fn state_system_schema(node *n, err_info *err);
