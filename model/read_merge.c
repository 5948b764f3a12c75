/* read_merge.c: one answer out of several replicas' (read.h says what it promises).
 *
 * Results are walked in step, partition by partition in ring order, and within a partition row by
 * row in the asked order. Two things bound what may be said:
 *   the cut     where the first of the replicas that have more stopped; beyond it that replica's
 *               rows and deletions are unknown;
 *   row cuts    the same inside one partition, where a replica stopped because it had reached the
 *               limit of rows per partition. When other replicas' deletions take some of those
 *               rows away, the partition is left unfinished and the answer ends there.
 */
#include "base/must.h"
#include "model/read.h"

enum { BEFORE_ROWS, AT_ROW, FINISHED };

typedef struct position {
    bool set;
    bytes partition; /* its storage key prefix */
    int where;
    bytes clustering; /* AT_ROW */
} position;

typedef struct source {
    const read_result *result;
    uint32_t at;  /* its next partition */
    bytes prefix; /* of that one; null at the end */
} source;

typedef struct merger {
    const read_command *c;
    arena *a;
    source *sources;
    size_t n;
    position cut;
    read_result *out;
    uint32_t cap; /* of out->partitions */
    const partition **group;
    uint32_t *row_at; /* next row of each in the group */
    size_t n_group;
} merger;

static bytes prefix_of(merger *m, bytes key)
{
    buf b = {0};
    key_encode_partition(m->c->partitioner, key, &b);
    bytes prefix = arena_copy(m->a, buf_view(&b));
    buf_done(&b);
    return prefix;
}

static void source_load(merger *m, source *s)
{
    bool end = s->at >= s->result->n_partitions;
    s->prefix = end ? BYTES_NULL : prefix_of(m, s->result->partitions[s->at].key);
}

/* Order of two clusterings as asked for. */
static int row_order(const merger *m, bytes a, bytes b)
{
    int c = bytes_cmp(a, b);
    return m->c->reversed ? -c : c;
}

static int position_order(const merger *m, const position *a, const position *b)
{
    int c = bytes_cmp(a->partition, b->partition);
    if (c || a->where != b->where)
        return c ? c : a->where - b->where;
    return a->where == AT_ROW ? row_order(m, a->clustering, b->clustering) : 0;
}

static void position_lower(const merger *m, position *p, position to)
{
    if (!p->set || position_order(m, &to, p) < 0)
        *p = to;
    p->set = true;
}

static position end_of(const partition *p, bytes prefix)
{
    position end = {true, prefix, BEFORE_ROWS, BYTES_NULL};
    if (p->n_rows) {
        end.where = AT_ROW;
        end.clustering = p->rows[p->n_rows - 1]->clustering;
    }
    return end;
}

static void find_cut(merger *m)
{
    for (size_t i = 0; i < m->n; i++) {
        const read_result *r = m->sources[i].result;
        if (!r->more)
            continue;
        position end = {true, BYTES_EMPTY, BEFORE_ROWS, BYTES_NULL}; /* nothing is known */
        if (r->n_partitions) {
            const partition *last = &r->partitions[r->n_partitions - 1];
            end = end_of(last, prefix_of(m, last->key));
            if (r->partition_finished)
                end.where = FINISHED;
        }
        position_lower(m, &m->cut, end);
    }
}

/* ---- one partition ---- */
typedef struct partition_merge {
    partition p;
    uint32_t cap, live, limit; /* limit: live rows that may still come */
    position row_cut;
    row *empty;    /* the last row taken, when it became empty */
    bool complete; /* nothing of the partition is left */
} partition_merge;

static bool static_is_live(const merger *m, const partition *p)
{
    return p->static_row && row_is_live(p->static_row, m->c->now_s);
}

/* Is this the partition in whose middle the command resumes? */
static bool resumes_in(const merger *m, bytes key)
{
    return m->c->resume_clustering.p && bytes_eq(m->c->resume_key, key);
}

static bool static_counts_first(const merger *m, const partition *p)
{
    return m->c->static_only && !resumes_in(m, p->key) && static_is_live(m, p);
}

/* May the partition count as one row for its static row alone? */
static bool static_counts_last(const merger *m, const partition *p)
{
    bool returned = resumes_in(m, p->key) && m->c->resume_partition_rows;
    return m->c->with_static && !m->c->n_slices && !returned && static_is_live(m, p);
}

static uint32_t rows_allowed(const merger *m, bytes key)
{
    uint32_t limit = m->c->static_only ? 1 : m->c->partition_limit;
    if (limit == UINT32_MAX || !m->c->resume_key.p || !bytes_eq(m->c->resume_key, key))
        return limit;
    uint32_t taken = m->c->resume_partition_rows;
    return limit > taken ? limit - taken : 0;
}

/* Did this replica stop in the partition because it had enough rows of it? */
static bool stopped_in(const merger *m, const partition *p, uint32_t limit)
{
    uint32_t live = static_counts_first(m, p);
    for (uint32_t i = 0; i < p->n_rows && live < limit; i++)
        live += row_is_live(p->rows[i], m->c->now_s);
    return live >= limit;
}

static void find_row_cut(merger *m, partition_merge *pm, bytes prefix)
{
    pm->limit = rows_allowed(m, m->group[0]->key);
    for (size_t i = 0; i < m->n_group && pm->limit != UINT32_MAX; i++)
        if (stopped_in(m, m->group[i], pm->limit))
            position_lower(m, &pm->row_cut, end_of(m->group[i], prefix));
    if (m->cut.set && m->cut.where != FINISHED && bytes_eq(m->cut.partition, prefix))
        position_lower(m, &pm->row_cut, m->cut);
}

static void merge_head(merger *m, partition_merge *pm)
{
    partition *p = &pm->p;
    const row *static_row = NULL;
    uint32_t n = 0;
    p->key = m->group[0]->key;
    p->deletion = DELETION_NONE;
    for (size_t i = 0; i < m->n_group; i++) {
        const partition *from = m->group[i];
        p->deletion = deletion_max(p->deletion, from->deletion);
        n += from->n_ranges;
        if (from->static_row)
            static_row = static_row ? row_merge(static_row, from->static_row, m->a)
                                    : row_copy(from->static_row, m->a);
    }
    range_tombstone *all = arena_array(m->a, range_tombstone, n);
    n = 0;
    for (size_t i = 0; i < m->n_group; i++)
        for (uint32_t k = 0; k < m->group[i]->n_ranges; k++)
            all[n++] = m->group[i]->ranges[k];
    p->ranges = ranges_normalize(all, n, p->deletion, m->a, &p->n_ranges);
    if (static_row) {
        p->static_row = (row *)static_row; /* ours: copied or merged above */
        row_apply_deletion(p->static_row, p->deletion);
        row_normalize(p->static_row);
    }
}

/* The next clustering of any in the group, or null. */
static bytes next_clustering(merger *m)
{
    bytes least = BYTES_NULL;
    for (size_t i = 0; i < m->n_group; i++) {
        if (m->row_at[i] >= m->group[i]->n_rows)
            continue;
        bytes c = m->group[i]->rows[m->row_at[i]]->clustering;
        if (!least.p || row_order(m, c, least) < 0)
            least = c;
    }
    return least;
}

static row *take_row_at(merger *m, const partition_merge *pm, bytes clustering)
{
    row *merged = NULL;
    for (size_t i = 0; i < m->n_group; i++) {
        const partition *p = m->group[i];
        if (m->row_at[i] >= p->n_rows || !bytes_eq(p->rows[m->row_at[i]]->clustering, clustering))
            continue;
        const row *r = p->rows[m->row_at[i]++];
        merged = merged ? row_merge(merged, r, m->a) : row_copy(r, m->a);
    }
    deletion d = ranges_at(pm->p.ranges, pm->p.n_ranges, clustering);
    row_apply_deletion(merged, deletion_max(d, pm->p.deletion));
    row_normalize(merged);
    return merged;
}

static void add_row(merger *m, partition_merge *pm, row *r)
{
    if (pm->p.n_rows == pm->cap) {
        pm->cap = pm->cap ? 2 * pm->cap : 8;
        row **rows = arena_array(m->a, row *, pm->cap);
        for (uint32_t i = 0; i < pm->p.n_rows; i++)
            rows[i] = pm->p.rows[i];
        pm->p.rows = rows;
    }
    pm->p.rows[pm->p.n_rows++] = r;
}

static bool beyond(const merger *m, const position *cut, bytes clustering)
{
    return cut->set && cut->where != FINISHED &&
           (cut->where == BEFORE_ROWS || row_order(m, clustering, cut->clustering) > 0);
}

/* Rows until a cut, a limit or the end. `complete` when the partition was seen to its end. */
static void merge_rows(merger *m, partition_merge *pm)
{
    bytes clustering;
    while (pm->live < pm->limit && m->out->live_rows + pm->live < m->c->limit &&
           (clustering = next_clustering(m)).p && !beyond(m, &pm->row_cut, clustering)) {
        row *r = take_row_at(m, pm, clustering);
        pm->empty = row_is_empty(r) ? r : NULL;
        if (!pm->empty)
            add_row(m, pm, r);
        pm->live += row_is_live(r, m->c->now_s);
    }
    pm->complete = !pm->row_cut.set && !next_clustering(m).p;
}

static void add_partition(merger *m, const partition *p)
{
    if (m->out->n_partitions == m->cap) {
        m->cap = m->cap ? 2 * m->cap : 4;
        partition *all = arena_array(m->a, partition, m->cap);
        for (uint32_t i = 0; i < m->out->n_partitions; i++)
            all[i] = m->out->partitions[i];
        m->out->partitions = all;
    }
    m->out->partitions[m->out->n_partitions++] = *p;
}

static bool partition_is_empty(const partition *p)
{
    return !p->n_rows && !p->n_ranges && deletion_is_none(p->deletion) &&
           (!p->static_row || row_is_empty(p->static_row));
}

/* Adds the partition. Returns false when the answer ends with it. */
static bool merge_partition(merger *m, bytes prefix)
{
    partition_merge pm = {0};
    const read_command *c = m->c;
    merge_head(m, &pm);
    find_row_cut(m, &pm, prefix);
    pm.live = static_counts_first(m, &pm.p);
    merge_rows(m, &pm);
    bool finished = pm.complete || pm.live >= pm.limit;
    if (finished && !pm.live && pm.limit && static_counts_last(m, &pm.p))
        pm.live = 1;
    m->out->live_rows += pm.live;

    bool others = false; /* is there anything behind this partition? */
    for (size_t i = 0; i < m->n; i++)
        others |= m->sources[i].prefix.p != NULL;
    bool at_cut = m->cut.set && bytes_eq(m->cut.partition, prefix);
    bool full = m->out->live_rows >= c->limit;
    bool ends = !finished || full || at_cut;
    if (ends) {
        m->out->more = !finished || others || m->cut.set;
        m->out->partition_finished = m->out->more && finished;
    }
    if (ends && !finished && pm.empty)
        add_row(m, &pm, pm.empty);
    if (!partition_is_empty(&pm.p) || (ends && m->out->more))
        add_partition(m, &pm.p);
    return !ends;
}

/* ---- all ---- */
/* The next partition of any source becomes the group; returns its prefix, or null at the end. */
static bytes take_group(merger *m)
{
    bytes least = BYTES_NULL;
    for (size_t i = 0; i < m->n; i++) {
        bytes p = m->sources[i].prefix;
        if (p.p && (!least.p || bytes_cmp(p, least) < 0))
            least = p;
    }
    m->n_group = 0;
    for (size_t i = 0; least.p && i < m->n; i++) {
        source *s = &m->sources[i];
        if (!s->prefix.p || !bytes_eq(s->prefix, least))
            continue;
        m->row_at[m->n_group] = 0;
        m->group[m->n_group++] = &s->result->partitions[s->at++];
        source_load(m, s);
    }
    return least;
}

read_result *read_result_merge(const read_command *c, const read_result *const *results, size_t n,
                               arena *a)
{
    merger m = {.c = c, .a = a, .n = n, .out = arena_new(a, read_result)};
    m.sources = arena_array(a, source, n);
    m.group = arena_array(a, const partition *, n);
    m.row_at = arena_array(a, uint32_t, n);
    must(n > 0);
    for (size_t i = 0; i < n; i++) {
        m.sources[i].result = results[i];
        source_load(&m, &m.sources[i]);
        if (results[i]->tombstones > m.out->tombstones)
            m.out->tombstones = results[i]->tombstones;
    }
    find_cut(&m);
    bytes prefix;
    while ((prefix = take_group(&m)).p) {
        if (m.cut.set && bytes_cmp(prefix, m.cut.partition) > 0) {
            m.out->more = true;
            m.out->partition_finished = true;
            break;
        }
        if (!merge_partition(&m, prefix))
            break;
    }
    return m.out;
}
