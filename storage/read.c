/* read.c: answers a read command out of one table's view.
 *
 * A partition's entries lie together: its deletion, range tombstones, static row (the prelude),
 * then rows in clustering order. So each partition is a walk over the prelude, then per slice a
 * seek and a walk, forward or backward. Rows are given as they are stored, less what the
 * partition's deletion and range tombstones cover; tombstones stay for the merge with other
 * replicas. SSTables that by key range or bloom filter do not know a partition are left out.
 *
 * A limit stops before the next entry that would have been looked at, so `more` is exact: nothing
 * asked for remains when it is false.
 *
 * A single row by its full key asks the memtables and SSTables one by one, without a scan.
 */
#include "storage/read_internal.h"

#include "base/must.h"

/* ---- small things ---- */

bytes read_key(reading *r, bytes prefix, int part, bytes rest)
{
    uint8_t *p = arena_alloc(r->arena, prefix.n + 1 + rest.n);
    memcpy(p, prefix.p, prefix.n);
    p[prefix.n] = (uint8_t)part;
    if (rest.n)
        memcpy(p + prefix.n + 1, rest.p, rest.n);
    return bytes_of(p, prefix.n + 1 + rest.n);
}

bytes read_partition_prefix(reading *r, bytes key)
{
    buf b = {.cap = TOKEN_FIXED_MAX + 2 * key.n + 8}; /* never grows: every byte may be escaped */
    uint8_t *p = b.p = arena_alloc(r->arena, b.cap);
    key_encode_partition(r->command->partitioner, key, &b);
    must(b.p == p);
    return buf_view(&b);
}

/* Grows an arena array of n elements so that one more fits. */
void *read_grow(arena *a, void *p, uint32_t n, size_t size)
{
    if (n & (n - 1) || n == 0)
        return n == 0 ? arena_alloc(a, size) : p;
    void *fresh = arena_alloc(a, 2 * n * size);
    memcpy(fresh, p, n * size);
    return fresh;
}

static bool starts_with(bytes key, bytes prefix)
{
    return key.n > prefix.n && memcmp(key.p, prefix.p, prefix.n) == 0;
}

/* The least key behind all of a partition. */
static bytes behind(reading *r, bytes prefix)
{
    return read_key(r, prefix, 0xff, BYTES_EMPTY);
}

/* ---- what a partition holds ---- */

static bool touches_slices(const read_command *c, const range_tombstone *t)
{
    if (c->n_slices == 0)
        return true;
    for (uint32_t i = 0; i < c->n_slices; i++)
        if (bytes_cmp(t->start, c->slices[i].end) < 0 && bytes_cmp(c->slices[i].start, t->end) < 0)
            return true;
    return false;
}

static int corrupt_entry(reading *r, const char *what)
{
    return err_set(r->err, ERR_CORRUPT, "a stored %s of table directory %s is malformed", what,
                   r->table->directory ? r->table->directory : "(in memory)");
}

int read_take_deletion(reading *r, partition *p, bytes value)
{
    deletion d;
    if (deletion_decode(value, &d) < 0)
        return corrupt_entry(r, "partition deletion");
    p->deletion = deletion_max(p->deletion, d);
    r->result->tombstones++;
    return 0;
}

int read_take_range(reading *r, partition *p, bytes rest, bytes value)
{
    range_tombstone t;
    if (entry_decode_range(rest, value, &t) < 0)
        return corrupt_entry(r, "range tombstone");
    if (!touches_slices(r->command, &t) || deletion_covers(p->deletion, t.deletion.timestamp))
        return 0;
    t.start = arena_copy(r->arena, t.start);
    t.end = arena_copy(r->arena, t.end);
    p->ranges = read_grow(r->arena, p->ranges, p->n_ranges, sizeof *p->ranges);
    p->ranges[p->n_ranges++] = t;
    r->result->tombstones++;
    r->bytes += t.start.n + t.end.n + 16;
    return 0;
}

int read_take_static(reading *r, partition *p, bytes value)
{
    if (!r->command->with_static && !r->command->static_only)
        return 0;
    row *x = arena_alloc(r->arena, sizeof *x);
    int result = row_decode(arena_copy(r->arena, value), r->arena, x, r->err);
    if (result < 0)
        return result;
    x->clustering = BYTES_NULL;
    if (!deletion_is_none(p->deletion))
        row_apply_deletion(x, p->deletion);
    if (row_is_empty(x))
        return 0;
    p->static_row = x;
    r->bytes += value.n;
    return 0;
}

static deletion deletion_of(const partition *p, bytes clustering)
{
    deletion d = p->deletion;
    for (uint32_t i = 0; i < p->n_ranges; i++) {
        const range_tombstone *t = &p->ranges[i];
        if (bytes_cmp(t->start, clustering) <= 0 && bytes_cmp(clustering, t->end) < 0)
            d = deletion_max(d, t->deletion);
    }
    return d;
}

static void count_tombstones(reading *r, const row *x)
{
    int64_t now_s = r->command->now_s;
    r->result->tombstones += !deletion_is_none(x->deletion) + x->n_column_deletions;
    for (uint32_t i = 0; i < x->n_cells; i++)
        r->result->tombstones += !cell_is_live(&x->cells[i], now_s);
}

/* Appends a row (clustering and value are copied) unless deletions leave nothing of it. */
int read_take_row(reading *r, partition *p, bytes clustering, bytes value)
{
    row *x = arena_alloc(r->arena, sizeof *x);
    int result = row_decode(arena_copy(r->arena, value), r->arena, x, r->err);
    if (result < 0)
        return result;
    x->clustering = arena_copy(r->arena, clustering);
    if (p->n_ranges || !deletion_is_none(p->deletion)) {
        deletion d = deletion_of(p, x->clustering);
        if (!deletion_is_none(d))
            row_apply_deletion(x, d);
    }
    if (row_is_empty(x)) {
        r->result->tombstones++;
        return 0;
    }
    p->rows = read_grow(r->arena, p->rows, p->n_rows, sizeof *p->rows);
    p->rows[p->n_rows++] = x;
    r->bytes += clustering.n + value.n + 32;
    count_tombstones(r, x);
    if (row_is_live(x, r->command->now_s)) {
        r->partition_live++;
        r->result->live_rows++;
    }
    return 0;
}

/* ---- limits ---- */

static bool page_is_full(const reading *r)
{
    const read_command *c = r->command;
    return r->result->live_rows >= c->limit || (c->max_bytes && r->bytes >= c->max_bytes);
}

static bool partition_is_full(const reading *r, const partition *p)
{
    const read_command *c = r->command;
    int64_t now_s = c->now_s;
    if (c->static_only)
        return r->partition_live > 0 || (p->static_row && row_is_live(p->static_row, now_s));
    return r->resumed_rows + r->partition_live >= c->partition_limit;
}

/* ---- one partition by scan ---- */

static int take_prelude(reading *r, partition *p, bytes prefix)
{
    scan *s = &r->scan;
    int result = 0;
    while (result == 0 && s->valid && starts_with(s->key, prefix)) {
        bytes rest = bytes_of(s->key.p + prefix.n + 1, s->key.n - prefix.n - 1);
        uint8_t part = s->key.p[prefix.n];
        if (part == PART_ROW)
            return 0;
        if (part == PART_DELETION)
            result = read_take_deletion(r, p, s->value);
        else if (part == PART_RANGE)
            result = read_take_range(r, p, rest, s->value);
        else if (part == PART_STATIC)
            result = read_take_static(r, p, s->value);
        else
            result = corrupt_entry(r, "key");
        if (result == 0)
            result = scan_next(s, r->err);
    }
    return result;
}

/* Walks the rows from where the scan stands to the last one inside [from, to). */
static int take_rows(reading *r, partition *p, bytes prefix, bytes from, bytes to)
{
    scan *s = &r->scan;
    while (s->valid && (s->backward ? bytes_cmp(s->key, from) >= 0 : bytes_cmp(s->key, to) < 0)) {
        if (partition_is_full(r, p))
            return 0;
        if (p->n_rows && page_is_full(r)) { /* a page goes on behind a row it gave */
            r->result->more = true;
            return 0;
        }
        bytes clustering = bytes_of(s->key.p + prefix.n + 1, s->key.n - prefix.n - 1);
        int result = read_take_row(r, p, clustering, s->value);
        if (result == 0)
            result = scan_next(s, r->err);
        if (result < 0)
            return result;
    }
    return 0;
}

/* One slice of rows, cut at the resume position. */
static int take_slice(reading *r, partition *p, bytes prefix, bytes start, bytes end, bytes resume)
{
    const read_command *c = r->command;
    bytes from = read_key(r, prefix, PART_ROW, start);
    bytes to =
        end.p ? read_key(r, prefix, PART_ROW, end) : read_key(r, prefix, PART_ROW + 1, BYTES_EMPTY);
    if (resume.p) {
        bytes at = read_key(r, prefix, PART_ROW, resume);
        if (c->reversed && bytes_cmp(at, to) < 0)
            to = at;
        if (!c->reversed && bytes_cmp(at, from) >= 0)
            from = read_key(r, at, 0, BYTES_EMPTY); /* the least key behind it */
    }
    if (bytes_cmp(from, to) >= 0)
        return 0;
    scan *s = &r->scan;
    bool there = !c->reversed && !s->backward && s->valid && bytes_cmp(s->key, from) >= 0;
    int result = there ? 0 : scan_seek(s, c->reversed ? to : from, c->reversed, r->err);
    return result < 0 ? result : take_rows(r, p, prefix, from, to);
}

static int take_slices(reading *r, partition *p, bytes prefix, bytes resume)
{
    const read_command *c = r->command;
    if (c->n_slices == 0)
        return take_slice(r, p, prefix, BYTES_EMPTY, BYTES_NULL, resume);
    for (uint32_t i = 0; i < c->n_slices; i++) {
        const clustering_slice *x = &c->slices[c->reversed ? c->n_slices - 1 - i : i];
        int result = take_slice(r, p, prefix, x->start, x->end, resume);
        if (result < 0)
            return result;
        if (r->result->more || partition_is_full(r, p))
            return 0;
    }
    return 0;
}

static bool is_worth_telling(const partition *p)
{
    return p->n_rows || p->n_ranges || p->static_row || !deletion_is_none(p->deletion);
}

/* A partition of which only the static row lives is one row to a reader of whole partitions. */
static void count_static(reading *r, const partition *p)
{
    const read_command *c = r->command;
    if (r->partition_live || r->resumed_rows || !p->static_row || r->result->more)
        return;
    if ((c->static_only || c->n_slices == 0) && row_is_live(p->static_row, c->now_s))
        r->result->live_rows++;
}

static void push_partition(reading *r, const partition *p)
{
    read_result *res = r->result;
    if (!is_worth_telling(p))
        return;
    res->partitions =
        read_grow(r->arena, res->partitions, res->n_partitions, sizeof *res->partitions);
    res->partitions[res->n_partitions++] = *p;
}

/* Reads the partition whose first entry the scan stands on (or would). */
static int take_partition(reading *r, bytes key, bytes prefix)
{
    const read_command *c = r->command;
    partition p = {.key = key, .deletion = DELETION_NONE};
    bool resumed = c->resume_key.p && bytes_eq(c->resume_key, key);
    r->partition_live = 0;
    r->resumed_rows = resumed ? c->resume_partition_rows : 0;
    int result = take_prelude(r, &p, prefix);
    if (result == 0 && !partition_is_full(r, &p))
        result = take_slices(r, &p, prefix, resumed ? c->resume_clustering : BYTES_NULL);
    if (result < 0)
        return result;
    count_static(r, &p);
    r->result->partition_finished = !r->result->more;
    push_partition(r, &p);
    return 0;
}

/* ---- whole reads ---- */

static bool finished_before(const read_command *c)
{
    return c->resume_key.p && !c->resume_clustering.p;
}

static int read_one(reading *r)
{
    const read_command *c = r->command;
    table_view *v = r->view;
    bytes prefix = read_partition_prefix(r, c->key);
    for (unsigned i = 0; i < v->n_memtables; i++)
        scan_add_memtable(&r->scan, v->memtables[i]);
    unsigned asked = 0;
    for (unsigned i = 0; i < v->n_sstables; i++)
        if (read_may_contain(v->sstables[i], prefix)) {
            scan_add_sstable(&r->scan, v->sstables[i]);
            asked++;
        }
    if (r->scan.n == 0 || finished_before(c))
        return 0;
    int result = scan_seek(&r->scan, prefix, false, r->err);
    if (result < 0)
        return result;
    if (!r->scan.valid || !starts_with(r->scan.key, prefix)) {
        atomic_fetch_add_explicit(&r->table->counters.false_positives, asked, memory_order_relaxed);
        return 0;
    }
    return take_partition(r, arena_copy(r->arena, c->key), prefix);
}

static void add_sources_of_range(reading *r, bytes from, bytes to)
{
    table_view *v = r->view;
    for (unsigned i = 0; i < v->n_memtables; i++)
        scan_add_memtable(&r->scan, v->memtables[i]);
    for (unsigned i = 0; i < v->n_sstables; i++) {
        const sstable_stats *st = sstable_get_stats(v->sstables[i]);
        if (bytes_cmp(st->max_key, from) >= 0 && (!to.p || bytes_cmp(st->min_key, to) < 0))
            scan_add_sstable(&r->scan, v->sstables[i]);
    }
}

static int read_range(reading *r)
{
    const read_command *c = r->command;
    bytes from = c->from.p ? c->from : BYTES_EMPTY;
    if (c->resume_key.p) {
        bytes prefix = read_partition_prefix(r, c->resume_key);
        bytes at = c->resume_clustering.p ? prefix : behind(r, prefix);
        if (bytes_cmp(at, from) > 0)
            from = at;
    }
    add_sources_of_range(r, from, c->to);
    int result = scan_seek(&r->scan, from, false, r->err);
    while (result == 0 && r->scan.valid && (!c->to.p || bytes_cmp(r->scan.key, c->to) < 0)) {
        if (page_is_full(r)) {
            r->result->more = true;
            break;
        }
        size_t n = key_partition_length(c->partitioner, r->scan.key);
        if (n == 0 || n >= r->scan.key.n)
            return corrupt_entry(r, "key");
        bytes prefix = arena_copy(r->arena, bytes_of(r->scan.key.p, n));
        result = take_partition(r, key_decode_partition(c->partitioner, prefix, r->arena), prefix);
        if (result < 0 || r->result->more)
            break;
        if (r->scan.backward || (r->scan.valid && starts_with(r->scan.key, prefix)))
            result = scan_seek(&r->scan, behind(r, prefix), false, r->err);
    }
    return result;
}

int read_table(storage *s, storage_table *t, table_view *v, const read_command *c, arena *a,
               read_result **ret, err_info *err)
{
    reading r = {.storage = s, .table = t, .view = v, .command = c, .arena = a, .err = err};
    r.result = arena_new(a, read_result);
    int result;
    if (read_is_single_row(c)) {
        result = read_single_row(&r);
    } else if (c->limit == 0) {
        result = 0;
    } else {
        scan_init(&r.scan, c->partitioner, a, v->n_memtables + v->n_sstables);
        result = c->key.p ? read_one(&r) : read_range(&r);
        scan_done(&r.scan);
    }
    if (result == 0)
        *ret = r.result;
    return result;
}
