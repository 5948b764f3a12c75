#include "tools/cqlsh/command.h"

#include <strings.h>

static const struct {
    const char *word;
    bool line;
    unsigned least, most;
    const char *help;
} commands[] = {
#define X(name, word, line, least, most, help) {word, line, least, most, help},
    COMMANDS(X)
#undef X
};

const char *command_word(command c)
{
    return commands[c].word;
}

const char *command_help(command c)
{
    return commands[c].help;
}

command command_find(const char *word)
{
    command c = 0;
    while (c < COMMAND_CQL && strcasecmp(commands[c].word, word))
        c++;
    return c;
}

static command find(const lex_token *t)
{
    command c = 0;
    while (c < COMMAND_CQL && !lex_is(t, commands[c].word))
        c++;
    return c;
}

bool command_is_own(const lex_token *first)
{
    command c = find(first);
    return c < COMMAND_CQL && commands[c].line;
}

static char *word_of(arena *a, const lex_token *t)
{
    char *s = arena_str(a, t->text), *to = s;
    if (t->kind != LEX_STRING || s[0] != '\'')
        return s;
    for (const char *from = s + 1; *from && !(from[0] == '\'' && from[1] != '\''); from++) {
        from += *from == '\'';
        *to++ = *from;
    }
    *to = 0;
    return s;
}

static unsigned count_words(bytes text)
{
    size_t at = 0;
    unsigned n = 0;
    lex_token t;
    while (lex_next_word(text, &at, &t))
        n++;
    return n;
}

void command_parse(bytes statement, arena *a, command_line *ret)
{
    size_t at = 0;
    lex_token t;
    *ret = (command_line){.command = COMMAND_CQL};
    if (!lex_next_word(statement, &at, &t) || (ret->command = find(&t)) == COMMAND_CQL)
        return;
    ret->words = arena_array(a, char *, count_words(statement));
    while (lex_next_word(statement, &at, &t) && !lex_is(&t, ";"))
        ret->words[ret->n++] = word_of(a, &t);
    ret->improper = ret->n < commands[ret->command].least || ret->n > commands[ret->command].most;
}
