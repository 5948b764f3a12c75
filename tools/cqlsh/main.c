/* cqlsh: the CQL shell. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/cqlsh/interactive.h"
#include "tools/cqlsh/report.h"

enum { STATUS_NOT_CONNECTED = 1, STATUS_FAILED = 2 };

/* A signal handler has nowhere else to leave its word. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
    (void)sig;
    interrupted = 1;
}

static void hold_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGINT, &action, NULL);
}

static void read_rc(const char *path, arena *a, options_shell *o)
{
    buf text = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;
    while (fd >= 0 && (n = read(fd, buf_reserve(&text, 4096), 4096)) > 0)
        text.n += (size_t)n;
    if (fd >= 0)
        close(fd);
    options_read_rc(arena_copy(a, buf_view(&text)), a, o);
    buf_done(&text);
}

static int read_options(int argc, char **argv, arena *a, options_shell *o, err_info *e)
{
    const char *rc = options_find_rc(argc, argv), *home = getenv("HOME");
    *o = options_shell_default;
    if (rc) {
        read_rc(rc, a, o);
    } else if (home) {
        read_rc(arena_printf(a, "%s/.cqlshrc", home), a, o);
        read_rc(arena_printf(a, "%s/.cassandra/cqlshrc", home), a, o);
    }
    options_read_environment(o, getenv("CQLSH_HOST"), getenv("CQLSH_PORT"));
    int r = options_read_arguments(argc, argv, o, e);
    if (o->port == 0)
        o->port = o->thrift ? 9160 : 9042;
    return r;
}

static int connect_shell(shell *s)
{
    const char *ks = s->options->keyspace;
    err_info e = {0};
    buf text = {0};
    s->keyspace = ks ? strdup(ks) : NULL;
    int r = shell_connect(s, &e);
    if (r < 0 && !client_is_open(&s->client))
        report_connect(&text, s->options->host, s->options->port, &e);
    else if (r < 0)
        buf_str(&text, e.text);
    if (r < 0)
        fprintf(stderr, "%.*s\n", (int)text.n, (const char *)text.p);
    buf_done(&text);
    return r;
}

static void run(shell *s)
{
    const options_shell *o = s->options;
    if (o->execute) {
        shell_text(s, o->execute);
    } else if (o->file) {
        int fd = open(o->file, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            shell_fail(s, "Can't open '%s': [Errno %d] %s", o->file, errno, strerror(errno));
        else
            shell_file(s, fd, o->file);
        if (fd >= 0)
            close(fd);
    } else if (s->tty) {
        hold_interrupts();
        interactive_run(s, &interrupted);
        s->failed = false;
    } else {
        shell_file(s, STDIN_FILENO, "<stdin>");
    }
}

static int start(const options_shell *o)
{
    shell s;
    shell_init(&s, o, &interrupted);
    s.tty = o->tty || (!o->execute && !o->file && isatty(STDIN_FILENO));
    s.format.color =
        o->color == COLOR_ALWAYS || (o->color == COLOR_AUTO && s.tty && isatty(STDOUT_FILENO));
    int status = connect_shell(&s) < 0 ? STATUS_NOT_CONNECTED : 0;
    if (status == 0)
        run(&s);
    if (s.failed)
        status = STATUS_FAILED;
    shell_done(&s);
    return status;
}

int main(int argc, char **argv)
{
    options_shell o;
    err_info e = {0};
    arena a;
    int status = 0;
    setlocale(LC_CTYPE, "C.UTF-8");
    arena_init(&a, 4096);
    if (read_options(argc, argv, &a, &o, &e) < 0) {
        fprintf(stderr, "%s\ncqlsh: error: %s\n", options_usage, e.text);
        status = STATUS_FAILED;
    } else if (o.mode == OPTIONS_HELP) {
        fputs(options_usage, stdout);
    } else if (o.mode == OPTIONS_VERSION) {
        puts("cqlsh " SHELL_VERSION);
    } else {
        status = start(&o);
    }
    arena_done(&a);
    return status;
}
