/* What this node answers to coordinators elsewhere. */
#include "coordinator/gather.h"

static int co_fn take_mutations(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    coordinator *c = arg;
    const mutation *const *list;
    size_t n;
    (void)reply;
    int r = mutations_decode(q->body, q->arena, &list, &n, err);
    return r < 0 ? r : storage_apply(c->storage, e, list, n, err);
}

static int co_fn read_asked(coordinator *c, env *e, const message *q, read_result **ret,
                            err_info *err)
{
    read_command cmd;
    int r = read_command_decode(q->body, q->arena, &cmd, err);
    if (r == 0 && cmd.partitioner != c->info->partitioner)
        r = err_set(err, ERR_PROTOCOL, "a read with another partitioner");
    return r < 0 ? r : storage_read(c->storage, e, &cmd, q->arena, ret, err);
}

static int co_fn give_data(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    read_result *result;
    int r = read_asked(arg, e, q, &result, err);
    if (r == 0)
        read_result_encode(result, reply);
    return r;
}

static int co_fn give_digest(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    read_result *result;
    uint8_t digest[16];
    int r = read_asked(arg, e, q, &result, err);
    if (r == 0) {
        read_result_digest(result, digest);
        digest_body_encode(digest, reply);
    }
    return r;
}

static int co_fn truncate_asked(void *arg, env *e, const message *q, buf *reply, err_info *err)
{
    truncate_body b;
    (void)reply;
    int r = truncate_body_decode(q->body, &b, err);
    return r < 0 ? r : coordinator_truncate_here(arg, e, b.table, err);
}

void coordinator_serve(coordinator *c, messaging *m)
{
    static const struct {
        verb verb;
        message_handler fn;
    } handlers[] = {
        {VERB_MUTATION, take_mutations},
        {VERB_READ_REPAIR, take_mutations},
        {VERB_READ, give_data},
        {VERB_RANGE_READ, give_data},
        {VERB_READ_DIGEST, give_digest},
        {VERB_TRUNCATE, truncate_asked},
        {VERB_SCHEMA_PUSH, schema_take_push},
        {VERB_SCHEMA_PULL, schema_give_all},
    };
    c->messaging = m;
    for (unsigned i = 0; i < sizeof handlers / sizeof *handlers; i++)
        messaging_handle(m, handlers[i].verb, handlers[i].fn, c);
}
