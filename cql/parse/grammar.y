/* grammar.y: CQL 3.4 as of Cassandra 4.1 (lemon).
 *
 * Keywords that are not reserved fall back to IDENT wherever the keyword itself cannot stand; the
 * few places where both could are settled by one token of lookahead in parser_next(). What the
 * product does not do parses as well: refusing it with a clear sentence is the analyser's work.
 */
%include {
#include "cql/parse/parser.h"

enum { MOD_JSON = 1, MOD_DISTINCT = 2 };

#define NEW(type) arena_new(p->arena, type)
typedef struct yyParser yyParser;
static void report_syntax_error(yyParser *yypParser, int token, bytes text);

#define NO_IDENT ((ast_ident){{0}, {0}})
}
%name cql_grammar
%token_prefix TK_
%token_type {bytes}
%default_type {ast_ident}
%extra_context {parser *p}
%stack_size PARSER_STACK_DEPTH
%start_symbol input

%token
    IDENT ADD ALLOW ALTER AND APPLY ASC AUTHORIZE BATCH BEGIN BY COLUMNFAMILY CREATE DELETE DESC
    DESCRIBE DROP ENTRIES EXECUTE FALSE FROM FULL GRANT IF IN INDEX INFINITY INSERT INTO IS
    KEYSPACE LIMIT MATERIALIZED MODIFY NAN NORECURSIVE NOT NULL OF ON OR ORDER PRIMARY RENAME
    REVOKE SELECT SET TO TOKEN TRUE TRUNCATE UNLOGGED UPDATE USE USING VIEW WHERE WITH ACCESS
    AGGREGATE AGGREGATES ALL AS CALLED CAST CLUSTER CLUSTERING COMPACT CONTAINS COUNT COUNTER
    CUSTOM DATACENTERS DEFAULT DISTINCT EXISTS FILTERING FINALFUNC FUNCTION FUNCTIONS GROUP
    HASHED INITCOND INPUT INTERNALS JSON KEY KEYS KEYSPACES LANGUAGE LIKE LIST LOGIN
    MAXWRITETIME MBEAN MBEANS NOLOGIN NOSUPERUSER ONLY OPTIONS PARTITION PASSWORD PER PERMISSION
    PERMISSIONS REPLACE RETURNS ROLE ROLES SFUNC STATIC STORAGE STYPE SUPERUSER TABLES TIMESTAMP
    TRIGGER TTL TYPE TYPES UNSET USER USERS VALUES WRITETIME.
%token QUOTED STRING INTEGER FLOAT BLOB UUID DURATION DURATION_WORD TTL_FN EXPR.
%token LP RP LB RB LC RC COMMA SEMI COLON DOT RANGE QMARK EQ NE LT LE GT GE PLUSEQ MINUSEQ.
%fallback IDENT
    ACCESS AGGREGATE AGGREGATES ALL AS CALLED CAST CLUSTER CLUSTERING COMPACT CONTAINS COUNT
    COUNTER CUSTOM DATACENTERS DEFAULT DISTINCT EXISTS FILTERING FINALFUNC FUNCTION FUNCTIONS
    GROUP HASHED INITCOND INPUT INTERNALS JSON KEY KEYS KEYSPACES LANGUAGE LIKE LIST LOGIN
    MAXWRITETIME MBEAN MBEANS NOLOGIN NOSUPERUSER ONLY OPTIONS PARTITION PASSWORD PER PERMISSION
    PERMISSIONS REPLACE RETURNS ROLE ROLES SFUNC STATIC STORAGE STYPE SUPERUSER TABLES TIMESTAMP
    TRIGGER TTL TYPE TYPES UNSET USER USERS VALUES WRITETIME TTL_FN DURATION_WORD.

%left PLUS MINUS.
%left STAR SLASH PERCENT.
%right SIGN.

%stack_overflow { parser_fail(p, p->ahead_text, "statement is nested too deeply"); }
%syntax_error { report_syntax_error(yypParser, yymajor, yyminor); }

input ::= statement semis.
semis ::= .
semis ::= semis SEMI.

/* ---- identifiers ---- */

ident(A) ::= IDENT(T).   { A = parser_ident(p, T); }
ident(A) ::= QUOTED(T).  { A = parser_quoted(p, T); }

%type name {ast_name}
name(A) ::= ident(N).              { A = parser_name(NO_IDENT, N); }
name(A) ::= ident(K) DOT ident(N). { A = parser_name(K, N); }

%type idents {ast_idents}
idents(A) ::= ident(N).                 { A = (ast_idents){0}; push(p, &A, N); }
idents(A) ::= idents(A) COMMA ident(N). { push(p, &A, N); }

%type if_not_exists {bool}
if_not_exists(A) ::= .              { A = false; }
if_not_exists(A) ::= IF NOT EXISTS. { A = true; }
%type if_exists {bool}
if_exists(A) ::= .          { A = false; }
if_exists(A) ::= IF EXISTS. { A = true; }
%type or_replace {bool}
or_replace(A) ::= .           { A = false; }
or_replace(A) ::= OR REPLACE. { A = true; }

/* ---- types ---- */

%type type {const ast_type *}
%type named_type {const ast_type *}
%type types {ast_types}
type(A) ::= named_type(A).
type(A) ::= STRING(S).  { A = parser_custom_type(p, S); }
named_type(A) ::= ident(N).              { A = parser_type(p, NO_IDENT, N, (ast_types){0}); }
named_type(A) ::= ident(K) DOT ident(N). { A = parser_type(p, K, N, (ast_types){0}); }
named_type(A) ::= generic_type(A).
%type generic_type {const ast_type *}
generic_type(A) ::= ident(N) LT types(T) GT. { A = parser_type(p, NO_IDENT, N, T); }
generic_type(A) ::= SET(N) LT types(T) GT.   {
    A = parser_type(p, NO_IDENT, parser_ident(p, N), T);
}
types(A) ::= type(T).                { A = (ast_types){0}; push(p, &A, T); }
types(A) ::= types(A) COMMA type(T). { push(p, &A, T); }
%type opt_types {ast_types}
opt_types(A) ::= .         { A = (ast_types){0}; }
opt_types(A) ::= types(A).

/* ---- literals and markers, in terms and select clauses alike ---- */

%type literal {const ast_term *}
%type constant {const ast_term *}
constant(A) ::= STRING(T).        { A = parser_literal(p, AST_STRING, T); }
constant(A) ::= INTEGER(T).       { A = parser_literal(p, AST_INTEGER, T); }
constant(A) ::= FLOAT(T).         { A = parser_literal(p, AST_FLOAT, T); }
constant(A) ::= NAN(T).           { A = parser_literal(p, AST_FLOAT, T); }
constant(A) ::= INFINITY(T).      { A = parser_literal(p, AST_FLOAT, T); }
constant(A) ::= TRUE(T).          { A = parser_literal(p, AST_BOOLEAN, T); }
constant(A) ::= FALSE(T).         { A = parser_literal(p, AST_BOOLEAN, T); }
constant(A) ::= UUID(T).          { A = parser_literal(p, AST_UUID, T); }
constant(A) ::= BLOB(T).          { A = parser_literal(p, AST_BLOB, T); }
constant(A) ::= DURATION(T).      { A = parser_literal(p, AST_DURATION, T); }
constant(A) ::= DURATION_WORD(T). { A = parser_literal(p, AST_DURATION, T); }
literal(A) ::= constant(A).
literal(A) ::= NULL(T).           { A = parser_literal(p, AST_NULL, T); }
literal(A) ::= marker(A).

%type marker {const ast_term *}
marker(A) ::= QMARK(T).          { A = parser_marker(p, T, BYTES_NULL); }
marker(A) ::= COLON(C) ident(N). { A = parser_marker(p, span(C, N.raw), N.name); }

%type int_value {const ast_term *}
int_value(A) ::= INTEGER(T). { A = parser_literal(p, AST_INTEGER, T); }
int_value(A) ::= marker(A).

/* ---- terms ---- */

%type term {const ast_term *}
%type simple {const ast_term *}
%type terms {ast_terms}
%type opt_terms {ast_terms}
term(A) ::= simple(A).
term(A) ::= MINUS(M) simple(T). [SIGN] { A = parser_unary(p, AST_NEGATE, T, span(M, T->raw)); }
term(A) ::= term(L) PLUS term(R).    { A = parser_binary(p, '+', L, R); }
term(A) ::= term(L) MINUS term(R).   { A = parser_binary(p, '-', L, R); }
term(A) ::= term(L) STAR term(R).    { A = parser_binary(p, '*', L, R); }
term(A) ::= term(L) SLASH term(R).   { A = parser_binary(p, '/', L, R); }
term(A) ::= term(L) PERCENT term(R). { A = parser_binary(p, '%', L, R); }

terms(A) ::= term(T).                { A = (ast_terms){0}; push(p, &A, T); }
terms(A) ::= terms(A) COMMA term(T). { push(p, &A, T); }
opt_terms(A) ::= .         { A = (ast_terms){0}; }
opt_terms(A) ::= terms(A).

simple(A) ::= literal(A).
simple(A) ::= LB(B) opt_terms(T) RB(E). { A = parser_items(p, AST_LIST, T, span(B, E)); }
simple(A) ::= LC(B) terms(T) RC(E).     { A = parser_items(p, AST_SET, T, span(B, E)); }
simple(A) ::= map_literal(A).
simple(A) ::= LC(B) fields(F) RC(E).    { A = parser_udt(p, &F, span(B, E)); }
simple(A) ::= LP(B) terms(T) RP(E).     { A = parser_items(p, AST_TUPLE, T, span(B, E)); }
simple(A) ::= LP(B) named_type(Y) RP simple(T). {
    A = parser_typed(p, AST_TYPE_HINT, Y, T, span(B, T->raw));
}
simple(A) ::= LP(B) named_type(Y) RP MINUS(M) simple(T). {
    const ast_term *negative = parser_unary(p, AST_NEGATE, T, span(M, T->raw));
    A = parser_typed(p, AST_TYPE_HINT, Y, negative, span(B, T->raw));
}
simple(A) ::= CAST(B) LP term(T) AS named_type(Y) RP(E). {
    A = parser_typed(p, AST_CAST, Y, T, span(B, E));
}
simple(A) ::= ident(F) LP opt_terms(T) RP(E). {
    A = parser_call(p, parser_name(NO_IDENT, F), T, span(F.raw, E));
}
simple(A) ::= ident(K) DOT ident(F) LP opt_terms(T) RP(E). {
    A = parser_call(p, parser_name(K, F), T, span(K.raw, E));
}
simple(A) ::= TOKEN(F) LP opt_terms(T) RP(E). {
    A = parser_call(p, parser_name(NO_IDENT, parser_ident(p, F)), T, span(F, E));
}

%type map_literal {const ast_term *}
map_literal(A) ::= LC(B) RC(E). {
    A = parser_items(p, AST_MAP, (ast_terms){0}, span(B, E));
}
map_literal(A) ::= LC(B) entries(T) RC(E). { A = parser_items(p, AST_MAP, T, span(B, E)); }

%type entries {ast_terms}
entries(A) ::= term(K) COLON term(V). { A = (ast_terms){0}; push(p, &A, K); push(p, &A, V); }
entries(A) ::= entries(A) COMMA term(K) COLON term(V). { push(p, &A, K); push(p, &A, V); }

%type fields {parser_fields}
fields(A) ::= ident(N) COLON term(V). {
    A = (parser_fields){0};
    push(p, &A.names, N);
    push(p, &A.values, V);
}
fields(A) ::= fields(A) COMMA ident(N) COLON term(V). {
    push(p, &A.names, N);
    push(p, &A.values, V);
}

/* ---- select clauses ---- */

%type sel {const ast_term *}
%type sel_postfix {const ast_term *}
%type sel_base {const ast_term *}
%type sels {ast_terms}
%type opt_sels {ast_terms}
sel(A) ::= sel_postfix(A).
sel(A) ::= MINUS(M) sel(T). [SIGN] { A = parser_unary(p, AST_NEGATE, T, span(M, T->raw)); }
sel(A) ::= sel(L) PLUS sel(R).    { A = parser_binary(p, '+', L, R); }
sel(A) ::= sel(L) MINUS sel(R).   { A = parser_binary(p, '-', L, R); }
sel(A) ::= sel(L) STAR sel(R).    { A = parser_binary(p, '*', L, R); }
sel(A) ::= sel(L) SLASH sel(R).   { A = parser_binary(p, '/', L, R); }
sel(A) ::= sel(L) PERCENT sel(R). { A = parser_binary(p, '%', L, R); }
sels(A) ::= sel(T).               { A = (ast_terms){0}; push(p, &A, T); }
sels(A) ::= sels(A) COMMA sel(T). { push(p, &A, T); }
opt_sels(A) ::= .        { A = (ast_terms){0}; }
opt_sels(A) ::= sels(A).

sel_postfix(A) ::= ident(N).    { A = parser_column(p, N); }
sel_postfix(A) ::= sel_base(A).
sel_postfix(A) ::= sel_parens(A).
%type sel_parens {const ast_term *}
sel_parens(A) ::= LP(B) sels(T) RP(E). { A = parser_items(p, AST_TUPLE, T, span(B, E)); }

sel_base(A) ::= literal(A).
sel_base(A) ::= LB(B) opt_sels(T) RB(E).    { A = parser_items(p, AST_LIST, T, span(B, E)); }
sel_base(A) ::= LC(B) RC(E). {
    A = parser_items(p, AST_MAP, (ast_terms){0}, span(B, E));
}
sel_base(A) ::= LC(B) sels(T) RC(E).        { A = parser_items(p, AST_SET, T, span(B, E)); }
sel_base(A) ::= LC(B) sel_entries(T) RC(E). { A = parser_select_map(p, T, span(B, E)); }
sel_base(A) ::= LP(B) generic_type(Y) RP sel_hinted(T). {
    A = parser_typed(p, AST_TYPE_HINT, Y, T, span(B, T->raw));
}
sel_base(A) ::= sel_parens(Y) sel_hinted_by_name(T). { A = parser_hint(p, Y, T); }
sel_base(A) ::= ident(K) DOT ident(F). {
    A = parser_access(p, AST_FIELD, parser_column(p, K), NULL, parser_column(p, F), F.raw);
}
sel_base(A) ::= sel_base(L) DOT ident(F). {
    A = parser_access(p, AST_FIELD, L, NULL, parser_column(p, F), F.raw);
}
sel_base(A) ::= sel_parens(L) DOT ident(F). {
    A = parser_access(p, AST_FIELD, L, NULL, parser_column(p, F), F.raw);
}
sel_base(A) ::= sel_base(L) LB sub(S) RB(E). {
    A = parser_access(p, S.slice ? AST_SLICE : AST_ELEMENT, L, S.from, S.to, E);
}
sel_base(A) ::= sel_parens(L) LB sub(S) RB(E). {
    A = parser_access(p, S.slice ? AST_SLICE : AST_ELEMENT, L, S.from, S.to, E);
}
sel_base(A) ::= ident(N) LB sub(S) RB(E). {
    A = parser_access(p, S.slice ? AST_SLICE : AST_ELEMENT, parser_column(p, N), S.from, S.to, E);
}
sel_base(A) ::= ident(F) LP opt_sels(T) RP(E). {
    A = parser_call(p, parser_name(NO_IDENT, F), T, span(F.raw, E));
}
sel_base(A) ::= ident(K) DOT ident(F) LP opt_sels(T) RP(E). {
    A = parser_call(p, parser_name(K, F), T, span(K.raw, E));
}
sel_base(A) ::= TOKEN(F) LP opt_sels(T) RP(E). {
    A = parser_call(p, parser_name(NO_IDENT, parser_ident(p, F)), T, span(F, E));
}
sel_base(A) ::= COUNT(B) LP STAR RP(E). {
    A = parser_items(p, AST_COUNT_ROWS, (ast_terms){0}, span(B, E));
}
sel_base(A) ::= COUNT(F) LP sels(T) RP(E). { A = parser_count(p, F, T, span(F, E)); }
sel_base(A) ::= WRITETIME(B) LP sel(T) RP(E). {
    A = parser_unary(p, AST_WRITETIME, T, span(B, E));
}
sel_base(A) ::= MAXWRITETIME(B) LP sel(T) RP(E). {
    A = parser_unary(p, AST_MAXWRITETIME, T, span(B, E));
}
sel_base(A) ::= TTL_FN(B) LP sel(T) RP(E).       { A = parser_unary(p, AST_TTL, T, span(B, E)); }
sel_base(A) ::= CAST(B) LP sel(T) AS named_type(Y) RP(E). {
    A = parser_typed(p, AST_CAST, Y, T, span(B, E));
}

/* What may follow a type in parentheses. A bare `(name)` could be a column as well: then '[' and
 * '-' belong to the column. */
%type sel_hinted {const ast_term *}
%type sel_hinted_by_name {const ast_term *}
sel_hinted(A) ::= sel_hinted_by_name(A).
sel_hinted(A) ::= LB(B) opt_sels(T) RB(E). { A = parser_items(p, AST_LIST, T, span(B, E)); }
sel_hinted_by_name(A) ::= constant(A).
sel_hinted_by_name(A) ::= NULL(T).  { A = parser_literal(p, AST_NULL, T); }
sel_hinted_by_name(A) ::= QMARK(T). { A = parser_marker(p, T, BYTES_NULL); }
sel_hinted_by_name(A) ::= sel_parens(A).
sel_hinted_by_name(A) ::= LC(B) RC(E). { A = parser_items(p, AST_MAP, (ast_terms){0}, span(B, E)); }
sel_hinted_by_name(A) ::= LC(B) sels(T) RC(E). {
    A = parser_items(p, AST_SET, T, span(B, E));
}
sel_hinted_by_name(A) ::= LC(B) sel_entries(T) RC(E). { A = parser_select_map(p, T, span(B, E)); }
sel_hinted_by_name(A) ::= ident(N).                   { A = parser_column(p, N); }
sel_hinted_by_name(A) ::= ident(F) LP opt_sels(T) RP(E). {
    A = parser_call(p, parser_name(NO_IDENT, F), T, span(F.raw, E));
}

%type sel_entries {ast_terms}
sel_entries(A) ::= sel(K) COLON sel(V). { A = (ast_terms){0}; push(p, &A, K); push(p, &A, V); }
sel_entries(A) ::= sel_entries(A) COMMA sel(K) COLON sel(V). { push(p, &A, K); push(p, &A, V); }

%type sub {struct { const ast_term *from, *to; bool slice; }}
sub(A) ::= term(F).                { A.from = F; A.to = NULL; A.slice = false; }
sub(A) ::= term(F) RANGE.          { A.from = F; A.to = NULL; A.slice = true; }
sub(A) ::= term(F) RANGE term(T).  { A.from = F; A.to = T; A.slice = true; }
sub(A) ::= RANGE term(T).          { A.from = NULL; A.to = T; A.slice = true; }

%type selector {ast_selector}
selector(A) ::= sel(T).             { A = (ast_selector){T, NO_IDENT}; }
selector(A) ::= sel(T) AS ident(N). { A = (ast_selector){T, N}; }
%type selectors {ast_selectors}
%type select_list {ast_selectors}
selectors(A) ::= selector(S).                    { A = (ast_selectors){0}; push(p, &A, S); }
selectors(A) ::= selectors(A) COMMA selector(S). { push(p, &A, S); }
select_list(A) ::= STAR.         { A = (ast_selectors){0}; }
select_list(A) ::= selectors(A).

%type select_mods {int}
select_mods(A) ::= .              { A = 0; }
select_mods(A) ::= JSON.          { A = MOD_JSON; }
select_mods(A) ::= DISTINCT.      { A = MOD_DISTINCT; }
select_mods(A) ::= JSON DISTINCT. { A = MOD_JSON | MOD_DISTINCT; }

statement ::= SELECT select_mods(M) select_list(L) FROM name(T) opt_where(W) opt_group(G)
              opt_order(O) opt_partition_limit(R) opt_limit(N) opt_filtering(F). {
    ast_select *s = NEW(ast_select);
    s->json = M & MOD_JSON;
    s->distinct = M & MOD_DISTINCT;
    s->all = L.n == 0;
    s->selectors = L;
    s->table = T;
    s->where = W;
    s->group_by = G;
    s->order_by = O;
    s->per_partition_limit = R;
    s->limit = N;
    s->allow_filtering = F;
    parser_done(p, AST_SELECT, s);
}

%type opt_group {ast_terms}
opt_group(A) ::= .                  { A = (ast_terms){0}; }
opt_group(A) ::= GROUP BY sels(X). { A = X; }
%type opt_order {ast_orders}
%type orders {ast_orders}
%type order {ast_order}
opt_order(A) ::= .                   { A = (ast_orders){0}; }
opt_order(A) ::= ORDER BY orders(X). { A = X; }
orders(A) ::= order(O).                 { A = (ast_orders){0}; push(p, &A, O); }
orders(A) ::= orders(A) COMMA order(O). { push(p, &A, O); }
order(A) ::= ident(N).      { A = (ast_order){N, false}; }
order(A) ::= ident(N) ASC.  { A = (ast_order){N, false}; }
order(A) ::= ident(N) DESC. { A = (ast_order){N, true}; }
%type opt_partition_limit {const ast_term *}
opt_partition_limit(A) ::= .                                { A = NULL; }
opt_partition_limit(A) ::= PER PARTITION LIMIT int_value(X). { A = X; }
%type opt_limit {const ast_term *}
opt_limit(A) ::= .                  { A = NULL; }
opt_limit(A) ::= LIMIT int_value(X). { A = X; }
%type opt_filtering {bool}
opt_filtering(A) ::= .                { A = false; }
opt_filtering(A) ::= ALLOW FILTERING. { A = true; }

/* ---- WHERE and IF ---- */

%type opt_where {ast_relations}
%type where {ast_relations}
%type relation {ast_relation *}
opt_where(A) ::= .         { A = (ast_relations){0}; }
opt_where(A) ::= where(A).
where(A) ::= WHERE relation(R).        { A = (ast_relations){0}; push(p, &A, *R); }
where(A) ::= where(A) AND relation(R). { push(p, &A, *R); }

%type compare {ast_operator}
compare(A) ::= EQ. { A = AST_EQ; }
compare(A) ::= LT. { A = AST_LT; }
compare(A) ::= LE. { A = AST_LE; }
compare(A) ::= GT. { A = AST_GT; }
compare(A) ::= GE. { A = AST_GE; }
compare(A) ::= NE. { A = AST_NE; }

/* Made as soon as the left side is known. */
%type left {ast_relation *}
left(A) ::= ident(N). {
    A = parser_relation(p, AST_REL_COLUMN, N.raw);
    push(p, &A->columns, N);
}
%type left_tuple {ast_relation *}
left_tuple(A) ::= LP(B) idents(N) RP.  { A = parser_relation(p, AST_REL_TUPLE, B); A->columns = N; }
%type left_token {ast_relation *}
left_token(A) ::= TOKEN(B) LP idents(N) RP. {
    A = parser_relation(p, AST_REL_TOKEN, B);
    A->columns = N;
}

relation(A) ::= left(A) compare(O) term(T).        { A->op = O; A->value = T; }
relation(A) ::= left(A) LIKE term(T).              { A->op = AST_LIKE; A->value = T; }
relation(A) ::= left(A) CONTAINS term(T).          { A->op = AST_CONTAINS; A->value = T; }
relation(A) ::= left(A) CONTAINS KEY term(T).      { A->op = AST_CONTAINS_KEY; A->value = T; }
relation(A) ::= left(A) IS NOT NULL(T). {
    A->op = AST_IS_NOT;
    A->value = parser_literal(p, AST_NULL, T);
}
relation(A) ::= left(A) IN LP opt_terms(T) RP.     { A->op = AST_IN; A->values = T; }
relation(A) ::= left(A) IN marker(T).              { A->op = AST_IN; A->value = T; }
relation(A) ::= left(A) LB term(K) RB compare(O) term(T). { A->key = K; A->op = O; A->value = T; }
relation(A) ::= left_token(A) compare(O) term(T).  { A->op = O; A->value = T; }
relation(A) ::= left_tuple(A) compare(O) term(T).  { A->op = O; A->value = T; }
relation(A) ::= left_tuple(A) IN LP opt_terms(T) RP. { A->op = AST_IN; A->values = T; }
relation(A) ::= left_tuple(A) IN marker(T).        { A->op = AST_IN; A->value = T; }
relation(A) ::= LP relation(R) RP.                 { A = R; }
relation(A) ::= EXPR(B) ident(N) COMMA term(T) RP. {
    A = parser_relation(p, AST_REL_CUSTOM_INDEX, B);
    push(p, &A->columns, N);
    A->value = T;
}

%type opt_if {parser_conditions}
%type conditions {ast_conditions}
%type condition {ast_condition *}
%type condition_left {ast_condition *}
opt_if(A) ::= .                  { A = (parser_conditions){0}; }
opt_if(A) ::= IF EXISTS.         { A = (parser_conditions){.exists = true}; }
opt_if(A) ::= IF conditions(C).  { A = (parser_conditions){.list = C}; }
conditions(A) ::= condition(C).                   { A = (ast_conditions){0}; push(p, &A, *C); }
conditions(A) ::= conditions(A) AND condition(C). { push(p, &A, *C); }
condition_left(A) ::= ident(N).               { A = NEW(ast_condition); A->column = N; }
condition_left(A) ::= ident(N) LB term(K) RB. { A = NEW(ast_condition); A->column = N; A->key = K; }
condition_left(A) ::= ident(N) DOT ident(F). {
    A = NEW(ast_condition);
    A->column = N;
    A->field = F;
}
condition(A) ::= condition_left(A) compare(O) term(T).    { A->op = O; A->value = T; }
condition(A) ::= condition_left(A) IN LP opt_terms(T) RP. { A->op = AST_IN; A->values = T; }
condition(A) ::= condition_left(A) IN marker(T).          { A->op = AST_IN; A->value = T; }

/* ---- INSERT, UPDATE, DELETE, BATCH ---- */

%type opt_using {ast_using}
%type using {ast_using}
opt_using(A) ::= .         { A = (ast_using){0}; }
opt_using(A) ::= using(A).
using(A) ::= USING TIMESTAMP int_value(T).        { A = (ast_using){.timestamp = T}; }
using(A) ::= USING TTL int_value(T).              { A = (ast_using){.ttl = T}; }
using(A) ::= using(A) AND TIMESTAMP int_value(T). { A.timestamp = T; }
using(A) ::= using(A) AND TTL int_value(T).       { A.ttl = T; }

statement ::= insert(S). { parser_done(p, AST_INSERT, S); }
statement ::= update(S). { parser_done(p, AST_UPDATE, S); }
statement ::= delete(S). { parser_done(p, AST_DELETE, S); }

%type insert {ast_insert *}
insert(A) ::= INSERT INTO name(T) LP idents(C) RP VALUES LP terms(V) RP if_not_exists(E)
              opt_using(U). {
    A = NEW(ast_insert);
    A->table = T;
    A->columns = C;
    A->values = V;
    A->if_not_exists = E;
    A->using = U;
}
insert(A) ::= INSERT INTO name(T) JSON json_value(J) json_default(D) if_not_exists(E)
              opt_using(U). {
    A = NEW(ast_insert);
    A->table = T;
    A->json = J;
    A->json_default_unset = D;
    A->if_not_exists = E;
    A->using = U;
}
%type json_value {const ast_term *}
json_value(A) ::= STRING(T). { A = parser_literal(p, AST_STRING, T); }
json_value(A) ::= marker(A).
%type json_default {bool}
json_default(A) ::= .              { A = false; }
json_default(A) ::= DEFAULT NULL.  { A = false; }
json_default(A) ::= DEFAULT UNSET. { A = true; }

%type update {ast_update *}
update(A) ::= UPDATE name(T) opt_using(U) SET assignments(S) where(W) opt_if(I). {
    A = NEW(ast_update);
    A->table = T;
    A->using = U;
    A->set = S;
    A->where = W;
    A->conditions = I.list;
    A->if_exists = I.exists;
}
%type assignments {ast_assignments}
%type assignment {ast_assignment *}
assignments(A) ::= assignment(S). {
    A = (ast_assignments){0};
    push(p, &A, *S);
}
assignments(A) ::= assignments(A) COMMA assignment(S). { push(p, &A, *S); }
assignment(A) ::= ident(C) EQ term(V). {
    A = parser_assign(p, AST_SET_VALUE, C, NO_IDENT, V);
}
assignment(A) ::= ident(C) EQ term(V) PLUS ident(O). {
    A = parser_assign(p, AST_SET_PREPEND, C, O, V);
}
assignment(A) ::= ident(C) EQ ident(O) PLUS term(V). {
    A = parser_assign(p, AST_SET_ADD, C, O, V);
}
assignment(A) ::= ident(C) EQ ident(O) MINUS term(V). {
    A = parser_assign(p, AST_SET_SUBTRACT, C, O, V);
}
assignment(A) ::= ident(C) EQ ident(O) INTEGER(V). {
    A = parser_assign(p, AST_SET_ADD, C, O, parser_literal(p, AST_INTEGER, V));
}
assignment(A) ::= ident(C) PLUSEQ term(V). {
    A = parser_assign(p, AST_SET_ADD, C, C, V);
}
assignment(A) ::= ident(C) MINUSEQ term(V). {
    A = parser_assign(p, AST_SET_SUBTRACT, C, C, V);
}
assignment(A) ::= ident(C) LB term(K) RB EQ term(V). {
    A = parser_assign(p, AST_SET_ELEMENT, C, NO_IDENT, V);
    A->key = K;
}
assignment(A) ::= ident(C) DOT ident(F) EQ term(V). {
    A = parser_assign(p, AST_SET_FIELD, C, NO_IDENT, V);
    A->field = F;
}

%type delete {ast_delete *}
delete(A) ::= DELETE opt_deletions(D) FROM name(T) opt_delete_using(U) where(W) opt_if(I). {
    A = NEW(ast_delete);
    A->columns = D;
    A->table = T;
    A->using.timestamp = U;
    A->where = W;
    A->conditions = I.list;
    A->if_exists = I.exists;
}
%type opt_delete_using {const ast_term *}
opt_delete_using(A) ::= .                              { A = NULL; }
opt_delete_using(A) ::= USING TIMESTAMP int_value(X). { A = X; }
%type opt_deletions {ast_deletions}
%type deletions {ast_deletions}
%type deletion {ast_deletion *}
opt_deletions(A) ::= .             { A = (ast_deletions){0}; }
opt_deletions(A) ::= deletions(A).
deletions(A) ::= deletion(D).                    { A = (ast_deletions){0}; push(p, &A, *D); }
deletions(A) ::= deletions(A) COMMA deletion(D). { push(p, &A, *D); }
deletion(A) ::= ident(C).               { A = NEW(ast_deletion); A->column = C; }
deletion(A) ::= ident(C) LB term(K) RB. { A = NEW(ast_deletion); A->column = C; A->key = K; }
deletion(A) ::= ident(C) DOT ident(F).  { A = NEW(ast_deletion); A->column = C; A->field = F; }

statement ::= BEGIN batch_type(K) BATCH opt_using(U) batch_body(S) APPLY BATCH. {
    ast_batch *b = NEW(ast_batch);
    b->type = K;
    b->using = U;
    b->statements = S;
    parser_done(p, AST_BATCH, b);
}
%type batch_type {ast_batch_type}
batch_type(A) ::= .         { A = AST_BATCH_LOGGED; }
batch_type(A) ::= UNLOGGED. { A = AST_BATCH_UNLOGGED; }
batch_type(A) ::= COUNTER.  { A = AST_BATCH_COUNTER; }
%type batch_body {ast_statements}
%type batch_statement {const ast_statement *}
batch_body(A) ::= .                                         { A = (ast_statements){0}; }
batch_body(A) ::= batch_body(A) batch_statement(S) opt_semi. { push(p, &A, S); }
opt_semi ::= .
opt_semi ::= SEMI.
batch_statement(A) ::= insert(S). { A = parser_nested(p, AST_INSERT, S); }
batch_statement(A) ::= update(S). { A = parser_nested(p, AST_UPDATE, S); }
batch_statement(A) ::= delete(S). { A = parser_nested(p, AST_DELETE, S); }

/* ---- USE, TRUNCATE, DESCRIBE ---- */

statement ::= USE ident(N). { ast_ident *s = NEW(ast_ident); *s = N; parser_done(p, AST_USE, s); }
statement ::= TRUNCATE name(T). {
    parser_done(p, AST_TRUNCATE, parser_keep_name(p, T));
}
statement ::= TRUNCATE COLUMNFAMILY name(T). {
    parser_done(p, AST_TRUNCATE, parser_keep_name(p, T));
}

statement ::= describe_word describe(D) opt_internals(I). {
    D->internals = I;
    parser_done(p, AST_DESCRIBE, D);
}
describe_word ::= DESCRIBE.
describe_word ::= DESC.
%type opt_internals {bool}
opt_internals(A) ::= .               { A = false; }
opt_internals(A) ::= WITH INTERNALS. { A = true; }
%type describe {ast_describe *}
describe(A) ::= CLUSTER.              { A = parser_describe(p, AST_DESC_CLUSTER, (ast_name){0}); }
describe(A) ::= FULL KEYSPACE. {
    A = parser_describe(p, AST_DESC_FULL_SCHEMA, (ast_name){0});
}
describe(A) ::= KEYSPACES.            { A = parser_describe(p, AST_DESC_KEYSPACES, (ast_name){0}); }
describe(A) ::= ONLY KEYSPACE opt_ident(K). {
    A = parser_describe_keyspace(p, BYTES_NULL, K);
    A->only = true;
}
describe(A) ::= KEYSPACE(W) opt_ident(K).      { A = parser_describe_keyspace(p, W, K); }
describe(A) ::= KEYSPACE(W) opt_ident(K) ONLY. {
    A = parser_describe_keyspace(p, W, K);
    A->only = true;
}
describe(A) ::= TABLES.               { A = parser_describe(p, AST_DESC_TABLES, (ast_name){0}); }
describe(A) ::= COLUMNFAMILY name(N). { A = parser_describe(p, AST_DESC_TABLE, N); }
describe(A) ::= TYPES.                { A = parser_describe(p, AST_DESC_TYPES, (ast_name){0}); }
describe(A) ::= TYPE name(N).         { A = parser_describe(p, AST_DESC_TYPE, N); }
describe(A) ::= FUNCTIONS.            { A = parser_describe(p, AST_DESC_FUNCTIONS, (ast_name){0}); }
describe(A) ::= FUNCTION name(N).     { A = parser_describe(p, AST_DESC_FUNCTION, N); }
describe(A) ::= AGGREGATES. {
    A = parser_describe(p, AST_DESC_AGGREGATES, (ast_name){0});
}
describe(A) ::= AGGREGATE name(N).    { A = parser_describe(p, AST_DESC_AGGREGATE, N); }
describe(A) ::= INDEX name(N).        { A = parser_describe(p, AST_DESC_INDEX, N); }
describe(A) ::= MATERIALIZED VIEW name(N). { A = parser_describe(p, AST_DESC_VIEW, N); }
describe(A) ::= name(N).              { A = parser_describe(p, AST_DESC_GENERIC, N); }
opt_ident(A) ::= .         { A = NO_IDENT; }
opt_ident(A) ::= ident(A).

/* ---- properties ---- */

%type properties {ast_properties}
properties(A) ::= ident(N) EQ value(V). {
    A = parser_properties(p, (ast_properties){0}, N, V);
}
properties(A) ::= properties(B) AND ident(N) EQ value(V). { A = parser_properties(p, B, N, V); }
%type value {const ast_term *}
value(A) ::= constant(A).
value(A) ::= IDENT(T).       { A = parser_keyword_value(p, T); }
value(A) ::= map_literal(A).
%type opt_properties {ast_properties}
opt_properties(A) ::= .                    { A = (ast_properties){0}; }
opt_properties(A) ::= WITH properties(X). { A = X; }

/* ---- keyspaces and tables ---- */

statement ::= CREATE KEYSPACE if_not_exists(E) ident(N) WITH properties(P). {
    ast_keyspace *s = NEW(ast_keyspace);
    *s = (ast_keyspace){.name = N, .if_not_exists = E, .properties = P};
    parser_done(p, AST_CREATE_KEYSPACE, s);
}
statement ::= ALTER KEYSPACE if_exists(E) ident(N) WITH properties(P). {
    ast_keyspace *s = NEW(ast_keyspace);
    *s = (ast_keyspace){.name = N, .if_exists = E, .properties = P};
    parser_done(p, AST_ALTER_KEYSPACE, s);
}

statement ::= CREATE COLUMNFAMILY if_not_exists(E) name(N) LP table_items(T) RP opt_options(O). {
    ast_create_table *s = NEW(ast_create_table);
    *s = (ast_create_table){.name = N, .if_not_exists = E, .columns = T->columns,
                            .primary_keys = T->primary_keys, .partition_key = T->partition_key,
                            .clustering = T->clustering, .clustering_order = O->order,
                            .compact_storage = O->compact, .properties = O->properties};
    parser_done(p, AST_CREATE_TABLE, s);
}
%type table_items {parser_table *}
table_items(A) ::= column_def(C). { A = NEW(parser_table); parser_add_column(p, A, C); }
table_items(A) ::= primary_key(K). {
    A = NEW(parser_table);
    parser_set_key(A, K);
}
table_items(A) ::= table_items(A) COMMA column_def(C).  { parser_add_column(p, A, C); }
table_items(A) ::= table_items(A) COMMA primary_key(K). { parser_set_key(A, K); }
table_items(A) ::= table_items(A) COMMA.

%type column_def {ast_column_def *}
column_def(A) ::= ident(N) type(T) opt_static(S) opt_primary(K). {
    A = NEW(ast_column_def);
    *A = (ast_column_def){N, T, S, K};
}
%type opt_static {bool}
opt_static(A) ::= .       { A = false; }
opt_static(A) ::= STATIC. { A = true; }
%type opt_primary {bool}
opt_primary(A) ::= .            { A = false; }
opt_primary(A) ::= PRIMARY KEY. { A = true; }

%type primary_key {parser_table *}
primary_key(A) ::= PRIMARY KEY LP partition_key(K) RP. {
    A = NEW(parser_table);
    A->partition_key = K;
}
primary_key(A) ::= PRIMARY KEY LP partition_key(K) COMMA idents(C) RP. {
    A = NEW(parser_table);
    A->partition_key = K;
    A->clustering = C;
}
%type partition_key {ast_idents}
partition_key(A) ::= ident(N).        { A = (ast_idents){0}; push(p, &A, N); }
partition_key(A) ::= LP idents(N) RP. { A = N; }

%type opt_options {parser_options *}
%type options {parser_options *}
opt_options(A) ::= .           { A = NEW(parser_options); }
opt_options(A) ::= options(A).
options(A) ::= option_start(A) option.
option_start(A) ::= WITH.           { A = p->options = NEW(parser_options); }
option_start(A) ::= options(A) AND.
%type option_start {parser_options *}
option ::= COMPACT STORAGE.                       { p->options->compact = true; }
option ::= CLUSTERING ORDER BY LP orders(O) RP.   { p->options->order = O; }
option ::= ident(N) EQ value(V). {
    p->options->properties = parser_properties(p, p->options->properties, N, V);
}

statement ::= ALTER COLUMNFAMILY if_exists(E) name(N) table_change(C). {
    C->name = N;
    C->if_exists = E;
    parser_done(p, AST_ALTER_TABLE, C);
}
%type table_change {ast_alter *}
table_change(A) ::= ADD if_not_exists(E) column_defs(C). {
    A = NEW(ast_alter);
    *A = (ast_alter){.what = AST_ALTER_ADD, .if_column = E, .columns = C};
}
table_change(A) ::= ADD if_not_exists(E) LP column_defs(C) RP. {
    A = NEW(ast_alter);
    *A = (ast_alter){.what = AST_ALTER_ADD, .if_column = E, .columns = C};
}
table_change(A) ::= DROP if_exists(E) dropped_columns(C) opt_delete_using(U). {
    A = NEW(ast_alter);
    *A = (ast_alter){.what = AST_ALTER_DROP, .if_column = E, .names = C, .timestamp = U};
}
table_change(A) ::= DROP COMPACT STORAGE. {
    A = NEW(ast_alter);
    A->what = AST_ALTER_DROP_COMPACT_STORAGE;
}
table_change(A) ::= type_of(A).
table_change(A) ::= rename(A).
table_change(A) ::= WITH properties(P). {
    A = NEW(ast_alter);
    *A = (ast_alter){.what = AST_ALTER_WITH, .properties = P};
}
%type column_defs {ast_column_defs}
%type added_column {ast_column_def *}
column_defs(A) ::= added_column(C). {
    A = (ast_column_defs){0};
    push(p, &A, *C);
}
column_defs(A) ::= column_defs(A) COMMA added_column(C). { push(p, &A, *C); }
added_column(A) ::= ident(N) type(T) opt_static(S). {
    A = NEW(ast_column_def);
    *A = (ast_column_def){N, T, S, false};
}
%type dropped_columns {ast_idents}
dropped_columns(A) ::= ident(N).         { A = (ast_idents){0}; push(p, &A, N); }
dropped_columns(A) ::= LP idents(N) RP.  { A = N; }
%type type_of {ast_alter *}
type_of(A) ::= ALTER if_exists(E) ident(N) TYPE type(T). {
    A = NEW(ast_alter);
    *A = (ast_alter){.what = AST_ALTER_TYPE_OF, .if_column = E};
    push(p, &A->columns, (ast_column_def){N, T, false, false});
}
%type rename {ast_alter *}
rename(A) ::= RENAME if_exists(E) ident(F) TO ident(T). {
    A = NEW(ast_alter);
    *A = (ast_alter){.what = AST_ALTER_RENAME, .if_column = E};
    push(p, &A->renames, (ast_rename){F, T});
}
rename(A) ::= rename(A) AND ident(F) TO ident(T). { push(p, &A->renames, (ast_rename){F, T}); }

/* ---- indexes, types, views, functions, triggers ---- */

statement ::= CREATE opt_custom(C) INDEX if_not_exists(E) opt_name(N) ON name(T)
              LP index_targets(I) RP opt_class(U) opt_properties(P). {
    ast_create_index *s = NEW(ast_create_index);
    *s = (ast_create_index){.custom = C, .if_not_exists = E, .name = N, .table = T, .targets = I,
                            .using_class = U, .properties = P};
    parser_done(p, AST_CREATE_INDEX, s);
}
%type opt_custom {bool}
opt_custom(A) ::= .       { A = false; }
opt_custom(A) ::= CUSTOM. { A = true; }
%type opt_name {ast_name}
opt_name(A) ::= .        { A = (ast_name){0}; }
opt_name(A) ::= name(A).
%type opt_class {bytes}
opt_class(A) ::= .                { A = BYTES_NULL; }
opt_class(A) ::= USING STRING(S). { A = parser_string(p, S); }
%type index_targets {ast_index_targets}
%type index_target {ast_index_target}
index_targets(A) ::= .                                      { A = (ast_index_targets){0}; }
index_targets(A) ::= index_target(T). {
    A = (ast_index_targets){0};
    push(p, &A, T);
}
index_targets(A) ::= index_targets(A) COMMA index_target(T). { push(p, &A, T); }
index_target(A) ::= ident(N).               { A = (ast_index_target){AST_INDEX_SIMPLE, N}; }
index_target(A) ::= VALUES(T).              {
    A = (ast_index_target){AST_INDEX_SIMPLE, parser_ident(p, T)};
}
index_target(A) ::= KEYS LP ident(N) RP.    { A = (ast_index_target){AST_INDEX_KEYS, N}; }
index_target(A) ::= VALUES LP ident(N) RP.  { A = (ast_index_target){AST_INDEX_VALUES, N}; }
index_target(A) ::= ENTRIES LP ident(N) RP. { A = (ast_index_target){AST_INDEX_ENTRIES, N}; }
index_target(A) ::= FULL LP ident(N) RP.    { A = (ast_index_target){AST_INDEX_FULL, N}; }

statement ::= CREATE TYPE if_not_exists(E) name(N) LP type_fields(F) RP. {
    ast_create_type *s = NEW(ast_create_type);
    *s = (ast_create_type){.name = N, .if_not_exists = E, .fields = F};
    parser_done(p, AST_CREATE_TYPE, s);
}
%type type_fields {ast_column_defs}
%type type_field {ast_column_def *}
type_fields(A) ::= type_field(F). {
    A = (ast_column_defs){0};
    push(p, &A, *F);
}
type_fields(A) ::= type_fields(A) COMMA type_field(F). { push(p, &A, *F); }
type_fields(A) ::= type_fields(A) COMMA.
type_field(A) ::= ident(N) type(T). {
    A = NEW(ast_column_def);
    *A = (ast_column_def){N, T, false, false};
}

statement ::= ALTER TYPE if_exists(E) name(N) type_change(C). {
    C->name = N;
    C->if_exists = E;
    parser_done(p, AST_ALTER_TYPE, C);
}
%type type_change {ast_alter *}
type_change(A) ::= ADD if_not_exists(E) type_field(F). {
    A = NEW(ast_alter);
    *A = (ast_alter){.what = AST_ALTER_ADD, .if_column = E};
    push(p, &A->columns, *F);
}
type_change(A) ::= type_of(A).
type_change(A) ::= rename(A).

statement ::= CREATE MATERIALIZED VIEW if_not_exists(E) name(N) AS SELECT select_list(L)
              FROM name(T) opt_where(W) view_key(K) opt_options(O). {
    ast_create_view *s = NEW(ast_create_view);
    *s = (ast_create_view){.name = N, .if_not_exists = E, .all = L.n == 0, .selectors = L,
                           .table = T, .where = W, .primary_keys = 1,
                           .partition_key = K->partition_key, .clustering = K->clustering,
                           .clustering_order = O->order, .compact_storage = O->compact,
                           .properties = O->properties};
    parser_done(p, AST_CREATE_VIEW, s);
}
%type view_key {parser_table *}
view_key(A) ::= primary_key(A).
statement ::= ALTER MATERIALIZED VIEW if_exists(E) name(N) WITH properties(P). {
    ast_alter *s = NEW(ast_alter);
    *s = (ast_alter){.name = N, .if_exists = E, .what = AST_ALTER_WITH, .properties = P};
    parser_done(p, AST_ALTER_VIEW, s);
}

statement ::= CREATE or_replace(R) FUNCTION if_not_exists(E) name(N) LP opt_fields(F) RP
              null_input(C) ON NULL INPUT RETURNS type(T) LANGUAGE ident(L) AS STRING(B). {
    ast_create_function *s = NEW(ast_create_function);
    *s = (ast_create_function){.name = N, .or_replace = R, .if_not_exists = E, .arguments = F,
                               .called_on_null = C, .returns = T, .language = L,
                               .body = parser_string(p, B)};
    parser_done(p, AST_CREATE_FUNCTION, s);
}
%type opt_fields {ast_column_defs}
opt_fields(A) ::= .               { A = (ast_column_defs){0}; }
opt_fields(A) ::= type_fields(A).
%type null_input {bool}
null_input(A) ::= RETURNS NULL. { A = false; }
null_input(A) ::= CALLED.       { A = true; }

statement ::= CREATE or_replace(R) AGGREGATE if_not_exists(E) name(N) LP opt_types(T) RP
              SFUNC ident(F) STYPE type(Y) opt_final(L) opt_initial(I). {
    ast_create_aggregate *s = NEW(ast_create_aggregate);
    *s = (ast_create_aggregate){.name = N, .or_replace = R, .if_not_exists = E, .arguments = T,
                                .state_function = F.name, .state_type = Y, .final_function = L.name,
                                .initial = I};
    parser_done(p, AST_CREATE_AGGREGATE, s);
}
opt_final(A) ::= .                    { A = NO_IDENT; }
opt_final(A) ::= FINALFUNC ident(X). { A = X; }
%type opt_initial {const ast_term *}
opt_initial(A) ::= .                 { A = NULL; }
opt_initial(A) ::= INITCOND term(X). { A = X; }

statement ::= CREATE TRIGGER if_not_exists(E) ident(N) ON name(T) USING STRING(S). {
    ast_create_trigger *s = NEW(ast_create_trigger);
    *s = (ast_create_trigger){.name = N, .table = T, .if_not_exists = E,
                              .using_class = parser_string(p, S)};
    parser_done(p, AST_CREATE_TRIGGER, s);
}

/* ---- DROP ---- */

statement ::= DROP KEYSPACE if_exists(E) ident(N). {
    parser_drop(p, AST_DROP_KEYSPACE, parser_name(NO_IDENT, N), E);
}
statement ::= DROP COLUMNFAMILY if_exists(E) name(N).      { parser_drop(p, AST_DROP_TABLE, N, E); }
statement ::= DROP INDEX if_exists(E) name(N).             { parser_drop(p, AST_DROP_INDEX, N, E); }
statement ::= DROP TYPE if_exists(E) name(N).              { parser_drop(p, AST_DROP_TYPE, N, E); }
statement ::= DROP MATERIALIZED VIEW if_exists(E) name(N). { parser_drop(p, AST_DROP_VIEW, N, E); }
statement ::= DROP TRIGGER if_exists(E) ident(N) ON name(T). {
    parser_drop(p, AST_DROP_TRIGGER, parser_name(NO_IDENT, N), E)->table = T;
}
statement ::= DROP FUNCTION if_exists(E) name(N) opt_signature(S). {
    ast_drop *s = parser_drop(p, AST_DROP_FUNCTION, N, E);
    s->has_arguments = S.given;
    s->arguments = S.types;
}
statement ::= DROP AGGREGATE if_exists(E) name(N) opt_signature(S). {
    ast_drop *s = parser_drop(p, AST_DROP_AGGREGATE, N, E);
    s->has_arguments = S.given;
    s->arguments = S.types;
}
statement ::= DROP role_word if_exists(E) role_name(N). {
    parser_drop(p, AST_DROP_ROLE, (ast_name){.name = N}, E);
}
%type opt_signature {parser_arguments}
opt_signature(A) ::= .                    { A = (parser_arguments){0}; }
opt_signature(A) ::= LP opt_types(T) RP.  { A = (parser_arguments){true, T}; }

/* ---- roles and permissions ---- */

%type role_word {bool}
role_word(A) ::= ROLE. { A = false; }
role_word(A) ::= USER. { A = true; }
%type role_name {bytes}
role_name(A) ::= ident(N).  { A = N.name; }
role_name(A) ::= STRING(S). { A = parser_string(p, S); }

statement ::= CREATE role_start(R). { parser_done(p, AST_CREATE_ROLE, R); }
statement ::= ALTER alter_role(R).  { parser_done(p, AST_ALTER_ROLE, R); }
%type role_start {ast_role *}
%type alter_role {ast_role *}
role_start(A) ::= create_role(A) opt_role_options.
role_start(A) ::= create_user(A) opt_password opt_superuser.
alter_role(A) ::= altered_role(A) opt_role_options.
alter_role(A) ::= altered_user(A) opt_password opt_superuser.
%type create_role {ast_role *}
%type create_user {ast_role *}
%type altered_role {ast_role *}
%type altered_user {ast_role *}
create_role(A) ::= ROLE if_not_exists(E) role_name(N). {
    A = parser_role(p, N, false);
    A->if_not_exists = E;
}
create_user(A) ::= USER if_not_exists(E) role_name(N). {
    A = parser_role(p, N, true);
    A->if_not_exists = E;
}
altered_role(A) ::= ROLE if_exists(E) role_name(N). {
    A = parser_role(p, N, false);
    A->if_exists = E;
}
altered_user(A) ::= USER if_exists(E) role_name(N). {
    A = parser_role(p, N, true);
    A->if_exists = E;
}

opt_password ::= .
opt_password ::= WITH password_word STRING(S). { p->role->password = parser_string(p, S); }
password_word ::= PASSWORD.
password_word ::= HASHED PASSWORD. { p->role->hashed = true; }
opt_superuser ::= .
opt_superuser ::= SUPERUSER.   { p->role->has_superuser = p->role->superuser = true; }
opt_superuser ::= NOSUPERUSER. { p->role->has_superuser = true; }

opt_role_options ::= .
opt_role_options ::= WITH role_options.
role_options ::= role_option.
role_options ::= role_options AND role_option.
role_option ::= password_word EQ STRING(S). { p->role->password = parser_string(p, S); }
role_option ::= OPTIONS EQ map_literal(M).  { p->role->options = M; }
role_option ::= SUPERUSER EQ boolean(B). {
    p->role->has_superuser = true;
    p->role->superuser = B;
}
role_option ::= LOGIN EQ boolean(B).        { p->role->has_login = true; p->role->login = B; }
role_option ::= ACCESS TO ALL DATACENTERS.  { p->role->access_all = true; }
role_option ::= ACCESS TO DATACENTERS LC strings(S) RC. { p->role->access = S; }
%type boolean {bool}
boolean(A) ::= TRUE.  { A = true; }
boolean(A) ::= FALSE. { A = false; }
%type strings {ast_terms}
strings(A) ::= STRING(S). {
    A = (ast_terms){0};
    push(p, &A, parser_literal(p, AST_STRING, S));
}
strings(A) ::= strings(A) COMMA STRING(S). { push(p, &A, parser_literal(p, AST_STRING, S)); }

statement ::= GRANT permissions(G) ON resource(R) TO role_name(N). {
    parser_permissions(p, AST_GRANT, G, R, N);
}
statement ::= REVOKE permissions(G) ON resource(R) FROM role_name(N). {
    parser_permissions(p, AST_REVOKE, G, R, N);
}
statement ::= GRANT role_name(R) TO role_name(G).    { parser_roles(p, AST_GRANT_ROLE, R, G); }
statement ::= REVOKE role_name(R) FROM role_name(G). { parser_roles(p, AST_REVOKE_ROLE, R, G); }
statement ::= LIST permissions(G) opt_resource(R) opt_of(N) opt_norecursive(F). {
    G->no_recursive = F;
    parser_permissions(p, AST_LIST_PERMISSIONS, G, R, N);
}
statement ::= LIST ROLES opt_of(N) opt_norecursive(F). {
    parser_roles(p, AST_LIST_ROLES, BYTES_NULL, N)->no_recursive = F;
}
statement ::= LIST USERS. { parser_roles(p, AST_LIST_ROLES, BYTES_NULL, BYTES_NULL)->users = true; }
%type opt_of {bytes}
opt_of(A) ::= .                { A = BYTES_NULL; }
opt_of(A) ::= OF role_name(X). { A = X; }
%type opt_norecursive {bool}
opt_norecursive(A) ::= .            { A = false; }
opt_norecursive(A) ::= NORECURSIVE. { A = true; }

%type permissions {ast_grant *}
%type permission_list {ast_grant *}
permissions(A) ::= ALL.              { A = NEW(ast_grant); A->all = true; }
permissions(A) ::= ALL PERMISSIONS.  { A = NEW(ast_grant); A->all = true; }
permissions(A) ::= permission_list(A).
permission_list(A) ::= permission(N) opt_permission. {
    A = NEW(ast_grant);
    push(p, &A->permissions, parser_permission(p, N));
}
permission_list(A) ::= permission_list(A) COMMA permission(N) opt_permission. {
    push(p, &A->permissions, parser_permission(p, N));
}
opt_permission ::= .
opt_permission ::= PERMISSION.
%type permission {bytes}
permission(A) ::= CREATE(A).
permission(A) ::= ALTER(A).
permission(A) ::= DROP(A).
permission(A) ::= SELECT(A).
permission(A) ::= MODIFY(A).
permission(A) ::= AUTHORIZE(A).
permission(A) ::= DESCRIBE(A).
permission(A) ::= EXECUTE(A).

%type opt_resource {const parser_resource *}
opt_resource(A) ::= .                { A = NEW(parser_resource); }
opt_resource(A) ::= ON resource(X). { A = X; }
%type resource {const parser_resource *}
resource(A) ::= ALL KEYSPACES. {
    A = parser_on(p, AST_RES_ALL_KEYSPACES, (ast_name){0}, (ast_types){0});
}
resource(A) ::= KEYSPACE ident(K). {
    A = parser_on(p, AST_RES_KEYSPACE, (ast_name){.keyspace = K.name}, (ast_types){0});
}
resource(A) ::= ALL TABLES IN KEYSPACE ident(K). {
    A = parser_on(p, AST_RES_ALL_TABLES, (ast_name){.keyspace = K.name}, (ast_types){0});
}
resource(A) ::= name(N).              { A = parser_on(p, AST_RES_TABLE, N, (ast_types){0}); }
resource(A) ::= COLUMNFAMILY name(N). { A = parser_on(p, AST_RES_TABLE, N, (ast_types){0}); }
resource(A) ::= ALL ROLES. {
    A = parser_on(p, AST_RES_ALL_ROLES, (ast_name){0}, (ast_types){0});
}
resource(A) ::= ROLE role_name(N). {
    A = parser_on(p, AST_RES_ROLE, (ast_name){.name = N}, (ast_types){0});
}
resource(A) ::= ALL FUNCTIONS. {
    A = parser_on(p, AST_RES_ALL_FUNCTIONS, (ast_name){0}, (ast_types){0});
}
resource(A) ::= ALL FUNCTIONS IN KEYSPACE ident(K). {
    A = parser_on(p, AST_RES_KEYSPACE_FUNCTIONS, (ast_name){.keyspace = K.name}, (ast_types){0});
}
resource(A) ::= FUNCTION name(N) LP opt_types(T) RP. { A = parser_on(p, AST_RES_FUNCTION, N, T); }
resource(A) ::= ALL MBEANS. {
    A = parser_on(p, AST_RES_ALL_MBEANS, (ast_name){0}, (ast_types){0});
}
resource(A) ::= MBEAN STRING(S). {
    A = parser_on(p, AST_RES_MBEAN, (ast_name){.name = parser_string(p, S)}, (ast_types){0});
}
resource(A) ::= MBEANS STRING(S). {
    A = parser_on(p, AST_RES_MBEAN, (ast_name){.name = parser_string(p, S)}, (ast_types){0});
}

%code {
/* The automaton's states alone: to ask what would have been possible. */
typedef struct automaton {
    YYACTIONTYPE state[PARSER_STACK_DEPTH + 8];
    int depth;                        /* index of the top */
} automaton;

/* Shifts token if the grammar allows it here. */
static bool automaton_shift(automaton *m, YYCODETYPE token)
{
    for (;;) {
        YYACTIONTYPE act = yy_find_shift_action(token, m->state[m->depth]);
        if (act >= YY_MIN_REDUCE) {
            unsigned rule = act - YY_MIN_REDUCE;
            m->depth += yyRuleInfoNRhs[rule];
            act = yy_find_reduce_action(m->state[m->depth], yyRuleInfoLhs[rule]);
        } else if (act > YY_MAX_SHIFTREDUCE) {
            return act == YY_ACCEPT_ACTION;
        } else {
            m->state[++m->depth] = act > YY_MAX_SHIFT ? act + YY_MIN_REDUCE - YY_MIN_SHIFTREDUCE
                                                      : act;
            return true;
        }
        if (m->depth + 1 >= PARSER_STACK_DEPTH)
            return false;
        if (act == YY_ACCEPT_ACTION)
            return token == 0;
        m->state[++m->depth] = act;
    }
}

static void automaton_copy(automaton *m, const yyParser *from)
{
    m->depth = (int)(from->yytos - from->yystack);
    for (int i = 0; i <= m->depth; i++)
        m->state[i] = from->yystack[i].stateno;
}

/* Tokens that go on with a list or an expression, or begin an optional clause: what the reader
 * must have meant to write is something else. */
static bool is_optional(int token)
{
    switch (token) {
    case TK_COMMA: case TK_DOT: case TK_LB: case TK_PLUS: case TK_MINUS: case TK_STAR:
    case TK_SLASH: case TK_PERCENT: case TK_AND: case TK_AS: case TK_USING: case TK_IF:
    case TK_SEMI: case TK_RANGE: case TK_STATIC:
        return true;
    default:
        return false;
    }
}

/* The one token that could have stood here, or -1 for none or several. */
static int expected_token(const yyParser *at)
{
    automaton start, m;
    automaton_copy(&start, at);
    int found = -1;
    bool may_qualify = false;
    for (int token = 0; token < YYNTOKEN; token++) {
        m = start;
        if (!automaton_shift(&m, (YYCODETYPE)token))
            continue;
        may_qualify |= token == TK_DOT;
        if (is_optional(token))
            continue;
        if (token == TK_APPLY)
            return token;
        if (found >= 0)
            found = -2;
        else if (found == -1)
            found = token;
    }
    /* A name that could only be a function's: that the name stands here is the error. */
    if (found < 0 || found == TK_IDENT || (found == TK_LP && may_qualify))
        return -1;
    return found;
}

/* "missing": the token at hand would fit right behind the expected one. */
static bool is_missing(const yyParser *at, int expected, int token)
{
    automaton m;
    automaton_copy(&m, at);
    if (token == 0)
        return false;
    return expected == 0 || (automaton_shift(&m, (YYCODETYPE)expected) &&
                             automaton_shift(&m, (YYCODETYPE)token));
}

static void report_syntax_error(yyParser *yypParser, int token, bytes text)
{
    parser *p = yypParser->p;
    int expected = expected_token(yypParser);
    const char *name = expected < 0 ? NULL : parser_token_name(expected);
    const char *found = token ? parser_token_text(p, text) : "<EOF>";
    if (token == 0)
        text = BYTES_NULL;
    if (!name)
        parser_no_alternative(p, text, token == 0);
    else if (is_missing(yypParser, expected, token))
        parser_fail(p, text, "missing %s at '%s'", name, found);
    else
        parser_fail(p, text, "mismatched input '%s' expecting %s", found, name);
}

void parser_run(parser *p)
{
    yyParser engine;
    bytes text;
    cql_grammarInit(&engine, p);
    int token;
    do {
        token = parser_next(p, &text);
        if (!p->failed)
            cql_grammar(&engine, token, text);
    } while (token > 0 && !p->failed);
    cql_grammarFinalize(&engine);
}
}
