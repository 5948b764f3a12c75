/* split.h: a stream of lines cut into statements.
 *
 * A statement ends with `;` outside of quotes and comments. Two exceptions, as in every cqlsh:
 * the shell's own commands (HELP, DESCRIBE, ...) also end with their line, and BEGIN ... BATCH
 * goes on to the `;` after APPLY BATCH.
 *
 * Owner:  embeds; splitter_done(). Statements are slices, valid until the next feed or reset.
 * Thread: one at a time; pure.
 */
#pragma once
#include "base/buf.h"
#include "tools/cqlsh/lex.h"

typedef struct splitter {
    buf text;
    size_t from;         /* where the statement begins, when there are words */
    size_t at;           /* scanned up to here */
    unsigned line;       /* lines before `at` */
    unsigned words;      /* in the statement so far */
    bool own, batch;     /* a command of the shell; BEGIN ... */
    bool apply;          /* the last two words are APPLY BATCH or COMMIT TRANSACTION */
    size_t last, last_n; /* the last word */
    bool open;           /* stopped in a string, name or comment */
} splitter;

typedef struct split_statement {
    bytes text;    /* from its first word to its end; of commands without `;` */
    unsigned line; /* of its end, from 1 */
} split_statement;

void splitter_done(splitter *s);
/* Forgets the statement begun; lines go on counting. */
void splitter_reset(splitter *s);
/* Whole lines, but for the very last one. */
void splitter_feed(splitter *s, bytes lines);
/* The next whole statement; false: more lines are needed. Empty ones are passed over. */
bool splitter_next(splitter *s, split_statement *ret);
/* What was begun and not ended (at the end of a file); false when nothing was. */
bool splitter_rest(splitter *s, split_statement *ret);
