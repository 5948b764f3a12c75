/* lexer.re: the tokens of CQL (re2c). See lexer.h. */
#include "cql/parse/lexer.h"

#include "grammar.h"

#pragma GCC diagnostic ignored "-Wunused-variable"

/* White space or a comment. */
enum { LEX_SKIP = -3 };

/*!re2c
    re2c:define:YYCTYPE = "uint8_t";
    re2c:define:YYCURSOR = lx->at;
    re2c:define:YYMARKER = marker;
    re2c:define:YYLIMIT = lx->end;
    re2c:yyfill:enable = 0;
    re2c:eof = 0;

    digit  = [0-9];
    hex    = [0-9a-fA-F];
    digits = digit+;
    exp    = [eE] [+-]? digits;
    unit   = 'y' | 'mo' | 'w' | 'd' | 'h' | 'm' | 's' | 'ms' | 'us' | "\xc2\xb5" 's' | 'ns';
    time   = 't' (digits 'h')? (digits 'm')? (digits 's')?;
    any    = [^];
*/

static int lex_one(lexer *lx)
{
    const uint8_t *marker = lx->at;
    /*!re2c
    [ \t\r\n]+                          { return LEX_SKIP; }
    ("--" | "//") [^\r\n]*              { return LEX_SKIP; }
    "/*" ([^*] | "*"+ [^*/])* "*"+ "/"  { return LEX_SKIP; }

    'access' { return TK_ACCESS; }
    'add' { return TK_ADD; }
    'aggregate' { return TK_AGGREGATE; }
    'aggregates' { return TK_AGGREGATES; }
    'all' { return TK_ALL; }
    'allow' { return TK_ALLOW; }
    'alter' { return TK_ALTER; }
    'and' { return TK_AND; }
    'apply' { return TK_APPLY; }
    'as' { return TK_AS; }
    'asc' { return TK_ASC; }
    'authorize' { return TK_AUTHORIZE; }
    'batch' { return TK_BATCH; }
    'begin' { return TK_BEGIN; }
    'by' { return TK_BY; }
    'called' { return TK_CALLED; }
    'cast' { return TK_CAST; }
    'cluster' { return TK_CLUSTER; }
    'clustering' { return TK_CLUSTERING; }
    'columnfamily' | 'table' { return TK_COLUMNFAMILY; }
    'compact' { return TK_COMPACT; }
    'contains' { return TK_CONTAINS; }
    'count' { return TK_COUNT; }
    'counter' { return TK_COUNTER; }
    'create' { return TK_CREATE; }
    'custom' { return TK_CUSTOM; }
    'datacenters' { return TK_DATACENTERS; }
    'default' { return TK_DEFAULT; }
    'delete' { return TK_DELETE; }
    'desc' { return TK_DESC; }
    'describe' { return TK_DESCRIBE; }
    'distinct' { return TK_DISTINCT; }
    'drop' { return TK_DROP; }
    'entries' { return TK_ENTRIES; }
    'execute' { return TK_EXECUTE; }
    'exists' { return TK_EXISTS; }
    'false' { return TK_FALSE; }
    'filtering' { return TK_FILTERING; }
    'finalfunc' { return TK_FINALFUNC; }
    'from' { return TK_FROM; }
    'full' { return TK_FULL; }
    'function' { return TK_FUNCTION; }
    'functions' { return TK_FUNCTIONS; }
    'grant' { return TK_GRANT; }
    'group' { return TK_GROUP; }
    'hashed' { return TK_HASHED; }
    'if' { return TK_IF; }
    'in' { return TK_IN; }
    'index' { return TK_INDEX; }
    'infinity' { return TK_INFINITY; }
    'initcond' { return TK_INITCOND; }
    'input' { return TK_INPUT; }
    'insert' { return TK_INSERT; }
    'internals' { return TK_INTERNALS; }
    'into' { return TK_INTO; }
    'is' { return TK_IS; }
    'json' { return TK_JSON; }
    'key' { return TK_KEY; }
    'keys' { return TK_KEYS; }
    'keyspace' | 'schema' { return TK_KEYSPACE; }
    'keyspaces' { return TK_KEYSPACES; }
    'language' { return TK_LANGUAGE; }
    'like' { return TK_LIKE; }
    'limit' { return TK_LIMIT; }
    'list' { return TK_LIST; }
    'login' { return TK_LOGIN; }
    'materialized' { return TK_MATERIALIZED; }
    'maxwritetime' { return TK_MAXWRITETIME; }
    'mbean' { return TK_MBEAN; }
    'mbeans' { return TK_MBEANS; }
    'modify' { return TK_MODIFY; }
    'nan' { return TK_NAN; }
    'nologin' { return TK_NOLOGIN; }
    'norecursive' { return TK_NORECURSIVE; }
    'nosuperuser' { return TK_NOSUPERUSER; }
    'not' { return TK_NOT; }
    'null' { return TK_NULL; }
    'of' { return TK_OF; }
    'on' { return TK_ON; }
    'only' { return TK_ONLY; }
    'options' { return TK_OPTIONS; }
    'or' { return TK_OR; }
    'order' { return TK_ORDER; }
    'partition' { return TK_PARTITION; }
    'password' { return TK_PASSWORD; }
    'per' { return TK_PER; }
    'permission' { return TK_PERMISSION; }
    'permissions' { return TK_PERMISSIONS; }
    'primary' { return TK_PRIMARY; }
    'rename' { return TK_RENAME; }
    'replace' { return TK_REPLACE; }
    'returns' { return TK_RETURNS; }
    'revoke' { return TK_REVOKE; }
    'role' { return TK_ROLE; }
    'roles' { return TK_ROLES; }
    'select' { return TK_SELECT; }
    'set' { return TK_SET; }
    'sfunc' { return TK_SFUNC; }
    'static' { return TK_STATIC; }
    'storage' { return TK_STORAGE; }
    'stype' { return TK_STYPE; }
    'superuser' { return TK_SUPERUSER; }
    'tables' { return TK_TABLES; }
    'timestamp' { return TK_TIMESTAMP; }
    'to' { return TK_TO; }
    'token' { return TK_TOKEN; }
    'trigger' { return TK_TRIGGER; }
    'true' { return TK_TRUE; }
    'truncate' { return TK_TRUNCATE; }
    'ttl' { return TK_TTL; }
    'type' { return TK_TYPE; }
    'types' { return TK_TYPES; }
    'unlogged' { return TK_UNLOGGED; }
    'unset' { return TK_UNSET; }
    'update' { return TK_UPDATE; }
    'use' { return TK_USE; }
    'user' { return TK_USER; }
    'users' { return TK_USERS; }
    'using' { return TK_USING; }
    'values' { return TK_VALUES; }
    'view' { return TK_VIEW; }
    'where' { return TK_WHERE; }
    'with' { return TK_WITH; }
    'writetime' { return TK_WRITETIME; }

    'expr('                             { return TK_EXPR; }
    "\"" ([^"] | "\"\"")* "\""          { return TK_QUOTED; }
    "'" ([^'] | "''")* "'"              { return TK_STRING; }
    "$$" ([^$] | "$" [^$])* "$$"        { return TK_STRING; }

    digits                              { return TK_INTEGER; }
    digits "." digits exp?              { return TK_FLOAT; }
    digits "." exp?                     { return TK_FLOAT; }
    digits exp                          { return TK_FLOAT; }
    digits ".."                         { lx->at -= 2; return TK_INTEGER; }
    '0x' hex*                           { return TK_BLOB; }
    hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12} { return TK_UUID; }
    (digits unit)+                      { return TK_DURATION; }
    'p' digits 'w'                      { return TK_DURATION_WORD; }
    'p' (digits 'y')? (digits 'm')? (digits 'd') time? { return TK_DURATION_WORD; }
    'p' (digits 'y')? (digits 'm') (digits 'd')? time? { return TK_DURATION_WORD; }
    'p' (digits 'y') (digits 'm')? (digits 'd')? time? { return TK_DURATION_WORD; }
    'p' 't' (digits 'h') (digits 'm')? (digits 's')?   { return TK_DURATION_WORD; }
    'p' 't' (digits 'h')? (digits 'm') (digits 's')?   { return TK_DURATION_WORD; }
    'p' 't' (digits 'h')? (digits 'm')? (digits 's')   { return TK_DURATION_WORD; }
    'p' digit{4} "-" digit{2} "-" digit{2} 't' digit{2} ":" digit{2} ":" digit{2} {
        return TK_DURATION;
    }

    /* After the durations, some of which look like words. */
    [a-zA-Z] [a-zA-Z0-9_]*              { return TK_IDENT; }

    "("  { return TK_LP; }
    ")"  { return TK_RP; }
    "["  { return TK_LB; }
    "]"  { return TK_RB; }
    "{"  { return TK_LC; }
    "}"  { return TK_RC; }
    ","  { return TK_COMMA; }
    ";"  { return TK_SEMI; }
    ":"  { return TK_COLON; }
    "."  { return TK_DOT; }
    ".." { return TK_RANGE; }
    "?"  { return TK_QMARK; }
    "="  { return TK_EQ; }
    "!=" { return TK_NE; }
    "<"  { return TK_LT; }
    "<=" { return TK_LE; }
    ">"  { return TK_GT; }
    ">=" { return TK_GE; }
    "+"  { return TK_PLUS; }
    "-"  { return TK_MINUS; }
    "*"  { return TK_STAR; }
    "/"  { return TK_SLASH; }
    "%"  { return TK_PERCENT; }
    "+=" { return TK_PLUSEQ; }
    "-=" { return TK_MINUSEQ; }

    $    { return 0; }
    *    { return LEX_BAD_CHARACTER; }
    */
}

static bool ends_operand(int token)
{
    switch (token) {
    case TK_IDENT: case TK_QUOTED: case TK_STRING: case TK_INTEGER: case TK_FLOAT: case TK_BLOB:
    case TK_UUID: case TK_DURATION: case TK_DURATION_WORD: case TK_RP: case TK_RB: case TK_RC:
    case TK_QMARK:
        return true;
    default:
        return false;
    }
}

static bool is_signable(int token)
{
    return token == TK_INTEGER || token == TK_FLOAT || token == TK_DURATION ||
           token == TK_DURATION_WORD || token == TK_NAN || token == TK_INFINITY;
}

/* A '-' that no operand precedes belongs to the number right behind it. */
static int join_sign(lexer *lx)
{
    const uint8_t *after_sign = lx->at;
    int token = lex_one(lx);
    if (is_signable(token))
        return token == TK_DURATION_WORD ? TK_DURATION : token;
    lx->at = after_sign;
    return TK_MINUS;
}

static int bad_character(lexer *lx, const uint8_t *start)
{
    bool quote = *start == '\'' || *start == '"' || *start == '$';
    if (quote && (*start != '$' || (lx->end - start > 1 && start[1] == '$')))
        return LEX_UNTERMINATED;
    lx->at = start + 1;
    while (lx->at < lx->end && (*lx->at & 0xc0) == 0x80)
        lx->at++;
    return LEX_BAD_CHARACTER;
}

int lexer_next(lexer *lx, bytes *ret_text)
{
    const uint8_t *start;
    int token;
    do {
        start = lx->at;
        token = lex_one(lx);
    } while (token == LEX_SKIP);
    if (token == TK_MINUS && !lx->after_operand)
        token = join_sign(lx);
    if (token == LEX_BAD_CHARACTER)
        token = bad_character(lx, start);
    lx->after_operand = ends_operand(token);
    *ret_text = bytes_of(start, (size_t)(lx->at - start));
    return token;
}

/* Texts of tokens only: short words, copied to get their NUL. */
int lexer_classify(bytes text)
{
    uint8_t word[32];
    if (text.n >= sizeof word)
        return TK_IDENT;
    memcpy(word, text.p, text.n);
    word[text.n] = 0;
    lexer lx = {word, word + text.n, false};
    int token = lex_one(&lx);
    return lx.at == lx.end ? token : LEX_BAD_CHARACTER;
}
