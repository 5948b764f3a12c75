/* Statements with what they must answer, from a script:
 *
 *     > SELECT k FROM t         a statement; its answer follows, up to an empty line
 *     = 1, 'x', null            before the answer: values of the markers (prepared)
 *     k                         rows: the names, then the values, separated by " | "
 *     1
 *     = markers                 instead: prepared only; the markers as drivers see them, and
 *                               which of them make the partition key
 *     -- page                   where a page ends (@page)
 *     !ERR_INVALID part of it   an error and a part of its sentence
 *     ok | use ks | CREATED TABLE ks.t     other answers
 *     @page 2   @sleep 3 (seconds)   @flush     apply to what follows
 *
 * With CQL_SCRIPT_PRINT set it prints what was answered, to write scripts with. */
#include "base/buf.h"
#include "tests/unit/cql/node.h"

typedef struct script {
    const char *path;
    char *text;
    int32_t page_size;
    unsigned failures, line;
} script;

static void put_value(buf *b, arena *a, const type *t, bytes v)
{
    if (bytes_is_null(v))
        buf_str(b, "null");
    else
        buf_str(b, type_to_text(a, t, v, true));
}

static void put_rows(buf *b, arena *a, const cql_result *r, bool header)
{
    for (unsigned i = 0; header && i < r->n_columns; i++)
        buf_printf(b, "%s%s", i ? " | " : "", r->columns[i].name);
    if (header)
        buf_str(b, "\n");
    for (size_t k = 0; k < r->n_rows; k++) {
        for (unsigned i = 0; i < r->n_columns; i++) {
            buf_str(b, i ? " | " : "");
            put_value(b, a, r->columns[i].type, r->values[k * r->n_columns + i]);
        }
        buf_str(b, "\n");
    }
}

static void put_result(buf *b, arena *a, const cql_result *r, bool header)
{
    switch (r->kind) {
    case RESULT_VOID:
        buf_str(b, "ok\n");
        break;
    case RESULT_SET_KEYSPACE:
        buf_printf(b, "use %s\n", r->keyspace);
        break;
    case RESULT_SCHEMA_CHANGE:
        buf_printf(b, "%s %s %s%s%s\n", r->change, r->target, r->change_keyspace,
                   *r->change_name ? "." : "", r->change_name);
        break;
    case RESULT_ROWS:
        put_rows(b, a, r, header);
    }
}

/* "1, 'x', null, unset": values of the markers' types. */
static unsigned parse_values(arena *a, const statement_info *info, char *text, bytes *ret)
{
    unsigned n = 0;
    for (char *p = text; p && *p && n < info->n_markers; n++) {
        char *end = strstr(p, ", ");
        if (end)
            *end = 0;
        size_t len = strlen(p);
        bytes t = bytes_str(p);
        if (len >= 2 && p[0] == '\'' && p[len - 1] == '\'')
            t = bytes_of(p + 1, len - 2);
        err_info err = {0};
        if (!strcmp(p, "null"))
            ret[n] = BYTES_NULL;
        else if (!strcmp(p, "unset"))
            ret[n] = BYTES_UNSET;
        else if (p[0] == '#')
            ret[n] = bytes_of(p + 1, len - 1); /* raw bytes */
        else if (type_from_text(a, info->markers[n].type, t, &ret[n], &err) < 0)
            fail_msg("%s: %s", p, err.text);
        p = end ? end + 2 : NULL;
    }
    return n;
}

static int run_pages(test_node *n, script *s, statement *st, query_options *o, arena *a, buf *out,
                     err_info *err)
{
    cql_result r;
    o->page_size = s->page_size;
    for (unsigned pages = 0;; pages++) {
        int rc = cql_execute(n->q, n->e, &n->client, st, o, a, &r, err);
        if (rc < 0)
            return rc;
        put_result(out, a, &r, pages == 0);
        if (!r.paging_state.p)
            return 0;
        buf_str(out, "-- page\n");
        o->paging_state = r.paging_state;
        assert_true(pages < 1000);
    }
}

/* "a int, value(l) int; key 0" */
static void put_markers(buf *b, arena *a, const statement_info *info)
{
    for (unsigned i = 0; i < info->n_markers; i++)
        buf_printf(b, "%s%s %s", i ? ", " : "", info->markers[i].name,
                   type_cql_name(a, info->markers[i].type));
    for (unsigned i = 0; i < info->n_key; i++)
        buf_printf(b, "%s%u", i ? " " : "; key ", info->key_indexes[i]);
    buf_str(b, "\n");
}

static void run_statement(test_node *n, script *s, const char *text, char *values, buf *out)
{
    arena a;
    err_info err = {0};
    statement *st = NULL;
    query_options o = node_options();
    arena_init(&a, 4096);
    int r = cql_prepare(n->q, n->e, &n->client, bytes_str(text), &st, &err);
    if (r == 0 && values && !strcmp(values, "markers")) {
        put_markers(out, &a, statement_get_info(st));
    } else if (r == 0) {
        const statement_info *info = statement_get_info(st);
        bytes *v = arena_array(&a, bytes, info->n_markers + 1);
        o.n_values = values ? parse_values(&a, info, values, v) : 0;
        o.values = v;
        r = run_pages(n, s, st, &o, &a, out, &err);
    }
    if (r < 0) {
        assert_int_equal(r, err.code);
        buf_printf(out, "!%s %s\n", err_name(r), err.text);
    }
    statement_unref(st);
    arena_done(&a);
}

static bool matches(const char *got, const char *want)
{
    const char *space = strchr(want, ' ');
    if (*want != '!')
        return strcmp(got, want) == 0;
    if (!space)
        return strncmp(got, want, strlen(want) - 1) == 0;
    char *part = strndup(space + 1, strlen(space + 1) - 1);
    bool same = strncmp(got, want, (size_t)(space - want) + 1) == 0 && strstr(got, part);
    free(part);
    return same;
}

static void check(script *s, const char *text, const buf *got, const buf *want, unsigned line)
{
    char *g = strndup((const char *)got->p, got->n);
    char *w = strndup(want->n ? (const char *)want->p : "", want->n);
    if (getenv("CQL_SCRIPT_PRINT")) {
        printf("> %s\n%s\n", text, g);
    } else if (!matches(g, w)) {
        fprintf(stderr, "%s:%u: %s\nwanted:\n%sgot:\n%s\n", s->path, line, text, w, g);
        s->failures++;
    }
    free(g);
    free(w);
}

static void directive(test_node *n, script *s, const char *line)
{
    err_info err = {0};
    int v;
    if (sscanf(line, "@page %d", &v) == 1)
        s->page_size = v;
    else if (sscanf(line, "@sleep %d", &v) == 1)
        env_sleep_us(n->e, v * INT64_C(1000000));
    else if (!strcmp(line, "@flush"))
        assert_int_equal(storage_flush(n->storage, n->e, NULL, &err), 0);
    else
        fail_msg("%s:%u: %s", s->path, s->line, line);
}

static char *next_line(script *s, char **at)
{
    char *line = *at;
    if (!*line)
        return NULL;
    char *end = strchrnul(line, '\n');
    *at = *end ? end + 1 : end;
    *end = 0;
    s->line++;
    return line;
}

static void run_script(test_node *n, void *arg)
{
    script *s = arg;
    char *at = s->text, *line;
    while ((line = next_line(s, &at))) {
        buf text = {0}, got = {0}, want = {0};
        char *values = NULL;
        if (*line == '@') {
            directive(n, s, line);
            continue;
        }
        if (*line != '>')
            continue;
        unsigned where = s->line;
        buf_str(&text, line + 2);
        while ((line = next_line(s, &at)) && *line) {
            if (*line == '=' && line[1] == ' ')
                values = line + 2;
            else if (*line == '+' && line[1] == ' ') /* the statement goes on */
                buf_printf(&text, "\n%s", line + 2);
            else
                buf_printf(&want, "%s\n", line);
        }
        buf_u8(&text, 0);
        run_statement(n, s, (char *)text.p, values, &got);
        check(s, (char *)text.p, &got, &want, where);
        buf_done(&text);
        buf_done(&got);
        buf_done(&want);
    }
}

static void test_script(void **state)
{
    script s = {.path = *state};
    FILE *f = fopen(s.path, "r");
    assert_non_null(f);
    size_t cap = 1 << 20;
    s.text = calloc(1, cap);
    size_t n = fread(s.text, 1, cap - 1, f);
    assert_true(n > 0 && n < cap - 1);
    fclose(f);
    node_run(1, run_script, &s);
    free(s.text);
    assert_int_equal(s.failures, 0);
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[32] = {0};
    int n = 0;
    for (int i = 1; i < argc && n < 32; i++)
        tests[n++] = (struct CMUnitTest){argv[i], test_script, NULL, NULL, argv[i]};
    return _cmocka_run_group_tests("scripts", tests, (size_t)n, NULL, NULL);
}
