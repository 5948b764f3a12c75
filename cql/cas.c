/* Conditional writes, executed. On one node the partition's lock (coordinator/key_lock.h) makes
 * read, check and write one step. */
#include "cql/cas.h"

#include "coordinator/key_lock.h"

void exec_bind(exec *x, const bound_modify *b)
{
    x->s = b->s;
    x->values = b->values;
    x->n_values = b->n_values;
}

typedef struct cas {
    exec *x;
    const bound_modify *entries;
    unsigned n;
    bool batch;
    const table *table;
    bytes key;
    bytes *clusterings; /* by entry: of the row that it is about; null: the static row */
    bool with_rows, with_statics;
    const partition *present; /* or NULL */
    const row *statics;       /* live, or NULL */
} cas;

static bool is_conditional(const modify_plan *p)
{
    return p->condition != IF_NONE;
}

/* ---- before anything is read ---- */

static int check_levels(exec *x)
{
    if (!consistency_is_serial(x->o->serial_cl))
        return err_set(x->err, ERR_INVALID,
                       "Invalid consistency for conditional update. Must be one of SERIAL or "
                       "LOCAL_SERIAL");
    if (consistency_is_serial(x->o->cl))
        return err_set(x->err, ERR_INVALID,
                       "%s is not supported as conditional update commit consistency. Use ANY if "
                       "you mean \"make sure it is accepted but I don't care how many replicas "
                       "commit it for non-SERIAL reads\"",
                       consistency_name(x->o->cl));
    return 0;
}

static int refuse_in(exec *x, const modify_plan *p, const char *what)
{
    return err_set(x->err, ERR_INVALID, "IN on the %s is not supported with conditional %s", what,
                   p->kind == AST_DELETE ? "deletions" : "updates");
}

static int place_entry(cas *c, unsigned i)
{
    exec *x = c->x;
    const modify_plan *p = c->entries[i].plan;
    bytes key;
    exec_bind(x, &c->entries[i]);
    if (!p->where.key_single)
        return c->batch ? err_set(x->err, ERR_INVALID,
                                  "Batch with conditions cannot span multiple partitions (you "
                                  "cannot use IN on the partition key)")
                        : refuse_in(x, p, "partition key");
    if (p->table != c->table)
        return err_set(x->err, ERR_INVALID, "Batch with conditions cannot span multiple tables");
    int r = restrictions_key(&p->where, x, &key);
    if (r < 0)
        return r;
    if (i && !bytes_eq(key, c->key))
        return err_set(x->err, ERR_INVALID,
                       "Batch with conditions cannot span multiple partitions");
    c->key =
        i ? c->key : arena_copy(x->a, key); /* shown in the answer, it outlives the statement */
    if (!is_conditional(p) && p->target != TARGET_ROWS)
        return 0;
    c->with_statics |= p->n_static_ops || p->if_statics || !p->if_row;
    if (!p->if_row)
        return 0;
    if (p->table->n_clustering && !p->where.row_exact)
        return refuse_in(x, p, "clustering key columns");
    unsigned n = 1;
    const bytes *rows = &CLUSTERING_EMPTY;
    if (p->table->n_clustering && (r = restrictions_rows(&p->where, x, &n, &rows)) < 0)
        return r;
    must(n == 1);
    c->clusterings[i] = rows[0];
    c->with_rows |= is_conditional(p);
    return 0;
}

static int check_mixed(const cas *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        for (unsigned k = i + 1; k < c->n; k++) {
            if_kind a = c->entries[i].plan->condition, b = c->entries[k].plan->condition;
            if (!a || !b || a == b || !bytes_eq(c->clusterings[i], c->clusterings[k]))
                continue;
            if (a == IF_COLUMNS || b == IF_COLUMNS)
                return err_set(c->x->err, ERR_INVALID,
                               "Cannot mix IF conditions and IF NOT EXISTS for the same row");
            return err_set(c->x->err, ERR_INVALID,
                           "Cannot mix IF EXISTS and IF NOT EXISTS conditions for the same row");
        }
    }
    return 0;
}

static int check_before(cas *c)
{
    exec *x = c->x;
    int r = check_levels(x);
    for (unsigned i = 0; i < c->n && r == 0; i++)
        r = place_entry(c, i);
    if (r == 0)
        r = check_mixed(c);
    if (r == 0)
        r = coordinate_check_cas(x->q->c, x->e, c->table->in, c->key, x->o->serial_cl, x->err);
    if (r == 0)
        r = coordinate_check(x->q->c, x->e, c->table->in, c->key, x->o->cl, true, x->err);
    return r;
}

/* ---- what is there ---- */

static int cmp_slices(const void *a, const void *b)
{
    return bytes_cmp(((const clustering_slice *)a)->start, ((const clustering_slice *)b)->start);
}

/* The rows that conditions are about, each once. */
static void row_slices(const cas *c, read_command *cmd)
{
    arena *a = c->x->a;
    clustering_slice *slices = arena_array(a, clustering_slice, c->n + 1);
    unsigned n = 0, kept = 0;
    for (unsigned i = 0; i < c->n; i++) {
        bytes from = c->clusterings[i];
        if (!from.p || !is_conditional(c->entries[i].plan))
            continue;
        uint8_t *end = arena_alloc(a, from.n + 1);
        memcpy(end, from.p, from.n);
        end[from.n] = 0;
        slices[n++] = (clustering_slice){from, bytes_of(end, from.n + 1)};
    }
    qsort(slices, n, sizeof *slices, cmp_slices);
    for (unsigned i = 0; i < n; i++)
        if (!kept || !bytes_eq(slices[i].start, slices[kept - 1].start))
            slices[kept++] = slices[i];
    cmd->slices = slices;
    cmd->n_slices = kept;
}

static int co_fn read_present(cas *c)
{
    exec *x = c->x;
    /* With conditions on the static row alone, the first row tells that the partition exists. */
    read_command cmd = {.table = c->table->id,
                        .partitioner = coordinator_info(x->q->c)->partitioner,
                        .key = c->key,
                        .with_static = c->with_statics,
                        .limit = c->with_rows ? UINT32_MAX : 1,
                        .partition_limit = UINT32_MAX,
                        .now_s = x->now_s};
    read_result *res;
    if (c->with_rows)
        row_slices(c, &cmd);
    int r = coordinate_read(x->q->c, x->e, c->table->in, &cmd, x->o->serial_cl, x->a, &res, x->err);
    if (r < 0 || !res->n_partitions)
        return r;
    const partition *p = c->present = &res->partitions[0];
    for (uint32_t i = 0; i < p->n_rows; i++)
        row_forget_dropped(c->table, p->rows[i]);
    row_forget_dropped(c->table, p->static_row);
    if (c->with_statics && p->static_row && row_is_live(p->static_row, x->now_s))
        c->statics = p->static_row;
    return 0;
}

static const row *find_row(const cas *c, bytes clustering)
{
    for (uint32_t i = 0; c->present && i < c->present->n_rows; i++)
        if (bytes_eq(c->present->rows[i]->clustering, clustering) &&
            row_is_live(c->present->rows[i], c->x->now_s))
            return c->present->rows[i];
    return NULL;
}

static int entry_holds(cas *c, unsigned i, bool *ret)
{
    const modify_plan *p = c->entries[i].plan;
    const row *row = c->clusterings[i].p ? find_row(c, c->clusterings[i]) : NULL;
    const struct row *about = c->clusterings[i].p ? row : c->statics;
    *ret = true;
    switch (p->condition) {
    case IF_NONE:
        return 0;
    case IF_NOT_EXISTS:
        *ret = !about;
        return 0;
    case IF_EXISTS:
        *ret = about != NULL;
        return 0;
    case IF_COLUMNS:
        break;
    }
    row_view v = {.table = c->table,
                  .key = c->key,
                  .row = row,
                  .statics = c->statics,
                  .now_s = c->x->now_s,
                  .a = c->x->a};
    exec_bind(c->x, &c->entries[i]);
    return conditions_hold(p, c->x, &v, ret);
}

/* ---- the answer ---- */

typedef struct shown {
    const column **columns;
    unsigned n;
} shown;

static void show(shown *s, const column *col)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->columns[i] == col)
            return;
    s->columns[s->n++] = col;
}

/* IF [NOT] EXISTS shows everything; conditions show their columns, in batches with the primary
 * key, because there may be several rows. */
static shown shown_columns(const cas *c)
{
    const table *t = c->table;
    shown s = {arena_array(c->x->a, const column *, t->n_columns + 1), 0};
    bool all = false;
    for (unsigned i = 0; i < c->n; i++) {
        if_kind k = c->entries[i].plan->condition;
        all |= k == IF_EXISTS || k == IF_NOT_EXISTS;
    }
    for (unsigned i = 0; i < t->n_select; i++) {
        column_kind k = t->select_order[i]->kind;
        if (all || (c->batch && (k == COLUMN_PARTITION || k == COLUMN_CLUSTERING)))
            show(&s, t->select_order[i]);
    }
    for (unsigned i = 0; i < c->n && !all; i++) {
        const modify_plan *p = c->entries[i].plan;
        for (int statics = 0; statics < 2; statics++)
            for (unsigned k = 0; k < p->n_conditions; k++)
                if ((p->conditions[k].column->kind == COLUMN_STATIC) == statics)
                    show(&s, p->conditions[k].column);
    }
    return s;
}

static void answer(cas *c, const shown *s, bool applied, unsigned max_rows, cql_result *ret)
{
    arena *a = c->x->a;
    column_spec *specs = arena_array(a, column_spec, s->n + 1);
    const table *t = c->table;
    specs[0] = (column_spec){t->keyspace, t->name, "[applied]", type_native(TYPE_BOOLEAN)};
    for (unsigned i = 0; i < s->n; i++)
        specs[i + 1] =
            (column_spec){t->keyspace, t->name, s->columns[i]->name, s->columns[i]->type};
    bytes *values = arena_array(a, bytes, (size_t)max_rows * (s->n + 1) + 1);
    values[0] = bytes_of(applied ? "\1" : "\0", 1);
    *ret = (cql_result){.kind = RESULT_ROWS,
                        .n_columns = s->n + 1,
                        .columns = specs,
                        .n_rows = 1,
                        .values = values,
                        .paging_state = BYTES_NULL};
}

static int put_row(cas *c, const shown *s, const row *row, bytes *out)
{
    const table *t = c->table;
    arena *a = c->x->a;
    bytes *parts = arena_array(a, bytes, t->n_partition);
    bytes *clustering = arena_array(a, bytes, t->n_clustering + 1);
    row_view v = {.table = t,
                  .key = c->key,
                  .key_parts = parts,
                  .statics = c->statics,
                  .now_s = c->x->now_s,
                  .a = a};
    parts[0] = c->key;
    if (t->n_partition > 1 && partition_key_split(c->key, t->n_partition, parts) < 0)
        return err_set(c->x->err, ERR_CORRUPT, "unreadable partition key");
    if (row && t->n_clustering) {
        if (clustering_decode(&t->clustering, row->clustering, a, clustering) < 0)
            return err_set(c->x->err, ERR_CORRUPT, "unreadable clustering");
        v.clustering = clustering;
    }
    v.row = c->with_rows ? row : NULL; /* else only its being there was asked for */
    out[0] = bytes_of("\0", 1);
    for (unsigned i = 0; i < s->n; i++)
        out[i + 1] = row_view_value(&v, s->columns[i]);
    return 0;
}

static int answer_no(cas *c, cql_result *ret)
{
    shown s = shown_columns(c), none = {0};
    const partition *p = c->present;
    unsigned n = 0, most = p ? p->n_rows + 1 : 1;
    answer(c, &s, false, most, ret);
    bytes *values = (bytes *)ret->values;
    for (uint32_t i = 0; p && i < p->n_rows; i++) {
        if (!row_is_live(p->rows[i], c->x->now_s))
            continue;
        int r = put_row(c, &s, p->rows[i], values + n++ * ret->n_columns);
        if (r < 0)
            return r;
    }
    if (!n && c->statics) {
        int r = put_row(c, &s, NULL, values + n++ * ret->n_columns);
        if (r < 0)
            return r;
    }
    if (n)
        ret->n_rows = n;
    else
        answer(c, &none, false, 1, ret);
    return 0;
}

static int co_fn read_check_write(cas *c, cql_result *ret)
{
    exec *x = c->x;
    bool holds = true;
    int r = read_present(c);
    for (unsigned i = 0; i < c->n && r == 0 && holds; i++)
        r = entry_holds(c, i, &holds);
    if (r < 0 || !holds)
        return r < 0 ? r : answer_no(c, ret);
    x->timestamp_us = cql_next_timestamp(x->q, x->e, 1); /* later than every one before it here */
    r = write_entries(x, c->entries, c->n, "CAS");
    if (r == 0)
        answer(c, &(shown){0}, true, 1, ret);
    return r;
}

int co_fn cas_run(exec *x, const bound_modify *entries, unsigned n, bool batch, cql_result *ret)
{
    cas c = {.x = x, .entries = entries, .n = n, .batch = batch, .table = entries[0].plan->table};
    c.clusterings = arena_array(x->a, bytes, n + 1);
    int r = check_before(&c);
    if (r < 0)
        return r;
    key_stripe *held =
        key_lock_take(coordinator_keys(x->q->c), x->e, key_lock_hash(&c.table->id, c.key));
    r = read_check_write(&c, ret);
    key_lock_give(x->e, held);
    return r;
}
