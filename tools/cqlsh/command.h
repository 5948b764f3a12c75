/* command.h: which statements are the shell's own, and their words.
 *
 * Everything else is CQL and goes to the server as it is.
 *
 * Owner:  words live in the arena.
 * Thread: any; pure.
 */
#pragma once
#include "base/arena.h"
#include "tools/cqlsh/lex.h"

/* X(name, word, ends with its line, fewest words after it, most, help) */
#define COMMANDS(X)                                                                                \
    X(HELP, "HELP", 1, 0, 8, "HELP [topic ...]: what there is, or about one command")              \
    X(HELP_SIGN, "?", 1, 0, 8, "? [topic ...]: the same as HELP")                                  \
    X(CONSISTENCY, "CONSISTENCY", 1, 0, 1,                                                         \
      "CONSISTENCY [level]: shows or sets the consistency level of statements: ANY, ONE, TWO, "    \
      "THREE,\nQUORUM, ALL, LOCAL_ONE, LOCAL_QUORUM, EACH_QUORUM, SERIAL, LOCAL_SERIAL")           \
    X(SERIAL, "SERIAL", 1, 1, 2,                                                                   \
      "SERIAL CONSISTENCY [level]: shows or sets the level of conditional statements: SERIAL, "    \
      "LOCAL_SERIAL")                                                                              \
    X(DESCRIBE, "DESCRIBE", 1, 0, 4,                                                               \
      "DESCRIBE KEYSPACES | TABLES | TYPES | FUNCTIONS | AGGREGATES | CLUSTER | [FULL] SCHEMA\n"   \
      "DESCRIBE KEYSPACE [name] | TABLE name | INDEX name | TYPE name | name: the CQL that makes " \
      "it")                                                                                        \
    X(DESC, "DESC", 1, 0, 4, "DESC ...: the same as DESCRIBE")                                     \
    X(EXPAND, "EXPAND", 1, 0, 1, "EXPAND [ON | OFF]: rows as lists of columns")                    \
    X(PAGING, "PAGING", 1, 0, 1,                                                                   \
      "PAGING [ON | OFF | rows]: shows or sets how many rows are read at a time")                  \
    X(TRACING, "TRACING", 1, 0, 1, "TRACING: not supported yet")                                   \
    X(SOURCE, "SOURCE", 1, 1, 1, "SOURCE 'file': runs the statements of a file")                   \
    X(CAPTURE, "CAPTURE", 1, 0, 1,                                                                 \
      "CAPTURE ['file' | OFF]: results go to the end of a file instead of the screen")             \
    X(SHOW, "SHOW", 1, 1, 2, "SHOW VERSION | HOST: what the shell is connected to")                \
    X(LOGIN, "LOGIN", 1, 0, 2, "LOGIN: not supported yet")                                         \
    X(CLEAR, "CLEAR", 1, 0, 0, "CLEAR: clears the screen")                                         \
    X(CLS, "CLS", 1, 0, 0, "CLS: the same as CLEAR")                                               \
    X(EXIT, "EXIT", 1, 0, 0, "EXIT: leaves the shell")                                             \
    X(QUIT, "QUIT", 1, 0, 0, "QUIT: the same as EXIT")                                             \
    X(COPY, "COPY", 0, 0, 999, "COPY: not supported yet")

typedef enum command {
#define X(name, word, line, least, most, help) COMMAND_##name,
    COMMANDS(X)
#undef X
        COMMAND_CQL,
} command;

typedef struct command_line {
    command command;
    unsigned n;    /* words after the command */
    char **words;  /* quotes of strings taken off; names and symbols as typed */
    bool improper; /* too few words or too many */
} command_line;

void command_parse(bytes statement, arena *a, command_line *ret);
/* Does a statement that begins so end with its line? */
bool command_is_own(const lex_token *first);
const char *command_word(command c);
const char *command_help(command c);
/* The command of this name, in any case; COMMAND_CQL when there is none. */
command command_find(const char *word);
