/* cqlsh: where statements end, what words they have, the default LIMIT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the above first */
#include <cmocka.h>
#include <stdlib.h>

#include "tools/cqlsh/command.h"
#include "tools/cqlsh/limit.h"
#include "tools/cqlsh/split.h"

/* All statements of a text, as "line:text|line:text|"; what is left over after "...". */
static void split_all(const char *text, size_t step, buf *out)
{
    splitter s = {0};
    split_statement st;
    size_t n = strlen(text);
    for (size_t at = 0, end; at < n; at = end) {
        const char *newline = at + step < n ? strchr(text + at + step, '\n') : NULL;
        end = newline ? (size_t)(newline - text) + 1 : n;
        splitter_feed(&s, bytes_of(text + at, end - at));
        while (splitter_next(&s, &st))
            buf_printf(out, "%u:%.*s|", st.line, (int)st.text.n, (const char *)st.text.p);
    }
    if (splitter_rest(&s, &st))
        buf_printf(out, "...%.*s", (int)st.text.n, (const char *)st.text.p);
    buf_u8(out, 0);
    splitter_done(&s);
}

/* The same whether lines come one by one, a few at a time, or all together. */
static void expect(const char *text, const char *statements)
{
    static const size_t steps[] = {0, 10, 100000};
    for (unsigned i = 0; i < 3; i++) {
        buf out = {0};
        split_all(text, steps[i], &out);
        assert_string_equal((const char *)out.p, statements);
        buf_done(&out);
    }
}

static void semicolons(void **state)
{
    (void)state;
    expect("select 1; select 2;\nselect\n 3;\n", "1:select 1;|1:select 2;|3:select\n 3;|");
    expect(";;\n ; use a;", "2:use a;|");
    expect("select 1", "...select 1");
    expect("  \n\n", "");
    expect("", "");
}

static void quotes(void **state)
{
    (void)state;
    expect("insert into t values ('a;b''; c');\n", "1:insert into t values ('a;b''; c');|");
    expect("select \"a;\"\";\" from t;", "1:select \"a;\"\";\" from t;|");
    expect("create function f as $$ return 'a; $$; x;",
           "1:create function f as $$ return 'a; $$;|1:x;|");
    expect("insert 'one\ntwo;\n' x;\ny;", "3:insert 'one\ntwo;\n' x;|4:y;|");
    expect("insert 'one\ntwo;\n", "...insert 'one\ntwo;\n");
}

static void comments(void **state)
{
    (void)state;
    expect("-- a; b\nselect 1; // c;\n/* d; \n e; */ select 2;", "2:select 1;|4:select 2;|");
    expect("select -- it's\n 1;", "2:select -- it's\n 1;|");
    expect("select /* ' */ 1;", "1:select /* ' */ 1;|");
    expect("/* open; \n", "");
}

static void batches(void **state)
{
    (void)state;
    expect("BEGIN BATCH insert a; insert b;\n APPLY BATCH; select 1;",
           "2:BEGIN BATCH insert a; insert b;\n APPLY BATCH;|2:select 1;|");
    expect("begin unlogged batch update t; apply\nbatch;x;",
           "2:begin unlogged batch update t; apply\nbatch;|2:x;|");
    expect("begin batch a; b;", "...begin batch a; b;");
}

static void own_commands(void **state)
{
    (void)state;
    expect("help\nselect 1;\n", "1:help|2:select 1;|");
    expect("Desc table ks.\"T;\"; select 1;\n", "1:Desc table ks.\"T;\"|1:select 1;|");
    expect("? consistency\nEXIT", "1:? consistency|...EXIT");
    expect("use\nks;\n", "2:use\nks;|");
    expect("consistency -- which\nquorum;", "1:consistency -- which|2:quorum;|");
}

/* Whatever comes in whatever pieces: every byte of a statement is in order and none is twice. */
static void any_text(void **state)
{
    (void)state;
    static const char *const parts[] = {"select ", "'",  "\"", "$$",     ";",      "\n",
                                        "-- ",     "/*", "*/", "begin ", "apply ", "batch",
                                        "desc ",   "x",  "\\", "\x80"};
    srand(42);
    for (int round = 0; round < 3000; round++) {
        char text[256] = "";
        for (int i = rand() % 24; i > 0; i--)
            strcat(text, parts[rand() % 16]);
        buf one = {0}, all = {0};
        split_all(text, 0, &one);
        split_all(text, 100000, &all);
        assert_string_equal((const char *)one.p, (const char *)all.p);
        buf_done(&one);
        buf_done(&all);
    }
}

/* ---- commands ---- */

static void expect_command(const char *text, command c, unsigned n, const char *last, bool improper)
{
    arena a;
    command_line line;
    arena_init(&a, 256);
    command_parse(bytes_str(text), &a, &line);
    assert_int_equal(line.command, c);
    assert_int_equal(line.improper, improper);
    assert_int_equal(line.n, n);
    if (last)
        assert_string_equal(line.words[n - 1], last);
    arena_done(&a);
}

static void commands(void **state)
{
    (void)state;
    expect_command("consistency", COMMAND_CONSISTENCY, 0, NULL, false);
    expect_command("CONSISTENCY local_quorum ;", COMMAND_CONSISTENCY, 1, "local_quorum", false);
    expect_command("consistency a b", COMMAND_CONSISTENCY, 2, "b", true);
    expect_command("source 'it''s; x'", COMMAND_SOURCE, 1, "it's; x", false);
    expect_command("source ''", COMMAND_SOURCE, 1, "", false);
    expect_command("source", COMMAND_SOURCE, 0, NULL, true);
    expect_command("desc table \"Ks\".t", COMMAND_DESC, 4, "t", false);
    expect_command("? x", COMMAND_HELP_SIGN, 1, "x", false);
    expect_command("COPY t (a, b) FROM 'x.csv';", COMMAND_COPY, 8, "x.csv", false);
    expect_command("select * from t", COMMAND_CQL, 0, NULL, false);
    expect_command("\"help\"", COMMAND_CQL, 0, NULL, false);
    expect_command("", COMMAND_CQL, 0, NULL, false);
}

/* ---- LIMIT ---- */

static void expect_limit(const char *text, const char *limited)
{
    arena a;
    bytes out;
    arena_init(&a, 256);
    assert_int_equal(limit_add(bytes_str(text), &a, &out), limited != NULL);
    if (limited)
        assert_string_equal((const char *)out.p, limited);
    arena_done(&a);
}

static void limits(void **state)
{
    (void)state;
    expect_limit("select * from t;", "select * from t LIMIT 10000;");
    expect_limit("SELECT * FROM t -- all\n ;", "SELECT * FROM t LIMIT 10000 -- all\n ;");
    expect_limit("select * from t where a = 'limit' allow filtering",
                 "select * from t where a = 'limit' LIMIT 10000 allow filtering");
    expect_limit("select * from t per partition limit 3;",
                 "select * from t per partition limit 3 LIMIT 10000;");
    expect_limit("select * from t Limit 5;", NULL);
    expect_limit("insert into t values (1);", NULL);
    expect_limit("select", "select LIMIT 10000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(semicolons), cmocka_unit_test(quotes),       cmocka_unit_test(comments),
        cmocka_unit_test(batches),    cmocka_unit_test(own_commands), cmocka_unit_test(any_text),
        cmocka_unit_test(commands),   cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests_name("cqlsh split", tests, NULL, NULL);
}
