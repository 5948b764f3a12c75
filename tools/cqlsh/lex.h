/* lex.h: CQL text as tokens, just enough for a shell: where statements end, what words they have.
 *
 * Knows 'strings' with '' inside, "names", $$bodies$$, and comments (--, //, slash-star). What is
 * no CQL at all becomes one-character symbols: judging is the server's work.
 *
 * Owner:  tokens are slices of the text.
 * Thread: any; pure.
 * Errors: none; a token that the text's end cuts off is marked open.
 */
#pragma once
#include "base/bytes.h"

typedef enum lex_kind {
    LEX_SPACE, /* without newlines */
    LEX_NEWLINE,
    LEX_COMMENT,
    LEX_WORD,   /* letters, digits, _ and all above ASCII; numbers too */
    LEX_STRING, /* '...' or $$...$$ */
    LEX_NAME,   /* "..." */
    LEX_SYMBOL, /* one character */
} lex_kind;

typedef struct lex_token {
    lex_kind kind;
    bytes text;
    bool open; /* a string, name or comment whose end is not there yet */
} lex_token;

/* The token at *at, which moves behind it; false at the end. */
bool lex_next(bytes text, size_t *at, lex_token *ret);
/* The same without spaces, newlines and comments. */
bool lex_next_word(bytes text, size_t *at, lex_token *ret);
/* Is it this word (given in capitals), in any case? */
bool lex_is(const lex_token *t, const char *word);
