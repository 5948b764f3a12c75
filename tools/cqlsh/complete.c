#include "tools/cqlsh/complete.h"

#include <strings.h>

#include "base/vec.h"

typedef vec(bytes) name_list;

static const char *const keywords[] = {"ADD",
                                       "AGGREGATE",
                                       "ALLOW FILTERING",
                                       "ALTER",
                                       "AND",
                                       "APPLY BATCH",
                                       "ASC",
                                       "AS",
                                       "BATCH",
                                       "BEGIN",
                                       "BY",
                                       "CLUSTERING ORDER BY",
                                       "CONTAINS",
                                       "COUNT",
                                       "CREATE",
                                       "DELETE",
                                       "DESC",
                                       "DISTINCT",
                                       "DROP",
                                       "EXISTS",
                                       "FROM",
                                       "FUNCTION",
                                       "GRANT",
                                       "GROUP BY",
                                       "IF",
                                       "IN",
                                       "INDEX",
                                       "INSERT",
                                       "INTO",
                                       "JSON",
                                       "KEYSPACE",
                                       "KEYSPACES",
                                       "LIMIT",
                                       "LIST",
                                       "MATERIALIZED VIEW",
                                       "NOT",
                                       "NULL",
                                       "ON",
                                       "ORDER BY",
                                       "PER PARTITION LIMIT",
                                       "PRIMARY KEY",
                                       "REPLICATION",
                                       "REVOKE",
                                       "SELECT",
                                       "SET",
                                       "STATIC",
                                       "TABLE",
                                       "TABLES",
                                       "TIMESTAMP",
                                       "TOKEN",
                                       "TRUNCATE",
                                       "TTL",
                                       "TYPE",
                                       "UNLOGGED",
                                       "UPDATE",
                                       "USE",
                                       "USING",
                                       "VALUES",
                                       "WHERE",
                                       "WITH",
                                       "WRITETIME"};

static const char tables_query[] = "SELECT keyspace_name, table_name FROM system_schema.tables";

void completions_done(completions *c)
{
    if (c->ready)
        arena_done(&c->arena);
    buf_done(&c->insert);
}

static bool continues(bytes name, bytes word)
{
    return name.n >= word.n && !strncasecmp((const char *)name.p, (const char *)word.p, word.n);
}

static size_t common(bytes a, bytes b)
{
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[n] == b.p[n])
        n++;
    return n;
}

static bool known(const completions *c, bytes name)
{
    for (size_t i = 0; i < c->n; i++)
        if (bytes_eq(c->names[i], name))
            return true;
    return false;
}

void complete_among(const bytes *names, size_t n, bytes word, completions *ret)
{
    if (!ret->ready)
        arena_init(&ret->arena, 4096);
    ret->ready = true;
    ret->names = arena_array(&ret->arena, bytes, n);
    for (size_t i = 0; i < n; i++)
        if (continues(names[i], word) && !known(ret, names[i]))
            ret->names[ret->n++] = arena_copy(&ret->arena, names[i]);
    if (ret->n == 0)
        return;
    size_t same = ret->names[0].n;
    for (size_t i = 1; i < ret->n; i++) {
        size_t here = common(ret->names[0], ret->names[i]);
        same = here < same ? here : same;
    }
    if (same > word.n)
        buf_put(&ret->insert, ret->names[0].p + word.n, same - word.n);
    if (ret->n == 1)
        buf_u8(&ret->insert, ' ');
}

/* Keyspaces, and the tables of `keyspace` unless it is null. Answers die with the next query, the
 * completion is made before. */
static void add_names(shell *s, bytes keyspace, bool keyspaces, name_list *ret)
{
    client_how how = {.cl = CL_ONE};
    client_answer a;
    err_info e;
    if (shell_query(s, bytes_str(tables_query), &how, &a, &e, false) < 0 || !a.has_rows ||
        a.rows.n_columns != 2)
        return;
    for (size_t i = 0; i < a.rows.n_rows; i++) {
        const bytes *row = &a.rows.values[2 * i];
        if (keyspaces && row[0].p)
            vec_push(ret, row[0]);
        if (keyspace.p && bytes_eq(row[0], keyspace) && row[1].p)
            vec_push(ret, row[1]);
    }
}

static void add_words(bool commands, name_list *ret)
{
    for (unsigned i = 0; i < sizeof keywords / sizeof *keywords; i++)
        vec_push(ret, bytes_str(keywords[i]));
    for (command c = 0; commands && c < COMMAND_CQL; c++)
        if (c != COMMAND_HELP_SIGN)
            vec_push(ret, bytes_str(command_word(c)));
}

static bool is_any(const lex_token *t, const char *const *words)
{
    while (*words && !lex_is(t, *words))
        words++;
    return *words;
}

void complete(shell *s, bytes line, completions *ret)
{
    static const char *const tables_after[] = {"FROM", "INTO", "UPDATE", "TABLE", "TRUNCATE", NULL};
    static const char *const keyspaces_after[] = {"USE", "KEYSPACE", NULL};
    name_list names = {0};
    lex_token t, tokens[3] = {0}; /* the last three before the word, newest first */
    bytes word = bytes_of(line.p + line.n, 0);
    for (size_t at = 0; lex_next_word(line, &at, &t);) {
        if (t.kind == LEX_WORD && at == line.n) {
            word = t.text;
            break;
        }
        tokens[2] = tokens[1];
        tokens[1] = tokens[0];
        tokens[0] = t;
    }
    if (is_any(&tokens[0], keyspaces_after))
        add_names(s, BYTES_NULL, true, &names);
    else if (is_any(&tokens[0], tables_after))
        add_names(s, s->keyspace ? bytes_str(s->keyspace) : BYTES_NULL, true, &names);
    else if (lex_is(&tokens[0], ".") && is_any(&tokens[2], tables_after))
        add_names(s, tokens[1].text, false, &names);
    else
        add_words(!tokens[0].text.p, &names);
    complete_among(names.p, names.n, word, ret);
    vec_done(&names);
}
