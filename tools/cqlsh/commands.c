/* commands.c: what the shell does itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tools/cqlsh/shell.h"

/* "~/x" is in the home directory. */
static char *expand_path(arena *a, const char *path)
{
    const char *home = getenv("HOME");
    return path[0] == '~' && path[1] == '/' && home ? arena_printf(a, "%s%s", home, path + 1)
                                                    : arena_strdup(a, path);
}

/* ---- HELP ---- */

static void help_topic(shell *s, const char *topic)
{
    command c = command_find(topic);
    if (c < COMMAND_CQL)
        shell_say(s, "\n%s\n", command_help(c));
    else
        shell_say(s,
                  "\n%s is a statement of CQL, or unknown; see the reference of CQL at\n"
                  "https://cassandra.apache.org/doc/latest/cassandra/developing/cql/\n",
                  topic);
}

static void help(shell *s, const command_line *c)
{
    for (unsigned i = 0; i < c->n; i++)
        help_topic(s, c->words[i]);
    if (c->n)
        return;
    shell_say(s, "\nCommands of the shell (HELP <command> tells more):\n"
                 "==================================================");
    bytes names[COMMAND_CQL];
    size_t n = 0;
    for (command i = 0; i < COMMAND_CQL; i++)
        if (i != COMMAND_HELP_SIGN)
            names[n++] = bytes_str(command_word(i));
    names_put(&s->out, names, n, 80);
    shell_flush(s);
    shell_say(s, "\nEverything else is CQL and ends with a semicolon.\n");
}

/* ---- settings ---- */

static void set_level(shell *s, const char *what, const char *word, bool serial, consistency *level)
{
    consistency cl;
    if (!word) {
        shell_say(s, "Current %sconsistency level is %s.", serial ? "serial " : "",
                  consistency_name(*level));
    } else if (!consistency_from_name(word, &cl) || (serial && !consistency_is_serial(cl))) {
        shell_fail(s, "Improper %s command: '%s' is not a level for it.", what, word);
    } else {
        *level = cl;
        shell_say(s, "%s level set to %s.", serial ? "Serial consistency" : "Consistency",
                  consistency_name(cl));
    }
}

static void serial_consistency(shell *s, const command_line *c)
{
    if (strcasecmp(c->words[0], "CONSISTENCY"))
        shell_fail(s, "Improper SERIAL command.");
    else
        set_level(s, "SERIAL CONSISTENCY", c->n > 1 ? c->words[1] : NULL, true, &s->serial_cl);
}

/* ON and OFF; false: another word. */
static bool set_switch(shell *s, const char *what, const char *name, const char *word, bool *state)
{
    if (!word && *state)
        shell_say(s, "%s is currently enabled. Use %s OFF to disable", what, name);
    else if (!word)
        shell_say(s, "%s is currently disabled. Use %s ON to enable.", what, name);
    else if (!strcasecmp(word, "ON") && *state)
        shell_fail(s, "%s is already enabled. Use %s OFF to disable.", what, name);
    else if (!strcasecmp(word, "OFF") && !*state)
        shell_fail(s, "%s is not enabled.", what);
    else if (!strcasecmp(word, "ON") || !strcasecmp(word, "OFF")) {
        *state = !*state;
        shell_say(s, *state ? "Now %s is enabled" : "Disabled %s.", what);
    } else
        return false;
    return true;
}

static void expand(shell *s, const command_line *c)
{
    if (!set_switch(s, "Expanded output", "EXPAND", c->n ? c->words[0] : NULL, &s->expand))
        shell_fail(s, "Improper EXPAND command.");
}

static void paging(shell *s, const command_line *c)
{
    const char *word = c->n ? c->words[0] : NULL;
    if (!set_switch(s, "Query paging", "PAGING", word, &s->paging)) {
        char *end;
        long n = strtol(word, &end, 10);
        if (*end || n < 1 || n > 1000000) {
            shell_fail(s, "Improper PAGING command.");
            return;
        }
        s->paging = true;
        s->page_size = (int)n;
    }
    if (s->paging)
        shell_say(s, "Page size: %d", s->page_size);
    else
        s->page_size = SHELL_PAGE_ROWS;
}

/* ---- files ---- */

static void source(shell *s, const command_line *c)
{
    char *path = expand_path(&s->arena, c->words[0]);
    if (s->depth >= SHELL_SOURCE_DEPTH) {
        shell_fail(s, "Could not open '%s': too many files within files", path);
        return;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        shell_fail(s, "Could not open '%s': [Errno %d] %s", path, errno, strerror(errno));
        return;
    }
    /* The file's statements use the arena that path is in. */
    char *name autofree = xstrdup(path);
    bool tty = s->tty;
    unsigned line = s->line;
    s->depth++;
    s->tty = false;
    shell_file(s, fd, name);
    s->tty = tty;
    s->line = line;
    s->depth--;
    s->quit = false;
    close(fd);
}

static void stop_capture(shell *s)
{
    if (s->capture && fclose(s->capture))
        shell_fail(s, "Could not write '%s': %s", s->capture_name, strerror(errno));
    s->capture = NULL;
    free(s->capture_name);
    s->capture_name = NULL;
}

static void capture(shell *s, const command_line *c)
{
    const char *word = c->n ? c->words[0] : NULL;
    if (!word && s->capture)
        shell_say(s, "Currently capturing query output to '%s'.", s->capture_name);
    else if (!word || (!strcasecmp(word, "OFF") && !s->capture))
        shell_say(s, "Not currently capturing query output.");
    else if (!strcasecmp(word, "OFF"))
        stop_capture(s);
    else if (s->capture)
        shell_fail(s, "Already capturing output to %s. Use CAPTURE OFF to disable.",
                   s->capture_name);
    else {
        char *path = expand_path(&s->arena, word);
        s->capture = fopen(path, "ae");
        if (!s->capture) {
            shell_fail(s, "Could not open '%s' for append: %s", path, strerror(errno));
            return;
        }
        s->capture_name = xstrdup(path);
        shell_say(s, "Now capturing query output to '%s'.", path);
    }
}

static void show(shell *s, const command_line *c)
{
    if (c->n == 1 && !strcasecmp(c->words[0], "VERSION"))
        shell_show_version(s);
    else if (c->n == 1 && !strcasecmp(c->words[0], "HOST"))
        shell_show_host(s);
    else if (!strcasecmp(c->words[0], "SESSION"))
        shell_fail(s, "SHOW SESSION is not supported yet.");
    else
        shell_fail(s, "Improper SHOW command.");
}

static void clear(shell *s)
{
    if (s->tty)
        shell_say(s, "\033[H\033[2J");
}

void shell_command(shell *s, bytes text, const command_line *c)
{
    switch (c->command) {
    case COMMAND_HELP:
    case COMMAND_HELP_SIGN:
        help(s, c);
        break;
    case COMMAND_CONSISTENCY:
        set_level(s, "CONSISTENCY", c->n ? c->words[0] : NULL, false, &s->cl);
        break;
    case COMMAND_SERIAL:
        serial_consistency(s, c);
        break;
    case COMMAND_DESCRIBE:
    case COMMAND_DESC:
        if (c->n)
            shell_describe(s, text, c);
        else
            shell_fail(s, "Improper %s command.", command_word(c->command));
        break;
    case COMMAND_EXPAND:
        expand(s, c);
        break;
    case COMMAND_PAGING:
        paging(s, c);
        break;
    case COMMAND_SOURCE:
        source(s, c);
        break;
    case COMMAND_CAPTURE:
        capture(s, c);
        break;
    case COMMAND_SHOW:
        show(s, c);
        break;
    case COMMAND_CLEAR:
    case COMMAND_CLS:
        clear(s);
        break;
    case COMMAND_EXIT:
    case COMMAND_QUIT:
        s->quit = true;
        break;
    case COMMAND_TRACING:
    case COMMAND_LOGIN:
    case COMMAND_COPY:
    case COMMAND_CQL:
        shell_fail(s, "%s is not supported yet.", command_word(c->command));
        break;
    }
}
