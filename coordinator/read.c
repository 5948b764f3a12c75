/* The coordinator's read path. */
#include "coordinator/internal.h"

static int co_fn read_from_ring(coordinator *c, env *e, const keyspace *ks, const read_command *cmd,
                                consistency cl, arena *a, read_result **ret, err_info *err)
{
    const replication *cached;
    replication room;
    uint8_t token[TOKEN_FIXED_MAX];
    int r = coordinator_replication(c, e, ks, &cached, &room, err);
    if (r < 0)
        return r;
    replication *rep = arena_new(a, replication); /* the cached one goes with the schema */
    *rep = *cached;
    if (rep->strategy == STRATEGY_LOCAL)
        return storage_read(c->storage, e, cmd, a, ret, err);
    if (!cmd->key.p)
        return replicate_range(c, e, rep, cmd, cl, a, ret, err);
    return replicate_read(c, e, rep, token_of(c->info->partitioner, cmd->key, token), NULL, 0, cmd,
                          cl, a, ret, err);
}

int co_fn coordinate_read(coordinator *c, env *e, const keyspace *ks, const read_command *cmd,
                          consistency cl, arena *a, read_result **ret, err_info *err)
{
    if (c->workers[e->worker].ring->n_endpoints > 1) {
        int r = plan_check_read(cl, err);
        return r < 0 ? r : read_from_ring(c, e, ks, cmd, cl, a, ret, err);
    }
    /* A range starts somewhere; on one node every token has the same replica. */
    bytes key = cmd->key.p ? cmd->key : BYTES_EMPTY;
    int r = coordinate_check(c, e, ks, key, cl, false, err);
    if (r < 0)
        return r;
    return storage_read(c->storage, e, cmd, a, ret, err);
}
