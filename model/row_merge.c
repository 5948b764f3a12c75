/* row_merge.c: two versions of a row make one.
 *
 * Cells of the same column and path (as Cassandra 4.1 reconciles them):
 *   1. the greater timestamp wins;
 *   2. on a tie a tombstone beats an expiring cell, and that beats a plain one: an expiring cell is
 *      a tombstone to be, and the outcome must not depend on when the two meet;
 *   3. then the greater local deletion time (of tombstones: made later; else: expires later);
 *   4. then the greater value in unsigned byte order, then the greater ttl.
 * Counter cells merge shard by shard, their timestamp is the greater one; whatever is no counter
 * (a tombstone) wins against a counter at any timestamp: a deleted counter cannot be trusted again.
 *
 * Since 1-4 are a total order and a deletion only ever makes way to a greater one, merging is
 * commutative, associative and idempotent. Counters below a row deletion are the one exception: a
 * merged counter has one timestamp, so whether an old shard survives a deletion between two updates
 * depends on the order of merging. Cassandra has the same gap; deleting counters is final there.
 */
#include "base/must.h"
#include "model/row_format.h"

/* The rank of rule 2. */
static int cell_rank(const cell *c)
{
    return c->flags & CELL_TOMBSTONE ? 2 : c->flags & CELL_EXPIRING ? 1 : 0;
}

static bool cell_wins(const cell *a, const cell *b)
{
    if (a->timestamp != b->timestamp)
        return a->timestamp > b->timestamp;
    int ra = cell_rank(a), rb = cell_rank(b);
    if (ra != rb)
        return ra > rb;
    if (a->local_s != b->local_s)
        return a->local_s > b->local_s;
    int c = bytes_cmp(a->value, b->value);
    return c ? c > 0 : a->ttl_s >= b->ttl_s;
}

cell cell_merge(const cell *a, const cell *b, arena *room)
{
    bool ca = a->flags & CELL_COUNTER, cb = b->flags & CELL_COUNTER;
    if (ca != cb)
        return ca ? *b : *a;
    if (!ca)
        return cell_wins(a, b) ? *a : *b;
    cell c = a->timestamp >= b->timestamp ? *a : *b;
    if (!bytes_eq(a->value, b->value))
        c.value = counter_merge(a->value, b->value, room);
    return c;
}

liveness liveness_merge(liveness a, liveness b)
{
    if (a.timestamp != b.timestamp)
        return a.timestamp > b.timestamp ? a : b;
    bool ea = a.ttl_s != NO_TTL, eb = b.ttl_s != NO_TTL;
    if (ea != eb)
        return ea ? a : b;
    if (a.expiry_s != b.expiry_s)
        return a.expiry_s > b.expiry_s ? a : b;
    return a.ttl_s >= b.ttl_s ? a : b;
}

static void merge_cells(row *r, const row *a, const row *b, arena *room)
{
    r->cells = arena_alloc(room, sizeof(cell) * (a->n_cells + (size_t)b->n_cells));
    uint32_t i = 0, j = 0, n = 0;
    while (i < a->n_cells && j < b->n_cells) {
        int c = cell_order(&a->cells[i], &b->cells[j]);
        if (c < 0)
            r->cells[n++] = a->cells[i++];
        else if (c > 0)
            r->cells[n++] = b->cells[j++];
        else
            r->cells[n++] = cell_merge(&a->cells[i++], &b->cells[j++], room);
    }
    while (i < a->n_cells)
        r->cells[n++] = a->cells[i++];
    while (j < b->n_cells)
        r->cells[n++] = b->cells[j++];
    r->n_cells = n;
}

static void merge_column_deletions(row *r, const row *a, const row *b, arena *room)
{
    size_t most = a->n_column_deletions + (size_t)b->n_column_deletions;
    if (!most)
        return;
    column_deletion *out = arena_alloc(room, sizeof *out * most);
    uint32_t i = 0, j = 0, n = 0;
    while (i < a->n_column_deletions || j < b->n_column_deletions) {
        const column_deletion *x = i < a->n_column_deletions ? &a->column_deletions[i] : NULL;
        const column_deletion *y = j < b->n_column_deletions ? &b->column_deletions[j] : NULL;
        bool take_x = x && (!y || x->column <= y->column);
        bool take_y = y && (!x || y->column <= x->column);
        out[n] = take_x ? *x : *y;
        if (take_x && take_y)
            out[n].deletion = deletion_max(x->deletion, y->deletion);
        n++;
        i += take_x;
        j += take_y;
    }
    r->column_deletions = out;
    r->n_column_deletions = n;
}

row *row_copy(const row *r, arena *room)
{
    row *c = arena_alloc(room, sizeof *c);
    *c = *r;
    c->cells = arena_alloc(room, sizeof(cell) * r->n_cells);
    c->column_deletions = arena_alloc(room, sizeof(column_deletion) * r->n_column_deletions);
    for (uint32_t i = 0; i < r->n_cells; i++)
        c->cells[i] = r->cells[i];
    for (uint32_t i = 0; i < r->n_column_deletions; i++)
        c->column_deletions[i] = r->column_deletions[i];
    return c;
}

row *row_merge(const row *a, const row *b, arena *room)
{
    row *r = arena_new(room, row);
    r->clustering = a->clustering;
    r->live = liveness_merge(a->live, b->live);
    r->deletion = deletion_max(a->deletion, b->deletion);
    merge_column_deletions(r, a, b, room);
    merge_cells(r, a, b, room);
    row_normalize(r);
    return r;
}

/* ---- sorting what was built in any order ---- */
void row_sort(row *r, arena *room)
{
    for (uint32_t i = 1; i < r->n_cells; i++) { /* few, and mostly in order */
        cell c = r->cells[i];
        uint32_t j = i;
        for (; j && cell_order(&c, &r->cells[j - 1]) < 0; j--)
            r->cells[j] = r->cells[j - 1];
        r->cells[j] = c;
    }
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n_cells; i++) {
        if (n && cell_order(&r->cells[n - 1], &r->cells[i]) == 0)
            r->cells[n - 1] = cell_merge(&r->cells[n - 1], &r->cells[i], room);
        else
            r->cells[n++] = r->cells[i];
    }
    r->n_cells = n;

    n = 0;
    for (uint32_t i = 0; i < r->n_column_deletions; i++) {
        column_deletion d = r->column_deletions[i];
        uint32_t j = n;
        while (j && d.column < r->column_deletions[j - 1].column)
            j--;
        if (j && r->column_deletions[j - 1].column == d.column) {
            deletion *same = &r->column_deletions[j - 1].deletion;
            *same = deletion_max(*same, d.deletion);
            continue;
        }
        memmove(r->column_deletions + j + 1, r->column_deletions + j,
                (n - j) * sizeof *r->column_deletions);
        r->column_deletions[j] = d;
        n++;
    }
    r->n_column_deletions = n;
}

/* ---- on encoded rows ---- */
/* The common case: an overwrite. Both rows are uniform (row_format.h) and the newer one, by its one
 * timestamp, has every column of the older one: the result is the newer one's bytes. */
typedef struct uniform_row {
    reader r;
    row_head head;
    uint64_t left; /* cells not yet taken */
    column_id column;
    bool done;
} uniform_row;

static bool uniform_open(bytes encoded, uniform_row *u)
{
    *u = (uniform_row){.r = reader_of(encoded)};
    row_head_decode(&u->r, &u->head);
    if (!(u->head.flags & ROW_UNIFORM) || u->r.bad)
        return false;
    u->left = u->head.flags & ROW_CELLS ? row_vint(&u->r) : 0;
    return !u->r.bad;
}

static bool uniform_next(uniform_row *u)
{
    if (!u->left) {
        u->done = true;
        return false;
    }
    u->left--;
    uint8_t head = rd_u8(&u->r);
    if ((head & ~HEAD_EMPTY) != row_uniform_head(&u->head))
        return false;
    u->column = rd_be32(&u->r);
    if (!(head & HEAD_EMPTY))
        rd_take(&u->r, row_vint(&u->r));
    return !u->r.bad;
}

static bool overwrites(bytes newer_bytes, bytes older_bytes)
{
    uniform_row newer, older;
    if (!uniform_open(newer_bytes, &newer) || !uniform_open(older_bytes, &older))
        return false;
    if (newer.head.base.timestamp <= older.head.base.timestamp)
        return false;
    if ((older.head.flags & ROW_MARKER) && !(newer.head.flags & ROW_MARKER))
        return false;
    bool more = uniform_next(&older);
    while (uniform_next(&newer)) {
        if (more && older.column < newer.column)
            return false;
        if (more && older.column == newer.column)
            more = uniform_next(&older);
    }
    return newer.done && older.done && rd_left(&newer.r) == 0 && rd_left(&older.r) == 0;
}

int row_merge_encoded(bytes a, bytes b, arena *room, buf *out, err_info *e)
{
    bool b_wins = overwrites(b, a);
    if (b_wins || overwrites(a, b)) {
        buf_bytes(out, b_wins ? b : a);
        return 0;
    }
    row ra, rb;
    int r = row_decode(a, room, &ra, e);
    if (r == 0)
        r = row_decode(b, room, &rb, e);
    if (r == 0)
        row_encode(row_merge(&ra, &rb, room), out);
    return r;
}
