/* The coordinator's write path: plan every mutation first, so that Unavailable means that nothing
 * was sent; then write. */
#include "coordinator/internal.h"

int coordinate_check(coordinator *c, env *e, const keyspace *ks, bytes key, consistency cl,
                     bool write, err_info *err)
{
    const snapshots *w = &c->workers[e->worker];
    const replication *rep;
    replication room;
    replica_plan plan;
    uint8_t token[TOKEN_FIXED_MAX];
    int r = write ? plan_check_write(cl, err) : plan_check_read(cl, err);
    if (r == 0)
        r = coordinator_replication(c, e, ks, &rep, &room, err);
    if (r < 0)
        return r;
    return plan_make(w->ring, rep, token_of(w->ring->partitioner, key, token), cl, &plan, err);
}

int coordinate_check_cas(coordinator *c, env *e, const keyspace *ks, bytes key, consistency serial,
                         err_info *err)
{
    if (c->workers[e->worker].ring->n_endpoints > 1)
        return err_set(err, ERR_NOT_SUPPORTED,
                       "Lightweight transactions across nodes are not supported yet");
    return coordinate_check(c, e, ks, key, serial, false, err);
}

int co_fn coordinator_apply_here(coordinator *c, env *e, const keyspace *ks,
                                 const mutation *const *ms, size_t n, err_info *err)
{
    return ks->durable_writes ? storage_apply(c->storage, e, ms, n, err)
                              : storage_apply_volatile(c->storage, e, ms, n, err);
}

/* Without a batchlog nobody would finish what a coordinator that dies has begun. */
static int check_batch(const write_request *w, err_info *err)
{
    if (w->n > 1 && !strcmp(w->write_type, "BATCH"))
        return err_set(
            err, ERR_NOT_SUPPORTED,
            "Logged batches over several partitions are not supported yet in a ring of several "
            "nodes; use BEGIN UNLOGGED BATCH");
    return 0;
}

int co_fn coordinate_write(coordinator *c, env *e, const write_request *w, err_info *err)
{
    if (c->workers[e->worker].ring->n_endpoints > 1) {
        int r = plan_check_write(w->cl, err);
        if (r == 0)
            r = check_batch(w, err);
        return r < 0 ? r : replicate_write(c, e, w, err);
    }
    for (size_t i = 0; i < w->n; i++) {
        int r = coordinate_check(c, e, w->keyspace, w->mutations[i]->key, w->cl, true, err);
        if (r < 0)
            return r;
    }
    return coordinator_apply_here(c, e, w->keyspace, w->mutations, w->n, err);
}
