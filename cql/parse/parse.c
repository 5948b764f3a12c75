/* parse.c: cql_parse(): tokens to the grammar, errors to sentences.
 *
 * The sentences are those of the parser generator that Cassandra uses, because clients' tests and
 * users' eyes know them: "line 1:9 missing K_FROM at 'FRO'".
 */
#include "cql/parse/parser.h"
#include "grammar.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- errors ---- */

void parser_locate(bytes text, const uint8_t *at, int *ret_line, int *ret_column)
{
    *ret_line = 1;
    *ret_column = 0;
    for (const uint8_t *c = text.p; c < at; c++) {
        if (*c == '\n') {
            ++*ret_line;
            *ret_column = 0;
        } else if ((*c & 0xc0) != 0x80) {
            ++*ret_column;
        }
    }
}

/* at null: the end of the text. */
void parser_fail(parser *p, bytes at, const char *fmt, ...)
{
    if (p->failed)
        return;
    p->failed = true;
    int line = 0, column = -1;
    if (at.p)
        parser_locate(p->text, at.p, &line, &column);
    va_list ap;
    va_start(ap, fmt);
    const char *sentence = arena_vprintf(p->arena, fmt, ap);
    va_end(ap);
    err_set(p->error, ERR_SYNTAX, "line %d:%d %s", line, column, sentence);
}

const char *parser_token_text(parser *p, bytes token)
{
    uint8_t first = token.p[0];
    if (token.n >= 2 && (first == '\'' || first == '"' || (first == '$' && token.n >= 4)))
        token = parser_string(p, token);
    return arena_str(p->arena, token);
}

void parser_no_alternative(parser *p, bytes at, bool at_end)
{
    parser_fail(p, at, "no viable alternative at input '%s'",
                at_end ? "<EOF>" : parser_token_text(p, at));
}

const char *parser_token_name(int token)
{
#define R(name) [TK_##name] = "K_" #name,
#define X(name) R(name)
    static const char *const names[] = {
        [0] = "EOF",
#include "cql/parse/tokens.def"
        [TK_IDENT] = "IDENT",
        [TK_QUOTED] = "QUOTED_NAME",
        [TK_STRING] = "STRING_LITERAL",
        [TK_INTEGER] = "INTEGER",
        [TK_FLOAT] = "FLOAT",
        [TK_BLOB] = "HEXNUMBER",
        [TK_UUID] = "UUID",
        [TK_DURATION] = "DURATION",
        [TK_DURATION_WORD] = "DURATION",
        [TK_TTL_FN] = "K_TTL",
        [TK_EXPR] = "'expr('",
        [TK_LP] = "'('",
        [TK_RP] = "')'",
        [TK_LB] = "'['",
        [TK_RB] = "']'",
        [TK_LC] = "'{'",
        [TK_RC] = "'}'",
        [TK_COMMA] = "','",
        [TK_SEMI] = "';'",
        [TK_COLON] = "':'",
        [TK_DOT] = "'.'",
        [TK_RANGE] = "RANGE",
        [TK_QMARK] = "QMARK",
        [TK_EQ] = "'='",
        [TK_NE] = "'!='",
        [TK_LT] = "'<'",
        [TK_LE] = "'<='",
        [TK_GT] = "'>'",
        [TK_GE] = "'>='",
        [TK_PLUS] = "'+'",
        [TK_MINUS] = "'-'",
        [TK_STAR] = "'*'",
        [TK_SLASH] = "'/'",
        [TK_PERCENT] = "'%'",
        [TK_PLUSEQ] = "'+='",
        [TK_MINUSEQ] = "'-='",
    };
#undef X
#undef R
    size_t count = sizeof names / sizeof names[0];
    return token >= 0 && (size_t)token < count ? names[token] : NULL;
}

static bool is_unreserved(int token)
{
#define R(name)
#define X(name) [TK_##name] = true,
    static const bool unreserved[] = {
#include "cql/parse/tokens.def"
    };
#undef X
#undef R
    return token > 0 && (size_t)token < sizeof unreserved && unreserved[token];
}

/* Types of one word are keywords in Cassandra's grammar: as a property's value they may stand. */
static bool is_native_type(bytes word)
{
    static const char *const types[] = {
        "ascii",    "bigint", "blob",     "boolean", "decimal", "double", "duration", "float",
        "inet",     "int",    "smallint", "text",    "tinyint", "uuid",   "varchar",  "varint",
        "timeuuid", "date",   "time",     "map",     "frozen",  "tuple"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (bytes_eq_str(word, types[i]))
            return true;
    }
    return false;
}

const ast_term *parser_keyword_value(parser *p, bytes token)
{
    ast_ident word = parser_ident(p, token);
    if (!is_unreserved(lexer_classify(token)) && !is_native_type(word.name))
        parser_no_alternative(p, token, false);
    ast_term *t = arena_new(p->arena, ast_term);
    *t = (ast_term){.kind = AST_STRING, .depth = 1, .value = word.name, .raw = token};
    return t;
}

/* A name needs quotes in CQL: not a lower case word, or a reserved one. */
static bool needs_quotes(bytes name)
{
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool letter = c >= 'a' && c <= 'z';
        if (!letter && (i == 0 || !(c == '_' || (c >= '0' && c <= '9'))))
            return true;
    }
    int token = lexer_classify(name);
    return name.n == 0 || (token != TK_IDENT && !is_unreserved(token));
}

const char *ast_ident_text(bytes name, arena *a)
{
    if (!needs_quotes(name))
        return arena_str(a, name);
    char *quoted = arena_alloc(a, name.n * 2 + 3), *at = quoted;
    *at++ = '"';
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '"')
            *at++ = '"';
        *at++ = (char)name.p[i];
    }
    *at++ = '"';
    *at = 0;
    return quoted;
}

/* ---- tokens ---- */

static int checked_next(parser *p, bytes *ret_text)
{
    int token = lexer_next(&p->lexer, ret_text);
    if (token >= 0)
        return token;
    if (token == LEX_BAD_CHARACTER) {
        parser_fail(p, *ret_text, "no viable alternative at character '%s'",
                    arena_str(p->arena, *ret_text));
    } else {
        const char *quote = *ret_text->p == '$' ? "$$" : *ret_text->p == '"' ? "\"" : "'";
        parser_fail(p, bytes_of(p->text.p + p->text.n, 0),
                    "mismatched character '<EOF>' expecting '%s'", quote);
    }
    return -1;
}

static int peek(parser *p)
{
    if (!p->has_ahead) {
        p->ahead_token = checked_next(p, &p->ahead_text);
        p->has_ahead = true;
    }
    return p->ahead_token;
}

static bool is_comparison(int token)
{
    return token == TK_EQ || token == TK_NE || token == TK_LT || token == TK_LE || token == TK_GT ||
           token == TK_GE || token == TK_IN || token == TK_LB || token == TK_DOT;
}

/* These words are names or keywords by what follows them. */
static int settle(parser *p, int token)
{
    switch (token) {
    case TK_COUNT:
    case TK_WRITETIME:
    case TK_MAXWRITETIME:
    case TK_CAST:
    case TK_KEYS:
        return peek(p) == TK_LP ? token : TK_IDENT;
    case TK_TTL:
        return peek(p) == TK_LP ? TK_TTL_FN : token;
    case TK_COMPACT:
        return peek(p) == TK_STORAGE ? token : TK_IDENT;
    case TK_CLUSTERING:
        return peek(p) == TK_ORDER ? token : TK_IDENT;
    case TK_EXISTS:
        return is_comparison(peek(p)) ? TK_IDENT : token;
    case TK_JSON:
    case TK_DISTINCT:
        switch (peek(p)) {
        case TK_FROM:
        case TK_AS:
        case TK_COMMA:
        case TK_DOT:
        case TK_PLUS:
        case TK_SLASH:
        case TK_PERCENT:
        case TK_RP:
        case TK_EQ:
        case 0:
            return TK_IDENT;
        default:
            return token;
        }
    default:
        return token;
    }
}

int parser_next(parser *p, bytes *ret_text)
{
    int token;
    if (p->has_ahead) {
        token = p->ahead_token;
        *ret_text = p->ahead_text;
        p->has_ahead = false;
    } else {
        token = checked_next(p, ret_text);
    }
    if (!is_unreserved(token))
        return token;
    return settle(p, token);
}

/* ---- entry ---- */

/* The text followed by the NUL that the lexer wants, in the arena. */
static bytes keep_text(arena *a, bytes text)
{
    uint8_t *kept = arena_alloc(a, text.n + 1);
    if (text.n)
        memcpy(kept, text.p, text.n);
    kept[text.n] = 0;
    return bytes_of(kept, text.n);
}

int cql_parse(bytes text, arena *a, const ast_statement **ret, err_info *e)
{
    bytes kept = keep_text(a, text);
    ast_statement *statement = arena_new(a, ast_statement);
    parser p = {.arena = a,
                .error = e,
                .text = kept,
                .statement = statement,
                .lexer = {kept.p, kept.p + kept.n, false}};
    parser_run(&p);
    if (p.failed)
        return ERR_SYNTAX;
    statement->text = kept;
    statement->marker_count = p.markers.n;
    statement->marker_names = p.markers.at;
    *ret = statement;
    return 0;
}

/* ---- questions about statements ---- */

bool ast_statement_is_ddl(const ast_statement *s)
{
#define X(kind, member, type, ddl, text) [kind] = ddl,
    static const bool is_ddl[] = {AST_STATEMENTS(X)};
#undef X
    return is_ddl[s->kind];
}

const char *ast_statement_name(const ast_statement *s)
{
#define X(kind, member, type, ddl, text) [kind] = text,
    static const char *const names[] = {AST_STATEMENTS(X)};
#undef X
    return names[s->kind];
}

bool ast_statement_is_conditional(const ast_statement *s)
{
    switch (s->kind) {
    case AST_INSERT:
        return s->insert->if_not_exists;
    case AST_UPDATE:
        return s->update->if_exists || s->update->conditions.n;
    case AST_DELETE:
        return s->delete->if_exists || s->delete->conditions.n;
    case AST_BATCH:
        for (uint32_t i = 0; i < s->batch->statements.n; i++) {
            if (ast_statement_is_conditional(s->batch->statements.at[i]))
                return true;
        }
        return false;
    default:
        return false;
    }
}

void ast_place(const ast_statement *s, bytes raw, int *ret_line, int *ret_column)
{
    parser_locate(s->text, raw.p, ret_line, ret_column);
}
