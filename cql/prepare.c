/* Statements: parsed, analysed once, kept, and executed. */
#include "base/alloc.h"
#include "base/hash.h"
#include "cql/plan.h"

/* 65535 markers: the binary protocol counts them in 16 bits. */
#define MARKERS_MAX 65535

cql *cql_new(coordinator *c, size_t prepared_cache_bytes)
{
    cql *q = xzalloc(sizeof *q);
    q->c = c;
    q->limits = cql_limits_default;
    q->by_id = prepared_cache_new(prepared_cache_bytes);
    q->by_thrift_id = prepared_cache_new(prepared_cache_bytes / 2);
    return q;
}

cql *cql_free(cql *q)
{
    if (!q)
        return NULL;
    prepared_cache_free(q->by_id);
    prepared_cache_free(q->by_thrift_id);
    free(q);
    return NULL;
}

int64_t cql_next_timestamp(cql *q, env *e, unsigned n)
{
    int64_t now = env_now_us(e), last = atomic_load(&q->last_timestamp_us), first;
    do {
        first = now > last ? now : last + 1;
    } while (!atomic_compare_exchange_weak(&q->last_timestamp_us, &last, first + n - 1));
    return first;
}

/* ---- statements ---- */

const statement_info *statement_get_info(const statement *s)
{
    return &s->info;
}

statement *statement_ref(statement *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

statement *statement_unref(statement *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return NULL;
    schema_unref(s->schema);
    arena_done(&s->arena);
    free(s);
    return NULL;
}

/* As drivers and Cassandra count it: MD5 of keyspace and text, Java's hashCode of both. */
static void make_ids(statement *s)
{
    const char *ks = s->keyspace;
    buf b = {0};
    buf_str(&b, ks);
    buf_str(&b, s->info.text);
    hash_md5(buf_view(&b), s->info.id);
    uint32_t h = 0;
    for (size_t i = 0; i < b.n; i++)
        h = 31 * h + b.p[i];
    s->info.thrift_id = (int32_t)h;
    buf_done(&b);
}

static int analyse(compiler *c, statement *s)
{
    const ast_statement *ast = s->ast;
    int r;
    switch (ast->kind) {
    case AST_SELECT:
        s->info.is_select = true;
        return compile_select(c, ast->select, s);
    case AST_INSERT:
    case AST_UPDATE:
    case AST_DELETE:
        s->info.is_batchable = true;
        r = compile_modify(c, ast, &s->modify);
        if (r == 0)
            s->info.n_key = modify_key_markers(s->modify, c->a, &s->info.key_indexes);
        return r;
    case AST_BATCH:
        r = compile_batch(c, ast->batch, &s->batch);
        if (r == 0)
            s->info.n_key = batch_key_markers(s->batch, c->a, &s->info.key_indexes);
        return r;
    case AST_TRUNCATE:
        return compile_writable_table(c, ast->truncate, &s->truncate);
    case AST_DESCRIBE:
        return compile_describe(c, ast->describe, s);
    default:
        return 0;
    }
}

/* Every marker must have got a type. */
static int check_markers(const compiler *c)
{
    for (unsigned i = 0; i < c->n_markers; i++)
        if (!c->markers[i].type)
            return err_set(c->err, ERR_INVALID, "Could not determine the type of a bind variable");
    return 0;
}

int statement_new(cql *q, env *e, const char *keyspace, bytes text, statement **ret, err_info *err)
{
    statement *s = xzalloc(sizeof *s);
    atomic_init(&s->refs, 1);
    arena_init(&s->arena, 4096);
    s->schema = coordinator_schema(q->c, e);
    s->keyspace = arena_strdup(&s->arena, keyspace);
    s->info.text = arena_str(&s->arena, text);
    s->info.keyspace = s->keyspace;
    int r = cql_parse(text, &s->arena, &s->ast, err);
    if (r == 0 && s->ast->marker_count > MARKERS_MAX)
        r = err_set(err, ERR_INVALID,
                    "Too many markers(?). %u markers exceed the allowed maximum of %d",
                    s->ast->marker_count, MARKERS_MAX);
    if (r == 0) {
        compiler c = {q, s->schema, s->keyspace, &s->arena, err, NULL, s->ast->marker_count, NULL};
        c.markers = arena_array(&s->arena, column_spec, c.n_markers + 1);
        s->info.n_markers = c.n_markers;
        s->info.markers = c.markers;
        r = analyse(&c, s);
        if (r == 0)
            r = check_markers(&c);
    }
    if (r < 0) {
        statement_unref(s);
        return r;
    }
    *ret = s;
    return 0;
}

/* ---- kept statements ---- */

static bytes id_of(const statement *s)
{
    return bytes_of(s->info.id, sizeof s->info.id);
}

static bytes thrift_id_of(const statement *s)
{
    return bytes_of(&s->info.thrift_id, sizeof s->info.thrift_id);
}

static void keep(cql *q, statement *s)
{
    prepared_cache_put(q->by_id, id_of(s), s);
    prepared_cache_put(q->by_thrift_id, thrift_id_of(s), s);
}

int cql_prepare(cql *q, env *e, const cql_client *cl, bytes text, statement **ret, err_info *err)
{
    statement *s;
    int r = statement_new(q, e, cl->keyspace, text, &s, err);
    if (r < 0)
        return r;
    make_ids(s);
    keep(q, s);
    *ret = s;
    return 0;
}

/* The statement itself while the schema is the one it was analysed against, else a new analysis.
 * Takes over the reference; *ret is NULL on errors. */
static int refresh(cql *q, env *e, statement *s, statement **ret, err_info *err)
{
    schema *now = coordinator_schema(q->c, e);
    bool fresh = now == s->schema;
    schema_unref(now);
    *ret = fresh ? s : NULL;
    if (fresh)
        return 0;
    statement *anew;
    int r = statement_new(q, e, s->keyspace, bytes_str(s->info.text), &anew, err);
    if (r == 0) {
        memcpy(anew->info.id, s->info.id, sizeof anew->info.id);
        anew->info.thrift_id = s->info.thrift_id;
        static const uint8_t unkept[16];
        if (memcmp(s->info.id, unkept, sizeof unkept))
            keep(q, anew);
        *ret = anew;
    }
    statement_unref(s);
    return r;
}

static int unprepared(err_info *err, const uint8_t *id, size_t n)
{
    char hex[40] = "";
    for (size_t i = 0; i < n && i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", id[i]);
    int r = err_set(err, ERR_UNPREPARED,
                    "Prepared query with ID %s not found (either the query was not prepared on "
                    "this host (maybe the host has been restarted?) or you have prepared too many "
                    "queries and it has been evicted from the internal cache)",
                    hex);
    if (err && n == 16)
        memcpy(err->statement_id, id, 16);
    return r;
}

static bool same_specs(unsigned na, const column_spec *a, unsigned nb, const column_spec *b)
{
    bool same = na == nb;
    for (unsigned i = 0; i < na && same; i++)
        same = !strcmp(a[i].name, b[i].name) && type_equal(a[i].type, b[i].type);
    return same;
}

/* Clients encode values and read rows by what PREPARE told them: when that holds no more they are
 * sent back to PREPARE, as drivers expect after ALTER TABLE. */
static bool same_for_clients(const statement_info *a, const statement_info *b)
{
    return same_specs(a->n_markers, a->markers, b->n_markers, b->markers) &&
           same_specs(a->n_columns, a->columns, b->n_columns, b->columns);
}

int cql_find(cql *q, env *e, const uint8_t id[16], statement **ret, err_info *err)
{
    statement *was = prepared_cache_get(q->by_id, bytes_of(id, 16));
    if (!was)
        return unprepared(err, id, 16);
    int r = refresh(q, e, statement_ref(was), ret, err);
    if (r == 0 && !same_for_clients(&was->info, &(*ret)->info)) {
        prepared_cache_drop(q->by_id, bytes_of(id, 16));
        *ret = statement_unref(*ret);
        r = unprepared(err, id, 16);
    }
    statement_unref(was);
    return r;
}

int cql_find_thrift(cql *q, env *e, int32_t id, statement **ret, err_info *err)
{
    statement *s = prepared_cache_get(q->by_thrift_id, bytes_of(&id, sizeof id));
    if (s)
        return refresh(q, e, s, ret, err);
    return err_set(err, ERR_INVALID,
                   "Prepared query with ID %d not found (either the query was not prepared on this "
                   "host (maybe the host has been restarted?) or you have prepared more than the "
                   "cache holds)",
                   (int)id);
}

/* ---- execution ---- */

int64_t exec_timestamp(exec *x)
{
    if (x->timestamp_us == NO_TIMESTAMP)
        x->timestamp_us = x->o->timestamp_us != NO_TIMESTAMP ? x->o->timestamp_us
                                                             : cql_next_timestamp(x->q, x->e, 1);
    return x->timestamp_us;
}

/* Values given by name, in the order of the markers. A name may stand for several markers. */
static int bind_names(exec *x)
{
    const query_options *o = x->o;
    const statement_info *info = &x->s->info;
    bytes *values = arena_array(x->a, bytes, info->n_markers + 1);
    for (unsigned i = 0; i < info->n_markers; i++) {
        unsigned k = 0;
        while (k < o->n_values && !bytes_eq_str(o->names[k], info->markers[i].name))
            k++;
        if (k == o->n_values)
            return err_set(x->err, ERR_INVALID, "Missing value for bind variable %s",
                           info->markers[i].name);
        values[i] = o->values[k];
    }
    x->values = values;
    x->n_values = info->n_markers;
    return 0;
}

static int bind(exec *x)
{
    const query_options *o = x->o;
    x->values = o->values;
    x->n_values = o->n_values;
    if (o->names && o->n_values) {
        int r = bind_names(x);
        if (r < 0)
            return r;
    }
    if (x->n_values != x->s->info.n_markers)
        return err_set(x->err, ERR_INVALID,
                       "Invalid amount of bind variables: there were %u markers(?) in CQL but %u "
                       "bound variables",
                       x->s->info.n_markers, x->n_values);
    return 0;
}

static int use_keyspace(exec *x, const ast_ident *name, cql_result *ret)
{
    const char *ks = arena_str(x->a, name->name);
    if (!schema_keyspace(x->s->schema, ks))
        return err_set(x->err, ERR_INVALID, "Keyspace '%s' does not exist", ks);
    snprintf(x->client->keyspace, sizeof x->client->keyspace, "%s", ks);
    ret->kind = RESULT_SET_KEYSPACE;
    ret->keyspace = ks;
    return 0;
}

static int not_supported(exec *x)
{
    return err_set(x->err, ERR_NOT_SUPPORTED, "%s is not supported yet",
                   ast_statement_name(x->s->ast));
}

static int co_fn run(exec *x, cql_result *ret)
{
    const statement *s = x->s;
    ret->kind = RESULT_VOID;
    switch (s->ast->kind) {
    case AST_SELECT:
        return execute_select(x, s->select, ret);
    case AST_INSERT:
    case AST_UPDATE:
    case AST_DELETE:
        return execute_modify(x, s->modify, ret);
    case AST_BATCH:
        return execute_batch(x, s->batch, ret);
    case AST_USE:
        return use_keyspace(x, s->ast->use, ret);
    case AST_TRUNCATE:
        return coordinate_truncate(x->q->c, x->e, s->truncate, x->err);
    case AST_DESCRIBE:
        return execute_describe(x, s->ast->describe, ret);
    default:
        return ast_statement_is_ddl(s->ast) ? execute_ddl(x, ret) : not_supported(x);
    }
}

int co_fn cql_execute(cql *q, env *e, cql_client *cl, statement *s, const query_options *o,
                      arena *a, cql_result *ret, err_info *err)
{
    statement *fresh;
    int r = refresh(q, e, statement_ref(s), &fresh, err);
    if (r < 0)
        return r;
    exec x = {.q = q, .e = e, .client = cl, .o = o, .s = fresh, .a = a, .err = err};
    x.now_us = env_now_us(e);
    x.now_s = o->now_s ? o->now_s : (int32_t)(x.now_us / 1000000);
    x.timestamp_us = NO_TIMESTAMP;
    *ret = (cql_result){.kind = RESULT_VOID};
    r = bind(&x);
    if (r == 0)
        r = run(&x, ret);
    ret->n_warnings = x.n_warnings;
    ret->warnings = x.warnings;
    /* Result columns must outlive the statement when it is not the caller's. */
    if (r == 0 && fresh != s && ret->n_columns)
        ret->columns = result_columns_copy(ret->columns, ret->n_columns, a);
    statement_unref(fresh);
    return r;
}

int co_fn cql_query(cql *q, env *e, cql_client *cl, bytes text, const query_options *o, arena *a,
                    cql_result *ret, err_info *err)
{
    statement *s;
    int r = statement_new(q, e, o->keyspace ? o->keyspace : cl->keyspace, text, &s, err);
    if (r < 0)
        return r;
    r = cql_execute(q, e, cl, s, o, a, ret, err);
    if (r == 0 && ret->n_columns)
        ret->columns = result_columns_copy(ret->columns, ret->n_columns, a);
    statement_unref(s);
    return r;
}
