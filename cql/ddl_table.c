/* CREATE, ALTER and DROP TABLE. */
#include "cql/ddl.h"

static int exists(ddl_step *s, const char *ks, const char *name)
{
    int r = err_set(s->err, ERR_EXISTS,
                    "Cannot add already existing table \"%s\" to keyspace \"%s\"", name, ks);
    if (s->err) {
        snprintf(s->err->keyspace, sizeof s->err->keyspace, "%s", ks);
        snprintf(s->err->table, sizeof s->err->table, "%s", name);
    }
    return r;
}

static column_draft *draft_column(const table_draft *t, bytes name)
{
    for (unsigned i = 0; i < t->n_columns; i++)
        if (bytes_eq(t->columns[i].name, name))
            return &t->columns[i];
    return NULL;
}

/* ---- what must hold of any table (CREATE and Thrift) ---- */

static int check_key_type(const table_draft *t, const column_draft *c, err_info *err)
{
    const char *why = NULL;
    if (c->type->kind == TYPE_COUNTER)
        why = "counter type is not supported";
    else if (c->type->kind == TYPE_DURATION)
        why = "duration type is not supported";
    else if (type_is_multicell(c->type))
        why = c->type->kind == TYPE_UDT ? "Invalid non-frozen user-defined type"
                                        : "Invalid non-frozen collection type";
    if (!why)
        return 0;
    (void)t;
    return err_set(err, ERR_INVALID, "%s for PRIMARY KEY column '%.*s'", why, (int)c->name.n,
                   c->name.p);
}

static bool nests_multicell(const type *t)
{
    if (t->kind == TYPE_UDT && type_is_multicell(t))
        for (unsigned i = 0; i < t->n_args; i++)
            if (type_is_multicell(t->args[i]))
                return true;
    return false;
}

static int check_columns(const table_draft *t, err_info *err)
{
    unsigned counters = 0, plain = 0, clustering = 0;
    bool compact = (t->flags & (TABLE_DENSE | TABLE_SUPER)) || !(t->flags & TABLE_COMPOUND);
    for (unsigned i = 0; i < t->n_columns; i++)
        clustering += t->columns[i].kind == COLUMN_CLUSTERING;
    for (unsigned i = 0; i < t->n_columns; i++) {
        const column_draft *c = &t->columns[i];
        if (c->kind == COLUMN_PARTITION || c->kind == COLUMN_CLUSTERING) {
            int r = check_key_type(t, c, err);
            if (r < 0)
                return r;
            continue;
        }
        if (nests_multicell(c->type))
            return err_set(err, ERR_INVALID,
                           "Non-frozen UDTs with nested non-frozen collections are not supported");
        if (compact && type_is_multicell(c->type))
            return err_set(err, ERR_INVALID,
                           "Collection types are not supported with COMPACT STORAGE");
        if (c->kind == COLUMN_STATIC && !clustering && !compact)
            return err_set(err, ERR_INVALID,
                           "Static columns are only useful (and thus allowed) if the table has at "
                           "least one clustering column");
        if (c->type->kind == TYPE_COUNTER)
            counters++;
        else if (c->type->kind != TYPE_EMPTY)
            plain++;
    }
    if (counters && plain && !compact)
        return err_set(err, ERR_INVALID,
                       "Cannot mix counter and non counter columns in the same table");
    return 0;
}

int table_check(const table_draft *t, err_info *err)
{
    if (!ddl_name_is_valid(t->name))
        return err_set(err, ERR_CONFIG,
                       "%s.%s: Table name must not be empty, more than 48 characters long, or "
                       "contain non-alphanumeric-underscore characters (got \"%s\")",
                       t->keyspace, t->name, t->name);
    if ((t->flags & TABLE_COUNTER) && t->options.default_time_to_live_s)
        return err_set(err, ERR_INVALID,
                       "Cannot set default_time_to_live on a table with counters");
    int r = check_columns(t, err);
    if (r == 0)
        r = schema_check_table(t, err);
    return r < 0 ? r : table_options_check(&t->options, err);
}

/* ---- CREATE ---- */

/* Empty names come from Thrift alone. */
static int check_column_name(ddl_step *s, bytes name)
{
    return name.n ? 0 : err_set(s->err, ERR_SYNTAX, "The name of a column must not be empty");
}

static int declare_columns(ddl_step *s, const ast_create_table *ast, table_draft *t)
{
    t->columns = arena_array(s->a, column_draft, ast->columns.n + 1);
    for (uint32_t i = 0; i < ast->columns.n; i++) {
        const ast_column_def *def = &ast->columns.at[i];
        if (draft_column(t, def->name.name))
            return err_set(s->err, ERR_INVALID,
                           "Duplicate column '%.*s' declaration for table '%s'",
                           (int)def->name.name.n, def->name.name.p, t->name);
        column_draft *c = &t->columns[t->n_columns];
        c->name = arena_copy(s->a, def->name.name);
        c->kind = def->is_static ? COLUMN_STATIC : COLUMN_REGULAR;
        c->position = -1;
        int r = check_column_name(s, c->name);
        if (r == 0)
            r = ddl_type(s, t->keyspace, def->type, &c->type);
        if (r < 0)
            return r;
        t->n_columns++;
    }
    return 0;
}

static int declare_key(ddl_step *s, const ast_idents *names, column_kind kind, table_draft *t)
{
    for (uint32_t i = 0; i < names->n; i++) {
        bytes name = names->at[i].name;
        column_draft *c = draft_column(t, name);
        if (!c)
            return err_set(s->err, ERR_INVALID,
                           "Unknown column '%.*s' referenced in PRIMARY KEY for table '%s'",
                           (int)name.n, name.p, t->name);
        if (c->kind == COLUMN_STATIC)
            return err_set(s->err, ERR_INVALID,
                           "Static column '%.*s' cannot be part of the PRIMARY KEY", (int)name.n,
                           name.p);
        if (c->kind != COLUMN_REGULAR)
            return err_set(s->err, ERR_INVALID,
                           "Duplicate column '%.*s' in PRIMARY KEY clause for table '%s'",
                           (int)name.n, name.p, t->name);
        c->kind = kind;
        c->position = (int)i;
    }
    return 0;
}

static int declare_order(ddl_step *s, const ast_create_table *ast, table_draft *t)
{
    const ast_orders *o = &ast->clustering_order;
    for (uint32_t i = 0; i < o->n; i++) {
        column_draft *c = draft_column(t, o->at[i].column.name);
        if (!c || c->kind != COLUMN_CLUSTERING)
            return err_set(s->err, ERR_INVALID,
                           "Only clustering key columns can be defined in CLUSTERING ORDER "
                           "directive");
        if (c->position != (int)i)
            return err_set(s->err, ERR_INVALID,
                           "The order of columns in the CLUSTERING ORDER directive must match that "
                           "of the clustering columns");
        c->desc = o->at[i].desc;
    }
    return 0; /* those that are not named ascend */
}

static int table_flags_of(ddl_step *s, const ast_create_table *ast, table_draft *t)
{
    unsigned values = 0;
    for (unsigned i = 0; i < t->n_columns; i++) {
        const column_draft *c = &t->columns[i];
        if (c->type->kind == TYPE_COUNTER && c->kind >= COLUMN_STATIC)
            t->flags |= TABLE_COUNTER;
        values += c->kind == COLUMN_REGULAR;
        if (ast->compact_storage && c->kind == COLUMN_STATIC)
            return err_set(s->err, ERR_INVALID,
                           "Static columns are not supported in COMPACT STORAGE tables");
    }
    if (!ast->compact_storage) {
        t->flags |= TABLE_COMPOUND;
    } else if (ast->clustering.n) {
        t->flags |= TABLE_DENSE | (ast->clustering.n > 1 ? TABLE_COMPOUND : 0);
        if (values > 1)
            return err_set(s->err, ERR_INVALID,
                           "COMPACT STORAGE with composite PRIMARY KEY allows no more than one "
                           "column not part of the PRIMARY KEY");
    } else if (!values) {
        return err_set(s->err, ERR_INVALID,
                       "No definition found that is not part of the PRIMARY KEY");
    }
    return 0;
}

static int build_draft(ddl_step *s, const ast_create_table *ast, table_draft *t)
{
    int r;
    if (ast->primary_keys != 1)
        return err_set(s->err, ERR_INVALID,
                       ast->primary_keys ? "Multiple PRIMARY KEYs specifed (exactly one required)"
                                         : "No PRIMARY KEY specifed (exactly one required)");
    if ((r = declare_columns(s, ast, t)) < 0 ||
        (r = declare_key(s, &ast->partition_key, COLUMN_PARTITION, t)) < 0 ||
        (r = declare_key(s, &ast->clustering, COLUMN_CLUSTERING, t)) < 0 ||
        (r = declare_order(s, ast, t)) < 0 || (r = table_flags_of(s, ast, t)) < 0)
        return r;
    t->options = table_options_default;
    t->id = ddl_table_id(s->d);
    if ((r = table_properties(s, &ast->properties, &t->options, &t->id)) < 0)
        return r;
    return table_check(t, s->err);
}

/* An id given by the client: storage keeps rows by it, and never again those of one it dropped. */
static int check_id(ddl_step *s, const uuid *id)
{
    char text[UUID_TEXT];
    bool taken = schema_table_by_id(s->schema, id);
    if (!taken && !storage_was_dropped(coordinator_storage(s->d->q->c), id))
        return 0;
    uuid_format(*id, text);
    return err_set(s->err, ERR_INVALID, "Table id %s %s: give another one, or none", text,
                   taken ? "is another table's" : "was that of a table that has been dropped");
}

int ddl_create_table(ddl_step *s)
{
    const ast_create_table *ast = s->d->ast->create_table;
    const keyspace *ks;
    int r = ddl_keyspace_of(s, &ast->name, &ks);
    if (r < 0)
        return r;
    table_draft t = {.keyspace = ks->name, .name = arena_str(s->a, ast->name.name)};
    if (schema_table(s->schema, t.keyspace, t.name))
        return ast->if_not_exists ? 0 : exists(s, t.keyspace, t.name);
    if ((r = build_draft(s, ast, &t)) < 0 || (r = check_id(s, &t.id)) < 0)
        return r;
    schema_put_table(s->schema, &t, NULL, s->timestamp_us, s->now_s, s->a, s->out);
    ddl_report(s, "CREATED", "TABLE", t.keyspace, t.name);
    return 0;
}

/* ---- ALTER ---- */

static const dropped_column *was_dropped(const table *t, const char *name)
{
    for (unsigned i = 0; i < t->n_dropped; i++)
        if (strcmp(t->dropped[i].name, name) == 0)
            return &t->dropped[i];
    return NULL;
}

static int check_added(ddl_step *s, const table *t, const column_draft *c, const char *name)
{
    const dropped_column *old = was_dropped(t, name);
    if (c->kind == COLUMN_STATIC && !t->n_clustering)
        return err_set(s->err, ERR_INVALID,
                       "Static columns are only useful (and thus allowed) if the table has at "
                       "least one clustering column");
    if (old && old->is_static != (c->kind == COLUMN_STATIC) && !table_is_static_compact(t))
        return err_set(s->err, ERR_INVALID,
                       "Cannot re-add previously dropped column '%s' of kind %s, incompatible with "
                       "previous kind %s",
                       name, old->is_static ? "REGULAR" : "STATIC",
                       old->is_static ? "STATIC" : "REGULAR");
    if (old && !type_is_value_compatible(old->type, c->type))
        return err_set(s->err, ERR_INVALID,
                       "Cannot re-add previously dropped column '%s' of type %s, incompatible with "
                       "previous type %s",
                       name, type_cql_name(s->a, c->type), type_cql_name(s->a, old->type));
    if (old && (c->type->kind == TYPE_COUNTER))
        return err_set(s->err, ERR_INVALID, "Cannot re-add previously dropped counter column %s",
                       name);
    if (table_is_counter(t) != (c->type->kind == TYPE_COUNTER))
        return err_set(s->err, ERR_CONFIG,
                       "%s: Cannot have a %scounter column (\"%s\") in a %s table",
                       table_text(t, s->a), table_is_counter(t) ? "non " : "", name,
                       table_is_counter(t) ? "counter" : "non counter");
    return 0;
}

static int alter_add(ddl_step *s, const ast_alter *ast, const table *t, table_draft *d)
{
    if (t->flags & (TABLE_DENSE | TABLE_SUPER))
        return err_set(s->err, ERR_INVALID, "Cannot add new column to a COMPACT STORAGE table");
    column_draft *all = arena_array(s->a, column_draft, d->n_columns + ast->columns.n);
    memcpy(all, d->columns, d->n_columns * sizeof *all);
    d->columns = all;
    for (uint32_t i = 0; i < ast->columns.n; i++) {
        const ast_column_def *def = &ast->columns.at[i];
        const char *name = arena_str(s->a, def->name.name);
        if (draft_column(d, def->name.name)) {
            if (ast->if_column)
                continue;
            return err_set(s->err, ERR_INVALID, "Column with name '%s' already exists", name);
        }
        column_draft *c = &all[d->n_columns];
        *c = (column_draft){.name = bytes_str(name), .position = -1};
        c->kind = def->is_static || table_is_static_compact(t) ? COLUMN_STATIC : COLUMN_REGULAR;
        int r = check_column_name(s, c->name);
        if (r == 0)
            r = ddl_type(s, t->keyspace, def->type, &c->type);
        if (r == 0)
            r = check_added(s, t, c, name);
        if (r < 0)
            return r;
        d->n_columns++;
    }
    return 0;
}

static void remember_dropped(ddl_step *s, table_draft *d, const column_draft *c, int64_t when)
{
    dropped_column *all = arena_array(s->a, dropped_column, d->n_dropped + 1);
    unsigned n = 0;
    const char *name = arena_str(s->a, c->name);
    for (unsigned i = 0; i < d->n_dropped; i++)
        if (strcmp(d->dropped[i].name, name) != 0)
            all[n++] = d->dropped[i];
    all[n++] =
        (dropped_column){name, c->type, column_id_of(c->name), when, c->kind == COLUMN_STATIC};
    d->dropped = all;
    d->n_dropped = n;
}

static int alter_drop(ddl_step *s, const ast_alter *ast, const table *t, table_draft *d)
{
    /* The schema keeps milliseconds: rounded up, so that nothing older comes back. */
    int64_t when = (s->timestamp_us + 999) / 1000 * 1000;
    if (t->flags & (TABLE_DENSE | TABLE_SUPER))
        return err_set(s->err, ERR_INVALID, "Cannot drop columns from a non-CQL3 table");
    if (ast->timestamp) {
        if (ast->timestamp->kind != AST_INTEGER)
            return err_set(s->err, ERR_INVALID, "The timestamp of DROP must be an integer");
        when = strtoll(arena_str(s->a, ast->timestamp->value), NULL, 10);
    }
    for (uint32_t i = 0; i < ast->names.n; i++) {
        bytes name = ast->names.at[i].name;
        column_draft *c = draft_column(d, name);
        if (!c && ast->if_column)
            continue;
        if (!c || !table_column(t, name))
            return err_set(s->err, ERR_INVALID, "Column %.*s was not found in table '%s'",
                           (int)name.n, name.p, table_text(t, s->a));
        if (c->kind == COLUMN_PARTITION || c->kind == COLUMN_CLUSTERING)
            return err_set(s->err, ERR_INVALID, "Cannot drop PRIMARY KEY column %.*s", (int)name.n,
                           name.p);
        remember_dropped(s, d, c, when);
        memmove(c, c + 1, (size_t)(d->columns + d->n_columns - c - 1) * sizeof *c);
        d->n_columns--;
    }
    return 0;
}

static int alter_rename(ddl_step *s, const ast_alter *ast, const table *t, table_draft *d)
{
    for (uint32_t i = 0; i < ast->renames.n; i++) {
        bytes from = ast->renames.at[i].from.name, to = ast->renames.at[i].to.name;
        column_draft *c = draft_column(d, from);
        if (!c && ast->if_column)
            continue;
        if (!c)
            return err_set(s->err, ERR_INVALID, "Column %.*s was not found in table '%s'",
                           (int)from.n, from.p, table_text(t, s->a));
        if (c->kind != COLUMN_PARTITION && c->kind != COLUMN_CLUSTERING)
            return err_set(s->err, ERR_INVALID, "Cannot rename non PRIMARY KEY column %.*s",
                           (int)from.n, from.p);
        if (draft_column(d, to))
            return err_set(s->err, ERR_INVALID,
                           "Cannot rename column %.*s to %.*s in table '%s'; another column with "
                           "that name already exists",
                           (int)from.n, from.p, (int)to.n, to.p, table_text(t, s->a));
        c->name = arena_copy(s->a, to);
    }
    return 0;
}

static int alter_draft(ddl_step *s, const ast_alter *ast, const table *t, table_draft *d)
{
    switch (ast->what) {
    case AST_ALTER_ADD:
        return alter_add(s, ast, t, d);
    case AST_ALTER_DROP:
        return alter_drop(s, ast, t, d);
    case AST_ALTER_RENAME:
        return alter_rename(s, ast, t, d);
    case AST_ALTER_WITH:
        return table_properties(s, &ast->properties, &d->options, NULL);
    case AST_ALTER_TYPE_OF:
        return err_set(s->err, ERR_INVALID, "Altering column types is no longer supported");
    default:
        return err_set(s->err, ERR_NOT_SUPPORTED, "DROP COMPACT STORAGE is not supported yet");
    }
}

int ddl_alter_table(ddl_step *s)
{
    const ast_alter *ast = s->d->ast->alter_table;
    const keyspace *ks;
    int r = ddl_keyspace_of(s, &ast->name, &ks);
    if (r < 0)
        return r;
    const char *name = arena_str(s->a, ast->name.name);
    const table *t = schema_table(s->schema, ks->name, name);
    if (!t)
        return ast->if_exists
                   ? 0
                   : err_set(s->err, ERR_INVALID, "Table '%s.%s' doesn't exist", ks->name, name);
    table_draft d;
    table_draft_of(t, s->a, &d);
    unsigned n_before = d.n_columns;
    if ((r = alter_draft(s, ast, t, &d)) < 0 || (r = table_check(&d, s->err)) < 0)
        return r;
    bool columns = ast->what == AST_ALTER_ADD || ast->what == AST_ALTER_DROP;
    if (columns && d.n_columns == n_before)
        return 0; /* IF [NOT] EXISTS left nothing to do */
    schema_put_table(s->schema, &d, t, s->timestamp_us, s->now_s, s->a, s->out);
    ddl_report(s, "UPDATED", "TABLE", t->keyspace, t->name);
    return 0;
}

int ddl_drop_table(ddl_step *s)
{
    const ast_drop *ast = s->d->ast->drop_table;
    const keyspace *ks;
    const char *name = arena_str(s->a, ast->name.name);
    const char *ks_name =
        ast->name.keyspace.p ? arena_str(s->a, ast->name.keyspace) : s->d->keyspace;
    if (ast->if_exists && *ks_name && !schema_keyspace(s->schema, ks_name))
        return 0;
    int r = ddl_keyspace_of(s, &ast->name, &ks);
    if (r < 0)
        return r;
    const table *t = schema_table(s->schema, ks->name, name);
    if (!t)
        return ast->if_exists
                   ? 0
                   : err_set(s->err, ERR_INVALID, "Table '%s.%s' doesn't exist", ks->name, name);
    schema_drop_table(s->schema, t, s->timestamp_us, s->now_s, s->a, s->out);
    ddl_report(s, "DROPPED", "TABLE", t->keyspace, t->name);
    return 0;
}
