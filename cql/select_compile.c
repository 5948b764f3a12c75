/* SELECT, analysed. */
#include "cql/select.h"

/* ---- result columns ---- */

static void set_spec(compiler *c, column_spec *spec, const selector *s, const char *alias)
{
    *spec = (column_spec){c->table->keyspace, c->table->name, alias ? alias : s->name, s->type};
}

static int select_all(compiler *c, select_plan *p)
{
    const table *t = c->table;
    const selector **cols = arena_array(c->a, const selector *, t->n_select);
    column_spec *specs = arena_array(c->a, column_spec, t->n_select);
    for (unsigned i = 0; i < t->n_select; i++) {
        const column *col = t->select_order[i];
        cols[p->n_columns] = selector_of_column(c, col);
        set_spec(c, &specs[p->n_columns], cols[p->n_columns], NULL);
        p->n_columns++;
    }
    p->columns = cols;
    p->specs = specs;
    return 0;
}

/* SELECT DISTINCT * is the partition key and the static columns. */
static int select_some(compiler *c, const ast_select *ast, select_plan *p)
{
    unsigned n = ast->selectors.n;
    const selector **cols = arena_array(c->a, const selector *, n + 1);
    column_spec *specs = arena_array(c->a, column_spec, n + 1);
    for (unsigned i = 0; i < n; i++) {
        const ast_selector *sel = &ast->selectors.at[i];
        int r = compile_selector(c, sel->term, &p->n_slots, &cols[i]);
        if (r < 0)
            return r;
        set_spec(c, &specs[i], cols[i],
                 sel->alias.name.p ? arena_str(c->a, sel->alias.name) : NULL);
    }
    p->n_columns = n;
    p->columns = cols;
    p->specs = specs;
    p->aggregate = p->n_slots != 0;
    return 0;
}

/* Which kinds of columns the selection touches, anywhere. */
static void note_columns(const selector *s, select_plan *p)
{
    if (s->column) {
        p->wants_statics |= s->column->kind == COLUMN_STATIC;
        p->wants_clustering |= s->column->kind == COLUMN_CLUSTERING;
    }
    for (unsigned i = 0; i < s->n_items; i++)
        note_columns(s->items[i], p);
}

static int cmp_targets(const void *a, const void *b)
{
    column_id x = ((const cell_target *)a)->column->id, y = ((const cell_target *)b)->column->id;
    return x < y ? -1 : x > y;
}

static void build_projector(compiler *c, select_plan *p)
{
    cell_target *by_kind[4];
    unsigned n[4] = {0};
    p->plain = !p->aggregate && !p->grouped;
    for (unsigned k = 0; k < 4; k++)
        by_kind[k] = arena_array(c->a, cell_target, p->n_columns + 1);
    for (unsigned i = 0; i < p->n_columns; i++) {
        const column *col = p->columns[i]->column;
        if (p->columns[i]->kind != SEL_COLUMN) {
            p->plain = false;
            continue;
        }
        by_kind[col->kind][n[col->kind]++] = (cell_target){col, i, type_is_multicell(col->type)};
    }
    qsort(by_kind[COLUMN_STATIC], n[COLUMN_STATIC], sizeof(cell_target), cmp_targets);
    qsort(by_kind[COLUMN_REGULAR], n[COLUMN_REGULAR], sizeof(cell_target), cmp_targets);
    p->keys = by_kind[COLUMN_PARTITION], p->n_keys = n[COLUMN_PARTITION];
    p->clusterings = by_kind[COLUMN_CLUSTERING], p->n_clusterings = n[COLUMN_CLUSTERING];
    p->statics = by_kind[COLUMN_STATIC], p->n_statics = n[COLUMN_STATIC];
    p->cells = by_kind[COLUMN_REGULAR], p->n_cells = n[COLUMN_REGULAR];
}

/* ---- DISTINCT, ORDER BY ---- */

static bool mentions(const selector *s, const column *column)
{
    for (unsigned i = 0; i < s->n_items; i++)
        if (mentions(s->items[i], column))
            return true;
    return s->column == column;
}

static bool selects(const select_plan *p, const column *column)
{
    for (unsigned i = 0; i < p->n_columns; i++)
        if (mentions(p->columns[i], column))
            return true;
    return false;
}

static int check_distinct(compiler *c, const select_plan *p)
{
    if (p->where.has_clustering)
        return err_set(c->err, ERR_INVALID,
                       "SELECT DISTINCT with WHERE clause only supports restriction by partition "
                       "key and/or static columns.");
    for (unsigned i = 0; i < p->n_columns; i++) {
        const column *col = p->columns[i]->column;
        if (col && (col->kind == COLUMN_CLUSTERING || col->kind == COLUMN_REGULAR))
            return err_set(c->err, ERR_INVALID,
                           "SELECT DISTINCT queries must only request partition key columns "
                           "and/or static columns (not %s)",
                           col->name);
    }
    /* Given keys need not be told apart in the answer. */
    for (unsigned i = 0; !p->where.key_complete && !p->aggregate && i < c->table->n_partition; i++)
        if (!selects(p, &c->table->partition_columns[i]))
            return err_set(c->err, ERR_INVALID,
                           "SELECT DISTINCT queries must request all the partition key columns "
                           "(missing %s)",
                           c->table->partition_columns[i].name);
    return 0;
}

static bool is_fixed(const restrictions *w, const column *col)
{
    for (unsigned i = 0; i < w->n_prefix; i++)
        for (unsigned k = 0; k < w->prefix[i]->n_columns; k++)
            if (w->prefix[i]->columns[k] == col && w->prefix[i]->op == AST_EQ)
                return true;
    return false;
}

/* The columns named, in their order, and desc by position. One named several times counts where it
 * came first, with the direction given last. */
static int read_order(compiler *c, const ast_select *ast, const column **columns, unsigned *ret_n,
                      bool *desc)
{
    bool *seen = arena_array(c->a, bool, c->table->n_clustering + 1);
    *ret_n = 0;
    for (uint32_t i = 0; i < ast->order_by.n; i++) {
        const column *col;
        int r = compile_column(c, &ast->order_by.at[i].column, &col);
        if (r < 0)
            return r;
        if (col->kind != COLUMN_CLUSTERING)
            return err_set(c->err, ERR_INVALID,
                           "Order by is currently only supported on the clustered columns of the "
                           "PRIMARY KEY, got %s",
                           col->name);
        if (!seen[col->position])
            columns[(*ret_n)++] = col;
        seen[col->position] = true;
        desc[col->position] = ast->order_by.at[i].desc;
    }
    return 0;
}

static int compile_order(compiler *c, const ast_select *ast, select_plan *p)
{
    int reversed = -1, next = 0;
    unsigned n;
    const column **columns = arena_array(c->a, const column *, c->table->n_clustering + 1);
    bool *desc = arena_array(c->a, bool, c->table->n_clustering + 1);
    if (!ast->order_by.n)
        return 0;
    if (!p->where.key_complete)
        return err_set(c->err, ERR_INVALID,
                       "ORDER BY is only supported when the partition key is restricted by an EQ "
                       "or an IN.");
    int r = read_order(c, ast, columns, &n, desc);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < n; i++) {
        const column *col = columns[i];
        while (next < col->position && is_fixed(&p->where, &c->table->clustering_columns[next]))
            next++;
        if (col->position != next++)
            return err_set(c->err, ERR_INVALID,
                           "Order by currently only supports the ordering of columns following "
                           "their declared order in the PRIMARY KEY");
        int is_reversed = desc[col->position] != col->desc;
        if (reversed >= 0 && reversed != is_reversed)
            return err_set(c->err, ERR_INVALID, "Unsupported order by relation");
        reversed = is_reversed;
    }
    p->reversed = reversed == 1;
    p->sort_rows = !p->where.key_single;
    p->wants_clustering |= p->sort_rows;
    p->order_columns = (unsigned)next;
    return 0;
}

static bool is_eq(const restrictions *w, const column *col)
{
    if (col->kind == COLUMN_PARTITION)
        return w->key_complete && w->key[col->position]->op == AST_EQ;
    return is_fixed(w, col);
}

/* Columns of the primary key in their order; those that = fixes may be left out. */
static int compile_group(compiler *c, const ast_select *ast, select_plan *p)
{
    const table *t = c->table;
    unsigned next = 0, n_key = t->n_partition + t->n_clustering;
    for (uint32_t i = 0; i < ast->group_by.n; i++) {
        const ast_term *term = ast->group_by.at[i];
        const column *col;
        ast_ident name = {term->value, term->raw};
        if (term->kind != AST_COLUMN)
            return err_set(c->err, ERR_NOT_SUPPORTED, "Grouping by %s is not supported yet",
                           ast_term_text(term, c->a));
        int r = compile_column(c, &name, &col);
        if (r < 0)
            return r;
        if (col->kind != COLUMN_PARTITION && col->kind != COLUMN_CLUSTERING)
            return err_set(c->err, ERR_INVALID,
                           "Group by is currently only supported on the columns of the PRIMARY "
                           "KEY, got %s",
                           col->name);
        while (next < n_key && &t->columns[next] != col && is_eq(&p->where, &t->columns[next]))
            next++;
        if (next == n_key || &t->columns[next++] != col)
            return err_set(c->err, ERR_INVALID,
                           "Group by currently only support groups of columns following their "
                           "declared order in the PRIMARY KEY");
    }
    if (!ast->group_by.n)
        return 0;
    if (next < t->n_partition)
        return err_set(c->err, ERR_INVALID,
                       "Group by is not supported on only a part of the partition key");
    p->grouped = true;
    p->aggregate = false;
    p->group_columns = next - t->n_partition;
    if (p->group_columns && p->distinct)
        return err_set(c->err, ERR_INVALID,
                       "Grouping on clustering columns is not allowed for SELECT DISTINCT queries");
    return 0;
}

static int refuse(compiler *c, const ast_select *ast)
{
    if (ast->distinct && ast->per_partition_limit)
        return err_set(c->err, ERR_INVALID,
                       "PER PARTITION LIMIT is not allowed with SELECT DISTINCT queries");
    return 0;
}

static void plan_statics(select_plan *p)
{
    const table *t = p->table;
    p->wants_clustering |= p->group_columns != 0;
    p->one_per_partition = p->distinct || table_is_static_compact(t);
    for (unsigned i = 0; i < p->n_columns; i++)
        note_columns(p->columns[i], p);
    for (unsigned i = 0; i < p->where.n_filters; i++) {
        const column *col = p->where.filters[i]->columns[0];
        p->wants_statics |= col->kind == COLUMN_STATIC;
        p->wants_clustering |= col->kind == COLUMN_CLUSTERING;
    }
    p->static_alone =
        table_has_static(t) && !p->where.has_clustering && p->where.filters_statics_only;
    p->wants_statics |= p->static_alone || (p->one_per_partition && table_has_static(t));
}

int compile_select(compiler *c, const ast_select *ast, statement *s)
{
    int r = compile_table(c, &ast->table, &c->table);
    if (r < 0 || (r = refuse(c, ast)) < 0)
        return r;
    select_plan *p = arena_new(c->a, select_plan);
    p->table = c->table;
    p->keyspace = c->table->in;
    p->distinct = ast->distinct;
    if ((r = ast->all ? select_all(c, p) : select_some(c, ast, p)) < 0 ||
        (r = compile_where(c, &ast->where, WHERE_SELECT, ast->allow_filtering, &p->where)) < 0 ||
        (r = compile_order(c, ast, p)) < 0 || (r = compile_group(c, ast, p)) < 0 ||
        (ast->distinct && (r = check_distinct(c, p)) < 0) ||
        (r = compile_int_term(c, ast->per_partition_limit, TYPE_INT, "[per_partition_limit]",
                              &p->per_partition_limit)) < 0 ||
        (r = compile_int_term(c, ast->limit, TYPE_INT, "[limit]", &p->limit)) < 0)
        return r;
    build_projector(c, p);
    plan_statics(p);
    if (ast->json) {
        column_spec *json = arena_new(c->a, column_spec);
        *json = (column_spec){p->table->keyspace, p->table->name, "[json]", type_native(TYPE_TEXT)};
        p->json = json;
    }
    s->select = p;
    s->info.n_columns = p->json ? 1 : p->n_columns;
    s->info.columns = p->json ? p->json : p->specs;
    s->info.n_key = restrictions_key_markers(&p->where, c->a, &s->info.key_indexes);
    return 0;
}
