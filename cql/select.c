/* SELECT, executed: reads partition after partition or along the ring, page by page, filters,
 * projects or aggregates, and says where to go on. */
#include "cql/json.h"
#include "cql/scan.h"

#define INTERNAL_PAGE_ROWS 5000 /* aggregates and filters read this much at a time */
#define INTERNAL_PAGE_BYTES (4u << 20)
#define READS_PER_TURN 32 /* of one statement, before others go first */
#define TURN_BYTES (1u << 20)
/* What an answer may take, whatever the page size: a page ends early, a result without pages is
 * refused. Frames count their bytes in 31 bits. */
#define PAGE_MAX_BYTES (64u << 20)
#define RESULT_MAX_BYTES (512u << 20)

static bool full(const scan *s)
{
    return !s->page_left || !s->limit_left;
}

/* ---- one row ---- */

static bytes keep(const scan *s, bytes v)
{
    if (!s->scratch || !v.p)
        return v;
    return v.n ? arena_copy(s->x->a, v) : BYTES_EMPTY;
}

static bytes *new_row(scan *s)
{
    unsigned n = s->p->n_columns;
    if (s->n_rows == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 1;
        bytes *p = arena_alloc(s->x->a, cap * n * sizeof *p);
        if (s->n_rows)
            memcpy(p, s->values, s->n_rows * n * sizeof *p);
        s->values = p;
        if (s->p->sort_rows) {
            bytes *o = arena_alloc(s->x->a, cap * sizeof *o);
            if (s->n_rows)
                memcpy(o, s->order, s->n_rows * sizeof *o);
            s->order = o;
        }
        s->cap = cap;
    }
    return s->values + s->n_rows++ * n;
}

/* Cells and wanted columns are both sorted by id: one walk. */
static void project_cells(const scan *s, const row_view *v, const row *r, const cell_target *t,
                          unsigned n, bytes *out)
{
    const cell *c = NULL, *end = NULL;
    if (r && r->n_cells)
        c = r->cells, end = c + r->n_cells;
    for (unsigned i = 0; i < n; i++) {
        while (c < end && c->column < t[i].column->id)
            c++;
        bytes value = BYTES_NULL;
        if (c < end && c->column == t[i].column->id) {
            if (t[i].multicell || (c->flags & CELL_COUNTER))
                value = row_view_value(v, t[i].column);
            else if (cell_is_live(c, v->now_s))
                value = c->value;
        }
        out[t[i].out] = keep(s, value);
    }
}

static void project(scan *s, const row_view *v, bytes *out)
{
    const select_plan *p = s->p;
    for (unsigned i = 0; i < p->n_keys; i++)
        out[p->keys[i].out] = keep(s, v->key_parts[p->keys[i].column->position]);
    for (unsigned i = 0; i < p->n_clusterings; i++)
        out[p->clusterings[i].out] =
            v->clustering ? keep(s, v->clustering[p->clusterings[i].column->position]) : BYTES_NULL;
    if (p->n_cells)
        project_cells(s, v, v->row, p->cells, p->n_cells, out);
    if (p->n_statics)
        project_cells(s, v, v->statics, p->statics, p->n_statics, out);
}

static int select_row(scan *s, const row_view *v, bytes *out)
{
    if (s->p->plain) {
        project(s, v, out);
        return 0;
    }
    for (unsigned i = 0; i < s->p->n_columns; i++) {
        int r = selector_value(s->p->columns[i], s->x, v, NULL, &out[i]);
        if (r < 0)
            return r;
        out[i] = keep(s, out[i]);
    }
    return 0;
}

static int aggregate_row(scan *s, const row_view *v)
{
    const select_plan *p = s->p;
    for (unsigned i = 0; i < p->n_columns; i++) {
        const selector *sel = p->columns[i];
        int r = 0;
        if (sel->has_aggregate)
            r = selector_feed(sel, s->x, v, s->states, s->x->a);
        else if (!s->n_rows && (r = selector_value(sel, s->x, v, NULL, &s->firsts[i])) == 0)
            s->firsts[i] = keep(s, s->firsts[i]);
        if (r < 0)
            return r;
    }
    s->n_rows++;
    return 0;
}

/* ---- GROUP BY ---- */

static bool in_group(const scan *s, const row_view *v)
{
    for (unsigned i = 0; i < s->p->group_columns; i++)
        if (!bytes_eq(s->group[i], v->clustering ? v->clustering[i] : BYTES_NULL))
            return false;
    return true;
}

static void count_row(scan *s)
{
    if (s->p->sort_rows)
        return;
    s->page_left--;
    if (s->limit_left != UINT32_MAX)
        s->limit_left--;
}

/* What the rows since the group began make. */
static int close_group(scan *s)
{
    const select_plan *p = s->p;
    if (!s->group_open)
        return 0;
    bytes *out = new_row(s), *parts = arena_array(s->x->a, bytes, p->table->n_partition);
    row_view v = {.table = p->table, .key_parts = parts, .now_s = s->x->now_s, .a = s->x->a};
    for (unsigned i = 0; i < p->n_columns; i++) {
        out[i] = s->firsts[i];
        if (!p->columns[i]->has_aggregate)
            continue;
        int r = selector_value(p->columns[i], s->x, &v, s->states, &out[i]);
        if (r < 0)
            return r;
    }
    if (p->sort_rows)
        s->order[s->n_rows - 1] = s->group_order;
    s->group_open = false;
    s->at.partition_rows++; /* counts groups here */
    count_row(s);
    return 0;
}

/* What ORDER BY over several partitions compares of a row. */
static bytes order_of(scan *s, const row_view *v)
{
    bytes order = BYTES_EMPTY;
    if (v->row)
        encode_clustering(s->p->table, v->clustering, s->p->order_columns, 0, s->x->a, &order);
    return order;
}

static int group_row(scan *s, const row_view *v)
{
    const select_plan *p = s->p;
    bool first = !s->group_open;
    if (first) {
        s->group_open = true;
        memset(s->states, 0, p->n_slots * sizeof *s->states);
        for (unsigned i = 0; i < p->group_columns; i++)
            s->group[i] = v->clustering ? keep(s, v->clustering[i]) : BYTES_NULL;
        s->group_order = s->p->sort_rows ? order_of(s, v) : BYTES_EMPTY;
    }
    for (unsigned i = 0; i < p->n_columns; i++) {
        const selector *sel = p->columns[i];
        int r = 0;
        if (sel->has_aggregate)
            r = selector_feed(sel, s->x, v, s->states, s->x->a);
        else if (first && (r = selector_value(sel, s->x, v, NULL, &s->firsts[i])) == 0)
            s->firsts[i] = keep(s, s->firsts[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- any row ---- */

static int read_clustering(const scan *s, row_view *v, bytes *room)
{
    const table *t = s->p->table;
    v->clustering = NULL;
    if (!v->row || !s->p->wants_clustering || !t->n_clustering)
        return 0;
    bytes *values = t->n_clustering <= 8 ? room : arena_array(v->a, bytes, t->n_clustering);
    if (clustering_decode(&t->clustering, v->row->clustering, v->a, values) < 0)
        return err_set(s->x->err, ERR_CORRUPT, "unreadable clustering in table %s.%s", t->keyspace,
                       t->name);
    v->clustering = values;
    return 0;
}

/* A row that is there: filter, keep, count. ret_stop: it begins a group, and the one before it was
 * the last that is wanted now. */
static int take_row(scan *s, row_view *v, bool *ret_stop)
{
    bytes room[8];
    int r = read_clustering(s, v, room);
    if (r < 0 || (s->n_filters && !filters_match(s->filters, s->n_filters, v)))
        return r;
    if (s->p->grouped) {
        if (s->group_open && !in_group(s, v) && (r = close_group(s)) < 0)
            return r;
        *ret_stop = !s->group_open && (full(s) || s->at.partition_rows >= s->partition_limit);
        return *ret_stop ? 0 : group_row(s, v);
    }
    r = s->p->aggregate ? aggregate_row(s, v) : select_row(s, v, new_row(s));
    if (r == 0 && s->p->sort_rows)
        s->order[s->n_rows - 1] = order_of(s, v);
    s->at.partition_rows++;
    if (!s->p->aggregate)
        count_row(s);
    return r;
}

/* ---- one partition ---- */

/* Tells whether rows may follow in this partition after what was taken. */
static int take_rows(scan *s, const partition *part, row_view *v, bool *ret_more)
{
    *ret_more = false;
    for (uint32_t i = 0; i < part->n_rows; i++) {
        if (!row_is_live(part->rows[i], v->now_s))
            continue;
        if (s->at.partition_rows >= s->partition_limit)
            return 0;
        if (full(s)) {
            *ret_more = true;
            return 0;
        }
        v->row = part->rows[i];
        bool stop = false;
        int r = take_row(s, v, &stop);
        if (r < 0)
            return r;
        if (stop) {
            *ret_more = full(s);
            return 0;
        }
        s->at.clustering = v->row->clustering;
    }
    return 0;
}

static bool any_live_row(const partition *part, int64_t now_s)
{
    for (uint32_t i = 0; i < part->n_rows; i++)
        if (row_is_live(part->rows[i], now_s))
            return true;
    return false;
}

static int take_partition(scan *s, const partition *part, arena *a, bool *ret_more)
{
    exec *x = s->x;
    const table *t = s->p->table;
    bytes room[8];
    bytes *parts = t->n_partition <= 8 ? room : arena_array(a, bytes, t->n_partition);
    bool continued = s->at.key.p && s->at.clustering.p && bytes_eq(s->at.key, part->key);
    *ret_more = false;
    bool stop = false;
    if (!continued) {
        int r = close_group(s);
        if (r < 0)
            return r;
        if (full(s)) {
            *ret_more = true;
            return 0;
        }
        s->at.key = part->key;
        s->at.clustering = BYTES_NULL;
        s->at.partition_rows = 0;
    }
    if (t->n_partition == 1)
        parts[0] = part->key;
    else if (partition_key_split(part->key, t->n_partition, parts) < 0)
        return err_set(x->err, ERR_CORRUPT, "unreadable partition key in table %s.%s", t->keyspace,
                       t->name);
    row_view v = {.table = t, .key = part->key, .key_parts = parts, .now_s = x->now_s, .a = a};
    for (uint32_t i = 0; t->n_dropped && i < part->n_rows; i++)
        row_forget_dropped(t, part->rows[i]);
    if (t->n_dropped)
        row_forget_dropped(t, part->static_row);
    bool statics = part->static_row && row_is_live(part->static_row, v.now_s);
    v.statics = statics ? part->static_row : NULL;
    bool rows = any_live_row(part, v.now_s);
    if (s->p->one_per_partition)
        return (statics || rows) ? take_row(s, &v, &stop) : 0;
    if (rows)
        return take_rows(s, part, &v, ret_more);
    return statics && s->p->static_alone && !continued ? take_row(s, &v, &stop) : 0;
}

/* ---- reading ---- */

static void next_limits(scan *s)
{
    read_command *c = &s->cmd;
    bool filtered = s->n_filters || s->p->grouped;
    uint32_t most = s->page_left < s->limit_left ? s->page_left : s->limit_left;
    c->limit = filtered || s->p->aggregate ? INTERNAL_PAGE_ROWS : most;
    c->partition_limit = filtered ? UINT32_MAX : s->partition_limit;
    if (s->p->one_per_partition)
        c->partition_limit = 1;
    c->max_bytes = INTERNAL_PAGE_BYTES;
}

static int read_page(scan *s, arena *a, read_result **ret)
{
    exec *x = s->x;
    read_command *c = &s->cmd;
    if (s->keys)
        c->key = s->keys[s->key_at];
    next_limits(s);
    c->resume_key = s->at.key;
    c->resume_clustering = s->at.clustering;
    c->resume_partition_rows = s->n_filters || s->p->grouped ? 0 : s->at.partition_rows;
    if (s->p->table->flags & TABLE_VIRTUAL)
        return virtual_read(x, s->p->table, c, a, ret);
    int r = coordinate_read(x->q->c, x->e, s->p->keyspace, c, x->o->cl, a, ret, x->err);
    return r < 0 ? r : check_tombstones(x, s->p->table, *ret);
}

/* After a read: where to go on, or that everything was seen. */
static void advance(scan *s, const read_result *res)
{
    if (res->more && res->partition_finished)
        s->at.clustering = BYTES_NULL;
    bool same_source = res->more && !(s->keys && res->partition_finished);
    if (s->keys && s->partition_limit <= s->at.partition_rows)
        same_source = false;
    if (same_source && res->n_partitions)
        return;
    if (!s->keys || ++s->key_at >= s->n_keys) {
        s->finished_sources = true;
        return;
    }
    s->at.key = BYTES_NULL;
    s->at.clustering = BYTES_NULL;
    s->at.partition_rows = 0;
}

/* Positions point into the read's memory, which scratch reads lose. */
static void keep_position(scan *s)
{
    s->at.key = keep(s, s->at.key);
    s->at.clustering = keep(s, s->at.clustering);
}

static int scan_page(scan *s, arena *a)
{
    read_result *res;
    int r = read_page(s, a, &res);
    if (r < 0)
        return r;
    if (!s->cap && !s->p->aggregate && !s->p->grouped && res->live_rows && !s->n_filters) {
        s->cap = res->live_rows;
        s->values = arena_alloc(s->x->a, s->cap * s->p->n_columns * sizeof(bytes));
        if (s->p->sort_rows)
            s->order = arena_alloc(s->x->a, s->cap * sizeof(bytes));
    }
    bool more = false;
    for (uint32_t i = 0; i < res->n_partitions; i++) {
        r = take_partition(s, &res->partitions[i], a, &more);
        if (r < 0)
            return r;
        if (more)
            break;
        /* A page may end with rows that were not taken: go on after the last one read. */
        const partition *part = &res->partitions[i];
        if (s->at.partition_rows >= s->partition_limit)
            s->at.clustering = BYTES_NULL;
        else if (part->n_rows && !s->p->one_per_partition)
            s->at.clustering = part->rows[part->n_rows - 1]->clustering;
    }
    if (more) {
        s->stopped = true;
        return 0;
    }
    advance(s, res);
    if (full(s) && !s->finished_sources)
        s->stopped = true;
    return 0;
}

/* Called between reads. */
static int check_size(scan *s)
{
    bool pages = s->x->o->page_size > 0 && !s->p->aggregate && !s->p->sort_rows;
    size_t used = s->x->a->used;
    if (s->finished_sources || used <= (pages ? PAGE_MAX_BYTES : RESULT_MAX_BYTES))
        return 0;
    if (pages && s->n_rows) {
        s->stopped = true;
        return 0;
    }
    if (used <= RESULT_MAX_BYTES)
        return 0;
    return err_set(s->x->err, ERR_INVALID,
                   "The result is larger than %u MiB: ask for it in pages, or for less",
                   RESULT_MAX_BYTES >> 20);
}

/* Reads of what is in memory do not suspend by themselves, and a statement may ask for many. */
static void co_fn give_way(scan *s)
{
    size_t used = s->x->a->used;
    bool long_since = ++s->reads % READS_PER_TURN == 0 || used - s->used_before >= TURN_BYTES;
    if (!long_since || s->finished_sources || s->stopped)
        return;
    s->used_before = used;
    env_yield(s->x->e);
}

static int co_fn scan_run(scan *s)
{
    int r = 0;
    while (r == 0 && !s->finished_sources && !s->stopped && !full(s)) {
        if (!s->scratch) {
            r = scan_page(s, s->x->a);
            if (r == 0)
                r = check_size(s);
            give_way(s);
            continue;
        }
        arena page;
        arena_init(&page, 64 * 1024);
        r = scan_page(s, &page);
        if (r == 0)
            keep_position(s);
        arena_done(&page);
        if (r == 0)
            r = check_size(s);
        if (!s->finished_sources)
            env_yield(s->x->e);
    }
    return r;
}

/* ---- results ---- */

static int finish_aggregate(scan *s)
{
    const select_plan *p = s->p;
    bytes *parts = arena_array(s->x->a, bytes, p->table->n_partition);
    row_view v = {.table = p->table, .key_parts = parts, .now_s = s->x->now_s, .a = s->x->a};
    s->values = s->firsts;
    for (unsigned i = 0; i < p->n_columns; i++) {
        if (!p->columns[i]->has_aggregate)
            continue;
        int r = selector_value(p->columns[i], s->x, &v, s->states, &s->values[i]);
        if (r < 0)
            return r;
    }
    s->n_rows = 1;
    return 0;
}

typedef struct sort_item {
    bytes order;
    const bytes *values;
} sort_item;

/* Rows that ORDER BY does not tell apart stay as they were read: by key, then clustering. */
static int cmp_items(const void *a, const void *b, void *reversed)
{
    const sort_item *x = a, *y = b;
    int c = bytes_cmp(x->order, y->order);
    if (c)
        return *(const bool *)reversed ? -c : c;
    return (x->values > y->values) - (x->values < y->values);
}

/* ORDER BY over several partitions. */
static void sort_result(scan *s)
{
    unsigned width = s->p->n_columns;
    sort_item *items = arena_array(s->x->a, sort_item, s->n_rows + 1);
    bytes *out = arena_array(s->x->a, bytes, s->n_rows * width + 1);
    for (size_t i = 0; i < s->n_rows; i++)
        items[i] = (sort_item){s->order[i], s->values + i * width};
    bool reversed = s->p->reversed;
    qsort_r(items, s->n_rows, sizeof *items, cmp_items, &reversed);
    for (size_t i = 0; i < s->n_rows; i++)
        memcpy(out + i * width, items[i].values, width * sizeof *out);
    s->values = out;
    if (s->n_rows > s->limit_left)
        s->n_rows = s->limit_left;
}

/* Each row becomes one object. */
static void rows_to_json(exec *x, const select_plan *p, cql_result *ret)
{
    bytes *out = arena_array(x->a, bytes, ret->n_rows + 1);
    for (size_t i = 0; i < ret->n_rows; i++) {
        buf b = {0};
        for (unsigned k = 0; k < p->n_columns; k++) {
            buf_str(&b, k ? ", " : "{");
            json_write_name(&b, p->specs[k].name);
            buf_str(&b, ": ");
            json_write(&b, p->specs[k].type, ret->values[i * p->n_columns + k], x->a);
        }
        buf_str(&b, "}");
        out[i] = arena_copy(x->a, buf_view(&b));
        buf_done(&b);
    }
    ret->n_columns = 1;
    ret->columns = p->json;
    ret->values = out;
}

static void warn_aggregate(exec *x, const select_plan *p)
{
    if (!p->where.key_single && !(p->table->flags & TABLE_VIRTUAL))
        exec_warn(x, p->where.key_complete
                         ? "Aggregation query used on multiple partition keys (IN restriction)"
                         : "Aggregation query used without partition key");
}

int co_fn execute_select(exec *x, const select_plan *p, cql_result *ret)
{
    if (x->o->cl == CL_ANY)
        return err_set(x->err, ERR_INVALID, "ANY ConsistencyLevel is only supported for writes");
    scan s = {.x = x, .p = p};
    s.scratch = p->aggregate || p->grouped || p->where.n_filters;
    int r = scan_begin(&s);
    if (r == 0)
        r = scan_run(&s);
    if (r == 0 && p->aggregate)
        r = finish_aggregate(&s);
    if (r == 0 && !s.stopped)
        r = close_group(&s);
    if (r < 0)
        return r;
    if (p->sort_rows)
        sort_result(&s);
    ret->kind = RESULT_ROWS;
    ret->n_columns = p->n_columns;
    ret->columns = p->specs;
    ret->n_rows = s.n_rows;
    ret->values = s.values;
    ret->paging_state = BYTES_NULL;
    if (p->json)
        rows_to_json(x, p, ret);
    if (p->aggregate || p->grouped)
        warn_aggregate(x, p);
    if (s.stopped && s.limit_left && !p->aggregate && !p->sort_rows) {
        s.at.remaining = s.limit_left;
        if (!s.at.key.p && s.keys && s.key_at) /* stands between two keys */
            s.at.key = s.keys[s.key_at - 1];
        ret->paging_state = s.at.key.p ? paging_encode(&s.at, x->a) : BYTES_NULL;
    }
    return 0;
}
