#include "tools/cqlsh/shell.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tools/cqlsh/limit.h"
#include "tools/cqlsh/report.h"
#include "tools/cqlsh/split.h"

void shell_init(shell *s, const options_shell *o, const volatile sig_atomic_t *interrupted)
{
    *s = (shell){.options = o,
                 .cl = CL_ONE,
                 .serial_cl = CL_SERIAL,
                 .paging = true,
                 .page_size = SHELL_PAGE_ROWS,
                 .interrupted = interrupted};
    s->format = (format_options){false, o->float_digits, o->double_digits};
    client_init(&s->client, o, interrupted);
    arena_init(&s->arena, 16 << 10);
}

void shell_done(shell *s)
{
    shell_flush(s);
    if (s->capture)
        fclose(s->capture);
    free(s->capture_name);
    free(s->keyspace);
    client_done(&s->client);
    arena_done(&s->arena);
    buf_done(&s->out);
    buf_done(&s->paging_state);
}

/* ---- what the user sees ---- */

void shell_flush(shell *s)
{
    FILE *to = s->capture ? s->capture : stdout;
    if (s->out.n)
        fwrite(s->out.p, 1, s->out.n, to);
    s->out.n = 0;
    fflush(to);
}

void shell_say(shell *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    shell_flush(s);
    vprintf(fmt, ap);
    fputs("\n", stdout);
    fflush(stdout);
    va_end(ap);
}

void shell_fail(shell *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    shell_flush(s);
    if (s->format.color)
        fputs("\033[0;1;31m", stderr);
    if (s->input)
        fprintf(stderr, "%s:%u:", s->input, s->line);
    vfprintf(stderr, fmt, ap);
    fputs(s->format.color ? "\033[0m\n" : "\n", stderr);
    s->failed = true;
    va_end(ap);
}

static void show_warnings(shell *s, const client_answer *a)
{
    if (a->n_warnings == 0)
        return;
    shell_flush(s);
    fputs("\nWarnings :\n", stderr);
    for (unsigned i = 0; i < a->n_warnings; i++)
        fprintf(stderr, "%.*s\n", (int)a->warnings[i].n, (const char *)a->warnings[i].p);
    fputs("\n", stderr);
}

void shell_show_host(shell *s)
{
    shell_say(s, "Connected to %s at %s:%d.", s->client.cluster, s->options->host,
              s->options->port);
}

void shell_show_version(shell *s)
{
    shell_say(s, "[cqlsh " SHELL_VERSION " | Cassandra %s | CQL spec %s | %s]", s->client.release,
              s->client.cql, s->client.protocol);
}

/* ---- asking the server ---- */

static int use_keyspace(shell *s, err_info *e)
{
    buf text = {0};
    client_how how = {.cl = CL_ONE};
    client_answer a;
    buf_str(&text, "USE \"");
    for (const char *p = s->keyspace; *p; p++)
        buf_put(&text, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    buf_str(&text, "\"");
    int r = client_query(&s->client, buf_view(&text), &how, &a, e);
    buf_done(&text);
    return r;
}

int shell_connect(shell *s, err_info *e)
{
    int r = client_connect(&s->client, e);
    return r == 0 && s->keyspace ? use_keyspace(s, e) : r;
}

client_how shell_how(const shell *s)
{
    return (client_how){
        .cl = s->cl, .serial_cl = s->serial_cl, .page_size = s->paging ? s->page_size : 0};
}

void shell_tell(shell *s, const client_answer *a, const err_info *e)
{
    buf text = {0};
    if (!a->from_server && s->interrupted && *s->interrupted)
        buf_str(&text, "Interrupted; the statement may still be carried out.");
    else if (!a->from_server)
        report_lost(&text, s->options->host, s->options->port, e);
    else if (s->options->thrift)
        report_thrift(&text, e);
    else
        report_native(&text, a->code, e);
    shell_fail(s, "%.*s", (int)text.n, (const char *)text.p);
    buf_done(&text);
}

int shell_query(shell *s, bytes text, const client_how *how, client_answer *ret, err_info *e,
                bool tell)
{
    *ret = (client_answer){0};
    *e = (err_info){0};
    int r = client_is_open(&s->client) ? 0 : shell_connect(s, e);
    if (r == 0)
        r = client_query(&s->client, text, how, ret, e);
    if (r < 0 && tell)
        shell_tell(s, ret, e);
    if (s->options->debug)
        fprintf(stderr, "%s:%d: %.*s: %s\n", s->options->host, s->options->port, (int)text.n,
                (const char *)text.p, r < 0 ? e->text : "ok");
    show_warnings(s, ret);
    return r;
}

static void keep_keyspace(shell *s, bytes name)
{
    free(s->keyspace);
    s->keyspace = xprintf("%.*s", (int)name.n, (const char *)name.p);
}

/* Thrift does not tell what USE chose: as CQL reads names. */
static void keep_used(shell *s, bytes text)
{
    size_t at = 0;
    lex_token t;
    if (!lex_next_word(text, &at, &t) || !lex_is(&t, "USE") || !lex_next_word(text, &at, &t))
        return;
    bool quoted = t.kind == LEX_NAME && t.text.n >= 2;
    keep_keyspace(s, quoted ? bytes_of(t.text.p + 1, t.text.n - 2) : t.text);
    char *to = s->keyspace;
    for (const char *from = to; *from; from++) {
        from += quoted && from[0] == '"' && from[1] == '"';
        *to++ = quoted || *from < 'A' || *from > 'Z' ? *from : (char)(*from | 32);
    }
    *to = 0;
}

static void run_cql(shell *s, bytes text)
{
    client_how how = shell_how(s);
    client_answer a;
    err_info e;
    bytes sent = text;
    bool limited = s->options->thrift && limit_add(text, &s->arena, &sent);
    if (shell_query(s, sent, &how, &a, &e, true) < 0)
        return;
    if (a.keyspace.p)
        keep_keyspace(s, a.keyspace);
    else if (s->options->thrift)
        keep_used(s, text);
    size_t at = 0;
    lex_token first;
    if (!a.has_rows || !lex_next_word(text, &at, &first))
        return;
    limited = limited && a.rows.n_rows == LIMIT_DEFAULT;
    shell_show(s, text, how, &a, lex_is(&first, "SELECT") || lex_is(&first, "LIST"));
    if (limited)
        shell_say(s,
                  "Default LIMIT of %d was used. Specify your own LIMIT clause to get more "
                  "results.\n",
                  LIMIT_DEFAULT);
}

void shell_statement(shell *s, bytes text, unsigned line)
{
    command_line c;
    s->line = line;
    arena_reset(&s->arena);
    command_parse(text, &s->arena, &c);
    if (c.command == COMMAND_CQL)
        run_cql(s, text);
    else if (c.improper)
        shell_fail(s, "Improper %s command.", command_word(c.command));
    else
        shell_command(s, text, &c);
    shell_flush(s);
}

/* ---- files ---- */

/* Statements end with lines, so what follows the last newline waits for more. */
static void feed(splitter *split, buf *pending, bool end)
{
    const uint8_t *newline = pending->n ? memrchr(pending->p, '\n', pending->n) : NULL;
    size_t n = end ? pending->n : newline ? (size_t)(newline - pending->p) + 1 : 0;
    if (n == 0)
        return;
    splitter_feed(split, bytes_of(pending->p, n));
    buf_shift(pending, n);
}

/* EXIT, or Ctrl-C within SOURCE. */
static bool is_stopped(const shell *s)
{
    return s->quit || (s->interrupted && *s->interrupted);
}

static void run_all(shell *s, splitter *split)
{
    split_statement st;
    while (!is_stopped(s) && splitter_next(split, &st))
        shell_statement(s, st.text, st.line);
}

static ssize_t read_more(int fd, buf *to)
{
    enum { CHUNK = 64 << 10 };
    ssize_t n;
    do
        n = read(fd, buf_reserve(to, CHUNK), CHUNK);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        to->n += (size_t)n;
    return n;
}

static void finish_file(shell *s, splitter *split, buf *pending)
{
    split_statement st;
    buf_u8(pending, '\n');
    feed(split, pending, true);
    run_all(s, split);
    if (!is_stopped(s) && splitter_rest(split, &st)) {
        s->line = st.line;
        shell_fail(s, "Incomplete statement at end of file");
    }
}

void shell_file(shell *s, int fd, const char *name)
{
    const char *input = s->input;
    splitter split = {0};
    buf pending = {0};
    ssize_t n = 0;
    s->input = name;
    while (!is_stopped(s) && (n = read_more(fd, &pending)) > 0) {
        feed(&split, &pending, false);
        run_all(s, &split);
    }
    if (n < 0)
        shell_fail(s, "%s", strerror(errno));
    finish_file(s, &split, &pending);
    s->input = input;
    buf_done(&pending);
    splitter_done(&split);
}

void shell_text(shell *s, const char *text)
{
    splitter split = {0};
    buf all = {0};
    split_statement st;
    s->input = "<stdin>";
    buf_printf(&all, "%s\n;\n", text);
    splitter_feed(&split, buf_view(&all));
    run_all(s, &split);
    if (!is_stopped(s) && splitter_rest(&split, &st)) {
        s->line = st.line;
        shell_fail(s, "Incomplete statement at end of file");
    }
    buf_done(&all);
    splitter_done(&split);
}
