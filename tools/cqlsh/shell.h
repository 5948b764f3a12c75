/* shell.h: the session: settings, running statements, showing results.
 *
 * Owner:  embeds; shell_done().
 * Thread: one.
 * Errors: are told to the user (stderr) where they happen, and `failed` is set.
 */
#pragma once
#include <stdio.h>

#include "tools/cqlsh/client.h"
#include "tools/cqlsh/command.h"
#include "tools/cqlsh/format.h"

enum { SHELL_PAGE_ROWS = 100, SHELL_SOURCE_DEPTH = 16 };
#define SHELL_VERSION "6.1.0"

typedef struct shell {
    const options_shell *options;
    client client;
    format_options format;
    bool tty;
    char *keyspace; /* NULL: none */
    consistency cl, serial_cl;
    bool expand, paging;
    int page_size;
    FILE *capture; /* NULL: results go to stdout */
    char *capture_name;
    const char *input; /* name for errors; NULL: none is told */
    unsigned line, depth;
    bool failed, quit;
    const volatile sig_atomic_t *interrupted;
    arena arena; /* of the statement */
    buf out, paging_state;
} shell;

void shell_init(shell *s, const options_shell *o, const volatile sig_atomic_t *interrupted);
void shell_done(shell *s);
/* Connects, and uses the keyspace once more when there is one. */
int shell_connect(shell *s, err_info *e);
void shell_statement(shell *s, bytes text, unsigned line);
/* Everything of fd, to its end. */
void shell_file(shell *s, int fd, const char *name);
/* The text of -e: its last statement needs no `;`. */
void shell_text(shell *s, const char *text);

void shell_show_host(shell *s);
void shell_show_version(shell *s);

/* ---- for the files of this folder ---- */
/* A byte of the terminal: 1, 0 at its end, -1 when Ctrl-C came. */
int shell_read_key(shell *s, char *ret);
/* A line for the user, on stdout or captured; results go through `out`. */
void shell_say(shell *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void shell_flush(shell *s);
/* An error: file and line before it when not on a terminal. */
void shell_fail(shell *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Runs CQL; an error is told when `tell`. Connects again after the connection was lost. */
int shell_query(shell *s, bytes text, const client_how *how, client_answer *ret, err_info *e,
                bool tell);
void shell_tell(shell *s, const client_answer *a, const err_info *e);
client_how shell_how(const shell *s);
/* The statement's rows, page by page. */
void shell_show(shell *s, bytes text, client_how how, client_answer *answer, bool count);
void shell_command(shell *s, bytes text, const command_line *c);
void shell_describe(shell *s, bytes text, const command_line *c);
