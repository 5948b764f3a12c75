/* The scripts' statements with words swapped, doubled and dropped: any answer will do, as long as
 * errors come with a sentence and nothing breaks. Markers get short garbage. */
#include <ctype.h>

#include "tests/unit/cql/node.h"

#define STATEMENTS_MAX 1024
#define WORDS_MAX 4096

typedef struct corpus {
    arena a;
    unsigned n, n_words;
    const char *statements[STATEMENTS_MAX];
    bytes words[WORDS_MAX];
} corpus;

/* Words, numbers, quoted strings; every other sign by itself. Spaces are dropped. */
static unsigned split_words(const char *s, bytes *out, unsigned max)
{
    unsigned n = 0;
    while (*s && n < max) {
        const char *p = s;
        if (isspace((unsigned char)*s)) {
            s++;
            continue;
        }
        if (*s == '\'') {
            const char *end = strchr(s + 1, '\'');
            s = end ? end + 1 : s + 1;
        } else if (isalnum((unsigned char)*s)) {
            while (isalnum((unsigned char)*s) || *s == '_')
                s++;
        } else {
            s++;
        }
        out[n++] = bytes_of(p, (size_t)(s - p));
    }
    return n;
}

static void read_corpus(corpus *c, const char *path)
{
    FILE *f = fopen(path, "r");
    char line[4096];
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (line[0] != '>' || c->n == STATEMENTS_MAX || strstr(line, "DROP KEYSPACE"))
            continue;
        char *text = arena_str(&c->a, bytes_of(line + 2, strlen(line + 2)));
        c->statements[c->n++] = text;
        c->n_words += split_words(text, c->words + c->n_words, WORDS_MAX - c->n_words);
    }
    fclose(f);
}

static void mutate(test_node *n, const corpus *c, const char *text, buf *out)
{
    bytes words[256];
    unsigned n_words = split_words(text, words, 200);
    unsigned changes = (unsigned)sim_choose(n->sim, 4) / 2 * (1 + (unsigned)sim_choose(n->sim, 2));
    for (unsigned i = 0; i < changes && n_words; i++) {
        unsigned at = (unsigned)sim_choose(n->sim, n_words);
        bytes other =
            sim_choose(n->sim, 4) ? c->words[sim_choose(n->sim, c->n_words)] : BYTES_LIT("?");
        switch (sim_choose(n->sim, 4)) {
        case 0:
            memmove(words + at, words + at + 1, (n_words - at - 1) * sizeof *words);
            n_words--;
            break;
        case 1:
            memmove(words + at + 1, words + at, (n_words - at) * sizeof *words);
            n_words++;
            break;
        default:
            words[at] = other;
        }
    }
    for (unsigned i = 0; i < n_words; i++) {
        buf_bytes(out, words[i]);
        buf_u8(out, ' ');
    }
}

static bool run_one(test_node *n, bytes text)
{
    static const uint8_t garbage[64] = {0, 0, 0, 1, 0, 0, 0, 2, 'a', 'b', 0xff};
    arena a;
    err_info err = {0};
    statement *s;
    cql_result r;
    arena_init(&a, 4096);
    int rc = cql_prepare(n->q, n->e, &n->client, text, &s, &err);
    if (rc == 0) {
        query_options o = node_options();
        o.n_values = statement_get_info(s)->n_markers;
        bytes *values = arena_array(&a, bytes, o.n_values + 1);
        static const size_t sizes[] = {0, 1, 4, 4, 8, 12, 16};
        for (unsigned i = 0; i < o.n_values; i++) {
            uint64_t k = sim_choose(n->sim, 9);
            values[i] = k == 7 ? BYTES_NULL : k == 8 ? BYTES_UNSET : bytes_of(garbage, sizes[k]);
        }
        o.values = values;
        o.page_size = (int32_t)sim_choose(n->sim, 3);
        rc = cql_execute(n->q, n->e, &n->client, s, &o, &a, &r, &err);
        statement_unref(s);
    }
    if (rc < 0) {
        assert_int_equal(rc, err.code);
        assert_true(err.text[0] != 0);
        if (rc == ERR_SERVER || rc == ERR_CORRUPT)
            fail_msg("%.*s: %s", (int)text.n, text.p, err.text);
    }
    arena_done(&a);
    return rc == 0;
}

static void run(test_node *n, void *arg)
{
    corpus *c = arg;
    unsigned done = 0, all = 0;
    for (unsigned round = 0; round < 30; round++) {
        for (unsigned i = 0; i < c->n; i++) {
            buf b = {0};
            strcpy(n->client.keyspace, "ks");
            mutate(n, c, c->statements[i], &b);
            done += run_one(n, buf_view(&b));
            all++;
            buf_done(&b);
        }
    }
    assert_true(done > all / 6); /* enough of them mean something */
}

static int paths_n;
static char **paths;

static void test_mutations(void **state)
{
    (void)state;
    corpus *c = calloc(1, sizeof *c);
    arena_init(&c->a, 64 << 10);
    for (int i = 0; i < paths_n; i++)
        read_corpus(c, paths[i]);
    assert_true(c->n > 20);
    node_run(1, run, c);
    arena_done(&c->a);
    free(c);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutations)};
    paths_n = argc - 1;
    paths = argv + 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
