/* column_names.c: Thrift's column names <-> encoded clusterings.
 *
 * CompositeType bytes are, for each component, [u16 length][bytes][end]. The end of the last
 * component is 0 in a name; in a bound 0xff stands before, and 1 after, everything that starts
 * with the components.
 */
#include "server/thrift/columns.h"

int column_view_of(const table *t, column_view *ret, err_info *e)
{
    bool super = t->flags & TABLE_SUPER, is_static = table_is_static_compact(t);
    bool seen = table_is_compact(t) && !(t->flags & TABLE_VIRTUAL) && t->n_regular == 1 &&
                (super ? t->n_clustering == 2 : t->n_clustering >= 1);
    if (!seen)
        return err_set(e, ERR_INVALID,
                       "Table %s.%s was made for CQL: Thrift calls cannot see its rows, use CQL "
                       "statements",
                       t->keyspace, t->name);
    if (table_is_counter(t))
        return err_set(e, ERR_NOT_SUPPORTED,
                       "Counter columns are not supported over Thrift yet (columnfamily %s)",
                       t->name);
    *ret = (column_view){.table = t,
                         .shape = super       ? SHAPE_SUPER
                                  : is_static ? SHAPE_STATIC
                                              : SHAPE_DENSE};
    ret->composite =
        ret->shape == SHAPE_DENSE && (t->n_clustering > 1 || (t->flags & TABLE_COMPOUND));
    for (unsigned i = 0; i < t->n_columns; i++)
        if (t->columns[i].kind == COLUMN_REGULAR)
            ret->value = &t->columns[i];
    return 0;
}

const column *column_declared(const column_view *v, bytes name)
{
    if (v->shape != SHAPE_STATIC)
        return NULL;
    const column *c = table_column(v->table, name);
    return c && c->kind == COLUMN_STATIC && bytes_eq(c->name_bytes, name) ? c : NULL;
}

/* ---- composites ---- */

typedef struct split {
    bytes *parts;
    unsigned n;
    uint8_t end; /* 0, 1 or 0xff */
    const char *why;
} split;

static bool split_bad(split *s, const char *why)
{
    s->why = why;
    return false;
}

static bool split_composite(bytes name, unsigned max, split *s)
{
    reader r = reader_of(name);
    while (rd_left(&r)) {
        if (s->n == max)
            return split_bad(s, "Too many components in the column name");
        s->parts[s->n] = rd_take(&r, rd_be16(&r));
        if (r.bad)
            return split_bad(s, "Not enough bytes to read value of component");
        s->end = rd_u8(&r);
        if (r.bad)
            return split_bad(s, "Not enough bytes to read the end-of-component byte of component");
        s->n++;
        if (s->end && rd_left(&r))
            return split_bad(s, "Invalid bytes remaining after an end-of-component at component");
    }
    return true;
}

/* The parts of a name, after the super column that it is in. */
static bool split_name(const column_view *v, bytes super, bytes name, arena *a, split *ret)
{
    *ret = (split){.parts = arena_array(a, bytes, v->table->n_clustering)};
    if (v->composite)
        return split_composite(name, v->table->n_clustering, ret);
    if (super.p)
        ret->parts[ret->n++] = super;
    if (name.n)
        ret->parts[ret->n++] = name;
    return true;
}

static int check_composite(const column_view *v, bytes name, bool bound, arena *a, err_info *e)
{
    split s;
    if (!split_name(v, BYTES_NULL, name, a, &s))
        return err_set(e, ERR_INVALID, "%s %u", s.why, s.n);
    if (s.end && !bound)
        return err_set(e, ERR_INVALID, "A column name cannot end in the mark of a bound");
    for (unsigned i = 0; i < s.n; i++) {
        int r = type_validate(v->table->clustering.types[i], s.parts[i], e);
        if (r < 0)
            return r;
    }
    return 0;
}

int column_check_name(const column_view *v, bytes super, bytes name, bool bound, arena *a,
                      err_info *e)
{
    if (v->composite)
        return check_composite(v, name, bound, a, e);
    return type_validate(v->table->clustering.types[super.p ? 1 : 0], name, e);
}

/* ---- encoding ---- */

/* A copy that is followed by a zero byte: x and x\0 hold exactly x. */
static bytes keep(const buf *scratch, arena *a)
{
    uint8_t *p = arena_alloc(a, scratch->n + 1);
    memcpy(p, scratch->p, scratch->n);
    p[scratch->n] = 0;
    return bytes_of(p, scratch->n);
}

bytes column_encode(const column_view *v, bytes super, bytes name, buf *scratch, arena *a)
{
    split s;
    split_name(v, super, name, a, &s);
    scratch->n = 0;
    clustering_encode(&v->table->clustering, s.parts, s.n, scratch);
    return keep(scratch, a);
}

static bytes encode_bound(const column_view *v, const split *s, uint8_t end, buf *scratch, arena *a)
{
    scratch->n = 0;
    clustering_encode_bound(&v->table->clustering, s->parts, s->n, end, scratch);
    return keep(scratch, a);
}

static bytes after(bytes kept)
{
    return bytes_of(kept.p, kept.n + 1);
}

bytes column_bound(const column_view *v, bytes super, bytes name, bool upper, buf *scratch,
                   arena *a)
{
    split s;
    split_name(v, super, name, a, &s);
    bool exact = upper && v->composite && s.n && s.end == 0;
    if (exact) { /* longer names with these components come after it */
        scratch->n = 0;
        clustering_encode(&v->table->clustering, s.parts, s.n, scratch);
        return after(keep(scratch, a));
    }
    bool past = s.end ? s.end != 0xff : upper;
    return encode_bound(v, &s, past ? CK_AFTER : CK_BEFORE, scratch, a);
}

clustering_slice column_interval(const column_view *v, bytes super, bytes name, buf *scratch,
                                 arena *a)
{
    if (v->shape == SHAPE_SUPER && !super.p)
        return (clustering_slice){column_bound(v, super, name, false, scratch, a),
                                  column_bound(v, super, name, true, scratch, a)};
    bytes one = column_encode(v, super, name, scratch, a);
    return (clustering_slice){one, after(one)};
}

/* ---- decoding ---- */

bool column_name_of(const column_view *v, bytes clustering, arena *a, bytes *ret_super,
                    bytes *ret_name)
{
    unsigned n_types = v->table->n_clustering;
    bytes *values = arena_array(a, bytes, n_types);
    int n = clustering_decode(&v->table->clustering, clustering, a, values);
    if (n < 0)
        return false;
    *ret_super = BYTES_NULL;
    if (!v->composite) {
        *ret_super = v->shape == SHAPE_SUPER ? values[0] : BYTES_NULL;
        *ret_name = values[n_types - 1];
        return (unsigned)n == n_types && ret_name->p;
    }
    size_t size = 0;
    for (int i = 0; i < n; i++)
        size += values[i].n + 3;
    uint8_t *start = arena_alloc(a, size), *p = start;
    for (int i = 0; i < n; i++) {
        put_be16(p, (uint16_t)values[i].n);
        if (values[i].n)
            memcpy(p + 2, values[i].p, values[i].n);
        p += 2 + values[i].n;
        *p++ = 0;
    }
    *ret_name = bytes_of(start, size);
    return true;
}
