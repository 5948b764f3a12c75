/* WHERE, analysed: which relations name partitions, which rows, and which are left to filter. */
#include "cql/plan.h"

#define FILTERING                                                                                  \
    "Cannot execute this query as it might involve data filtering and thus may have "              \
    "unpredictable performance. If you want to execute this query despite the performance "        \
    "unpredictability, use ALLOW FILTERING"

typedef struct where {
    compiler *c;
    const table *t;
    where_use use;
    bool allow_filtering;
    unsigned n;
    restriction *all;
    bool *used; /* became part of a key or a slice */
} where;

static bool is_slice(ast_operator op)
{
    return op == AST_LT || op == AST_LE || op == AST_GT || op == AST_GE;
}

static bool is_lower(ast_operator op)
{
    return op == AST_GT || op == AST_GE;
}

static bool is_exact(ast_operator op)
{
    return op == AST_EQ || op == AST_IN;
}

/* ---- one relation ---- */

static int set_values(compiler *c, const ast_relation *rel, const type *type, const char *name,
                      restriction *r)
{
    r->op = rel->op;
    if (rel->op == AST_IN && rel->value)
        return compile_term(c, rel->value, type_list(c->a, type, true),
                            arena_printf(c->a, *name == '(' ? "in%s" : "in(%s)", name), &r->list);
    r->n_values = rel->op == AST_IN ? rel->values.n : 1;
    const term **values = arena_array(c->a, const term *, r->n_values + 1);
    r->values = values;
    for (unsigned i = 0; i < r->n_values; i++) {
        const ast_term *t = rel->op == AST_IN ? rel->values.at[i] : rel->value;
        int rc = compile_term(c, t, type, name, &values[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int contains_type(compiler *c, const ast_relation *rel, const column *col, const type **ret)
{
    const type *t = col->type;
    bool key = rel->op == AST_CONTAINS_KEY;
    if (!type_is_collection(t))
        return err_set(c->err, ERR_INVALID, "Cannot use %s on non-collection column \"%s\"",
                       ast_operator_text(rel->op), col->name);
    if (key && t->kind != TYPE_MAP)
        return err_set(c->err, ERR_INVALID, "Cannot use CONTAINS KEY on non-map column %s",
                       col->name);
    *ret = t->kind == TYPE_MAP && !key ? t->args[1] : t->args[0];
    return 0;
}

static int column_relation(where *w, const ast_relation *rel, restriction *r)
{
    compiler *c = w->c;
    const column *col;
    int rc = compile_column(c, &rel->columns.at[0], &col);
    if (rc < 0)
        return rc;
    const column **cols = arena_array(c->a, const column *, 1);
    cols[0] = col;
    r->columns = cols;
    r->n_columns = 1;
    const type *type = col->type;
    const char *name = col->name;
    if (rel->key) {
        if (type->kind != TYPE_MAP)
            return err_set(c->err, ERR_INVALID, "Column %s cannot be used as a map", name);
        rc = compile_term(c, rel->key, type->args[0], arena_printf(c->a, "key(%s)", name),
                          &r->map_key);
        type = type->args[1];
        name = arena_printf(c->a, "value(%s)", name);
    } else if (rel->op == AST_CONTAINS || rel->op == AST_CONTAINS_KEY) {
        rc = contains_type(c, rel, col, &type);
        name = arena_printf(c->a, "%s(%s)", rel->op == AST_CONTAINS ? "value" : "key", name);
    } else if (type_is_multicell(type)) {
        rc = err_set(c->err, ERR_INVALID,
                     "Collection column '%s' (%s) cannot be restricted by a '%s' relation", name,
                     type_cql_name(c->a, type), ast_operator_text(rel->op));
    } else if (is_slice(rel->op) && type->kind == TYPE_DURATION) {
        rc = err_set(c->err, ERR_INVALID,
                     "Slice restrictions are not supported on duration columns");
    }
    return rc < 0 ? rc : set_values(c, rel, type, name, r);
}

static int tuple_relation(where *w, const ast_relation *rel, restriction *r)
{
    compiler *c = w->c;
    unsigned n = rel->columns.n;
    const column **cols = arena_array(c->a, const column *, n);
    const type **types = arena_array(c->a, const type *, n);
    for (unsigned i = 0; i < n; i++) {
        int rc = compile_column(c, &rel->columns.at[i], &cols[i]);
        if (rc < 0)
            return rc;
        if (cols[i]->kind != COLUMN_CLUSTERING)
            return err_set(c->err, ERR_INVALID,
                           "Multi-column relations can only be applied to clustering columns but "
                           "was applied to: %s",
                           cols[i]->name);
        if (i && cols[i]->position != cols[i - 1]->position + 1)
            return err_set(c->err, ERR_INVALID,
                           "Clustering columns must appear in the PRIMARY KEY order in "
                           "multi-column relations: %s",
                           ast_relation_text(rel, c->a));
        types[i] = cols[i]->type;
    }
    r->columns = cols;
    r->n_columns = n;
    if (n == 1)
        return set_values(c, rel, cols[0]->type, cols[0]->name, r);
    type *tuple = arena_new(c->a, type);
    const char *name = "", **fields = arena_array(c->a, const char *, n);
    *tuple = *type_tuple(c->a, types, n);
    tuple->fields = fields; /* they name the markers of literals */
    for (unsigned i = 0; i < n; i++) {
        fields[i] = cols[i]->name;
        name = arena_printf(c->a, "%s%s%s", name, i ? "," : "(", cols[i]->name);
    }
    return set_values(c, rel, tuple, arena_printf(c->a, "%s)", name), r);
}

static int token_relation(where *w, const ast_relation *rel, restrictions *ret)
{
    compiler *c = w->c;
    const table *t = w->t;
    bool ordered = rel->columns.n == t->n_partition;
    for (unsigned i = 0; ordered && i < t->n_partition; i++)
        ordered = bytes_eq_str(rel->columns.at[i].name, t->partition_columns[i].name);
    if (!ordered)
        return err_set(c->err, ERR_INVALID,
                       "The token function arguments must be in the partition key order");
    if (w->use != WHERE_SELECT)
        return err_set(c->err, ERR_INVALID,
                       "The token function cannot be used in WHERE clauses for %s statements",
                       w->use == WHERE_UPDATE ? "UPDATE" : "DELETE");
    if (rel->op != AST_EQ && !is_slice(rel->op))
        return err_set(c->err, ERR_INVALID, "%s cannot be used with the token function",
                       ast_operator_text(rel->op));
    const term *v;
    int rc = compile_term(c, rel->value, token_cql_type(coordinator_info(c->q->c)->partitioner),
                          "partition key token", &v);
    if (rc < 0)
        return rc;
    bool lower = rel->op == AST_EQ || is_lower(rel->op);
    bool upper = rel->op == AST_EQ || !is_lower(rel->op);
    if ((lower && ret->token_from) || (upper && ret->token_to))
        return err_set(c->err, ERR_INVALID,
                       "More than one restriction was found for the %s bound on %s",
                       lower ? "start" : "end", t->partition_columns[0].name);
    if (lower)
        ret->token_from = v, ret->token_from_inclusive = rel->op != AST_GT;
    if (upper)
        ret->token_to = v, ret->token_to_inclusive = rel->op != AST_LT;
    ret->has_token = true;
    return 0;
}

static int one_relation(where *w, const ast_relation *rel, restrictions *ret)
{
    compiler *c = w->c;
    if (rel->kind == AST_REL_CUSTOM_INDEX)
        return err_set(c->err, ERR_NOT_SUPPORTED, "Indexes are not supported yet");
    if (rel->op == AST_NE || rel->op == AST_IS_NOT)
        return err_set(c->err, ERR_INVALID, "Unsupported \"%s\" relation: %s",
                       ast_operator_text(rel->op), ast_relation_text(rel, c->a));
    if (rel->op == AST_LIKE)
        return err_set(c->err, ERR_INVALID,
                       "LIKE restriction is only supported on properly indexed columns. %s is "
                       "not valid.",
                       ast_relation_text(rel, c->a));
    if (rel->kind == AST_REL_TOKEN)
        return token_relation(w, rel, ret);
    restriction *r = &w->all[w->n];
    int rc = rel->kind == AST_REL_TUPLE ? tuple_relation(w, rel, r) : column_relation(w, rel, r);
    if (rc == 0)
        w->n++;
    return rc;
}

/* ---- conflicts between relations on one column ---- */

static bool contains_op(const restriction *r)
{
    return r->op == AST_CONTAINS || r->op == AST_CONTAINS_KEY || r->map_key;
}

static bool share_column(const restriction *a, const restriction *b)
{
    for (unsigned i = 0; i < a->n_columns; i++)
        for (unsigned k = 0; k < b->n_columns; k++)
            if (a->columns[i] == b->columns[k])
                return true;
    return false;
}

static int check_conflicts(where *w)
{
    for (unsigned i = 0; i < w->n; i++) {
        for (unsigned k = i + 1; k < w->n; k++) {
            const restriction *a = &w->all[i], *b = &w->all[k];
            if (!share_column(a, b) || contains_op(a) || contains_op(b))
                continue;
            const char *name = b->columns[0]->name;
            if (a->op == AST_EQ || b->op == AST_EQ)
                return err_set(w->c->err, ERR_INVALID,
                               "%s cannot be restricted by more than one relation if it includes "
                               "an Equal",
                               name);
            if (a->op == AST_IN || b->op == AST_IN)
                return err_set(w->c->err, ERR_INVALID,
                               "%s cannot be restricted by more than one relation if it includes "
                               "a IN",
                               name);
            if (is_lower(a->op) == is_lower(b->op))
                return err_set(w->c->err, ERR_INVALID,
                               "More than one restriction was found for the %s bound on %s",
                               is_lower(a->op) ? "start" : "end", name);
        }
    }
    return 0;
}

/* ---- partition key ---- */

static int place_key(where *w, restrictions *ret)
{
    const table *t = w->t;
    const restriction **key = arena_array(w->c->a, const restriction *, t->n_partition);
    unsigned n_exact = 0, n_any = 0, n_eq = 0;
    for (unsigned i = 0; i < w->n; i++) {
        const restriction *r = &w->all[i];
        if (r->columns[0]->kind != COLUMN_PARTITION)
            continue;
        n_any++;
        if (is_exact(r->op)) {
            key[r->columns[0]->position] = r;
            n_exact++;
            n_eq += r->op == AST_EQ;
        } else if (!w->allow_filtering && !contains_op(r)) {
            return err_set(w->c->err, ERR_INVALID,
                           "Only EQ and IN relation are supported on the partition key (unless "
                           "you use the token() function)");
        }
    }
    if (n_any && ret->has_token)
        return err_set(w->c->err, ERR_INVALID,
                       "Columns \"%s\" cannot be restricted by both a normal relation and a token "
                       "relation",
                       t->partition_columns[0].name);
    if (n_exact < t->n_partition)
        return 0;
    ret->key_complete = true;
    ret->key_single = n_eq == t->n_partition;
    ret->key = key;
    for (unsigned i = 0; i < w->n; i++)
        w->used[i] |= w->all[i].columns[0]->kind == COLUMN_PARTITION && is_exact(w->all[i].op);
    return 0;
}

/* ---- clustering ---- */

static const restriction *find_exact(where *w, unsigned position, unsigned *ret_i)
{
    for (unsigned i = 0; i < w->n; i++) {
        const restriction *r = &w->all[i];
        if (r->columns[0]->kind == COLUMN_CLUSTERING && r->columns[0]->position == (int)position &&
            is_exact(r->op) && !r->map_key) {
            *ret_i = i;
            return r;
        }
    }
    return NULL;
}

static void place_clustering(where *w, restrictions *ret)
{
    arena *a = w->c->a;
    const table *t = w->t;
    const restriction **prefix = arena_array(a, const restriction *, t->n_clustering + 1);
    const restriction **bounds = arena_array(a, const restriction *, w->n + 1);
    unsigned at = 0, i = 0, n_eq = 0;
    const restriction *r;
    while (at < t->n_clustering && (r = find_exact(w, at, &i))) {
        prefix[ret->n_prefix++] = r;
        w->used[i] = true;
        n_eq += r->op == AST_EQ;
        at += r->n_columns;
    }
    for (i = 0; i < w->n && at < t->n_clustering; i++) {
        r = &w->all[i];
        if (r->columns[0]->kind == COLUMN_CLUSTERING && r->columns[0]->position == (int)at &&
            is_slice(r->op) && !r->map_key) {
            bounds[ret->n_bounds++] = r;
            w->used[i] = true;
        }
    }
    ret->prefix = prefix;
    ret->prefix_columns = at;
    ret->bounds = bounds;
    ret->row_exact = at == t->n_clustering && n_eq == ret->n_prefix;
    ret->has_clustering = ret->n_prefix || ret->n_bounds;
}

static int clustering_gap(where *w, const restrictions *r, const column *col)
{
    const column *before = &w->t->clustering_columns[col->position ? col->position - 1 : 0];
    if (r->n_bounds)
        return err_set(w->c->err, ERR_INVALID,
                       "Clustering column \"%s\" cannot be restricted (preceding column \"%s\" is "
                       "restricted by a non-EQ relation)",
                       col->name, r->bounds[0]->columns[0]->name);
    return err_set(w->c->err, ERR_INVALID,
                   "PRIMARY KEY column \"%s\" cannot be restricted as preceding column \"%s\" is "
                   "not restricted",
                   col->name, before->name);
}

/* ---- what is left is filtered ---- */

static int place_filters(where *w, restrictions *ret)
{
    const restriction **filters = arena_array(w->c->a, const restriction *, w->n + 1);
    ret->filters = filters;
    ret->filters_statics_only = true;
    for (unsigned i = 0; i < w->n; i++) {
        if (w->used[i])
            continue;
        const restriction *r = &w->all[i];
        const column *col = r->columns[0];
        filters[ret->n_filters++] = r;
        ret->has_clustering |= col->kind == COLUMN_CLUSTERING;
        ret->filters_statics_only &= col->kind == COLUMN_STATIC || col->kind == COLUMN_PARTITION;
        if (w->allow_filtering)
            continue;
        if (col->kind == COLUMN_CLUSTERING && ret->key_complete && !contains_op(r))
            return clustering_gap(w, ret, col);
        return err_set(w->c->err, ERR_INVALID, FILTERING);
    }
    ret->needs_filtering = ret->n_filters != 0;
    if (!ret->key_complete && ret->has_clustering && !w->allow_filtering)
        return err_set(w->c->err, ERR_INVALID, FILTERING);
    return 0;
}

/* UPDATE and DELETE name their rows by the primary key alone. */
static int check_modify(where *w, const restrictions *ret)
{
    compiler *c = w->c;
    for (unsigned i = 0; i < w->n; i++) {
        const column *col = w->all[i].columns[0];
        if (col->kind != COLUMN_PARTITION && col->kind != COLUMN_CLUSTERING)
            return err_set(c->err, ERR_INVALID,
                           "Non PRIMARY KEY columns found in where clause: %s ", col->name);
    }
    if (!ret->key_complete) {
        char missing[200] = "";
        for (unsigned p = 0; p < w->t->n_partition; p++) {
            bool found = false;
            for (unsigned i = 0; i < w->n; i++)
                found |= w->all[i].columns[0] == &w->t->partition_columns[p];
            size_t n = strlen(missing);
            if (!found)
                snprintf(missing + n, sizeof missing - n, "%s%s", n ? ", " : "",
                         w->t->partition_columns[p].name);
        }
        return err_set(c->err, ERR_INVALID, "Some partition key parts are missing: %s", missing);
    }
    for (unsigned i = 0; i < w->n; i++)
        if (!w->used[i])
            return clustering_gap(w, ret, w->all[i].columns[0]);
    return 0;
}

int compile_where(compiler *c, const ast_relations *rels, where_use use, bool allow_filtering,
                  restrictions *ret)
{
    *ret = (restrictions){.table = c->table};
    where w = {c, c->table, use, allow_filtering, 0, NULL, NULL};
    w.all = arena_array(c->a, restriction, rels->n + 1);
    w.used = arena_array(c->a, bool, rels->n + 1);
    for (uint32_t i = 0; i < rels->n; i++) {
        int rc = one_relation(&w, &rels->at[i], ret);
        if (rc < 0)
            return rc;
    }
    int rc = check_conflicts(&w);
    if (rc == 0)
        rc = place_key(&w, ret);
    if (rc < 0)
        return rc;
    place_clustering(&w, ret);
    return use == WHERE_SELECT ? place_filters(&w, ret) : check_modify(&w, ret);
}

const restriction *restriction_eq(compiler *c, const column *col, const term *value)
{
    restriction *r = arena_new(c->a, restriction);
    const column **cols = arena_array(c->a, const column *, 1);
    const term **values = arena_array(c->a, const term *, 1);
    cols[0] = col;
    values[0] = value;
    r->op = AST_EQ;
    r->n_columns = r->n_values = 1;
    r->columns = cols;
    r->values = values;
    return r;
}

unsigned restrictions_key_markers(const restrictions *r, arena *a, const uint16_t **ret)
{
    unsigned n = r->table->n_partition;
    if (!r->key_complete)
        return 0;
    uint16_t *out = arena_array(a, uint16_t, n);
    for (unsigned i = 0; i < n; i++) {
        const restriction *key = r->key[i];
        if (key->list || !key->n_values)
            return 0;
        const term *t = key->values[key->n_values - 1]; /* of IN (?, ?) the last, as Cassandra's */
        if (t->kind != TERM_MARKER)
            return 0;
        out[i] = (uint16_t)t->marker;
    }
    *ret = out;
    return n;
}
