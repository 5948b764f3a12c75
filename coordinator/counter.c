/* counter.c: increments of counters: under the key's lock, this node's own shard is read, added to,
 * and written; the other shards of a counter are its other nodes' business, and merging puts them
 * together (model/counter.c). */
#include "coordinator/internal.h"
#include "coordinator/key_lock.h"

bytes counter_increment(arena *a, int64_t n)
{
    counter_shard s = {.count = n}; /* of no node */
    return counter_build(a, &s, 1);
}

static bool row_counts(const row *r)
{
    for (uint32_t i = 0; r && i < r->n_cells; i++)
        if (r->cells[i].flags & CELL_COUNTER)
            return true;
    return false;
}

static bool mutation_counts(const mutation *m)
{
    bool found = row_counts(m->static_row);
    for (uint32_t i = 0; i < m->n_rows && !found; i++)
        found = row_counts(&m->rows[i]);
    return found;
}

/* ---- what is there ---- */

static int cmp_slices(const void *a, const void *b)
{
    return bytes_cmp(((const clustering_slice *)a)->start, ((const clustering_slice *)b)->start);
}

static int co_fn read_rows(coordinator *c, env *e, const mutation *m, arena *a,
                           const partition **ret, err_info *err)
{
    read_command cmd = {.table = m->table,
                        .partitioner = c->info->partitioner,
                        .key = m->key,
                        .with_static = m->static_row != NULL,
                        .static_only = m->n_rows == 0,
                        .limit = UINT32_MAX,
                        .partition_limit = UINT32_MAX,
                        .now_s = env_now_us(e) / 1000000};
    clustering_slice *slices = arena_array(a, clustering_slice, m->n_rows + 1);
    for (uint32_t i = 0; i < m->n_rows; i++) {
        bytes from = m->rows[i].clustering;
        uint8_t *end = arena_alloc(a, from.n + 1);
        memcpy(end, from.p, from.n);
        end[from.n] = 0;
        slices[i] = (clustering_slice){from, bytes_of(end, from.n + 1)};
    }
    qsort(slices, m->n_rows, sizeof *slices, cmp_slices);
    cmd.slices = slices;
    cmd.n_slices = m->n_rows;
    read_result *res;
    int r = storage_read(c->storage, e, &cmd, a, &res, err);
    if (r == 0)
        *ret = res->n_partitions ? &res->partitions[0] : NULL;
    return r;
}

static const row *find_row(const partition *p, bytes clustering)
{
    for (uint32_t i = 0; p && i < p->n_rows; i++)
        if (bytes_eq(p->rows[i]->clustering, clustering))
            return p->rows[i];
    return NULL;
}

/* ---- adding ---- */

typedef struct adder {
    uuid self;
    int64_t clock;
    arena *a;
} adder;

/* The clock of a shard only rises, also over a deletion that took the old one away: what storage
 * still has of it must lose. So it is not merely the old one plus one. */
static int64_t next_clock(coordinator *c, env *e)
{
    int64_t now = env_now_us(e), last = atomic_load(&c->counter_clock), next;
    do {
        next = now > last ? now : last + 1;
    } while (!atomic_compare_exchange_weak(&c->counter_clock, &last, next));
    return next;
}

static bytes add(const adder *x, const cell *present, int64_t n)
{
    counter_shard mine = {.clock = x->clock, .count = n};
    memcpy(mine.node, x->self.b, sizeof mine.node);
    counter_shard old;
    if (present && (present->flags & CELL_COUNTER) &&
        counter_find(present->value, mine.node, &old)) {
        mine.clock = old.clock >= x->clock ? old.clock + 1 : x->clock;
        mine.count = (int64_t)((uint64_t)old.count + (uint64_t)n);
    }
    return counter_build(x->a, &mine, 1);
}

/* Cells are in order; a column incremented twice becomes one cell. */
static void add_row(const adder *x, const row *present, row *r)
{
    row out = *r;
    out.cells = arena_array(x->a, cell, r->n_cells + 1);
    out.n_cells = 0;
    for (uint32_t i = 0; i < r->n_cells; i++) {
        cell *to = &out.cells[out.n_cells++];
        *to = r->cells[i];
        if (!(to->flags & CELL_COUNTER))
            continue;
        uint64_t n = (uint64_t)counter_total(to->value);
        while (i + 1 < r->n_cells && r->cells[i + 1].column == to->column)
            n += (uint64_t)counter_total(r->cells[++i].value);
        to->value = add(x, present ? row_find(present, to->column) : NULL, (int64_t)n);
    }
    *r = out;
}

/* In a ring the node that adds must hold the counter; then its shard's new value goes to the other
 * replicas like any write. */
static int check_leader(coordinator *c, env *e, const keyspace *ks, bytes key, err_info *err)
{
    const replication *rep;
    replication room;
    uint16_t replicas[RING_NODES_MAX];
    uint8_t token[TOKEN_FIXED_MAX];
    const ring *ring = c->workers[e->worker].ring;
    int r = coordinator_replication(c, e, ks, &rep, &room, err);
    if (r < 0)
        return r;
    unsigned n = ring_replicas(ring, rep, token_of(ring->partitioner, key, token), replicas);
    for (unsigned i = 0; i < n; i++)
        if (replicas[i] == ring->local)
            return 0;
    return err_set(
        err, ERR_NOT_SUPPORTED,
        "Counter updates through a node that is no replica of them are not supported yet");
}

static int co_fn apply(coordinator *c, env *e, const write_request *w, const mutation *m,
                       err_info *err)
{
    const keyspace *ks = w->keyspace;
    if (c->workers[e->worker].ring->n_endpoints > 1) {
        write_request one = {
            .keyspace = ks, .mutations = &m, .n = 1, .cl = w->cl, .write_type = w->write_type};
        return replicate_write(c, e, &one, err);
    }
    return coordinator_apply_here(c, e, ks, &m, 1, err);
}

/* No two rows of m have the same clustering. */
static int co_fn increment(coordinator *c, env *e, const write_request *w, const mutation *m,
                           arena *a, err_info *err)
{
    const partition *present = NULL;
    int r = read_rows(c, e, m, a, &present, err);
    if (r < 0)
        return r;
    const ring *ring = c->workers[e->worker].ring;
    adder x = {ring->endpoints[ring->local].host_id, next_clock(c, e), a};
    mutation out = *m;
    out.rows = arena_array(a, row, m->n_rows + 1);
    for (uint32_t i = 0; i < m->n_rows; i++) {
        out.rows[i] = m->rows[i];
        add_row(&x, find_row(present, m->rows[i].clustering), &out.rows[i]);
    }
    if (m->static_row) {
        out.static_row = arena_new(a, row);
        *out.static_row = *m->static_row;
        add_row(&x, present ? present->static_row : NULL, out.static_row);
    }
    return apply(c, e, w, &out, err);
}

static int co_fn write_one(coordinator *c, env *e, const write_request *w, const mutation *m,
                           err_info *err)
{
    if (!mutation_counts(m))
        return apply(c, e, w, m, err);
    arena a;
    arena_init(&a, 4096);
    key_stripe *held = key_lock_take(c->keys, e, key_lock_hash(&m->table, m->key));
    int r = increment(c, e, w, m, &a, err);
    key_lock_give(e, held);
    arena_done(&a);
    return r;
}

int co_fn coordinate_counter_write(coordinator *c, env *e, const write_request *w, err_info *err)
{
    for (size_t i = 0; i < w->n; i++) {
        int r = coordinate_check(c, e, w->keyspace, w->mutations[i]->key, w->cl, true, err);
        if (r == 0)
            r = check_leader(c, e, w->keyspace, w->mutations[i]->key, err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < w->n; i++) {
        int r = write_one(c, e, w, w->mutations[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}
