/* DESCRIBE: definitions as CQL that makes them again, in Cassandra 4.1's layout. */
#include "base/alloc.h"
#include "cql/ddl.h"

/* ---- text ---- */

static const char *quoted_text(arena *a, const char *s)
{
    return type_to_text(a, type_native(TYPE_TEXT), bytes_str(s), true);
}

static const char *ident(arena *a, const char *name)
{
    return ast_ident_text(bytes_str(name), a);
}

static void put_map(buf *b, arena *a, options o)
{
    buf_str(b, "{");
    for (unsigned i = 0; i < o.n; i++)
        buf_printf(b, "%s%s: %s", i ? ", " : "", quoted_text(a, o.p[i].name),
                   quoted_text(a, o.p[i].value));
    buf_str(b, "}");
}

/* The class first, then by name, as Cassandra shows it. */
static void put_replication(buf *b, arena *a, options o)
{
    static const char package[] = "org.apache.cassandra.locator.";
    const char *name = options_get(o, "class");
    if (strncmp(name, package, sizeof package - 1) == 0)
        name += sizeof package - 1;
    buf_printf(b, "{'class': %s", quoted_text(a, name));
    for (unsigned i = 0; i < o.n; i++)
        if (strcmp(o.p[i].name, "class") != 0)
            buf_printf(b, ", %s: %s", quoted_text(a, o.p[i].name), quoted_text(a, o.p[i].value));
    buf_str(b, "}");
}

/* 0.01, 1.0: as Java prints doubles of that size. */
static const char *double_text(arena *a, double d)
{
    char *s = arena_printf(a, "%.15g", d);
    return strpbrk(s, ".en") ? s : arena_printf(a, "%s.0", s);
}

static void put_options(buf *b, arena *a, const table *t)
{
    const table_options *o = &t->options;
    const char *and = "\n    AND ";
    buf_printf(b, "additional_write_policy = %s", quoted_text(a, o->additional_write_policy));
    buf_printf(b, "%sbloom_filter_fp_chance = %s", and, double_text(a, o->bloom_filter_fp_chance));
    buf_printf(b, "%scaching = ", and);
    put_map(b, a, o->caching);
    buf_printf(b, "%scdc = %s", and, o->cdc ? "true" : "false");
    buf_printf(b, "%scomment = %s", and, quoted_text(a, o->comment ? o->comment : ""));
    buf_printf(b, "%scompaction = ", and);
    put_map(b, a, o->compaction);
    buf_printf(b, "%scompression = ", and);
    put_map(b, a, o->compression);
    buf_printf(b, "%smemtable = %s", and, quoted_text(a, o->memtable ? o->memtable : "default"));
    buf_printf(b, "%scrc_check_chance = %s", and, double_text(a, o->crc_check_chance));
    buf_printf(b, "%sdefault_time_to_live = %d", and, o->default_time_to_live_s);
    buf_printf(b, "%sextensions = {}", and);
    buf_printf(b, "%sgc_grace_seconds = %d", and, o->gc_grace_s);
    buf_printf(b, "%smax_index_interval = %d", and, o->max_index_interval);
    buf_printf(b, "%smemtable_flush_period_in_ms = %d", and, o->memtable_flush_period_ms);
    buf_printf(b, "%smin_index_interval = %d", and, o->min_index_interval);
    buf_printf(b, "%sread_repair = %s", and, quoted_text(a, o->read_repair));
    buf_printf(b, "%sspeculative_retry = %s;", and, quoted_text(a, o->speculative_retry));
}

static void put_names(buf *b, arena *a, const column *cols, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buf_printf(b, "%s%s", i ? ", " : "", ident(a, cols[i].name));
}

static unsigned shown_clustering(const table *t)
{
    return table_is_static_compact(t) ? 0 : t->n_clustering;
}

static void put_columns(buf *b, arena *a, const table *t)
{
    bool simple_key = t->n_partition == 1 && !shown_clustering(t);
    for (unsigned i = 0; i < t->n_select; i++) {
        const column *c = t->select_order[i];
        bool is_static = c->kind == COLUMN_STATIC && !table_is_static_compact(t);
        buf_printf(b, "%s    %s %s%s%s", i ? ",\n" : "", ident(a, c->name),
                   type_cql_name(a, c->type), is_static ? " static" : "",
                   simple_key && c->kind == COLUMN_PARTITION ? " PRIMARY KEY" : "");
    }
    if (simple_key) {
        buf_str(b, "\n");
        return;
    }
    buf_str(b, ",\n    PRIMARY KEY (");
    if (t->n_partition > 1) {
        buf_str(b, "(");
        put_names(b, a, t->partition_columns, t->n_partition);
        buf_str(b, ")");
    } else {
        put_names(b, a, t->partition_columns, 1);
    }
    for (unsigned i = 0; i < shown_clustering(t); i++)
        buf_printf(b, ", %s", ident(a, t->clustering_columns[i].name));
    buf_str(b, ")\n");
}

static void put_order(buf *b, arena *a, const table *t)
{
    buf_str(b, "CLUSTERING ORDER BY (");
    for (unsigned i = 0; i < t->n_clustering; i++)
        buf_printf(b, "%s%s %s", i ? ", " : "", ident(a, t->clustering_columns[i].name),
                   t->clustering_columns[i].desc ? "DESC" : "ASC");
    buf_str(b, ")\n    AND ");
}

static char *finish(buf *b, arena *a)
{
    char *s = arena_str(a, buf_view(b));
    buf_done(b);
    return s;
}

/* What cannot be made stands in a comment, as in Cassandra. */
static char *virtual_comment(const char *what, const char *name, const char *text, arena *a)
{
    return arena_printf(a,
                        "/*\nWarning: %s %s is a virtual %s and cannot be recreated with CQL.\n"
                        "Structure, for reference:\nVIRTUAL %s\n*/",
                        *what == 'T' ? "Table" : "Keyspace", name,
                        *what == 'T' ? "table" : "keyspace", text);
}

static char *describe_table(const table *t, bool internals, arena *a)
{
    buf b = {0};
    bool virtual = t->in->virtual_;
    buf_printf(&b, "%s %s.%s (\n", virtual ? "TABLE" : "CREATE TABLE", ident(a, t->keyspace),
               ident(a, t->name));
    put_columns(&b, a, t);
    if (virtual) {
        buf_str(&b, ");");
        return virtual_comment("Table", table_text(t, a), finish(&b, a), a);
    }
    buf_str(&b, ") WITH ");
    if (internals) {
        char id[UUID_TEXT];
        buf_printf(&b, "ID = %s\n    AND ", uuid_format(t->id, id));
    }
    if (table_is_compact(t))
        buf_str(&b, "COMPACT STORAGE\n    AND ");
    if (shown_clustering(t))
        put_order(&b, a, t);
    put_options(&b, a, t);
    return finish(&b, a);
}

char *cql_describe_table(const table *t, arena *a)
{
    return describe_table(t, false, a);
}

static char *describe_type(const type *t, arena *a)
{
    buf b = {0};
    buf_printf(&b, "CREATE TYPE %s.%s (", ident(a, t->keyspace), ident(a, t->name));
    for (unsigned i = 0; i < t->n_args; i++)
        buf_printf(&b, "%s\n    %s %s", i ? "," : "", ident(a, t->fields[i]),
                   type_cql_name(a, t->args[i]));
    buf_str(&b, "\n);");
    return finish(&b, a);
}

/* Types before those that use them. */
static unsigned types_in_order(const keyspace *ks, arena *a, const type ***ret)
{
    const type **out = arena_array(a, const type *, ks->n_types + 1);
    bool *done = arena_array(a, bool, ks->n_types + 1);
    unsigned n = 0;
    for (bool progress = true; progress;) {
        progress = false;
        for (unsigned i = 0; i < ks->n_types; i++) {
            bool ready = !done[i];
            for (unsigned k = 0; k < ks->n_types && ready; k++)
                ready = k == i || done[k] || !type_uses(ks->types[i], ks->types[k]->name);
            if (ready) {
                out[n++] = ks->types[i];
                done[i] = progress = true;
            }
        }
    }
    *ret = out;
    return n;
}

static char *describe_keyspace_alone(const keyspace *ks, arena *a)
{
    buf b = {0};
    if (ks->virtual_)
        return virtual_comment("Keyspace", ks->name,
                               arena_printf(a, "KEYSPACE %s;", ident(a, ks->name)), a);
    buf_printf(&b, "CREATE KEYSPACE %s WITH replication = ", ident(a, ks->name));
    put_replication(&b, a, ks->replication);
    buf_printf(&b, "  AND durable_writes = %s;", ks->durable_writes ? "true" : "false");
    return finish(&b, a);
}

char *cql_describe_keyspace(const keyspace *ks, bool with_tables, arena *a)
{
    buf b = {0};
    const type **types;
    buf_str(&b, describe_keyspace_alone(ks, a));
    unsigned n = with_tables ? types_in_order(ks, a, &types) : 0;
    for (unsigned i = 0; i < n; i++)
        buf_printf(&b, "\n\n%s", describe_type(types[i], a));
    for (unsigned i = 0; with_tables && i < ks->n_tables; i++)
        buf_printf(&b, "\n\n%s", cql_describe_table(ks->tables[i], a));
    return finish(&b, a);
}

/* ---- the statement ---- */

typedef struct description {
    exec *x;
    const ast_describe *ast;
    size_t n, cap;
    bytes *values;
    unsigned width;
} description;

static void add_row(description *d, const char *ks, const char *kind, const char *name,
                    const char *text)
{
    if (d->n == d->cap) {
        d->cap = d->cap ? 2 * d->cap : 16;
        bytes *p = arena_array(d->x->a, bytes, d->cap * d->width);
        if (d->n)
            memcpy(p, d->values, d->n * d->width * sizeof *p);
        d->values = p;
    }
    const char *cells[4] = {ks, kind, name, text};
    for (unsigned i = 0; i < d->width; i++)
        d->values[d->n * d->width + i] = arena_copy(d->x->a, bytes_str(cells[i]));
    d->n++;
}

static void add_table(description *d, const table *t)
{
    add_row(d, t->keyspace, "table", ident(d->x->a, t->name),
            d->width == 4 ? describe_table(t, d->ast->internals, d->x->a) : NULL);
}

static void add_type(description *d, const type *t)
{
    add_row(d, t->keyspace, "type", ident(d->x->a, t->name),
            d->width == 4 ? describe_type(t, d->x->a) : NULL);
}

static void add_keyspace_row(description *d, const keyspace *ks)
{
    add_row(d, ks->name, "keyspace", ident(d->x->a, ks->name),
            d->width == 4 ? describe_keyspace_alone(ks, d->x->a) : NULL);
}

static void add_keyspace(description *d, const keyspace *ks, bool only)
{
    const type **types;
    add_keyspace_row(d, ks);
    if (only)
        return;
    unsigned n = types_in_order(ks, d->x->a, &types);
    for (unsigned i = 0; i < n; i++)
        add_type(d, types[i]);
    for (unsigned i = 0; i < ks->n_tables; i++)
        add_table(d, ks->tables[i]);
}

static const char *keyspace_name(description *d)
{
    const ast_name *n = &d->ast->name;
    return n->keyspace.p ? arena_str(d->x->a, n->keyspace) : d->x->client->keyspace;
}

static int find_keyspace(description *d, const char *name, const keyspace **ret)
{
    if (!*name)
        return err_set(d->x->err, ERR_INVALID, "No keyspace specified and no current keyspace");
    *ret = schema_keyspace(d->x->s->schema, name);
    return *ret ? 0 : err_set(d->x->err, ERR_INVALID, "'%s' not found in keyspaces", name);
}

static int describe_keyspace(description *d)
{
    const keyspace *ks;
    const char *name =
        d->ast->name.name.p ? arena_str(d->x->a, d->ast->name.name) : d->x->client->keyspace;
    int r = find_keyspace(d, name, &ks);
    if (r == 0)
        add_keyspace(d, ks, d->ast->only);
    return r;
}

static int describe_one_table(description *d, const char *what)
{
    const keyspace *ks;
    const char *name = arena_str(d->x->a, d->ast->name.name);
    int r = find_keyspace(d, keyspace_name(d), &ks);
    if (r < 0)
        return r;
    const table *t = schema_table(d->x->s->schema, ks->name, name);
    if (!t)
        return err_set(d->x->err, ERR_INVALID, "%s '%s' not found in keyspace '%s'", what, name,
                       ks->name);
    add_table(d, t);
    return 0;
}

static int describe_one_type(description *d)
{
    const keyspace *ks;
    const char *name = arena_str(d->x->a, d->ast->name.name);
    int r = find_keyspace(d, keyspace_name(d), &ks);
    if (r < 0)
        return r;
    const type *t = keyspace_type(ks, name);
    if (!t)
        return err_set(d->x->err, ERR_INVALID, "User defined type '%s' not found in '%s'", name,
                       ks->name);
    add_type(d, t);
    return 0;
}

/* A keyspace of that name, else a table of the current keyspace. */
static int describe_anything(description *d)
{
    const char *name = arena_str(d->x->a, d->ast->name.name);
    if (!d->ast->name.keyspace.p && schema_keyspace(d->x->s->schema, name))
        return describe_keyspace(d);
    if (!*keyspace_name(d) || !schema_keyspace(d->x->s->schema, keyspace_name(d)))
        return err_set(d->x->err, ERR_INVALID, "'%s' not found in keyspaces", name);
    const keyspace *ks = schema_keyspace(d->x->s->schema, keyspace_name(d));
    if (keyspace_type(ks, name))
        return describe_one_type(d);
    if (!schema_table(d->x->s->schema, ks->name, name))
        return err_set(d->x->err, ERR_INVALID, "'%s' not found in keyspace '%s'", name, ks->name);
    return describe_one_table(d, "Table");
}

/* Lists: of the current keyspace, or of all. */
static int describe_list(description *d)
{
    const schema *s = d->x->s->schema;
    const char *current = d->x->client->keyspace;
    for (unsigned i = 0; i < s->n_keyspaces; i++) {
        const keyspace *ks = s->keyspaces[i];
        if (d->ast->what == AST_DESC_KEYSPACES) {
            add_keyspace_row(d, ks);
            continue;
        }
        if (*current && strcmp(ks->name, current) != 0)
            continue;
        for (unsigned k = 0; d->ast->what == AST_DESC_TABLES && k < ks->n_tables; k++)
            add_table(d, ks->tables[k]);
        for (unsigned k = 0; d->ast->what == AST_DESC_TYPES && k < ks->n_types; k++)
            add_type(d, ks->types[k]);
    }
    return 0;
}

static int describe_schema(description *d)
{
    const schema *s = d->x->s->schema;
    for (unsigned i = 0; i < s->n_keyspaces; i++)
        if (d->ast->what == AST_DESC_FULL_SCHEMA ||
            (!keyspace_is_system(s->keyspaces[i]->name) && !s->keyspaces[i]->virtual_ &&
             strncmp(s->keyspaces[i]->name, "system_", 7) != 0))
            add_keyspace(d, s->keyspaces[i], false);
    return 0;
}

static const char *short_class(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

static int describe_cluster(description *d)
{
    const node_info *info = coordinator_info(d->x->q->c);
    add_row(d, info->cluster_name, short_class(partitioner_class(info->partitioner)),
            short_class(info->snitch_class), NULL);
    return 0;
}

static bool has_statement(const ast_describe *ast)
{
    switch (ast->what) {
    case AST_DESC_KEYSPACES:
    case AST_DESC_TABLES:
    case AST_DESC_TYPES:
    case AST_DESC_FUNCTIONS:
    case AST_DESC_AGGREGATES:
    case AST_DESC_CLUSTER:
        return false;
    default:
        return true;
    }
}

static const column_spec *result_columns(const ast_describe *ast, arena *a, unsigned *ret_n)
{
    static const char *const objects[] = {"keyspace_name", "type", "name", "create_statement"};
    static const char *const cluster[] = {"cluster", "partitioner", "snitch"};
    const char *const *names = ast->what == AST_DESC_CLUSTER ? cluster : objects;
    unsigned n = has_statement(ast) ? 4 : 3;
    column_spec *c = arena_array(a, column_spec, n);
    for (unsigned i = 0; i < n; i++)
        c[i] = (column_spec){"system", "describe", names[i], type_native(TYPE_TEXT)};
    *ret_n = n;
    return c;
}

int compile_describe(compiler *c, const ast_describe *ast, statement *s)
{
    s->info.columns = result_columns(ast, c->a, &s->info.n_columns);
    return 0;
}

static int not_there(description *d, const char *what)
{
    return err_set(d->x->err, ERR_INVALID, "%s '%.*s' not found", what, (int)d->ast->name.name.n,
                   d->ast->name.name.p);
}

static int describe(description *d)
{
    switch (d->ast->what) {
    case AST_DESC_GENERIC:
        return describe_anything(d);
    case AST_DESC_CLUSTER:
        return describe_cluster(d);
    case AST_DESC_SCHEMA:
    case AST_DESC_FULL_SCHEMA:
        return describe_schema(d);
    case AST_DESC_KEYSPACE:
        return describe_keyspace(d);
    case AST_DESC_TABLE:
        return describe_one_table(d, "Table");
    case AST_DESC_TYPE:
        return describe_one_type(d);
    case AST_DESC_KEYSPACES:
    case AST_DESC_TABLES:
    case AST_DESC_TYPES:
    case AST_DESC_FUNCTIONS:
    case AST_DESC_AGGREGATES:
        return describe_list(d);
    case AST_DESC_FUNCTION:
        return not_there(d, "User defined function");
    case AST_DESC_AGGREGATE:
        return not_there(d, "User defined aggregate");
    case AST_DESC_INDEX:
        return not_there(d, "Index");
    case AST_DESC_VIEW:
        return not_there(d, "Materialized view");
    }
    return err_set(d->x->err, ERR_SERVER, "unknown DESCRIBE");
}

int co_fn execute_describe(exec *x, const ast_describe *ast, cql_result *ret)
{
    description d = {.x = x, .ast = ast};
    ret->columns = result_columns(ast, x->a, &d.width);
    int r = describe(&d);
    if (r < 0)
        return r;
    ret->kind = RESULT_ROWS;
    ret->n_columns = d.width;
    ret->n_rows = d.n;
    ret->values = d.values;
    return 0;
}
