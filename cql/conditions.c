/* IF: conditions on columns, elements and fields, analysed and judged. */
#include "cql/cas.h"

/* ---- analysis ---- */

static int element_type(compiler *c, const ast_condition *ast, condition *out)
{
    const column *col = out->column;
    const type *t = col->type;
    if (!type_is_collection(t))
        return err_set(c->err, ERR_INVALID,
                       "Invalid element access syntax for non-collection column %s", col->name);
    if (t->kind == TYPE_SET)
        return err_set(c->err, ERR_INVALID, "Invalid element access syntax for set column %s",
                       col->name);
    bool list = t->kind == TYPE_LIST;
    out->type = t->args[list ? 0 : 1];
    return compile_term(c, ast->key, list ? type_native(TYPE_INT) : t->args[0],
                        arena_printf(c->a, list ? "idx(%s)" : "key(%s)", col->name), &out->key);
}

static int field_type(compiler *c, const ast_condition *ast, condition *out)
{
    const type *t = out->column->type;
    bytes name = ast->field.name;
    if (t->kind != TYPE_UDT)
        return err_set(c->err, ERR_INVALID, "Invalid field access syntax for non-UDT column %s",
                       out->column->name);
    for (unsigned i = 0; i < t->n_args; i++) {
        if (bytes_eq_str(name, t->fields[i])) {
            out->has_field = true;
            out->field = i;
            out->type = t->args[i];
            return 0;
        }
    }
    return err_set(c->err, ERR_INVALID, "Unknown field %.*s for column %s", (int)name.n, name.p,
                   out->column->name);
}

static int condition_values(compiler *c, const ast_condition *ast, condition *out)
{
    const char *name = out->column->name;
    if (out->key)
        name = arena_printf(c->a, "value(%s)", name);
    else if (out->has_field)
        name = arena_printf(c->a, "%s.%s", name, out->column->type->fields[out->field]);
    if (ast->op == AST_IN && ast->value)
        return compile_term(c, ast->value, type_list(c->a, out->type, true),
                            arena_printf(c->a, "in(%s)", name), &out->list);
    out->n_values = ast->op == AST_IN ? ast->values.n : 1;
    const term **values = arena_array(c->a, const term *, out->n_values + 1);
    out->values = values;
    for (unsigned i = 0; i < out->n_values; i++) {
        const ast_term *t = ast->op == AST_IN ? ast->values.at[i] : ast->value;
        int r = compile_term(c, t, out->type, name, &values[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int compile_condition(compiler *c, const ast_condition *ast, modify_plan *p, condition *out)
{
    int r = compile_column(c, &ast->column, &out->column);
    if (r < 0)
        return r;
    const column *col = out->column;
    if (col->kind == COLUMN_PARTITION || col->kind == COLUMN_CLUSTERING)
        return err_set(c->err, ERR_INVALID, "PRIMARY KEY column '%s' cannot have IF conditions",
                       col->name);
    if (col->kind == COLUMN_STATIC)
        p->if_statics = true;
    else
        p->if_regulars = true;
    out->op = ast->op;
    out->type = col->type;
    if (ast->key)
        r = element_type(c, ast, out);
    else if (ast->field.name.p)
        r = field_type(c, ast, out);
    bool slice = ast->op != AST_EQ && ast->op != AST_NE && ast->op != AST_IN;
    if (r == 0 && slice && out->type->kind == TYPE_DURATION)
        r = err_set(c->err, ERR_INVALID, "Slice conditions ( %s ) are not supported on durations",
                    ast_operator_text(ast->op));
    return r < 0 ? r : condition_values(c, ast, out);
}

int compile_conditions(compiler *c, const ast_conditions *ast, bool exists, modify_plan *p)
{
    if (!exists && !ast->n)
        return 0;
    if (table_is_counter(c->table))
        return err_set(c->err, ERR_INVALID,
                       "Conditional updates are not supported on counter tables");
    if (p->timestamp)
        return err_set(c->err, ERR_INVALID,
                       "Cannot provide custom timestamp for conditional updates");
    p->condition = exists ? IF_EXISTS : IF_COLUMNS;
    condition *all = arena_array(c->a, condition, ast->n + 1);
    p->conditions = all;
    p->n_conditions = ast->n;
    for (uint32_t i = 0; i < ast->n; i++) {
        int r = compile_condition(c, &ast->at[i], p, &all[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- judgement ---- */

static int unset(exec *x)
{
    return err_set(x->err, ERR_INVALID, "Invalid 'unset' value in condition");
}

static int list_index(const condition *c, exec *x, int64_t *ret)
{
    int r = term_int(c->key, x, INT64_MIN, ret);
    if (r < 0)
        return r;
    if (*ret == INT64_MIN)
        return err_set(x->err, ERR_INVALID, "Invalid null value for list element access");
    if (*ret < 0)
        return err_set(x->err, ERR_INVALID, "Invalid negative list index %lld", (long long)*ret);
    return 0;
}

static bytes nth(const type *t, bytes value, int64_t n)
{
    elements it;
    bytes item = BYTES_NULL;
    if (!value.p || elements_open(t, value, &it, NULL) < 0)
        return BYTES_NULL;
    for (int64_t i = 0; i <= n; i++)
        if (!elements_next(&it, &item))
            return BYTES_NULL;
    return item;
}

static bytes map_value(const type *t, bytes value, bytes key)
{
    elements it;
    bytes k, v;
    if (!value.p || elements_open(t, value, &it, NULL) < 0)
        return BYTES_NULL;
    while (elements_next(&it, &k) && elements_next(&it, &v))
        if (type_compare(t->args[0], k, key) == 0)
            return v;
    return BYTES_NULL;
}

static int present_value(const condition *c, exec *x, const row_view *v, bytes *ret)
{
    const type *t = c->column->type;
    bytes whole = row_view_value(v, c->column), key;
    int64_t index;
    *ret = whole;
    if (c->has_field) {
        *ret = nth(t, whole, c->field);
        return 0;
    }
    if (!c->key)
        return 0;
    if (t->kind == TYPE_LIST) {
        int r = list_index(c, x, &index);
        *ret = r < 0 ? BYTES_NULL : nth(t, whole, index);
        return r;
    }
    int r = term_value(c->key, x, &key);
    if (r < 0)
        return r;
    if (bytes_is_unset(key))
        return unset(x);
    if (!key.p)
        return err_set(x->err, ERR_INVALID, "Invalid null value for map element access");
    *ret = map_value(t, whole, key);
    return 0;
}

/* A collection of cells without elements is no different from none. */
static bytes wanted_value(const condition *c, bytes v)
{
    bool whole = !c->key && !c->has_field && type_is_multicell(c->type);
    if (whole && type_is_collection(c->type) && v.n == 4 && get_be32(v.p) == 0)
        return BYTES_NULL;
    return v;
}

static int compare(const condition *c, exec *x, ast_operator op, bytes have, bytes want, bool *ret)
{
    want = wanted_value(c, want);
    if (!want.p) {
        *ret = op == AST_EQ ? !have.p : have.p != NULL;
        if (op != AST_EQ && op != AST_NE)
            return err_set(x->err, ERR_INVALID, "Invalid comparison with null for operator \"%s\"",
                           ast_operator_text(op));
        return 0;
    }
    if (!have.p) {
        *ret = op == AST_NE;
        return 0;
    }
    *ret = operator_holds(op, type_compare(c->type, have, want));
    return 0;
}

static int in_list(const condition *c, exec *x, bytes have, bool *ret)
{
    bytes list, item;
    elements it;
    int r = term_value(c->list, x, &list);
    if (r < 0)
        return r;
    if (bytes_is_unset(list))
        return unset(x);
    if (!list.p)
        return err_set(x->err, ERR_INVALID, "Invalid null list in IN condition");
    r = elements_open(c->list->type, list, &it, x->err);
    bool same = false;
    while (r == 0 && !same && elements_next(&it, &item))
        r = compare(c, x, AST_EQ, have, item, &same);
    *ret = same;
    return r;
}

static int condition_holds(const condition *c, exec *x, const row_view *v, bool *ret)
{
    bytes have, want;
    *ret = false;
    int r = present_value(c, x, v, &have);
    if (r < 0 || c->list)
        return r < 0 ? r : in_list(c, x, have, ret);
    for (unsigned i = 0; i < c->n_values && !*ret; i++) {
        if ((r = term_value(c->values[i], x, &want)) < 0)
            return r;
        if (bytes_is_unset(want))
            return unset(x);
        r = compare(c, x, c->op == AST_IN ? AST_EQ : c->op, have, want, ret);
        if (r < 0)
            return r;
    }
    return 0;
}

int conditions_hold(const modify_plan *p, exec *x, const row_view *v, bool *ret)
{
    *ret = true;
    for (unsigned i = 0; i < p->n_conditions && *ret; i++) {
        int r = condition_holds(&p->conditions[i], x, v, ret);
        if (r < 0)
            return r;
    }
    return 0;
}
