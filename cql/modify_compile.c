/* INSERT, UPDATE and DELETE, analysed. */
#include "cql/cas.h"

static int cmp_ops(const void *a, const void *b)
{
    column_id x = ((const operation *)a)->column->id, y = ((const operation *)b)->column->id;
    return x < y ? -1 : x > y;
}

static modify_plan *plan_new(compiler *c, ast_kind kind, unsigned max_ops)
{
    modify_plan *p = arena_new(c->a, modify_plan);
    p->kind = kind;
    p->table = c->table;
    p->keyspace = c->table->in;
    p->ops = arena_array(c->a, operation, max_ops + 1);
    return p;
}

static operation *add_op(modify_plan *p, op_kind kind, const column *col)
{
    operation *op = (operation *)&p->ops[p->n_ops++];
    op->kind = kind;
    op->column = col;
    p->reads |= kind == OP_LIST_PUT || kind == OP_LIST_DELETE || kind == OP_LIST_DISCARD;
    if (col->kind == COLUMN_STATIC)
        p->n_static_ops++;
    else
        p->n_regular_ops++;
    return op;
}

static int compile_using(compiler *c, const ast_using *u, modify_plan *p)
{
    int r = compile_int_term(c, u->timestamp, TYPE_BIGINT, "[timestamp]", &p->timestamp);
    if (r == 0)
        r = compile_int_term(c, u->ttl, TYPE_INT, "[ttl]", &p->ttl);
    return r;
}

static int check_counter_using(compiler *c, const modify_plan *p)
{
    if (table_is_counter(p->table) && (p->timestamp || p->ttl))
        return err_set(c->err, ERR_INVALID, "Cannot provide custom %s for counter updates",
                       p->timestamp ? "timestamp" : "TTL");
    return 0;
}

static int missing_clustering(compiler *c, unsigned from)
{
    char text[200] = "";
    for (unsigned i = from; i < c->table->n_clustering; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "",
                 c->table->clustering_columns[i].name);
    }
    return err_set(c->err, ERR_INVALID, "Some clustering keys are missing: %s", text);
}

/* Sorts the operations and notices the common case. */
static void plan_finish(modify_plan *p)
{
    qsort((operation *)p->ops, p->n_ops, sizeof *p->ops, cmp_ops);
    p->plain = p->where.key_single && p->target == TARGET_ROWS && !p->n_static_ops &&
               (p->where.row_exact || p->table->n_clustering == 0);
    p->plain &= p->condition == IF_NONE;
    p->if_row = p->target == TARGET_ROWS || p->if_regulars ||
                (p->table->n_clustering == 0 && !table_is_static_compact(p->table));
    for (unsigned i = 0; i < p->n_ops; i++)
        p->plain &= p->ops[i].kind == OP_SET ||
                    (p->ops[i].kind == OP_DELETE && !type_is_multicell(p->ops[i].column->type));
}

/* ---- INSERT ---- */

typedef struct insert_state {
    const restriction **key, **prefix;
    unsigned n_key, n_prefix;
    bool *seen;
} insert_state;

static void insert_value(compiler *c, const column *col, const term *value, modify_plan *p,
                         insert_state *st)
{
    if (col->kind == COLUMN_PARTITION) {
        st->key[col->position] = restriction_eq(c, col, value);
        st->n_key++;
    } else if (col->kind == COLUMN_CLUSTERING) {
        st->prefix[col->position] = restriction_eq(c, col, value);
        st->n_prefix++;
    } else {
        add_op(p, type_is_multicell(col->type) ? OP_ASSIGN : OP_SET, col)->value = value;
    }
}

static int insert_column(compiler *c, const ast_insert *ast, unsigned i, modify_plan *p,
                         insert_state *st)
{
    const column *col;
    const term *value;
    int r = compile_column(c, &ast->columns.at[i], &col);
    if (r < 0)
        return r;
    if (st->seen[col->ordinal])
        return err_set(c->err, ERR_INVALID, "The column names contains duplicates");
    st->seen[col->ordinal] = true;
    r = compile_term(c, ast->values.at[i], col->type, col->name, &value);
    if (r == 0)
        insert_value(c, col, value, p, st);
    return r;
}

/* INSERT JSON sets every column. */
static int insert_json(compiler *c, const ast_insert *ast, modify_plan *p, insert_state *st)
{
    const term *source;
    int r = compile_json_source(c, ast->json, &source);
    for (unsigned i = 0; r == 0 && i < c->table->n_select; i++) {
        const column *col = c->table->select_order[i];
        insert_value(c, col, term_of_json(c, source, col, ast->json_default_unset), p, st);
    }
    return r;
}

static int check_insert_key(compiler *c, const insert_state *st)
{
    const table *t = c->table;
    for (unsigned i = 0; i < t->n_partition; i++)
        if (!st->key[i])
            return err_set(c->err, ERR_INVALID, "Some partition key parts are missing: %s",
                           t->partition_columns[i].name);
    for (unsigned i = 0; i < t->n_clustering && st->n_prefix; i++)
        if (!st->prefix[i])
            return err_set(c->err, ERR_INVALID, "Some clustering keys are missing: %s",
                           t->clustering_columns[i].name);
    return 0;
}

static int insert_target(compiler *c, modify_plan *p, const insert_state *st)
{
    const table *t = c->table;
    p->where = (restrictions){.table = t,
                              .key_complete = true,
                              .key_single = true,
                              .key = st->key,
                              .prefix = st->prefix,
                              .n_prefix = st->n_prefix,
                              .prefix_columns = st->n_prefix};
    p->where.row_exact = st->n_prefix == t->n_clustering;
    if (table_is_static_compact(t)) {
        p->target = TARGET_STATIC;
    } else if (st->n_prefix < t->n_clustering) {
        if (p->n_regular_ops || !p->n_static_ops)
            return missing_clustering(c, 0);
        p->target = TARGET_STATIC;
    }
    p->marker = !table_is_compact(t) && p->target == TARGET_ROWS;
    /* A dense table's value column that CQL does not show still makes the row. */
    if ((t->flags & TABLE_DENSE) && !p->n_ops)
        for (unsigned i = 0; i < t->n_columns; i++)
            if (t->columns[i].kind == COLUMN_REGULAR)
                add_op(p, OP_SET_EMPTY, &t->columns[i]);
    return 0;
}

int compile_insert(compiler *c, const ast_insert *ast, const modify_plan **ret)
{
    int r = compile_writable_table(c, &ast->table, &c->table);
    if (r < 0)
        return r;
    const table *t = c->table;
    if (table_is_counter(t))
        return err_set(c->err, ERR_INVALID,
                       "INSERT statements are not allowed on counter tables, use UPDATE instead");
    if (ast->columns.n != ast->values.n)
        return err_set(c->err, ERR_INVALID, "Unmatched column names/values");
    modify_plan *p = plan_new(c, AST_INSERT, (ast->json ? t->n_columns : ast->columns.n) + 1);
    insert_state st = {arena_array(c->a, const restriction *, t->n_partition),
                       arena_array(c->a, const restriction *, t->n_clustering + 1), 0, 0,
                       arena_array(c->a, bool, t->n_columns)};
    if (ast->json && (r = insert_json(c, ast, p, &st)) < 0)
        return r;
    for (uint32_t i = 0; i < ast->columns.n; i++)
        if ((r = insert_column(c, ast, i, p, &st)) < 0)
            return r;
    if ((r = check_insert_key(c, &st)) < 0 || (r = insert_target(c, p, &st)) < 0 ||
        (r = compile_using(c, &ast->using, p)) < 0)
        return r;
    if (ast->if_not_exists && p->timestamp)
        return err_set(c->err, ERR_INVALID,
                       "Cannot provide custom timestamp for conditional updates");
    p->condition = ast->if_not_exists ? IF_NOT_EXISTS : IF_NONE;
    plan_finish(p);
    *ret = p;
    return 0;
}

/* ---- UPDATE ---- */

static int no_multicell(compiler *c, const ast_assignment *as, const column *col)
{
    const char *op = as->kind == AST_SET_SUBTRACT ? "-" : "+";
    const char *value = ast_term_text(as->value, c->a);
    if (type_is_collection(col->type))
        return err_set(c->err, ERR_INVALID,
                       "Invalid operation (%s = %s %s %s) for frozen collection column %s",
                       col->name, col->name, op, value, col->name);
    return err_set(c->err, ERR_INVALID,
                   "Invalid operation (%s = %s %s %s) for non counter column %s", col->name,
                   col->name, op, value, col->name);
}

static int compile_count(compiler *c, const ast_assignment *as, const column *col, modify_plan *p)
{
    if (as->kind == AST_SET_PREPEND)
        return err_set(c->err, ERR_INVALID,
                       "Invalid operation (%s = %s + %s) for non list column %s", col->name,
                       ast_term_text(as->value, c->a), col->name, col->name);
    op_kind kind = as->kind == AST_SET_SUBTRACT ? OP_COUNT_DOWN : OP_COUNT_UP;
    return compile_term(c, as->value, col->type, col->name, &add_op(p, kind, col)->value);
}

/* column = column + value and its relatives. */
static int compile_arithmetic(compiler *c, const ast_assignment *as, const column *col,
                              modify_plan *p)
{
    const type *t = col->type;
    if (!bytes_eq(as->other.name, as->column.name))
        return err_set(c->err, ERR_SYNTAX,
                       "Only expressions of the form X = X %s<value> are supported.",
                       as->kind == AST_SET_SUBTRACT ? "-" : "+");
    if (t->kind == TYPE_COUNTER)
        return compile_count(c, as, col, p);
    if (!type_is_collection(t) || !type_is_multicell(t))
        return no_multicell(c, as, col);
    if (as->kind == AST_SET_PREPEND && t->kind != TYPE_LIST)
        return no_multicell(c, as, col);
    op_kind kind = as->kind == AST_SET_PREPEND    ? OP_PREPEND
                   : as->kind == AST_SET_SUBTRACT ? OP_REMOVE
                                                  : OP_ADD;
    const type *value = t;
    if (kind == OP_REMOVE && t->kind == TYPE_LIST)
        kind = OP_LIST_DISCARD;
    if (kind == OP_REMOVE && t->kind == TYPE_MAP)
        value = type_set(c->a, t->args[0], true);
    return compile_term(c, as->value, value, col->name, &add_op(p, kind, col)->value);
}

static int find_field(compiler *c, const column *col, bytes field, unsigned *ret)
{
    const type *t = col->type;
    if (t->kind != TYPE_UDT || !type_is_multicell(t))
        return err_set(c->err, ERR_INVALID,
                       "Invalid operation for column %s: it is not a non-frozen user type",
                       col->name);
    for (unsigned i = 0; i < t->n_args; i++) {
        if (bytes_eq_str(field, t->fields[i])) {
            *ret = i;
            return 0;
        }
    }
    return err_set(c->err, ERR_INVALID, "UDT column %s does not have a field named %.*s", col->name,
                   (int)field.n, field.p);
}

static int check_element(compiler *c, const column *col, bool deleting)
{
    const type *t = col->type;
    if (!type_is_collection(t) || !type_is_multicell(t))
        return err_set(c->err, ERR_INVALID, "Invalid element operation for %s column %s",
                       type_is_collection(t) ? "frozen collection" : "non collection", col->name);
    if (t->kind == TYPE_SET && !deleting)
        return err_set(c->err, ERR_INVALID, "Invalid operation for set column %s", col->name);
    return 0;
}

/* What stands in brackets: an index of a list, else a key. */
static int compile_key(compiler *c, const ast_term *key, const column *col, const term **ret)
{
    type_kind kind = col->type->kind;
    const char *name = kind == TYPE_LIST ? "idx" : kind == TYPE_SET ? "value" : "key";
    return compile_term(c, key, kind == TYPE_LIST ? type_native(TYPE_INT) : col->type->args[0],
                        arena_printf(c->a, "%s(%s)", name, col->name), ret);
}

static int compile_assignment(compiler *c, const ast_assignment *as, modify_plan *p)
{
    const column *col;
    unsigned field;
    int r = compile_column(c, &as->column, &col);
    if (r < 0)
        return r;
    if (col->kind == COLUMN_PARTITION || col->kind == COLUMN_CLUSTERING)
        return err_set(c->err, ERR_INVALID, "PRIMARY KEY part %s found in SET part", col->name);
    operation *op;
    switch (as->kind) {
    case AST_SET_VALUE:
        if (col->type->kind == TYPE_COUNTER)
            return err_set(c->err, ERR_INVALID,
                           "Cannot set the value of counter column %s (counters can only be "
                           "incremented/decremented, not set)",
                           col->name);
        op = add_op(p, type_is_multicell(col->type) ? OP_ASSIGN : OP_SET, col);
        return compile_term(c, as->value, col->type, col->name, &op->value);
    case AST_SET_ELEMENT:
        if ((r = check_element(c, col, false)) < 0)
            return r;
        op = add_op(p, col->type->kind == TYPE_LIST ? OP_LIST_PUT : OP_PUT, col);
        r = compile_key(c, as->key, col, &op->key);
        return r < 0 ? r
                     : compile_term(c, as->value, col->type->args[col->type->n_args - 1],
                                    arena_printf(c->a, "value(%s)", col->name), &op->value);
    case AST_SET_FIELD:
        if ((r = find_field(c, col, as->field.name, &field)) < 0)
            return r;
        op = add_op(p, OP_SET_FIELD, col);
        op->field = field;
        return compile_term(c, as->value, col->type->args[field],
                            arena_printf(c->a, "%s.%s", col->name, col->type->fields[field]),
                            &op->value);
    default:
        return compile_arithmetic(c, as, col, p);
    }
}

/* Only some operations may be said twice of one column. */
static int check_repeated(compiler *c, const modify_plan *p)
{
    for (unsigned i = 0; i < p->n_ops; i++) {
        for (unsigned k = i + 1; k < p->n_ops; k++) {
            const operation *a = &p->ops[i], *b = &p->ops[k];
            bool whole = a->kind <= OP_ASSIGN || b->kind <= OP_ASSIGN;
            bool field = a->kind == OP_SET_FIELD && b->kind == a->kind && a->field == b->field;
            if (a->column == b->column && (whole || field))
                return err_set(c->err, ERR_SYNTAX, "Multiple incompatible setting of column %s",
                               a->column->name);
        }
    }
    return 0;
}

static int update_target(compiler *c, modify_plan *p)
{
    const restrictions *w = &p->where;
    const table *t = c->table;
    if (w->n_bounds)
        return err_set(c->err, ERR_INVALID,
                       "Slice restrictions are not supported on the clustering columns in UPDATE "
                       "statements");
    if (table_is_static_compact(t) || (!p->n_regular_ops && t->n_clustering)) {
        p->target = TARGET_STATIC;
        if (p->if_regulars)
            return w->prefix_columns < t->n_clustering ? missing_clustering(c, w->prefix_columns)
                                                       : 0;
        if (w->has_clustering)
            return err_set(c->err, ERR_INVALID,
                           "Invalid restrictions on clustering columns since the UPDATE statement "
                           "modifies only static columns");
        return 0;
    }
    if (w->prefix_columns < t->n_clustering)
        return missing_clustering(c, w->prefix_columns);
    p->target = TARGET_ROWS;
    return 0;
}

int compile_update(compiler *c, const ast_update *ast, const modify_plan **ret)
{
    int r = compile_writable_table(c, &ast->table, &c->table);
    if (r < 0)
        return r;
    modify_plan *p = plan_new(c, AST_UPDATE, ast->set.n);
    if ((r = compile_using(c, &ast->using, p)) < 0 || (r = check_counter_using(c, p)) < 0)
        return r;
    for (uint32_t i = 0; i < ast->set.n; i++)
        if ((r = compile_assignment(c, &ast->set.at[i], p)) < 0)
            return r;
    if ((r = check_repeated(c, p)) < 0 ||
        (r = compile_where(c, &ast->where, WHERE_UPDATE, false, &p->where)) < 0 ||
        (r = compile_conditions(c, &ast->conditions, ast->if_exists, p)) < 0 ||
        (r = update_target(c, p)) < 0)
        return r;
    plan_finish(p);
    *ret = p;
    return 0;
}

/* ---- DELETE ---- */

static int compile_deletion(compiler *c, const ast_deletion *d, modify_plan *p)
{
    const column *col;
    unsigned field;
    int r = compile_column(c, &d->column, &col);
    if (r < 0)
        return r;
    if (col->kind == COLUMN_PARTITION || col->kind == COLUMN_CLUSTERING)
        return err_set(c->err, ERR_INVALID,
                       "Invalid identifier %s for deletion (should not be a PRIMARY KEY part)",
                       col->name);
    if (d->key) {
        if ((r = check_element(c, col, true)) < 0)
            return r;
        op_kind kind = col->type->kind == TYPE_LIST ? OP_LIST_DELETE : OP_DELETE_KEY;
        return compile_key(c, d->key, col, &add_op(p, kind, col)->key);
    }
    if (d->field.name.p) {
        if ((r = find_field(c, col, d->field.name, &field)) < 0)
            return r;
        add_op(p, OP_DELETE_FIELD, col)->field = field;
        return 0;
    }
    for (unsigned i = 0; i < p->n_ops; i++)
        if (p->ops[i].kind == OP_DELETE && p->ops[i].column == col)
            return 0; /* named twice: a row has one cell per column */
    add_op(p, OP_DELETE, col);
    return 0;
}

static int delete_target(compiler *c, modify_plan *p)
{
    const restrictions *w = &p->where;
    const table *t = c->table;
    bool full = w->prefix_columns == t->n_clustering;
    if (!p->n_ops) {
        p->delete_rows = true;
        p->target = !w->has_clustering && (t->n_clustering || table_is_compact(t))
                        ? TARGET_PARTITION
                    : full ? TARGET_ROWS
                           : TARGET_SLICES;
        if (t->n_clustering == 0)
            p->target = TARGET_PARTITION;
        return 0;
    }
    if (!p->n_regular_ops) {
        p->target = TARGET_STATIC;
        if (w->has_clustering && !p->if_regulars && !table_is_static_compact(t))
            return err_set(c->err, ERR_INVALID,
                           "Invalid restrictions on clustering columns since the DELETE statement "
                           "modifies only static columns");
        return 0;
    }
    if (w->n_bounds)
        return err_set(c->err, ERR_INVALID,
                       "Range deletions are not supported for specific columns");
    if (!full)
        return missing_clustering(c, w->prefix_columns);
    p->target = TARGET_ROWS;
    return 0;
}

static int check_conditional_delete(compiler *c, const modify_plan *p)
{
    const table *t = c->table;
    bool all = t->n_clustering == 0 || table_is_static_compact(t) || p->where.row_exact;
    if (p->condition == IF_NONE || (all && p->where.key_single))
        return 0;
    bool regular_ops = p->n_regular_ops || !p->n_ops;
    if (regular_ops || p->if_regulars)
        return err_set(c->err, ERR_INVALID,
                       "DELETE statements must restrict all PRIMARY KEY columns with equality "
                       "relations in order to %s non static columns",
                       regular_ops ? "delete" : "use IF condition on");
    return 0;
}

int compile_delete(compiler *c, const ast_delete *ast, const modify_plan **ret)
{
    int r = compile_writable_table(c, &ast->table, &c->table);
    if (r < 0)
        return r;
    modify_plan *p = plan_new(c, AST_DELETE, ast->columns.n);
    for (uint32_t i = 0; i < ast->columns.n; i++)
        if ((r = compile_deletion(c, &ast->columns.at[i], p)) < 0)
            return r;
    if ((r = compile_using(c, &ast->using, p)) < 0 ||
        (r = compile_where(c, &ast->where, WHERE_DELETE, false, &p->where)) < 0 ||
        (r = compile_conditions(c, &ast->conditions, ast->if_exists, p)) < 0 ||
        (r = delete_target(c, p)) < 0 || (r = check_conditional_delete(c, p)) < 0)
        return r;
    if ((r = check_counter_using(c, p)) < 0)
        return r;
    plan_finish(p);
    *ret = p;
    return 0;
}

int compile_modify(compiler *c, const ast_statement *ast, const modify_plan **ret)
{
    switch (ast->kind) {
    case AST_INSERT:
        return compile_insert(c, ast->insert, ret);
    case AST_UPDATE:
        return compile_update(c, ast->update, ret);
    default:
        must(ast->kind == AST_DELETE);
        return compile_delete(c, ast->delete, ret);
    }
}

const table *modify_table(const modify_plan *p)
{
    return p->table;
}

const keyspace *modify_keyspace(const modify_plan *p)
{
    return p->keyspace;
}

bool modify_has_timestamp(const modify_plan *p)
{
    return p->timestamp != NULL;
}

bool modify_is_conditional(const modify_plan *p)
{
    return p->condition != IF_NONE;
}

bool modify_is_counter(const modify_plan *p)
{
    return table_is_counter(p->table);
}

unsigned modify_key_markers(const modify_plan *p, arena *a, const uint16_t **ret)
{
    return restrictions_key_markers(&p->where, a, ret);
}
