#include "server/thrift/checks.h"

#include <stdio.h>

#include "model/key.h"

int check_key(const column_view *v, bytes key, err_info *e)
{
    if (key.n == 0)
        return err_set(e, ERR_INVALID, "Key may not be empty");
    if (key.n > PARTITION_KEY_MAX)
        return err_set(e, ERR_INVALID, "Key length of %zu is longer than maximum of %d", key.n,
                       PARTITION_KEY_MAX);
    return type_validate(v->table->key_type, key, e);
}

/* ---- names ---- */

static int check_name_length(const char *what, bytes name, err_info *e)
{
    if (name.n > COLUMN_NAME_MAX)
        return err_set(e, ERR_INVALID, "%s name length must not be greater than %d", what,
                       COLUMN_NAME_MAX);
    if (name.n == 0)
        return err_set(e, ERR_INVALID, "%s name must not be empty", what);
    return 0;
}

static int check_super(const column_view *v, bytes super, arena *a, err_info *e)
{
    int r = check_name_length("supercolumn", super, e);
    return r < 0 ? r : column_check_name(v, BYTES_NULL, super, false, a, e);
}

int check_names(const column_view *v, bytes super, const bytes *names, size_t n, arena *a,
                err_info *e)
{
    for (size_t i = 0; i < n; i++) {
        int r = check_name_length("column", names[i], e);
        if (r == 0)
            r = column_check_name(v, super, names[i], false, a, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int check_parent(const column_view *v, bytes super, arena *a, err_info *e)
{
    if (!super.p)
        return 0;
    if (v->shape != SHAPE_SUPER)
        return err_set(e, ERR_INVALID, "columnfamily alone is required for standard CF %s",
                       v->table->name);
    return check_super(v, super, a, e);
}

int check_path(const column_view *v, bytes super, bytes column, arena *a, err_info *e)
{
    const char *cf = v->table->name;
    if (v->shape != SHAPE_SUPER && super.p)
        return err_set(e, ERR_INVALID, "supercolumn parameter is invalid for standard CF %s", cf);
    if (v->shape != SHAPE_SUPER && !column.p)
        return err_set(e, ERR_INVALID, "column parameter is not optional for standard CF %s", cf);
    if (v->shape == SHAPE_SUPER && !super.p)
        return err_set(e, ERR_INVALID, "supercolumn parameter is not optional for super CF %s", cf);
    int r = super.p ? check_super(v, super, a, e) : 0;
    return r < 0 || !column.p ? r : check_names(v, super, &column, 1, a, e);
}

int check_path_or_parent(const column_view *v, bytes super, bytes column, arena *a, err_info *e)
{
    const char *cf = v->table->name;
    if (v->shape != SHAPE_SUPER && super.p)
        return err_set(e, ERR_INVALID, "supercolumn may not be specified for standard CF %s", cf);
    if (v->shape == SHAPE_SUPER && !super.p && column.p)
        return err_set(e, ERR_INVALID,
                       "A column cannot be specified without specifying a super column for "
                       "removal on super CF %s",
                       cf);
    int r = super.p ? check_super(v, super, a, e) : 0;
    return r < 0 || !column.p ? r : check_names(v, super, &column, 1, a, e);
}

/* ---- predicates ---- */

static int check_bound(const column_view *v, bytes super, bytes bound, const char *which, arena *a,
                       err_info *e)
{
    if (bound.n > COLUMN_NAME_MAX)
        return err_set(e, ERR_INVALID, "range %s length cannot be larger than %d", which,
                       COLUMN_NAME_MAX);
    return bound.n ? column_check_name(v, super, bound, true, a, e) : 0;
}

static int check_range(const column_view *v, bytes super, const thrift_slice_range *r, buf *scratch,
                       arena *a, err_info *e)
{
    if (r->count < 0)
        return err_set(e, ERR_INVALID, "get_slice requires non-negative count");
    int err = check_bound(v, super, r->start, "start", a, e);
    if (err == 0)
        err = check_bound(v, super, r->finish, "finish", a, e);
    if (err < 0 || r->start.n == 0 || r->finish.n == 0)
        return err;
    bytes low = r->reversed ? r->finish : r->start, high = r->reversed ? r->start : r->finish;
    bytes from = column_bound(v, super, low, false, scratch, a),
          to = column_bound(v, super, high, true, scratch, a);
    if (bytes_cmp(from, to) > 0)
        return err_set(e, ERR_INVALID,
                       "range finish must come after start in the order of traversal");
    return 0;
}

int check_predicate(const column_view *v, bytes super, const thrift_slice_predicate *p,
                    buf *scratch, arena *a, err_info *e)
{
    if (!p->has_column_names && !p->slice_range)
        return err_set(e, ERR_INVALID,
                       "predicate column_names and slice_range may not both be null");
    if (p->has_column_names && p->slice_range)
        return err_set(e, ERR_INVALID,
                       "predicate column_names and slice_range may not both be present");
    return p->slice_range ? check_range(v, super, p->slice_range, scratch, a, e)
                          : check_names(v, super, p->column_names.v, p->column_names.n, a, e);
}

/* ---- writes ---- */

/* Names that are no text are shown as blobs are. */
static void show_name(bytes name, char *out, size_t cap)
{
    bool text = true;
    for (size_t i = 0; i < name.n; i++)
        text &= name.p[i] >= ' ' && name.p[i] < 0x7f;
    size_t n = 0;
    for (size_t i = 0; i < name.n && n + 3 < cap; i++)
        n += (size_t)(text ? snprintf(out + n, cap - n, "%c", name.p[i])
                           : snprintf(out + n, cap - n, "%02x", name.p[i]));
    out[n] = 0;
}

static int check_value(const column_view *v, const thrift_column *c, err_info *e)
{
    const column *declared = column_declared(v, c->name);
    err_info why = {0};
    char name[80];
    if (type_validate(declared ? declared->type : v->value->type, c->value, &why) == 0)
        return 0;
    show_name(c->name, name, sizeof name);
    return err_set(e, ERR_INVALID, "(%s) [%s][%s][%s] failed validation", why.text,
                   v->table->keyspace, v->table->name, name);
}

int check_column(const column_view *v, const thrift_column *c, err_info *e)
{
    if (c->has_ttl && c->ttl <= 0)
        return err_set(e, ERR_INVALID, "ttl must be positive");
    if (c->has_ttl && c->ttl > MAX_TTL_S)
        return err_set(e, ERR_INVALID, "ttl is too large. requested (%d) maximum (%d)", c->ttl,
                       MAX_TTL_S);
    if (!c->value.p)
        return err_set(e, ERR_INVALID, "Column value is required");
    if (!c->has_timestamp)
        return err_set(e, ERR_INVALID, "Column timestamp is required");
    return check_value(v, c, e);
}

static int check_new_column(const column_view *v, bytes super, const thrift_column *c, arena *a,
                            err_info *e)
{
    int r = check_path(v, super, c->name, a, e);
    return r < 0 ? r : check_column(v, c, e);
}

static int check_addition(const column_view *v, const thrift_column_or_super_column *c, arena *a,
                          err_info *e)
{
    int given = !!c->column + !!c->super_column + !!c->counter_column + !!c->counter_super_column;
    if (given != 1)
        return err_set(e, ERR_INVALID,
                       "ColumnOrSuperColumn must have one (and only one) of column, super_column, "
                       "counter and counter_super_column");
    if (c->counter_column || c->counter_super_column)
        return err_set(e, ERR_INVALID, "invalid operation for non commutative columnfamily %s",
                       v->table->name);
    if (c->column)
        return check_new_column(v, BYTES_NULL, c->column, a, e);
    int r = 0;
    for (size_t i = 0; i < c->super_column->columns.n && r == 0; i++)
        r = check_new_column(v, c->super_column->name, &c->super_column->columns.v[i], a, e);
    return r;
}

static int check_deletion(const column_view *v, const thrift_deletion *d, buf *scratch, arena *a,
                          err_info *e)
{
    if (d->super_column.p && v->shape != SHAPE_SUPER)
        return err_set(e, ERR_INVALID,
                       "Deletion of super columns is not possible on a standard ColumnFamily "
                       "(KeyspaceName=%s ColumnFamilyName=%s)",
                       v->table->keyspace, v->table->name);
    int r = d->super_column.p ? check_super(v, d->super_column, a, e) : 0;
    if (r == 0 && d->predicate)
        r = check_predicate(v, d->super_column, d->predicate, scratch, a, e);
    if (r == 0 && !d->has_timestamp)
        r = err_set(e, ERR_INVALID,
                    "Deletion timestamp is not optional for non commutative column family %s",
                    v->table->name);
    return r;
}

int check_mutation(const column_view *v, const thrift_mutation *m, buf *scratch, arena *a,
                   err_info *e)
{
    if (!m->column_or_supercolumn == !m->deletion)
        return err_set(e, ERR_INVALID,
                       "mutation must have one and only one of column_or_supercolumn or deletion");
    return m->deletion ? check_deletion(v, m->deletion, scratch, a, e)
                       : check_addition(v, m->column_or_supercolumn, a, e);
}

/* ---- ranges of keys ---- */

int check_key_range(const thrift_key_range *r, err_info *e)
{
    if (!r->start_key.p == !r->start_token.p || !r->end_key.p == !r->end_token.p)
        return err_set(e, ERR_INVALID,
                       "exactly one each of {start key, start token} and {end key, end token} "
                       "must be specified");
    if (r->start_token.p && r->end_key.p)
        return err_set(e, ERR_INVALID, "start token + end key is not a supported key range");
    if (r->count <= 0)
        return err_set(e, ERR_INVALID, "maxRows must be positive");
    return 0;
}
