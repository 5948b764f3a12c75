/* The coordinator's read path. */
#include "coordinator/internal.h"

int co_fn coordinate_read(coordinator *c, env *e, const keyspace *ks, const read_command *cmd,
                          consistency cl, arena *a, read_result **ret, err_info *err)
{
    /* A range starts somewhere; on one node every token has the same replica. */
    bytes key = cmd->key.p ? cmd->key : BYTES_EMPTY;
    int r = coordinate_check(c, e, ks, key, cl, false, err);
    if (r < 0)
        return r;
    return storage_read(c->storage, e, cmd, a, ret, err);
}
