/* row.c: what cells, markers and deletions mean: live, covered, purgeable. */
#include "base/hash.h"
#include "model/row_format.h"

column_id column_id_of(bytes name)
{
    uint64_t h[2];
    hash_murmur3(name, h);
    column_id id = (column_id)h[0];
    return id ? id : 1;
}

deletion deletion_max(deletion a, deletion b)
{
    if (a.timestamp != b.timestamp)
        return a.timestamp > b.timestamp ? a : b;
    return a.local_s >= b.local_s ? a : b;
}

bool cell_is_live(const cell *c, int64_t now_s)
{
    return !(c->flags & CELL_TOMBSTONE) && (!(c->flags & CELL_EXPIRING) || now_s < c->local_s);
}

bool liveness_is_live(liveness l, int64_t now_s)
{
    return l.timestamp != NO_TIMESTAMP && (l.ttl_s == NO_TTL || now_s < l.expiry_s);
}

bool row_is_live(const row *r, int64_t now_s)
{
    if (liveness_is_live(r->live, now_s))
        return true;
    for (uint32_t i = 0; i < r->n_cells; i++)
        if (cell_is_live(&r->cells[i], now_s))
            return true;
    return false;
}

bool row_is_empty(const row *r)
{
    return !r->n_cells && !r->n_column_deletions && deletion_is_none(r->deletion) &&
           r->live.timestamp == NO_TIMESTAMP;
}

const cell *row_find(const row *r, column_id column)
{
    uint32_t lo = 0, hi = r->n_cells;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (r->cells[mid].column < column)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < r->n_cells && r->cells[lo].column == column ? &r->cells[lo] : NULL;
}

int cell_order(const cell *a, const cell *b)
{
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return bytes_cmp(a->path, b->path);
}

/* ---- deletions ---- */
static void drop_column_deletions(row *r, deletion d)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < r->n_column_deletions; i++)
        if (!deletion_covers(d, r->column_deletions[i].deletion.timestamp))
            r->column_deletions[kept++] = r->column_deletions[i];
    r->n_column_deletions = kept;
}

void row_apply_deletion(row *r, deletion d)
{
    if (deletion_is_none(d))
        return;
    if (deletion_covers(d, r->live.timestamp))
        r->live = LIVENESS_NONE;
    if (deletion_covers(d, r->deletion.timestamp))
        r->deletion = DELETION_NONE;
    drop_column_deletions(r, d);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < r->n_cells; i++)
        if (!deletion_covers(d, r->cells[i].timestamp))
            r->cells[kept++] = r->cells[i];
    r->n_cells = kept;
}

/* Cells and column deletions are both sorted by column: one pass. */
static void apply_column_deletions(row *r)
{
    uint32_t kept = 0, at = 0;
    for (uint32_t i = 0; i < r->n_cells; i++) {
        const cell *c = &r->cells[i];
        while (at < r->n_column_deletions && r->column_deletions[at].column < c->column)
            at++;
        bool covered = at < r->n_column_deletions && r->column_deletions[at].column == c->column &&
                       deletion_covers(r->column_deletions[at].deletion, c->timestamp);
        if (!covered)
            r->cells[kept++] = *c;
    }
    r->n_cells = kept;
}

void row_normalize(row *r)
{
    deletion d = r->deletion;
    if (!deletion_is_none(d)) {
        row_apply_deletion(r, d);
        r->deletion = d;
    }
    if (r->n_column_deletions)
        apply_column_deletions(r);
}

/* ---- purge ---- */
typedef struct purger {
    int64_t now_s, gc_before_s, before;
} purger;

static bool purgeable(const purger *p, int64_t timestamp, int32_t local_s)
{
    return local_s < p->gc_before_s && timestamp < p->before;
}

/* An expired cell counts as deleted when it was written, so that its tombstone need not outlive
 * gc_grace after the expiry: replicas that have the cell at all have its expiry too. */
static void expire(cell *c)
{
    c->flags = CELL_TOMBSTONE;
    c->local_s = (int32_t)((uint32_t)c->local_s - (uint32_t)c->ttl_s);
    c->ttl_s = NO_TTL;
    c->value = BYTES_NULL;
}

static void purge_cells(row *r, const purger *p)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < r->n_cells; i++) {
        cell *c = &r->cells[i];
        if ((c->flags & CELL_EXPIRING) && !cell_is_live(c, p->now_s))
            expire(c);
        if (!(c->flags & CELL_TOMBSTONE) || !purgeable(p, c->timestamp, c->local_s))
            r->cells[kept++] = *c;
    }
    r->n_cells = kept;
}

static void purge_column_deletions(row *r, const purger *p)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < r->n_column_deletions; i++) {
        deletion d = r->column_deletions[i].deletion;
        if (!purgeable(p, d.timestamp, d.local_s))
            r->column_deletions[kept++] = r->column_deletions[i];
    }
    r->n_column_deletions = kept;
}

bool row_purge(row *r, int64_t now_s, int64_t gc_before_s, int64_t purge_before_timestamp)
{
    purger p = {now_s, gc_before_s, purge_before_timestamp};
    row_normalize(r); /* a deletion must not go before what it covers */
    if (r->live.timestamp != NO_TIMESTAMP && !liveness_is_live(r->live, now_s) &&
        purgeable(&p, r->live.timestamp, r->live.expiry_s))
        r->live = LIVENESS_NONE;
    if (!deletion_is_none(r->deletion) && purgeable(&p, r->deletion.timestamp, r->deletion.local_s))
        r->deletion = DELETION_NONE;
    purge_column_deletions(r, &p);
    purge_cells(r, &p);
    return !row_is_empty(r);
}
