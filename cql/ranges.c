/* Restrictions at execution: partition keys, and clustering values as encoded slices. */
#include "base/alloc.h"
#include "cql/plan.h"

#define PRODUCT_MAX 65536 /* of IN lists, keys or rows in one statement */

int check_product(exec *x, uint64_t n)
{
    if (n <= PRODUCT_MAX)
        return 0;
    return err_set(x->err, ERR_INVALID,
                   "The IN restrictions of the statement name too many rows (more than %d)",
                   PRODUCT_MAX);
}

/* ---- values of one restriction ---- */

static int cmp_values(const void *a, const void *b, void *t)
{
    return type_compare(t, *(const bytes *)a, *(const bytes *)b);
}

/* Sorts by the type and drops doubles. */
static unsigned sort_values(const type *t, bytes *v, unsigned n)
{
    unsigned kept = 0;
    qsort_r(v, n, sizeof *v, cmp_values, (void *)t);
    for (unsigned i = 0; i < n; i++)
        if (kept == 0 || type_compare(t, v[kept - 1], v[i]) != 0)
            v[kept++] = v[i];
    return kept;
}

static int restriction_values(const restriction *r, exec *x, unsigned *ret_n, bytes **ret)
{
    int rc;
    if (r->list) {
        bytes list;
        elements it;
        rc = term_key_value(r->list, x, &list);
        if (rc == 0)
            rc = elements_open(r->list->type, list, &it, x->err);
        if (rc == 0)
            rc = check_product(x, it.left);
        if (rc < 0)
            return rc;
        *ret = arena_array(x->a, bytes, it.left + 1);
        *ret_n = 0;
        while (elements_next(&it, &(*ret)[*ret_n]))
            ++*ret_n;
    } else {
        *ret = arena_array(x->a, bytes, r->n_values + 1);
        *ret_n = r->n_values;
        for (unsigned i = 0; i < r->n_values; i++)
            if ((rc = term_key_value(r->values[i], x, &(*ret)[i])) < 0)
                return rc;
    }
    if (*ret_n > 1) {
        const type *t = r->list ? r->list->type->args[0] : r->values[0]->type;
        *ret_n = sort_values(t, *ret, *ret_n);
    }
    return 0;
}

/* ---- partition keys ---- */

static int check_key(exec *x, const table *t, bytes key)
{
    if (key.n > PARTITION_KEY_MAX)
        return err_set(x->err, ERR_INVALID, "Key length of %zu is longer than maximum of %d", key.n,
                       PARTITION_KEY_MAX);
    if (key.n == 0 && t->n_partition == 1)
        return err_set(x->err, ERR_INVALID, "Key may not be empty");
    return 0;
}

int restrictions_key(const restrictions *r, exec *x, bytes *ret)
{
    const table *t = r->table;
    bytes room[8];
    bytes *parts = t->n_partition <= 8 ? room : arena_array(x->a, bytes, t->n_partition);
    for (unsigned i = 0; i < t->n_partition; i++) {
        int rc = term_key_value(r->key[i]->values[0], x, &parts[i]);
        if (rc < 0)
            return rc;
    }
    *ret = t->n_partition == 1 ? parts[0] : partition_key_join(x->a, parts, t->n_partition);
    return check_key(x, t, *ret);
}

/* The next combination, the last wheel turning fastest; false after the last. */
static bool next_combination(unsigned *at, const unsigned *n, unsigned wheels)
{
    for (unsigned i = wheels; i-- > 0;) {
        if (++at[i] < n[i])
            return true;
        at[i] = 0;
    }
    return false;
}

static int product_size(exec *x, const unsigned *n, unsigned wheels, unsigned *ret)
{
    uint64_t total = 1;
    for (unsigned i = 0; i < wheels; i++) {
        total *= n[i];
        int rc = check_product(x, total);
        if (rc < 0)
            return rc;
    }
    *ret = (unsigned)total;
    return 0;
}

int restrictions_keys(const restrictions *r, exec *x, unsigned *ret_n, const bytes **ret)
{
    const table *t = r->table;
    unsigned wheels = t->n_partition, total = 0;
    bytes **values = arena_array(x->a, bytes *, wheels);
    unsigned *n = arena_array(x->a, unsigned, wheels), *at = arena_array(x->a, unsigned, wheels);
    bytes *parts = arena_array(x->a, bytes, wheels);
    for (unsigned i = 0; i < wheels; i++) {
        int rc = restriction_values(r->key[i], x, &n[i], &values[i]);
        if (rc < 0)
            return rc;
    }
    int rc = product_size(x, n, wheels, &total);
    if (rc < 0)
        return rc;
    bytes *keys = arena_array(x->a, bytes, total + 1);
    for (unsigned k = 0; k < total; k++) {
        for (unsigned i = 0; i < wheels; i++)
            parts[i] = values[i][at[i]];
        keys[k] = partition_key_join(x->a, parts, wheels);
        rc = check_key(x, t, keys[k]);
        if (rc < 0)
            return rc;
        next_combination(at, n, wheels);
    }
    *ret_n = total;
    *ret = keys;
    return 0;
}

/* ---- clustering ---- */

/* Types whose encoding is at most twice the value and a few bytes. */
static bool encoding_is_bounded(const type *t)
{
    return t->kind < TYPE_LIST && t->kind != TYPE_DECIMAL && t->kind != TYPE_VARINT &&
           t->kind != TYPE_DURATION;
}

static void put_clustering(const table *t, const bytes *values, unsigned n, uint8_t end, buf *b)
{
    if (end)
        clustering_encode_bound(&t->clustering, values, n, end, b);
    else
        clustering_encode(&t->clustering, values, n, b);
}

/* Straight into the arena where the size can be bounded. One byte of room stays behind the
 * encoding, zero, so that the end of a one-row slice needs no copy. */
int encode_clustering(const table *t, const bytes *values, unsigned n, uint8_t end, arena *a,
                      bytes *ret)
{
    size_t max = 8;
    bool bounded = true;
    for (unsigned i = 0; i < n; i++) {
        max += 3 * values[i].n + 24;
        bounded &= encoding_is_bounded(t->clustering.types[i]);
    }
    buf b = {0};
    if (bounded) {
        uint8_t *room = arena_alloc(a, max + 1);
        b = (buf){room, 0, max};
        put_clustering(t, values, n, end, &b);
        must(b.p == room);
        room[b.n] = 0;
        *ret = bytes_of(room, b.n);
        return 0;
    }
    put_clustering(t, values, n, end, &b);
    uint8_t *copy = arena_alloc(a, b.n + 1);
    memcpy(copy, b.p, b.n);
    copy[b.n] = 0;
    *ret = bytes_of(copy, b.n);
    buf_done(&b);
    return 0;
}

/* Value vectors of the prefix: total of them, prefix_columns values each. */
static int prefix_vectors(const restrictions *r, exec *x, unsigned *ret_n, const bytes **ret)
{
    unsigned wheels = r->n_prefix, total = 1, width = r->prefix_columns;
    bytes **values = arena_array(x->a, bytes *, wheels + 1);
    unsigned *n = arena_array(x->a, unsigned, wheels + 1);
    unsigned *at = arena_array(x->a, unsigned, wheels + 1);
    for (unsigned i = 0; i < wheels; i++) {
        int rc = restriction_values(r->prefix[i], x, &n[i], &values[i]);
        if (rc < 0)
            return rc;
    }
    int rc = product_size(x, n, wheels, &total);
    if (rc < 0)
        return rc;
    bytes *out = arena_array(x->a, bytes, (size_t)total * width + 1), *to = out;
    for (unsigned k = 0; k < total; k++) {
        for (unsigned i = 0; i < wheels; i++) {
            const restriction *p = r->prefix[i];
            if (p->n_columns == 1) {
                *to++ = values[i][at[i]];
                continue;
            }
            elements it;
            const type *tuple = p->list ? p->list->type->args[0] : p->values[0]->type;
            rc = elements_open(tuple, values[i][at[i]], &it, x->err);
            for (unsigned c = 0; c < p->n_columns && rc == 0; c++)
                if (!elements_next(&it, to++) || !to[-1].p)
                    rc = err_set(x->err, ERR_INVALID, "Invalid null value for column %s",
                                 p->columns[c]->name);
            if (rc < 0)
                return rc;
        }
        next_combination(at, n, wheels);
    }
    *ret_n = total;
    *ret = out;
    return 0;
}

int restrictions_rows(const restrictions *r, exec *x, unsigned *ret_n, const bytes **ret)
{
    const table *t = r->table;
    const bytes *vectors;
    int rc = prefix_vectors(r, x, ret_n, &vectors);
    if (rc < 0)
        return rc;
    bytes *out = arena_array(x->a, bytes, *ret_n + 1);
    for (unsigned i = 0; i < *ret_n; i++)
        encode_clustering(t, vectors + (size_t)i * r->prefix_columns, r->prefix_columns, 0, x->a,
                          &out[i]);
    *ret = out;
    return 0;
}

/* ---- slices ---- */

static bool is_greater(ast_operator op)
{
    return op == AST_GT || op == AST_GE;
}

typedef struct slices {
    unsigned n;
    clustering_slice *p;
} slices;

static int cmp_slices(const void *a, const void *b)
{
    return bytes_cmp(((const clustering_slice *)a)->start, ((const clustering_slice *)b)->start);
}

/* Sorts, drops empty ones, joins those that touch. */
static void slices_normalize(slices *s)
{
    unsigned kept = 0;
    if (s->n)
        qsort(s->p, s->n, sizeof *s->p, cmp_slices);
    for (unsigned i = 0; i < s->n; i++) {
        clustering_slice at = s->p[i];
        if (bytes_cmp(at.start, at.end) >= 0)
            continue;
        if (kept && bytes_cmp(at.start, s->p[kept - 1].end) <= 0) {
            if (bytes_cmp(at.end, s->p[kept - 1].end) > 0)
                s->p[kept - 1].end = at.end;
            continue;
        }
        s->p[kept++] = at;
    }
    s->n = kept;
}

static slices slices_intersect(slices a, slices b, arena *room)
{
    slices out = {0, arena_array(room, clustering_slice, (size_t)a.n + b.n + 1)};
    unsigned i = 0, k = 0;
    while (i < a.n && k < b.n) {
        bytes start = bytes_cmp(a.p[i].start, b.p[k].start) > 0 ? a.p[i].start : b.p[k].start;
        bool a_ends = bytes_cmp(a.p[i].end, b.p[k].end) < 0;
        bytes end = a_ends ? a.p[i].end : b.p[k].end;
        if (bytes_cmp(start, end) < 0)
            out.p[out.n++] = (clustering_slice){start, end};
        if (a_ends)
            i++;
        else
            k++;
    }
    return out;
}

/* The values of a bound: one, or a tuple's leading elements. */
static int bound_values(const restriction *r, exec *x, bytes *out, unsigned *ret_n)
{
    bytes v;
    int rc = term_key_value(r->values[0], x, &v);
    *ret_n = 0;
    if (rc < 0)
        return rc;
    if (r->n_columns == 1) {
        out[(*ret_n)++] = v;
        return 0;
    }
    elements it;
    rc = elements_open(r->values[0]->type, v, &it, x->err);
    while (rc == 0 && *ret_n < r->n_columns && elements_next(&it, &out[*ret_n])) {
        if (!out[*ret_n].p)
            return err_set(x->err, ERR_INVALID, "Invalid null value in condition for column %s",
                           r->columns[*ret_n]->name);
        ++*ret_n;
    }
    return rc;
}

/* Rows whose columns after the prefix compare to v[0..k) as op says, lexicographically; columns
 * may be ordered differently, so this is one slice for each column that may differ first. */
static slices bound_slices(const table *t, bytes *vector, unsigned prefix, unsigned k,
                           ast_operator op, arena *a)
{
    slices out = {0, arena_array(a, clustering_slice, k + 1)};
    for (unsigned i = 0; i < k; i++) {
        bool after = is_greater(op) != t->clustering.desc[prefix + i];
        bool inclusive = i == k - 1 && (op == AST_GE || op == AST_LE);
        clustering_slice *s = &out.p[out.n++];
        if (after) {
            encode_clustering(t, vector, prefix + i + 1, inclusive ? CK_BEFORE : CK_AFTER, a,
                              &s->start);
            encode_clustering(t, vector, prefix + i, CK_AFTER, a, &s->end);
        } else {
            encode_clustering(t, vector, prefix + i, CK_BEFORE, a, &s->start);
            encode_clustering(t, vector, prefix + i + 1, inclusive ? CK_AFTER : CK_BEFORE, a,
                              &s->end);
        }
    }
    slices_normalize(&out);
    return out;
}

/* The slices of one prefix. */
static int vector_slices(const restrictions *r, exec *x, const bytes *prefix, slices *ret)
{
    const table *t = r->table;
    unsigned n = r->prefix_columns;
    clustering_slice *whole = arena_new(x->a, clustering_slice);
    *ret = (slices){1, whole};
    if (n == t->n_clustering) {
        encode_clustering(t, prefix, n, 0, x->a, &whole->start);
        whole->end = bytes_of(whole->start.p, whole->start.n + 1);
        return 0;
    }
    encode_clustering(t, prefix, n, CK_BEFORE, x->a, &whole->start);
    encode_clustering(t, prefix, n, CK_AFTER, x->a, &whole->end);
    for (unsigned i = 0; i < r->n_bounds; i++) {
        const restriction *b = r->bounds[i];
        bytes *vector = arena_array(x->a, bytes, t->n_clustering);
        unsigned k;
        memcpy(vector, prefix, n * sizeof *vector);
        int rc = bound_values(b, x, vector + n, &k);
        if (rc < 0)
            return rc;
        *ret = slices_intersect(*ret, bound_slices(t, vector, n, k, b->op, x->a), x->a);
    }
    return 0;
}

/* About as many slices are expected as there are prefixes. */
static void slices_append(slices *all, unsigned *cap, slices some, unsigned expected, arena *a)
{
    if (all->n + some.n > *cap) {
        *cap = 2 * all->n + some.n + expected;
        clustering_slice *p = arena_array(a, clustering_slice, *cap);
        if (all->n)
            memcpy(p, all->p, all->n * sizeof *p);
        all->p = p;
    }
    memcpy(all->p + all->n, some.p, some.n * sizeof *some.p);
    all->n += some.n;
}

int restrictions_slices(const restrictions *r, exec *x, bool *ret_all, unsigned *ret_n,
                        const clustering_slice **ret)
{
    *ret_all = !r->n_prefix && !r->n_bounds;
    *ret_n = 0;
    if (*ret_all)
        return 0;
    unsigned n;
    const bytes *vectors;
    int rc = prefix_vectors(r, x, &n, &vectors);
    if (rc < 0)
        return rc;
    slices all = {0, NULL};
    for (unsigned i = 0, cap = 0; i < n; i++) {
        slices some;
        rc = vector_slices(r, x, vectors + (size_t)i * r->prefix_columns, &some);
        if (rc < 0)
            return rc;
        if (some.n)
            slices_append(&all, &cap, some, n, x->a);
    }
    if (n > 1)
        slices_normalize(&all);
    *ret_n = all.n;
    *ret = all.p;
    return 0;
}
