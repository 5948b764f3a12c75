/* parser.h: what the grammar's actions build with. Internal to cql/parse.
 *
 * The first error wins: parser_fail() keeps it and the driver stops feeding tokens.
 */
#pragma once
#include "cql/ast.h"
#include "cql/parse/lexer.h"

/* What a clause collects before its statement exists. */
typedef struct parser_table {
    uint32_t primary_keys;
    ast_idents partition_key, clustering;
    ast_column_defs columns;
} parser_table;
typedef struct parser_options {
    ast_orders order;
    bool compact;
    ast_properties properties;
} parser_options;
typedef struct parser_conditions {
    bool exists;
    ast_conditions list;
} parser_conditions;
typedef struct parser_resource {
    ast_resource_kind kind;
    ast_name name;
    ast_types arguments;
} parser_resource;
typedef struct parser_arguments {
    bool given;
    ast_types types;
} parser_arguments;

/* Entries of the LALR stack, about 50 bytes each on the C stack. */
#define PARSER_STACK_DEPTH 192

typedef struct parser {
    arena *arena;
    err_info *error;
    lexer lexer;
    bytes text; /* our copy */
    bool failed;
    int ahead_token; /* one token of lookahead, if has_ahead */
    bytes ahead_text;
    bool has_ahead;
    ast_list(bytes) markers;
    ast_statement *statement;
    parser_options *options; /* of the WITH being read */
    ast_role *role;          /* of the CREATE or ALTER ROLE being read */
} parser;

/* Text of a lowest-to-highest run of tokens. */
static inline bytes span(bytes from, bytes to)
{
    return bytes_of(from.p, (size_t)(to.p + to.n - from.p));
}

/* Appends to a list in the arena. */
#define push(p, list, ...)                                                                         \
    do {                                                                                           \
        if ((list)->n == (list)->cap)                                                              \
            (list)->at = parser_grow(p, (list)->at, &(list)->cap, sizeof *(list)->at);             \
        (list)->at[(list)->n++] = (__VA_ARGS__);                                                   \
    } while (0)
void *parser_grow(parser *p, void *at, uint32_t *cap, size_t size);

/* ---- identifiers and names ---- */
ast_ident parser_ident(parser *p, bytes token);
ast_ident parser_quoted(parser *p, bytes token);
bytes parser_string(parser *p, bytes token); /* the characters of a STRING token */
ast_name parser_name(ast_ident keyspace, ast_ident name);
const ast_name *parser_keep_name(parser *p, ast_name name);

/* ---- terms ---- */
const ast_term *parser_literal(parser *p, ast_term_kind kind, bytes token);
const ast_term *parser_marker(parser *p, bytes raw, bytes name);
const ast_term *parser_column(parser *p, ast_ident name);
const ast_term *parser_items(parser *p, ast_term_kind kind, ast_terms items, bytes raw);
const ast_term *parser_unary(parser *p, ast_term_kind kind, const ast_term *of, bytes raw);
const ast_term *parser_binary(parser *p, char op, const ast_term *l, const ast_term *r);
const ast_term *parser_access(parser *p, ast_term_kind kind, const ast_term *of,
                              const ast_term *first, const ast_term *second, bytes end);
const ast_term *parser_call(parser *p, ast_name function, ast_terms args, bytes raw);
/* count(1) means count(*). */
const ast_term *parser_count(parser *p, bytes word, ast_terms args, bytes raw);
const ast_term *parser_typed(parser *p, ast_term_kind kind, const ast_type *type,
                             const ast_term *of, bytes raw);
/* (items) value, where the parentheses turn out to hold a type. */
const ast_term *parser_hint(parser *p, const ast_term *parentheses, const ast_term *of);
/* {a: 1} of a select clause: a user defined type if all keys are bare names. */
const ast_term *parser_select_map(parser *p, ast_terms items, bytes raw);

typedef struct parser_fields {
    ast_list(ast_ident) names;
    ast_terms values;
} parser_fields;
const ast_term *parser_udt(parser *p, const parser_fields *fields, bytes raw);

/* ---- types ---- */
const ast_type *parser_type(parser *p, ast_ident keyspace, ast_ident name, ast_types args);
const ast_type *parser_custom_type(parser *p, bytes token);

/* ---- statements ---- */
void parser_done(parser *p, ast_kind kind, const void *statement);
ast_relation *parser_relation(parser *p, ast_relation_kind kind, bytes raw);
ast_assignment *parser_assign(parser *p, ast_assignment_kind kind, ast_ident column,
                              ast_ident other, const ast_term *value);
ast_describe *parser_describe(parser *p, ast_describe_kind what, ast_name name);
/* KEYSPACE [name]; the word SCHEMA without a name is the whole schema. */
ast_describe *parser_describe_keyspace(parser *p, bytes word, ast_ident name);
ast_drop *parser_drop(parser *p, ast_kind kind, ast_name name, bool if_exists);
void parser_add_column(parser *p, parser_table *t, const ast_column_def *column);
void parser_set_key(parser_table *t, const parser_table *key);
const parser_resource *parser_on(parser *p, ast_resource_kind kind, ast_name name, ast_types args);
void parser_permissions(parser *p, ast_kind kind, ast_grant *grant, const parser_resource *on,
                        bytes role);
ast_role *parser_role(parser *p, bytes name, bool user);
ast_ident parser_permission(parser *p, bytes token);
ast_grant_role *parser_roles(parser *p, ast_kind kind, bytes role, bytes grantee);
const ast_statement *parser_nested(parser *p, ast_kind kind, const void *statement);
/* A bare word as property value must be a keyword. */
const ast_term *parser_keyword_value(parser *p, bytes token);
ast_properties parser_properties(parser *p, ast_properties list, ast_ident name,
                                 const ast_term *value);

/* ---- errors ---- */
void parser_fail(parser *p, bytes at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void parser_no_alternative(parser *p, bytes at, bool at_end);
/* A token as messages quote it: strings and quoted names without their quotes. */
const char *parser_token_text(parser *p, bytes token);
const char *parser_token_name(int token); /* "K_FROM", "')'", "EOF" */
void parser_locate(bytes text, const uint8_t *at, int *ret_line, int *ret_column);

/* The next token for the grammar; contextual keywords resolved. */
int parser_next(parser *p, bytes *ret_text);
/* Feeds all tokens (grammar.y). */
void parser_run(parser *p);
