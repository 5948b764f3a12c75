/* Schema changes: serialized on worker 0; written as rows of system_schema, then the snapshot is
 * rebuilt from the rows and published. */
#include <stdlib.h>

#include "base/must.h"
#include "coordinator/internal.h"

const char *const synced_tables[SYNCED_TABLES] = {"keyspaces",       "tables", "columns",
                                                  "dropped_columns", "types",  "indexes"};

int co_fn coordinator_read_schema_table(coordinator *c, env *e, const table *t, arena *a,
                                        read_result **ret, err_info *err)
{
    read_command cmd = {
        .table = t->id,
        .partitioner = c->info->partitioner,
        .with_static = table_has_static(t),
        .limit = UINT32_MAX,
        .partition_limit = UINT32_MAX,
        .now_s = env_now_us(e) / 1000000,
    };
    return storage_read(c->storage, e, &cmd, a, ret, err);
}

int co_fn coordinator_load_schema(coordinator *c, env *e, schema **ret, err_info *err)
{
    schema *fixed = coordinator_schema(c, e);
    schema_rows rows = {.n_tables = SYNCED_TABLES};
    arena a;
    int r = 0;
    arena_init(&a, 64 << 10);
    for (unsigned i = 0; i < rows.n_tables && r == 0; i++) {
        read_result *result = NULL;
        rows.tables[i].table = schema_table(fixed, "system_schema", synced_tables[i]);
        must(rows.tables[i].table);
        r = coordinator_read_schema_table(c, e, rows.tables[i].table, &a, &result, err);
        rows.tables[i].result = result;
    }
    if (r == 0)
        r = schema_build(c->info->partitioner, &rows, c->virtuals, c->n_virtuals, ret, err);
    arena_done(&a);
    schema_unref(fixed);
    return r;
}

int co_fn coordinator_settle_tables(coordinator *c, env *e, const schema *old, const schema *new,
                                    err_info *err)
{
    const map_slot *s;
    for (size_t i = 0; (s = map_next(&new->tables_by_id, &i));) {
        const table *t = s->value;
        if (t->flags & TABLE_VIRTUAL)
            continue;
        const char *compression = options_get(t->options.compression, "class");
        storage_table_options o = {
            .bloom_fp_chance = t->options.bloom_filter_fp_chance,
            .snappy = compression && *compression,
            .gc_grace_s = t->options.gc_grace_s,
        };
        storage_set_table(c->storage, &t->id, &o);
    }
    for (size_t i = 0; (s = map_next(&old->tables_by_id, &i));) {
        const table *t = s->value;
        if (t->flags & TABLE_VIRTUAL || schema_table_by_id(new, &t->id))
            continue;
        int r = storage_drop(c->storage, e, &t->id, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int co_fn write_rows(coordinator *c, env *e, const mutation *const *ms, size_t n,
                            err_info *err)
{
    int r = storage_apply(c->storage, e, ms, n, err);
    return r < 0 ? r : storage_sync(c->storage, e, err);
}

int co_fn coordinator_apply_schema(coordinator *c, env *e, const mutation *const *ms, size_t n,
                                   err_info *err)
{
    schema *old = coordinator_schema(c, e), *new = NULL;
    int r = write_rows(c, e, ms, n, err);
    if (r == 0)
        r = coordinator_load_schema(c, e, &new, err);
    if (r == 0) {
        schema_ref(new);
        coordinator_publish_schema(c, e, new);
        r = coordinator_settle_tables(c, e, old, new, err);
        schema_unref(new);
    }
    schema_unref(old);
    return r;
}

/* Gives what was written. */
static int co_fn change_locked(coordinator *c, env *e, const schema_change *ch, arena *a,
                               const mutation ***ret, size_t *ret_n, err_info *err)
{
    schema *old = coordinator_schema(c, e);
    mutations ms = {0};
    int64_t now = env_now_us(e);
    c->last_change_us = now > c->last_change_us ? now : c->last_change_us + 1;
    int r = ch->decide(ch->arg, old, c->last_change_us, (int32_t)(now / 1000000), a, &ms, err);
    schema_unref(old);
    if (r < 0)
        return r;
    *ret = arena_array(a, const mutation *, ms.n + 1);
    *ret_n = ms.n;
    for (unsigned i = 0; i < ms.n; i++)
        (*ret)[i] = &ms.p[i];
    return ms.n ? coordinator_apply_schema(c, e, *ret, ms.n, err) : 0;
}

/* ---- on worker 0 ---- */

typedef struct change_call {
    const schema_change *change;
    err_info *err;
} change_call;

static int co_fn change_at_home(coordinator *c, void *arg)
{
    change_call *call = arg;
    const mutation **written;
    size_t n = 0;
    arena a;
    arena_init(&a, 16 << 10);
    co_lock(c->home, &c->changing);
    int r = change_locked(c, c->home, call->change, &a, &written, &n, call->err);
    co_unlock(c->home, &c->changing);
    if (r == 0 && n) /* unlocked: two nodes that change at once push to each other */
        schema_push(c, c->home, written, n);
    arena_done(&a);
    return r;
}

int co_fn coordinate_schema_change(coordinator *c, env *e, const schema_change *ch, err_info *err)
{
    must_be(c, COORDINATOR_MAGIC);
    change_call call = {ch, err};
    return coordinator_at_home(c, e, change_at_home, &call);
}
