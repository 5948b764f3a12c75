/* interactive.h: the shell at a terminal: prompts, line editing, history, completion.
 *
 * Ctrl-C drops the statement being typed, or stops waiting for the server; Ctrl-D leaves.
 * Lines are kept in ~/.cassandra/cqlsh_history.
 */
#pragma once
#include "tools/cqlsh/shell.h"

/* interrupted: set by SIGINT; cleared here. */
void interactive_run(shell *s, volatile sig_atomic_t *interrupted);
