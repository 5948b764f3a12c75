/* describe.c: DESCRIBE, which the server answers with rows, in the shape that cqlsh gives it. */
#include <strings.h>

#include "tools/cqlsh/shell.h"

enum { SCREEN_WIDTH = 80 };

static bytes value(const client_answer *a, size_t row, const char *column)
{
    for (unsigned i = 0; i < a->rows.n_columns; i++)
        if (!strcmp(a->rows.columns[i].name, column) &&
            a->rows.values[row * a->rows.n_columns + i].p)
            return a->rows.values[row * a->rows.n_columns + i];
    return BYTES_EMPTY;
}

static void put_line(buf *out, const char *before, bytes text, const char *after)
{
    buf_str(out, before);
    buf_bytes(out, text);
    buf_str(out, after);
}

/* Names of rows [from, to) in columns. */
static void put_names(shell *s, const client_answer *a, size_t from, size_t to)
{
    bytes *names = arena_array(&s->arena, bytes, to - from);
    for (size_t i = from; i < to; i++)
        names[i - from] = value(a, i, "name");
    names_put(&s->out, names, to - from, SCREEN_WIDTH);
}

static void show_keyspaces(shell *s, const client_answer *a)
{
    buf_u8(&s->out, '\n');
    put_names(s, a, 0, a->rows.n_rows);
    buf_u8(&s->out, '\n');
}

/* The keyspaces' names stand above, unless one is in use. */
static void show_list(shell *s, const client_answer *a)
{
    for (size_t from = 0, to; from < a->rows.n_rows; from = to) {
        bytes ks = value(a, from, "keyspace_name");
        for (to = from + 1; to < a->rows.n_rows; to++)
            if (!bytes_eq(value(a, to, "keyspace_name"), ks))
                break;
        buf_u8(&s->out, '\n');
        if (!s->keyspace) {
            put_line(&s->out, "Keyspace ", ks, "\n---------");
            for (size_t i = 0; i < ks.n; i++)
                buf_u8(&s->out, '-');
            buf_u8(&s->out, '\n');
        }
        put_names(s, a, from, to);
    }
    if (a->rows.n_rows)
        buf_u8(&s->out, '\n');
}

static void put_owners(buf *out, const type *list, bytes owners)
{
    elements it;
    bytes owner;
    buf_u8(out, '[');
    if (type_is_collection(list))
        elements_open(list, owners, &it, NULL);
    for (int i = 0; type_is_collection(list) && elements_next(&it, &owner); i++)
        put_line(out, i ? ", " : "", owner, "");
    buf_str(out, "]\n");
}

static void put_ranges(buf *out, const type *t, bytes map)
{
    elements it;
    bytes token, owners;
    buf_str(out, "Range ownership:\n");
    elements_open(t, map, &it, NULL);
    while (elements_next(&it, &token) && elements_next(&it, &owners)) {
        buf_printf(out, " %39.*s  ", (int)token.n, token.p ? (const char *)token.p : "");
        put_owners(out, t->args[1], owners);
    }
    buf_u8(out, '\n');
}

static void show_cluster(shell *s, const client_answer *a)
{
    for (size_t row = 0; row < a->rows.n_rows; row++) {
        put_line(&s->out, "\nCluster: ", value(a, row, "cluster"), "\n");
        put_line(&s->out, "Partitioner: ", value(a, row, "partitioner"), "\n");
        put_line(&s->out, "Snitch: ", value(a, row, "snitch"), "\n\n");
        for (unsigned i = 0; i < a->rows.n_columns; i++)
            if (!strcmp(a->rows.columns[i].name, "range_ownership") &&
                a->rows.columns[i].type->kind == TYPE_MAP)
                put_ranges(&s->out, a->rows.columns[i].type,
                           a->rows.values[row * a->rows.n_columns + i]);
    }
}

static void show_statements(shell *s, const client_answer *a)
{
    for (size_t row = 0; row < a->rows.n_rows; row++)
        put_line(&s->out, "\n", value(a, row, "create_statement"), "\n");
}

void shell_describe(shell *s, bytes text, const command_line *c)
{
    static const struct {
        const char *what;
        void (*show)(shell *s, const client_answer *a);
    } shapes[] = {{"KEYSPACES", show_keyspaces}, {"TABLES", show_list},
                  {"COLUMNFAMILIES", show_list}, {"TYPES", show_list},
                  {"FUNCTIONS", show_list},      {"AGGREGATES", show_list},
                  {"CLUSTER", show_cluster},     {NULL, show_statements}};
    client_how how = {.cl = CL_ONE, .serial_cl = s->serial_cl};
    client_answer a;
    err_info e;
    unsigned i = 0;
    int r = shell_query(s, text, &how, &a, &e, false);
    if (r < 0 && a.from_server && e.code != ERR_SYNTAX) {
        shell_fail(s, "%s", e.text);
        return;
    }
    if (r < 0)
        shell_tell(s, &a, &e);
    while (shapes[i].what && (c->n == 0 || strcasecmp(c->words[0], shapes[i].what)))
        i++;
    if (r == 0 && a.has_rows)
        shapes[i].show(s, &a);
}
