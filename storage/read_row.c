/* read_row.c: one row by its full key.
 *
 * Each source is asked for the row's key. Only sources that ever held a partition deletion, a range
 * tombstone or (when wanted) a static row are asked for the partition's prelude first.
 */
#include "storage/read_internal.h"

bool read_is_single_row(const read_command *c)
{
    if (!c->key.p || c->n_slices != 1 || c->resume_key.p || c->static_only || c->limit == 0 ||
        c->partition_limit == 0)
        return false;
    bytes a = c->slices[0].start, b = c->slices[0].end;
    return b.n == a.n + 1 && b.p[a.n] == 0 && memcmp(a.p, b.p, a.n) == 0;
}

typedef struct single {
    reading *reading;
    partition p;
    bytes prefix, key; /* key: of the row */
    bytes static_value, value;
} single;

static int merge_into(single *x, uint8_t part, bytes *into, bytes value)
{
    reading *r = x->reading;
    if (!into->p) {
        *into = value;
        return 0;
    }
    buf out = {0};
    int result = entry_merge(part, *into, value, r->arena, &out, r->err);
    if (result == 0)
        *into = arena_copy(r->arena, buf_view(&out));
    buf_done(&out);
    return result;
}

/* One entry of the prelude; statics are merged before they are taken. */
static int take(single *x, bytes key, bytes value, bool copy)
{
    reading *r = x->reading;
    bytes rest = bytes_of(key.p + x->prefix.n + 1, key.n - x->prefix.n - 1);
    switch (key.p[x->prefix.n]) {
    case PART_DELETION:
        return read_take_deletion(r, &x->p, value);
    case PART_RANGE:
        return read_take_range(r, &x->p, rest, value);
    case PART_STATIC:
        if (!r->command->with_static)
            return 0;
        return merge_into(x, PART_STATIC, &x->static_value,
                          copy ? arena_copy(r->arena, value) : value);
    default:
        return err_set(r->err, ERR_CORRUPT, "a stored key is malformed");
    }
}

static bool in_prelude(const single *x, bytes key)
{
    return key.n > x->prefix.n && memcmp(key.p, x->prefix.p, x->prefix.n) == 0 &&
           key.p[x->prefix.n] != PART_ROW;
}

static uint8_t wanted_parts(const reading *r)
{
    uint8_t parts = SSTABLE_HAS_DELETIONS | SSTABLE_HAS_RANGES;
    return r->command->with_static ? parts | SSTABLE_HAS_STATICS : parts;
}

static int ask_memtable(single *x, memtable *m)
{
    uint8_t parts;
    bytes v = memtable_get(m, x->key, &parts); /* lives as long as the view */
    int result = v.p ? merge_into(x, PART_ROW, &x->value, v) : 0;
    if (!(parts & wanted_parts(x->reading)))
        return result;
    memtable_iter it;
    memtable_iter_seek(&it, m, x->prefix, false);
    for (; result == 0 && memtable_iter_valid(&it) && in_prelude(x, it.keys[it.at]);
         memtable_iter_next(&it))
        result = take(x, it.keys[it.at], it.values[it.at], false);
    return result;
}

static int walk_prelude(single *x, sstable_iter *it)
{
    err_info *err = x->reading->err;
    int result = sstable_iter_seek(it, x->prefix, false, err);
    while (result == 0 && sstable_iter_valid(it) && in_prelude(x, sstable_iter_key(it))) {
        result = take(x, sstable_iter_key(it), sstable_iter_value(it), true);
        if (result == 0)
            result = sstable_iter_next(it, err);
    }
    return result;
}

static int ask_sstable(single *x, sstable *t)
{
    reading *r = x->reading;
    sstable_iter *it = sstable_iter_new(t);
    int result = 0;
    if (sstable_get_stats(t)->parts & wanted_parts(r))
        result = walk_prelude(x, it);
    if (result == 0)
        result = sstable_iter_seek(it, x->key, false, r->err);
    if (result == 0 && sstable_iter_valid(it)) {
        bytes key = sstable_iter_key(it);
        if (bytes_eq(key, x->key))
            result =
                merge_into(x, PART_ROW, &x->value, arena_copy(r->arena, sstable_iter_value(it)));
        else if (key.n <= x->prefix.n || memcmp(key.p, x->prefix.p, x->prefix.n) != 0)
            atomic_fetch_add_explicit(&r->table->counters.false_positives, 1, memory_order_relaxed);
    }
    sstable_iter_free(it);
    return result;
}

static int take_values(single *x)
{
    reading *r = x->reading;
    int result = 0;
    if (x->static_value.p)
        result = read_take_static(r, &x->p, x->static_value);
    if (result == 0 && x->value.p)
        result = read_take_row(r, &x->p, r->command->slices[0].start, x->value);
    return result;
}

int read_single_row(reading *r)
{
    const read_command *c = r->command;
    table_view *v = r->view;
    single x = {.reading = r, .p = {.key = c->key, .deletion = DELETION_NONE}};
    x.prefix = read_partition_prefix(r, c->key);
    x.key = read_key(r, x.prefix, PART_ROW, c->slices[0].start);
    int result = 0;
    for (unsigned i = 0; i < v->n_memtables && result == 0; i++)
        if (!memtable_is_empty(v->memtables[i]))
            result = ask_memtable(&x, v->memtables[i]);
    for (unsigned i = 0; i < v->n_sstables && result == 0; i++)
        if (read_may_contain(v->sstables[i], x.prefix))
            result = ask_sstable(&x, v->sstables[i]);
    if (result == 0)
        result = take_values(&x);
    if (result < 0)
        return result;
    partition *p = &x.p;
    if (p->n_rows || p->n_ranges || p->static_row || !deletion_is_none(p->deletion)) {
        p->key = arena_copy(r->arena, p->key);
        r->result->partitions = arena_new(r->arena, partition);
        r->result->partitions[0] = *p;
        r->result->n_partitions = 1;
    }
    r->result->partition_finished = true;
    return 0;
}
