/* ast.h: a CQL statement as its text says it, before anyone has looked at a schema.
 *
 * Plain tagged structs in the arena given to cql_parse(). Nothing is resolved: a column is a name,
 * a type is a name with arguments, a literal is its text. The analyser (cql/) gives them meaning
 * and refuses what the product does not do. Depends on base only.
 *
 * Owner:  the arena. Every `bytes` points into it (the parser keeps its own copy of the text), so
 *         the text handed to cql_parse() may go away.
 * Thread: immutable once parsed; any thread may read.
 * Lists:  {at, n}; `for (uint32_t i = 0; i < list.n; i++) use(list.at[i])`. cap is the parser's.
 * Limits: terms and types nest at most AST_MAX_DEPTH deep, so recursion over them is safe.
 *         cql_parse() itself needs about 12 KiB of stack.
 * Sources: CQL 3.4.6 (Cassandra 4.1).
 */
#pragma once
#include "base/arena.h"
#include "base/errors.h"

#define AST_MAX_DEPTH 64

typedef struct ast_statement ast_statement;
typedef struct ast_term ast_term;
typedef struct ast_type ast_type;

#define ast_list(type)                                                                             \
    struct {                                                                                       \
        type *at;                                                                                  \
        uint32_t n, cap;                                                                           \
    }

/* An identifier. name: folded to lower case, or what stood between the quotes. raw: as written;
 * its distance from the statement's text is its place (ast_place). name.p == NULL: absent. */
typedef struct ast_ident {
    bytes name;
    bytes raw;
} ast_ident;

typedef ast_list(ast_ident) ast_idents;

/* [keyspace.]name of a table, type, index, function ... */
typedef struct ast_name {
    bytes keyspace; /* null: not given */
    bytes name;
    bytes raw; /* of the name, without the keyspace */
} ast_name;

typedef ast_list(ast_name) ast_names;

/* ---- types ---- */

typedef ast_list(const ast_type *) ast_types;

/* `int` {name}, `map<text, frozen<list<int>>>` {name, args}, `ks.address` {keyspace, name},
 * `'org.apache...Custom'` {custom, name = the class}. frozen<X> is X with frozen set. Whether a
 * name is native, a collection with the right count of arguments or user defined is for the
 * analyser to say. */
struct ast_type {
    bytes keyspace; /* null: not given */
    bytes name;
    bytes raw; /* the name as written */
    ast_types args;
    bool frozen;
    bool custom;
    uint8_t depth;
};

/* ---- terms and selectors ---- */

typedef enum ast_term_kind {
    /* Literals: `value` is the text (see there). */
    AST_NULL,
    AST_STRING,   /* value: the characters, escapes resolved */
    AST_INTEGER,  /* value: digits with an optional '-' */
    AST_FLOAT,    /* value: as written; NaN and Infinity too, maybe with '-' */
    AST_BOOLEAN,  /* value: "true" or "false" */
    AST_UUID,     /* value: as written */
    AST_BLOB,     /* value: the hex digits after 0x, an even count or not */
    AST_DURATION, /* value: as written, 1h30m or P1DT2H or P0001-02-03T.. */
    AST_MARKER,   /* marker: its index; value: its name, null for `?` */
    /* Compound. */
    AST_LIST,      /* items */
    AST_SET,       /* items; `{}` is an empty AST_MAP */
    AST_MAP,       /* items: key, value, key, value ... */
    AST_TUPLE,     /* items; a single one may be mere parentheses */
    AST_UDT,       /* names and items, one each per field */
    AST_FUNCTION,  /* function(items) */
    AST_TYPE_HINT, /* (type) items[0] */
    AST_OPERATION, /* items[0] op items[1]; op one of + - * / % */
    AST_NEGATE,    /* - items[0] */
    AST_CAST,      /* CAST(items[0] AS type) */
    /* Only in select clauses and GROUP BY. */
    AST_COLUMN,     /* value: name; raw: as written */
    AST_COUNT_ROWS, /* COUNT(*) and COUNT(1) */
    AST_WRITETIME,
    AST_MAXWRITETIME,
    AST_TTL,     /* of items[0] */
    AST_FIELD,   /* items[0].value */
    AST_ELEMENT, /* items[0][items[1]] */
    AST_SLICE,   /* items[0][items[1]..items[2]]; NULL item: open end */
} ast_term_kind;

typedef ast_list(const ast_term *) ast_terms;

struct ast_term {
    uint8_t kind; /* ast_term_kind */
    uint8_t depth;
    char op;         /* AST_OPERATION */
    uint32_t marker; /* AST_MARKER */
    bytes value;
    bytes raw; /* the text it came from, whole */
    ast_terms items;
    const ast_ident *names;   /* AST_UDT: items.n of them */
    const ast_name *function; /* AST_FUNCTION; folded unless quoted */
    const ast_type *type;     /* AST_TYPE_HINT, AST_CAST */
};

/* ---- clauses ---- */

typedef enum ast_operator {
    AST_EQ,
    AST_LT,
    AST_LE,
    AST_GT,
    AST_GE,
    AST_NE,
    AST_IN,
    AST_CONTAINS,
    AST_CONTAINS_KEY,
    AST_LIKE,
    AST_IS_NOT, /* IS NOT NULL: value is an AST_NULL */
} ast_operator;

typedef enum ast_relation_kind {
    AST_REL_COLUMN,       /* a op value; a[key] op value */
    AST_REL_TOKEN,        /* token(a, b) op value */
    AST_REL_TUPLE,        /* (a, b) op value */
    AST_REL_CUSTOM_INDEX, /* expr(index, value): columns[0] names the index */
} ast_relation_kind;

/* One relation of WHERE. IN with a list has values (maybe none) and no value; `IN ?` has value. */
typedef struct ast_relation {
    ast_relation_kind kind;
    ast_operator op;
    ast_idents columns;
    const ast_term *key; /* a[key]; else NULL */
    const ast_term *value;
    ast_terms values;
    bytes raw; /* the left side as written, up to its first token's end */
} ast_relation;

typedef ast_list(ast_relation) ast_relations;

/* One condition of IF: column, column[key] or column.field. value and values as in a relation. */
typedef struct ast_condition {
    ast_ident column;
    const ast_term *key;
    ast_ident field;
    ast_operator op;
    const ast_term *value;
    ast_terms values;
} ast_condition;

typedef ast_list(ast_condition) ast_conditions;

/* USING TIMESTAMP .. AND TTL ..: integers or markers, NULL where not given. */
typedef struct ast_using {
    const ast_term *timestamp;
    const ast_term *ttl;
} ast_using;

/* name = value of a WITH clause: value is a literal, an AST_MAP of literals, or an AST_STRING for a
 * bare keyword. Repeated names are kept; the analyser refuses them. */
typedef struct ast_property {
    ast_ident name;
    const ast_term *value;
} ast_property;

typedef ast_list(ast_property) ast_properties;

typedef struct ast_order {
    ast_ident column;
    bool desc;
} ast_order;

typedef ast_list(ast_order) ast_orders;

/* A column of a table, a field of a type, an argument of a function. */
typedef struct ast_column_def {
    ast_ident name;
    const ast_type *type;
    bool is_static;
    bool primary_key;
} ast_column_def;

typedef ast_list(ast_column_def) ast_column_defs;

typedef struct ast_rename {
    ast_ident from, to;
} ast_rename;

typedef ast_list(ast_rename) ast_renames;

/* ---- reading and writing ---- */

typedef struct ast_selector {
    const ast_term *term;
    ast_ident alias; /* name null: none */
} ast_selector;

typedef ast_list(ast_selector) ast_selectors;

typedef struct ast_select {
    bool json, distinct;
    bool all; /* SELECT *: no selectors */
    bool allow_filtering;
    ast_selectors selectors;
    ast_name table;
    ast_relations where;
    ast_terms group_by;
    ast_orders order_by;
    const ast_term *per_partition_limit; /* integer or marker; NULL: none */
    const ast_term *limit;
} ast_select;

typedef struct ast_insert {
    ast_name table;
    ast_idents columns;
    ast_terms values;     /* may differ in count: the analyser says so */
    const ast_term *json; /* INSERT .. JSON: string or marker, else NULL */
    bool json_default_unset;
    bool if_not_exists;
    ast_using using;
} ast_insert;

typedef enum ast_assignment_kind {
    AST_SET_VALUE,    /* column = value */
    AST_SET_ADD,      /* column = other + value; column += value */
    AST_SET_SUBTRACT, /* column = other - value; column -= value */
    AST_SET_PREPEND,  /* column = value + other */
    AST_SET_ELEMENT,  /* column[key] = value */
    AST_SET_FIELD,    /* column.field = value */
} ast_assignment_kind;

typedef struct ast_assignment {
    ast_assignment_kind kind;
    ast_ident column;
    ast_ident other; /* the analyser checks that it is column; += repeats column */
    ast_ident field;
    const ast_term *key;
    const ast_term *value;
} ast_assignment;

typedef ast_list(ast_assignment) ast_assignments;

typedef struct ast_update {
    ast_name table;
    ast_using using;
    ast_assignments set;
    ast_relations where;
    ast_conditions conditions;
    bool if_exists;
} ast_update;

/* What DELETE names: column, column[key] or column.field. */
typedef struct ast_deletion {
    ast_ident column;
    const ast_term *key;
    ast_ident field;
} ast_deletion;

typedef ast_list(ast_deletion) ast_deletions;

typedef struct ast_delete {
    ast_deletions columns; /* none: whole rows */
    ast_name table;
    ast_using using; /* timestamp only */
    ast_relations where;
    ast_conditions conditions;
    bool if_exists;
} ast_delete;

typedef enum ast_batch_type {
    AST_BATCH_LOGGED,
    AST_BATCH_UNLOGGED,
    AST_BATCH_COUNTER
} ast_batch_type;

typedef ast_list(const ast_statement *) ast_statements;

/* Markers are numbered through the whole batch. */
typedef struct ast_batch {
    ast_batch_type type;
    ast_using using;
    ast_statements statements; /* AST_INSERT, AST_UPDATE, AST_DELETE */
} ast_batch;

/* ---- schema ---- */

typedef struct ast_keyspace { /* CREATE and ALTER KEYSPACE */
    ast_ident name;
    bool if_not_exists, if_exists;
    ast_properties properties;
} ast_keyspace;

typedef struct ast_create_table {
    ast_name name;
    bool if_not_exists;
    ast_column_defs columns;
    uint32_t primary_keys;    /* times that PRIMARY KEY was said; must be 1 */
    ast_idents partition_key; /* also of an inline PRIMARY KEY */
    ast_idents clustering;
    ast_orders clustering_order;
    bool compact_storage;
    ast_properties properties; /* ID too, as "id" */
} ast_create_table;

typedef enum ast_alter_kind {
    AST_ALTER_ADD,     /* columns */
    AST_ALTER_DROP,    /* names, timestamp */
    AST_ALTER_TYPE_OF, /* columns[0]: ALTER c TYPE t */
    AST_ALTER_RENAME,  /* renames */
    AST_ALTER_WITH,    /* properties */
    AST_ALTER_DROP_COMPACT_STORAGE,
} ast_alter_kind;

typedef struct ast_alter { /* ALTER TABLE, TYPE, MATERIALIZED VIEW */
    ast_name name;
    ast_alter_kind what;
    bool if_exists; /* ALTER TABLE IF EXISTS */
    bool if_column; /* ADD IF NOT EXISTS, DROP/RENAME/ALTER IF EXISTS */
    ast_column_defs columns;
    ast_idents names;
    const ast_term *timestamp; /* DROP .. USING TIMESTAMP; else NULL */
    ast_renames renames;
    ast_properties properties;
} ast_alter;

typedef enum ast_index_target_kind {
    AST_INDEX_SIMPLE,
    AST_INDEX_KEYS,
    AST_INDEX_VALUES,
    AST_INDEX_ENTRIES,
    AST_INDEX_FULL
} ast_index_target_kind;

typedef struct ast_index_target {
    ast_index_target_kind kind;
    ast_ident column;
} ast_index_target;

typedef ast_list(ast_index_target) ast_index_targets;

typedef struct ast_create_index {
    bool custom, if_not_exists;
    ast_name name; /* name null: made from table and column */
    ast_name table;
    ast_index_targets targets;
    bytes using_class; /* null: not given */
    ast_properties properties;
} ast_create_index;

typedef struct ast_create_type {
    ast_name name;
    bool if_not_exists;
    ast_column_defs fields;
} ast_create_type;

typedef struct ast_create_view {
    ast_name name;
    bool if_not_exists;
    bool all;
    ast_selectors selectors;
    ast_name table;
    ast_relations where;
    uint32_t primary_keys;
    ast_idents partition_key;
    ast_idents clustering;
    ast_orders clustering_order;
    bool compact_storage;
    ast_properties properties;
} ast_create_view;

typedef struct ast_create_function {
    ast_name name;
    bool or_replace, if_not_exists;
    ast_column_defs arguments;
    bool called_on_null;
    const ast_type *returns;
    ast_ident language;
    bytes body;
} ast_create_function;

typedef struct ast_create_aggregate {
    ast_name name;
    bool or_replace, if_not_exists;
    ast_types arguments;
    bytes state_function, final_function; /* final: null if not given */
    const ast_type *state_type;
    const ast_term *initial; /* NULL: not given */
} ast_create_aggregate;

typedef struct ast_create_trigger {
    ast_ident name;
    ast_name table;
    bool if_not_exists;
    bytes using_class;
} ast_create_trigger;

/* Every DROP of a schema object. */
typedef struct ast_drop {
    ast_name name; /* a keyspace's or role's in name.name */
    bool if_exists;
    ast_name table;     /* DROP TRIGGER .. ON table */
    bool has_arguments; /* DROP FUNCTION f(int): arguments given */
    ast_types arguments;
} ast_drop;

/* ---- roles and permissions ---- */

typedef struct ast_role { /* CREATE and ALTER ROLE and USER */
    bytes name;
    bool user; /* said USER: login is implied, old semantics */
    bool if_not_exists, if_exists;
    bool has_superuser, superuser;
    bool has_login, login;
    bytes password;          /* null: not given */
    bool hashed;             /* HASHED PASSWORD */
    const ast_term *options; /* AST_MAP; NULL: not given */
    bool access_all;         /* ACCESS TO ALL DATACENTERS */
    ast_terms access;        /* ACCESS TO DATACENTERS {..}: strings */
} ast_role;

typedef enum ast_resource_kind {
    AST_RES_NONE,
    AST_RES_ALL_KEYSPACES,
    AST_RES_KEYSPACE,
    AST_RES_ALL_TABLES,
    AST_RES_TABLE,
    AST_RES_ALL_ROLES,
    AST_RES_ROLE,
    AST_RES_ALL_FUNCTIONS,
    AST_RES_KEYSPACE_FUNCTIONS,
    AST_RES_FUNCTION,
    AST_RES_ALL_MBEANS,
    AST_RES_MBEAN,
} ast_resource_kind;

typedef struct ast_grant {  /* GRANT, REVOKE, LIST PERMISSIONS */
    bool all;               /* ALL [PERMISSIONS] */
    ast_idents permissions; /* upper case in name: "SELECT" */
    ast_resource_kind resource;
    ast_name name; /* of the resource; keyspace only in name.keyspace */
    ast_types arguments;
    bytes role; /* to, from, of whom; null: LIST for all */
    bool no_recursive;
} ast_grant;

typedef struct ast_grant_role { /* GRANT/REVOKE role TO/FROM grantee; LIST ROLES OF grantee */
    bytes role;
    bytes grantee; /* null: LIST for all */
    bool no_recursive;
    bool users; /* LIST USERS */
} ast_grant_role;

typedef enum ast_describe_kind {
    AST_DESC_GENERIC, /* DESCRIBE name: keyspace, table, view or index */
    AST_DESC_CLUSTER,
    AST_DESC_SCHEMA,
    AST_DESC_FULL_SCHEMA,
    AST_DESC_KEYSPACES,
    AST_DESC_KEYSPACE,
    AST_DESC_TABLES,
    AST_DESC_TABLE,
    AST_DESC_TYPES,
    AST_DESC_TYPE,
    AST_DESC_FUNCTIONS,
    AST_DESC_FUNCTION,
    AST_DESC_AGGREGATES,
    AST_DESC_AGGREGATE,
    AST_DESC_INDEX,
    AST_DESC_VIEW,
} ast_describe_kind;

typedef struct ast_describe {
    ast_describe_kind what;
    ast_name name;  /* KEYSPACE without a name: both null (the current one) */
    bool only;      /* KEYSPACE .. ONLY */
    bool internals; /* WITH INTERNALS */
} ast_describe;

/* ---- the statement ---- */

/* X(kind, member of the union, its type, is schema change, what error messages call it) */
#define AST_STATEMENTS(X)                                                                          \
    X(AST_USE, use, ast_ident, 0, "USE")                                                           \
    X(AST_SELECT, select, ast_select, 0, "SELECT")                                                 \
    X(AST_INSERT, insert, ast_insert, 0, "INSERT")                                                 \
    X(AST_UPDATE, update, ast_update, 0, "UPDATE")                                                 \
    X(AST_DELETE, delete, ast_delete, 0, "DELETE")                                                 \
    X(AST_BATCH, batch, ast_batch, 0, "BATCH")                                                     \
    X(AST_TRUNCATE, truncate, ast_name, 0, "TRUNCATE")                                             \
    X(AST_DESCRIBE, describe, ast_describe, 0, "DESCRIBE")                                         \
    X(AST_CREATE_KEYSPACE, keyspace, ast_keyspace, 1, "CREATE KEYSPACE")                           \
    X(AST_ALTER_KEYSPACE, alter_keyspace, ast_keyspace, 1, "ALTER KEYSPACE")                       \
    X(AST_DROP_KEYSPACE, drop_keyspace, ast_drop, 1, "DROP KEYSPACE")                              \
    X(AST_CREATE_TABLE, create_table, ast_create_table, 1, "CREATE TABLE")                         \
    X(AST_ALTER_TABLE, alter_table, ast_alter, 1, "ALTER TABLE")                                   \
    X(AST_DROP_TABLE, drop_table, ast_drop, 1, "DROP TABLE")                                       \
    X(AST_CREATE_INDEX, create_index, ast_create_index, 1, "CREATE INDEX")                         \
    X(AST_DROP_INDEX, drop_index, ast_drop, 1, "DROP INDEX")                                       \
    X(AST_CREATE_TYPE, create_type, ast_create_type, 1, "CREATE TYPE")                             \
    X(AST_ALTER_TYPE, alter_type, ast_alter, 1, "ALTER TYPE")                                      \
    X(AST_DROP_TYPE, drop_type, ast_drop, 1, "DROP TYPE")                                          \
    X(AST_CREATE_VIEW, create_view, ast_create_view, 1, "CREATE MATERIALIZED VIEW")                \
    X(AST_ALTER_VIEW, alter_view, ast_alter, 1, "ALTER MATERIALIZED VIEW")                         \
    X(AST_DROP_VIEW, drop_view, ast_drop, 1, "DROP MATERIALIZED VIEW")                             \
    X(AST_CREATE_FUNCTION, create_function, ast_create_function, 1, "CREATE FUNCTION")             \
    X(AST_DROP_FUNCTION, drop_function, ast_drop, 1, "DROP FUNCTION")                              \
    X(AST_CREATE_AGGREGATE, create_aggregate, ast_create_aggregate, 1, "CREATE AGGREGATE")         \
    X(AST_DROP_AGGREGATE, drop_aggregate, ast_drop, 1, "DROP AGGREGATE")                           \
    X(AST_CREATE_TRIGGER, create_trigger, ast_create_trigger, 1, "CREATE TRIGGER")                 \
    X(AST_DROP_TRIGGER, drop_trigger, ast_drop, 1, "DROP TRIGGER")                                 \
    X(AST_CREATE_ROLE, create_role, ast_role, 0, "CREATE ROLE")                                    \
    X(AST_ALTER_ROLE, alter_role, ast_role, 0, "ALTER ROLE")                                       \
    X(AST_DROP_ROLE, drop_role, ast_drop, 0, "DROP ROLE")                                          \
    X(AST_GRANT, grant, ast_grant, 0, "GRANT")                                                     \
    X(AST_REVOKE, revoke, ast_grant, 0, "REVOKE")                                                  \
    X(AST_LIST_PERMISSIONS, list_permissions, ast_grant, 0, "LIST PERMISSIONS")                    \
    X(AST_GRANT_ROLE, grant_role, ast_grant_role, 0, "GRANT ROLE")                                 \
    X(AST_REVOKE_ROLE, revoke_role, ast_grant_role, 0, "REVOKE ROLE")                              \
    X(AST_LIST_ROLES, list_roles, ast_grant_role, 0, "LIST ROLES")

typedef enum ast_kind {
#define X(kind, member, type, ddl, text) kind,
    AST_STATEMENTS(X)
#undef X
        AST_KIND_COUNT
} ast_kind;

/* kind says which member is set: `case AST_SELECT: run_select(stmt->select)`. */
struct ast_statement {
    ast_kind kind;
    uint32_t marker_count;     /* of a batch: of all its statements together */
    const bytes *marker_names; /* marker_count of them; null for `?` */
    bytes text;                /* the whole text given to cql_parse() */
    union {
        const void *any;
#define X(kind, member, type, ddl, text) const type *member;
        AST_STATEMENTS(X)
#undef X
    };
};

/* Parses one statement; a trailing ';' is fine. ERR_SYNTAX with line and column: lines from 1,
 * columns from 0, counted in characters; the end of the text is "0:-1". */
int cql_parse(bytes text, arena *a, const ast_statement **ret, err_info *e);

bool ast_statement_is_ddl(const ast_statement *s);
/* INSERT, UPDATE, DELETE or BATCH with IF. */
bool ast_statement_is_conditional(const ast_statement *s);
const char *ast_statement_name(const ast_statement *s); /* "CREATE TABLE" */
const char *ast_operator_text(ast_operator op);         /* "=", "IN", "CONTAINS KEY" */

/* A term, type or relation as error messages quote them: `'it''s'`, `{'a': 1}`, `f(x, ?)`. */
const char *ast_term_text(const ast_term *t, arena *a);
const char *ast_type_text(const ast_type *t, arena *a);
const char *ast_relation_text(const ast_relation *r, arena *a);
/* A name as CQL would need it written: quoted where necessary. */
const char *ast_ident_text(bytes name, arena *a);

/* Where raw, a part of the statement, begins: line from 1, column from 0. */
void ast_place(const ast_statement *s, bytes raw, int *ret_line, int *ret_column);
