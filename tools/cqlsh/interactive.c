#include "tools/cqlsh/interactive.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "base/alloc.h"
#include "tools/cqlsh/complete.h"
#include "tools/cqlsh/split.h"

enum { HISTORY_LINES = 1000 };

typedef struct terminal {
    shell *shell;
    splitter split;
    EditLine *el; /* NULL: input is not a terminal (-t), or a dumb one */
    History *history;
    char *history_file; /* NULL: nowhere to keep it */
    char prompt[256];
    volatile sig_atomic_t *interrupted;
} terminal;

/* SIGINT is held back but here and while waiting for the server: it never comes unseen. */
int shell_read_key(shell *s, char *ret)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t signals;
    sigemptyset(&signals);
    while (ppoll(&p, 1, NULL, &signals) < 0)
        if (errno != EINTR || (s->interrupted && *s->interrupted))
            return -1;
    ssize_t n = read(STDIN_FILENO, ret, 1);
    return n > 0;
}

static terminal *terminal_of(EditLine *el)
{
    void *t = NULL;
    el_get(el, EL_CLIENTDATA, &t);
    return t;
}

/* "cqlsh:ks> ", and within a statement dots below it. */
static void make_prompt(terminal *t)
{
    const char *ks = t->shell->keyspace;
    if (t->split.words == 0 && !t->split.open)
        snprintf(t->prompt, sizeof t->prompt, ks ? "cqlsh:%.200s> " : "cqlsh> ", ks);
    else
        snprintf(t->prompt, sizeof t->prompt, "%*s", ks ? (int)strnlen(ks, 200) + 8 : 7, "... ");
}

static char *show_prompt(EditLine *el)
{
    return terminal_of(el)->prompt;
}

/* One character of UTF-8; -1 when a signal came, so that Ctrl-C ends the line. */
static int get_char(EditLine *el, wchar_t *ret)
{
    terminal *t = terminal_of(el);
    mbstate_t state = {0};
    for (;;) {
        char c;
        int n = shell_read_key(t->shell, &c);
        if (n <= 0)
            return n;
        size_t r = mbrtowc(ret, &c, 1, &state);
        if (r == (size_t)-1) {
            *ret = L'?';
            return 1;
        }
        if (r != (size_t)-2)
            return 1;
    }
}

static bool is_blank(bytes s)
{
    size_t n = 0;
    while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
        n++;
    return n == s.n;
}

/* The word before the cursor grows as far as all its completions agree; several are listed. */
static unsigned char complete_word(EditLine *el, int key)
{
    (void)key;
    terminal *t = terminal_of(el);
    const LineInfo *line = el_line(el);
    completions c = {0};
    bytes before = bytes_of(line->buffer, (size_t)(line->cursor - line->buffer));
    if (is_blank(before)) /* indentation, perhaps of a pasted text */
        return el_insertstr(el, "    ") < 0 ? CC_ERROR : CC_REFRESH;
    complete(t->shell, before, &c);
    unsigned char r = CC_ERROR;
    if (c.insert.n) {
        buf_u8(&c.insert, 0);
        r = el_insertstr(el, (const char *)c.insert.p) < 0 ? CC_ERROR : CC_REFRESH;
    } else if (c.n > 1) {
        fputs("\n", stdout);
        names_put(&t->shell->out, c.names, c.n, 80);
        shell_flush(t->shell);
        r = CC_REDISPLAY;
    }
    completions_done(&c);
    return r;
}

static char *find_history(void)
{
    const char *home = getenv("HOME");
    if (!home)
        return NULL;
    char *dir autofree = xprintf("%s/.cassandra", home);
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return NULL;
    return xprintf("%s/cqlsh_history", dir);
}

static void open_editor(terminal *t)
{
    HistEvent event;
    if (!isatty(STDIN_FILENO))
        return;
    t->el = el_init("cqlsh", stdin, stdout, stderr);
    t->history = history_init();
    if (!t->el || !t->history)
        return;
    history(t->history, &event, H_SETSIZE, HISTORY_LINES);
    history(t->history, &event, H_SETUNIQUE, 1);
    t->history_file = find_history();
    if (t->history_file)
        history(t->history, &event, H_LOAD, t->history_file);
    el_set(t->el, EL_CLIENTDATA, t);
    el_set(t->el, EL_PROMPT, show_prompt);
    el_set(t->el, EL_EDITOR, "emacs");
    el_set(t->el, EL_HIST, history, t->history);
    el_set(t->el, EL_GETCFN, get_char);
    el_set(t->el, EL_ADDFN, "cql-complete", "completes the word", complete_word);
    el_set(t->el, EL_BIND, "^I", "cql-complete", NULL);
    el_set(t->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(t->el, NULL);
}

static void close_editor(terminal *t)
{
    HistEvent event;
    if (t->history_file)
        history(t->history, &event, H_SAVE, t->history_file);
    if (t->history)
        history_end(t->history);
    if (t->el)
        el_end(t->el);
    free(t->history_file);
}

/* A line with its newline into *line; 0 at the end, -1 when Ctrl-C came. */
static int read_plain(terminal *t, buf *line)
{
    char c = 0;
    fputs(t->prompt, stdout);
    fflush(stdout);
    while (c != '\n') {
        int n = shell_read_key(t->shell, &c);
        if (n < 0)
            return -1;
        if (n == 0)
            return line->n > 0;
        buf_u8(line, (uint8_t)c);
    }
    return 1;
}

static int read_line(terminal *t, buf *line)
{
    int n = 0;
    HistEvent event;
    line->n = 0;
    make_prompt(t);
    if (!t->el)
        return read_plain(t, line);
    /* Before the prompt shows: what is typed at once must meet the editor, not the line discipline.
     */
    el_set(t->el, EL_PREP_TERM, 1);
    const char *text = el_gets(t->el, &n);
    if (*t->interrupted)
        return -1;
    if (!text || n <= 0)
        return 0;
    buf_put(line, text, (size_t)n);
    if (n > 1)
        history(t->history, &event, H_ENTER, text);
    return 1;
}

static void drop_statement(terminal *t)
{
    *t->interrupted = 0;
    splitter_reset(&t->split);
    fputs("^C\n", stdout);
}

static void run_line(terminal *t, const buf *line)
{
    split_statement st;
    splitter_feed(&t->split, buf_view(line));
    while (!t->shell->quit && splitter_next(&t->split, &st)) {
        shell_statement(t->shell, st.text, st.line);
        *t->interrupted = 0;
    }
}

void interactive_run(shell *s, volatile sig_atomic_t *interrupted)
{
    terminal t = {.shell = s, .interrupted = interrupted};
    buf line = {0};
    shell_show_host(s);
    shell_show_version(s);
    shell_say(s, "Use HELP for help.");
    open_editor(&t);
    while (!s->quit) {
        int r = read_line(&t, &line);
        if (r < 0) {
            drop_statement(&t);
        } else if (r == 0) {
            fputs("\n", stdout);
            break;
        } else {
            run_line(&t, &line);
        }
    }
    close_editor(&t);
    splitter_done(&t.split);
    buf_done(&line);
}
