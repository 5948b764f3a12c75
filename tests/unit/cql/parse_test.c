/* The CQL parser against tables of statements and of errors, and against nonsense.
 *
 * statements.txt and errors.txt: a statement on a line, on the next, indented, its tree (dump.h)
 * or its error.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/vec.h"
#include "tests/unit/cql/dump.h"

typedef struct example {
    char *statement;
    char *answer;
} example;

typedef vec(example) examples;

static examples statements, errors;
static arena mem;

static char *read_line(FILE *f)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n = getline(&line, &cap, f);
    if (n < 0) {
        free(line);
        return NULL;
    }
    if (n && line[n - 1] == '\n')
        line[n - 1] = 0;
    return line;
}

static void read_examples(const char *path, examples *to)
{
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(1);
    }
    example x;
    while ((x.statement = read_line(f)) && (x.answer = read_line(f)))
        vec_push(to, x);
    free(x.statement);
    fclose(f);
}

static void free_examples(examples *all)
{
    for (size_t i = 0; i < all->n; i++) {
        free(all->p[i].statement);
        free(all->p[i].answer);
    }
    vec_done(all);
}

static const ast_statement *parse(const char *text)
{
    const ast_statement *s = NULL;
    err_info e = {0};
    if (cql_parse(bytes_str(text), &mem, &s, &e) < 0)
        fail_msg("%s\n%s", text, e.text);
    return s;
}

static const char *parse_error(bytes text)
{
    const ast_statement *s;
    static err_info e;
    assert_int_equal(cql_parse(text, &mem, &s, &e), ERR_SYNTAX);
    return e.text;
}

static void test_statements(void **state)
{
    (void)state;
    assert_true(statements.n > 130);
    for (size_t i = 0; i < statements.n; i++) {
        const char *tree = dump_statement(parse(statements.p[i].statement), &mem);
        if (strcmp(tree, statements.p[i].answer + 4) != 0)
            fail_msg("%s\n is %s\n not%s", statements.p[i].statement, tree,
                     statements.p[i].answer + 3);
        arena_reset(&mem);
    }
}

static void test_errors(void **state)
{
    (void)state;
    assert_true(errors.n > 60);
    for (size_t i = 0; i < errors.n; i++) {
        const char *text = parse_error(bytes_str(errors.p[i].statement));
        if (strcmp(text, errors.p[i].answer + 4) != 0)
            fail_msg("%s\n says %s\n not %s", errors.p[i].statement, text, errors.p[i].answer);
        arena_reset(&mem);
    }
}

static void test_markers(void **state)
{
    (void)state;
    const ast_statement *s =
        parse("SELECT a FROM t WHERE b = ? AND c IN :\"Cs\" AND d = f(?) LIMIT :n");
    assert_int_equal(s->marker_count, 4);
    assert_true(bytes_is_null(s->marker_names[0]));
    assert_true(bytes_eq_str(s->marker_names[1], "Cs"));
    assert_true(bytes_is_null(s->marker_names[2]));
    assert_true(bytes_eq_str(s->marker_names[3], "n"));
    assert_int_equal(s->select->limit->marker, 3);
    assert_int_equal(parse("USE k")->marker_count, 0);
}

static void test_places(void **state)
{
    (void)state;
    int line, column;
    const ast_statement *s = parse("SELECT a,\n 'é', \"Bé\"\n  FROM ks.tab");
    ast_place(s, s->select->table.raw, &line, &column);
    assert_int_equal(line, 3);
    assert_int_equal(column, 10);
    ast_place(s, s->select->selectors.at[2].term->raw, &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 6);
    assert_string_equal(parse_error(bytes_str("SELECT *\n\n FRO t")),
                        "line 3:1 missing K_FROM at 'FRO'");
}

/* The tree lives on when the text given is gone. */
static void test_text_is_copied(void **state)
{
    (void)state;
    char text[] = "INSERT INTO t (abc) VALUES ('def')";
    const ast_statement *s = parse(text);
    memset(text, 'x', sizeof text - 1);
    assert_string_equal(dump_statement(s, &mem), "(insert t (columns abc) (values 'def'))");
}

static void test_odd_bytes(void **state)
{
    (void)state;
    const ast_statement *s;
    bytes nul_inside = BYTES_LIT("SELECT a FROM t WHERE b = 'x\0y'");
    assert_int_equal(cql_parse(nul_inside, &mem, &s, NULL), 0);
    assert_int_equal(s->select->where.at[0].value->value.n, 3);
    assert_int_equal(cql_parse(BYTES_LIT("USE a\0"), &mem, &s, NULL), ERR_SYNTAX);
    assert_int_equal(cql_parse(BYTES_LIT("USE \xff\xfe"), &mem, &s, NULL), ERR_SYNTAX);
    assert_int_equal(cql_parse(BYTES_NULL, &mem, &s, NULL), ERR_SYNTAX);
}

static char *nested(const char *before, const char *open, const char *middle, const char *close,
                    int depth, const char *after)
{
    size_t size = strlen(before) + (strlen(open) + strlen(close)) * depth + strlen(middle) +
                  strlen(after) + 1;
    char *text = arena_alloc(&mem, size), *at = stpcpy(text, before);
    for (int i = 0; i < depth; i++)
        at = stpcpy(at, open);
    at = stpcpy(at, middle);
    for (int i = 0; i < depth; i++)
        at = stpcpy(at, close);
    strcpy(at, after);
    return text;
}

static void test_nesting(void **state)
{
    (void)state;
    static const struct {
        const char *before, *open, *middle, *close, *after;
    } cases[] = {
        {"INSERT INTO t (a) VALUES (", "[", "1", "]", ")"},
        {"INSERT INTO t (a) VALUES (", "f(1, ", "1", ")", ")"},
        {"INSERT INTO t (a) VALUES (", "{1: 2, 3: ", "1", "}", ")"},
        {"INSERT INTO t (a) VALUES (", "(int)", "1", "", ")"},
        {"INSERT INTO t (a) VALUES (", "1 + ", "1", "", ")"},
        {"SELECT ", "f(", "a", ")", " FROM t"},
        {"SELECT ", "- ", "a", "", " FROM t"},
        {"SELECT a", ".b", "", "", " FROM t"},
        {"SELECT ", "(", "a", ")", " FROM t"},
        {"CREATE TABLE t (a ", "frozen<list<", "int", ">>", " PRIMARY KEY)"},
        {"SELECT * FROM t WHERE ", "(", "a = 1", ")", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        parse(nested(cases[i].before, cases[i].open, cases[i].middle, cases[i].close, 30,
                     cases[i].after));
        parse_error(bytes_str(nested(cases[i].before, cases[i].open, cases[i].middle,
                                     cases[i].close, 5000, cases[i].after)));
        arena_reset(&mem);
    }
}

/* Long lists are not deep ones. */
static void test_long_list(void **state)
{
    (void)state;
    const ast_statement *s =
        parse(nested("SELECT * FROM t WHERE a IN (", "1, ", "1", "", 20000, ")"));
    assert_int_equal(s->select->where.at[0].values.n, 20001);
}

static void test_texts(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"'it''s'", "'it's'"},
        {"{'a':1,'b':?}", "{'a': 1, 'b': ?}"},
        {"[1,2.5,-3]", "[1, 2.5, -3]"},
        {"{1,null,:x}", "{1, NULL, ?}"},
        {"{a:1,\"B\":(1,2)}", "{a: 1, \"B\": (1, 2)}"},
        {"ks.F(1,token(0xAB))", "ks.f(1, token(0xAB))"},
        {"(frozen<set<Int>>){1}", "(frozen<set<int>>){1}"},
        {"1+2*f()", "1 + 2 * f()"},
        {"-(1)", "-(1)"},
        {"CAST('1' AS ks.\"T\")", "cast('1' as ks.\"T\")"},
        {"{}", "{}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = arena_printf(&mem, "INSERT INTO t (a) VALUES (%s)", cases[i][0]);
        const ast_statement *s = parse(text);
        assert_string_equal(ast_term_text(s->insert->values.at[0], &mem), cases[i][1]);
        assert_true(bytes_eq_str(s->insert->values.at[0]->raw, cases[i][0]));
    }
}

static void test_selector_texts(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"COUNT(1)", "count(*)"},     {"writetime(a)", "writetime(a)"},
        {"TTL(\"A\")", "ttl(\"A\")"}, {"a.b['x']", "a.b['x']"},
        {"l[1..]", "l[1..]"},         {"l[..2]", "l[..2]"},
        {"max(a)+b", "max(a) + b"},   {"\"select\"", "\"select\""},
        {"\"key\"", "key"},           {"(int)a", "(int)a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ast_statement *s = parse(arena_printf(&mem, "SELECT %s FROM t", cases[i][0]));
        assert_string_equal(ast_term_text(s->select->selectors.at[0].term, &mem), cases[i][1]);
    }
}

static void test_relation_texts(void **state)
{
    (void)state;
    static const char *const relations[] = {
        "a = 1",
        "\"A\" > ?",
        "a IN (1, 2)",
        "a IN ?",
        "(a, b) IN ((1, 2), ?)",
        "token(a, b) <= 5",
        "m['k'] = 'v'",
        "a CONTAINS KEY 1",
        "a IS NOT NULL",
        "(a, b) >= (1, 2)",
        "a LIKE 'x%'",
    };
    for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++) {
        const ast_statement *s =
            parse(arena_printf(&mem, "SELECT * FROM t WHERE %s", relations[i]));
        assert_string_equal(ast_relation_text(&s->select->where.at[0], &mem), relations[i]);
    }
}

static void test_questions(void **state)
{
    (void)state;
    assert_true(ast_statement_is_ddl(parse("DROP TABLE t")));
    assert_false(ast_statement_is_ddl(parse("TRUNCATE t")));
    assert_string_equal(ast_statement_name(parse("CREATE COLUMNFAMILY t (a int PRIMARY KEY)")),
                        "CREATE TABLE");
    assert_true(ast_statement_is_conditional(parse("INSERT INTO t (a) VALUES (1) IF NOT EXISTS")));
    assert_true(ast_statement_is_conditional(
        parse("BEGIN BATCH DELETE FROM t WHERE a = 1 IF b = 1 APPLY BATCH")));
    assert_false(ast_statement_is_conditional(parse("DELETE FROM t WHERE a = 1")));
}

/* ---- nonsense ---- */

static uint32_t below(uint32_t n)
{
    static uint64_t seed = 0x2545f4914f6cdd1d;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 32) % n;
}

/* Parses from a block of exactly its size; whatever parses can be dumped. */
static void parse_any(bytes text)
{
    uint8_t *exact = malloc(text.n ? text.n : 1);
    memcpy(exact, text.p, text.n);
    const ast_statement *s;
    err_info e = {0};
    if (cql_parse(bytes_of(exact, text.n), &mem, &s, &e) == 0)
        dump_statement(s, &mem);
    else
        assert_memory_equal(e.text, "line ", 5);
    free(exact);
    arena_reset(&mem);
}

/* A random word of a random statement. */
static bytes random_word(void)
{
    const char *from = statements.p[below((uint32_t)statements.n)].statement;
    const char *at = from + below((uint32_t)strlen(from) + 1);
    while (at > from && at[-1] != ' ')
        at--;
    return bytes_of(at, strcspn(at, " "));
}

static void test_prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < statements.n; i++) {
        const char *text = statements.p[i].statement;
        for (size_t n = 0; n < strlen(text); n++)
            parse_any(bytes_of(text, n));
    }
}

static void test_soup(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[2000];
        size_t n = 0;
        for (uint32_t words = 1 + below(20); words; words--) {
            bytes w = random_word();
            if (n + w.n + 1 > sizeof text)
                break;
            memcpy(text + n, w.p, w.n);
            n += w.n;
            text[n++] = ' ';
        }
        parse_any(bytes_of(text, n));
    }
}

/* Statements with a word replaced, dropped or doubled. */
static void test_disturbed(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        const char *from = statements.p[below((uint32_t)statements.n)].statement;
        size_t length = strlen(from), cut = below((uint32_t)length), skip = below(12);
        bytes w = below(3) ? random_word() : BYTES_EMPTY;
        bytes tail =
            cut + skip < length ? bytes_of(from + cut + skip, length - cut - skip) : BYTES_EMPTY;
        uint8_t *text = arena_alloc(&mem, cut + w.n + tail.n);
        memcpy(text, from, cut);
        memcpy(text + cut, w.p, w.n);
        memcpy(text + cut + w.n, tail.p, tail.n);
        parse_any(bytes_of(text, cut + w.n + tail.n));
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    read_examples(argv[1], &statements);
    read_examples(argv[2], &errors);
    arena_init(&mem, 65536);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements),     cmocka_unit_test(test_errors),
        cmocka_unit_test(test_markers),        cmocka_unit_test(test_places),
        cmocka_unit_test(test_text_is_copied), cmocka_unit_test(test_odd_bytes),
        cmocka_unit_test(test_nesting),        cmocka_unit_test(test_long_list),
        cmocka_unit_test(test_texts),          cmocka_unit_test(test_selector_texts),
        cmocka_unit_test(test_relation_texts), cmocka_unit_test(test_questions),
        cmocka_unit_test(test_prefixes),       cmocka_unit_test(test_soup),
        cmocka_unit_test(test_disturbed),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&mem);
    free_examples(&statements);
    free_examples(&errors);
    return failed;
}
