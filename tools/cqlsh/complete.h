/* complete.h: what the word before the cursor may become. */
#pragma once
#include "tools/cqlsh/shell.h"

typedef struct completions {
    arena arena;
    bool ready;
    bytes *names; /* those that begin as the word does */
    size_t n;
    buf insert; /* to be inserted at the cursor */
} completions;

/* line: up to the cursor. *ret starts zeroed. Asks the server for names of keyspaces and tables. */
void complete(shell *s, bytes line, completions *ret);
void completions_done(completions *c);
/* Pure part: those of `names` that continue `word` (in any case), and what to insert. */
void complete_among(const bytes *names, size_t n, bytes word, completions *ret);
