/* plan.h: what the rooms of cql/ share: statements, their compiled plans, and an execution.
 *
 * Analysis (compile_*) turns the syntax tree into a plan in the statement's arena: columns are
 * pointers, literals are serialized values, markers are indexes. Execution walks the plan with an
 * `exec`, allocating only in the request's arena.
 *
 * Owner:  a statement owns its arena, its plan and a reference to the schema snapshot in which
 *         the plan's tables live. An exec lives on the stack of cql_execute.
 * Thread: statements are immutable after analysis; an exec belongs to one coroutine.
 */
#pragma once
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "cql/ast.h"
#include "cql/cql.h"

typedef struct modify_plan modify_plan;
typedef struct select_plan select_plan;
typedef struct batch_plan batch_plan;
typedef struct prepared_cache prepared_cache;

struct cql {
    coordinator *c;
    _Atomic int64_t last_timestamp_us;
    prepared_cache *by_id, *by_thrift_id;
    cql_limits limits;
};

struct statement {
    atomic_int refs;
    arena arena;
    schema *schema; /* the snapshot it was analysed against */
    const ast_statement *ast;
    const char *keyspace; /* that unqualified names meant; "" none */
    statement_info info;
    union {
        const modify_plan *modify;
        const select_plan *select;
        const batch_plan *batch;
        const table *truncate;
    };
};

/* ---- analysis ---- */
typedef struct compiler {
    cql *q;
    const schema *schema;
    const char *keyspace; /* "" none */
    arena *a;
    err_info *err;
    const table *table; /* that the statement is about */
    unsigned n_markers;
    column_spec *markers;
} compiler;

/* Finds the table a statement names. ERR_INVALID: no keyspace, no such keyspace or table. */
int compile_table(compiler *c, const ast_name *name, const table **ret);
/* As above, where writing is meant: ERR_UNAUTHORIZED for system keyspaces. */
int compile_writable_table(compiler *c, const ast_name *name, const table **ret);
/* A column that CQL may name; ERR_INVALID "Undefined column name ...". */
int compile_column(compiler *c, const ast_ident *name, const column **ret);
/* "ks.t" for messages. */
const char *table_text(const table *t, arena *a);

/* ---- execution ---- */
typedef struct exec {
    cql *q;
    env *e;
    cql_client *client;
    const query_options *o;
    const statement *s;
    const bytes *values; /* by marker */
    unsigned n_values;
    arena *a;
    err_info *err;
    int64_t now_us;
    int32_t now_s;
    int64_t timestamp_us; /* default write timestamp; NO_TIMESTAMP until asked for */
    /* INSERT JSON: the object read last, and what it was read of. */
    const struct term *json_source;
    const bytes *json_bound, *json_values;
    unsigned n_warnings; /* for the client */
    const char *const *warnings;
    bool warned_tombstones;
} exec;

/* ---- limits.c ---- */
void exec_warn(exec *x, const char *text); /* text: of the arena, or static */
/* Of a batch that is not conditional; each mutation is a partition. ERR_INVALID: too large. */
int check_batch(exec *x, bool unlogged, const mutation *const *ms, size_t n);
/* ERR_READ_FAILURE: too many. */
int check_tombstones(exec *x, const table *t, const read_result *res);

/* The statement's default timestamp: the client's, or a fresh one. */
int64_t exec_timestamp(exec *x);
/* n fresh microseconds, never given out before by this node's CQL. Returns the first. */
int64_t cql_next_timestamp(cql *q, env *e, unsigned n);

/* ---- terms: values known at execution ---- */
typedef enum term_kind {
    TERM_CONST,
    TERM_MARKER,
    TERM_CALL,       /* a function of items */
    TERM_TOKEN,      /* token(items) */
    TERM_COLLECTION, /* list, set, map, tuple or UDT of items */
    TERM_OPERATION,  /* items[0] op items[1], all of the term's type */
    TERM_NEGATE,
    TERM_FROM_JSON,   /* fromJson(items[0]) */
    TERM_JSON_COLUMN, /* a column's value in INSERT JSON's object, which is items[0] */
} term_kind;

typedef struct function function;
typedef struct term {
    term_kind kind;
    const type *type;
    const char *name; /* what it is for, in messages */
    uint32_t marker;
    bool sorts;  /* a marker of a type with sets or maps in it: drivers send them in any order */
    bytes value; /* TERM_CONST */
    const function *function;
    char op;              /* TERM_OPERATION */
    const table *table;   /* TERM_JSON_COLUMN */
    const column *column; /* of it */
    bool default_unset;   /* what an absent key of the object means */
    unsigned n_items;
    const struct term *const *items;
} term;

int compile_term(compiler *c, const ast_term *t, const type *type, const char *name,
                 const term **ret);
/* An integer for TTL, TIMESTAMP, LIMIT. t NULL: *ret = NULL. */
/* ERR_INVALID: there is no function of that name. */
int compile_function_name(compiler *c, const ast_term *t);
int compile_int_term(compiler *c, const ast_term *t, type_kind kind, const char *name,
                     const term **ret);
/* The value of each column out of a JSON object: for INSERT JSON. */
int compile_json_source(compiler *c, const ast_term *t, const term **ret);
const term *term_of_json(compiler *c, const term *source, const column *col, bool default_unset);
/* Could this literal be a value of the type? Chooses between overloads. */
bool term_fits(const ast_term *t, const type *type);
/* The type a term has by itself, or NULL (a marker, null). */
const type *term_natural_type(compiler *c, const ast_term *t);
int term_eval(const term *t, exec *x, bytes *ret);

/* The value; may be null or unset. Bound values are checked against the type. */
static inline int term_value(const term *t, exec *x, bytes *ret)
{
    if (t->kind == TERM_CONST) {
        *ret = t->value;
        return 0;
    }
    return term_eval(t, x, ret);
}
/* Neither null nor unset, else Cassandra's sentence for a condition on that column. */
int term_key_value(const term *t, exec *x, bytes *ret);
/* NO value (null, unset): returns `otherwise`. */
int term_int(const term *t, exec *x, int64_t otherwise, int64_t *ret);

/* ---- functions (functions.c) ---- */
#define FUNCTION_ARGS_MAX 3
struct function {
    const char *name; /* as shown */
    type_kind result;
    unsigned n_args;
    type_kind args[FUNCTION_ARGS_MAX]; /* TYPE_KIND_COUNT: any */
    int (*run)(const function *f, exec *x, const bytes *args, bytes *ret);
};
/* The n-th function of that name (any case) with that many arguments, or NULL. */
const function *function_find(bytes name, unsigned n_args, unsigned nth);
bool function_exists(bytes name);

typedef enum aggregate_kind {
    AGG_NONE,
    AGG_COUNT_ROWS,
    AGG_COUNT,
    AGG_MIN,
    AGG_MAX,
    AGG_SUM,
    AGG_AVG
} aggregate_kind;
aggregate_kind aggregate_find(bytes name);

/* ---- WHERE (restrictions.c) ---- */
/* One column's (or tuple's) wanted values: = has one, IN a list, IN ? one list-typed term. */
typedef struct restriction {
    ast_operator op;
    unsigned n_columns;
    const column *const *columns;
    unsigned n_values;
    const term *const *values; /* each a value, or (n_columns > 1) a tuple */
    const term *list;          /* IN ?: a list of values */
    const term *map_key;       /* m[key] = value: filtering only */
} restriction;

typedef struct restrictions {
    const table *table;
    bool key_complete;                 /* all partition key columns by = or IN */
    const restriction *const *key;     /* n_partition of them when key_complete */
    bool key_single;                   /* key_complete by = only */
    const term *token_from, *token_to; /* token(k) bounds */
    bool token_from_inclusive, token_to_inclusive;
    bool has_token;
    /* Clustering restrictions that become slices: n_eq columns by = or IN in key order (an item
     * may cover several columns), then bounds on the next column or columns. */
    unsigned n_prefix;
    const restriction *const *prefix;
    unsigned prefix_columns;
    unsigned n_bounds;
    const restriction *const *bounds;
    bool row_exact;      /* every clustering column by = */
    bool has_clustering; /* any clustering restriction */
    unsigned n_filters;
    const restriction *const *filters;
    bool needs_filtering;
    bool filters_statics_only;
} restrictions;

typedef enum where_use { WHERE_SELECT, WHERE_UPDATE, WHERE_DELETE } where_use;
int compile_where(compiler *c, const ast_relations *where, where_use use, bool allow_filtering,
                  restrictions *ret);
/* An equality with a value given elsewhere (INSERT). */
const restriction *restriction_eq(compiler *c, const column *col, const term *value);

/* ERR_INVALID: more than one statement may name by IN lists, keys or rows. */
int check_product(exec *x, uint64_t n);
/* Partition keys meant, raw, sorted and without doubles when there are several. */
int restrictions_keys(const restrictions *r, exec *x, unsigned *ret_n, const bytes **ret);
/* The one partition key of key_single. */
int restrictions_key(const restrictions *r, exec *x, bytes *ret);
/* Clustering slices: sorted, disjoint. all: no restriction (n = 0 with all). */
int restrictions_slices(const restrictions *r, exec *x, bool *ret_all, unsigned *ret_n,
                        const clustering_slice **ret);
/* Full clusterings when every column is restricted by = or IN. */
int restrictions_rows(const restrictions *r, exec *x, unsigned *ret_n, const bytes **ret);
int encode_clustering(const table *t, const bytes *values, unsigned n, uint8_t end, arena *a,
                      bytes *ret); /* end 0: a row; else a bound */

/* ---- rows as selectors and filters see them (view.c) ---- */
typedef struct row_view {
    const table *table;
    bytes key;
    const bytes *key_parts;
    const bytes *clustering; /* nulls in a static row alone */
    const row *row;          /* NULL: only the static row */
    const row *statics;      /* or NULL */
    int64_t now_s;
    arena *a;
} row_view;
/* Wire value of a column, null when absent. */
bytes row_view_value(const row_view *v, const column *col);
/* The live cells of a column; returns how many (dead ones between are skipped by the caller). */
const cell *row_view_cells(const row_view *v, const column *col, unsigned *ret_n);
/* Cells of dropped columns do not come back, not even when the column does. r may be NULL. */
void row_forget_dropped(const table *t, row *r);
bytes multicell_value(const type *t, const cell *cells, unsigned n, int64_t now_s, arena *a);
/* Prepared filters: values evaluated once per execution. */
typedef struct filter {
    const restriction *r;
    unsigned n_values;
    bytes *values;
    bytes map_key;
} filter;
bool operator_holds(ast_operator op, int cmp);
int filters_bind(const restrictions *r, exec *x, filter **ret);
bool filters_match(const filter *f, unsigned n, const row_view *v);

/* ---- reading ---- */
int compile_select(compiler *c, const ast_select *ast, statement *s);
int co_fn execute_select(exec *x, const select_plan *p, cql_result *ret);

/* ---- writing ---- */
int compile_insert(compiler *c, const ast_insert *ast, const modify_plan **ret);
int compile_update(compiler *c, const ast_update *ast, const modify_plan **ret);
int compile_delete(compiler *c, const ast_delete *ast, const modify_plan **ret);
int compile_modify(compiler *c, const ast_statement *ast, const modify_plan **ret);
const table *modify_table(const modify_plan *p);
const keyspace *modify_keyspace(const modify_plan *p);
bool modify_has_timestamp(const modify_plan *p);
bool modify_is_counter(const modify_plan *p);
bool modify_is_conditional(const modify_plan *p);
/* Levels at which the table cannot be written. */
int modify_check_level(const modify_plan *p, exec *x);
/* Marker of each partition key column when all are plain markers; n_partition of them, or 0. */
unsigned modify_key_markers(const modify_plan *p, arena *a, const uint16_t **ret);
unsigned restrictions_key_markers(const restrictions *r, arena *a, const uint16_t **ret);
int co_fn modify_run(const modify_plan *p, exec *x, mutations *out);
int co_fn execute_modify(exec *x, const modify_plan *p, cql_result *ret);

/* ---- batches ---- */
int compile_batch(compiler *c, const ast_batch *ast, const batch_plan **ret);
unsigned batch_key_markers(const batch_plan *p, arena *a, const uint16_t **ret);
int co_fn execute_batch(exec *x, const batch_plan *p, cql_result *ret);

/* ---- the rest ---- */
int co_fn execute_ddl(exec *x, cql_result *ret);
int compile_describe(compiler *c, const ast_describe *ast, statement *s);
int co_fn execute_describe(exec *x, const ast_describe *d, cql_result *ret);
/* Virtual tables: the answer that storage would give. */
int virtual_read(exec *x, const table *t, const read_command *cmd, arena *a, read_result **ret);

/* ---- result.c ---- */
const type *type_copy(const type *t, arena *a);
const column_spec *result_columns_copy(const column_spec *c, unsigned n, arena *a);

/* ---- prepare.c, cache.c ---- */
int statement_new(cql *q, env *e, const char *keyspace, bytes text, statement **ret, err_info *err);
prepared_cache *prepared_cache_new(size_t bytes_max);
prepared_cache *prepared_cache_free(prepared_cache *c);
/* A reference, or NULL. */
statement *prepared_cache_get(prepared_cache *c, bytes id);
/* Takes its own reference; replaces what had this id. The id must live in the statement. */
void prepared_cache_put(prepared_cache *c, bytes id, statement *s);
void prepared_cache_drop(prepared_cache *c, bytes id);
void prepared_cache_walk(prepared_cache *c, void (*fn)(void *arg, const statement *s), void *arg);
