/* lexer.h: CQL text to tokens. Internal to cql/parse.
 *
 * The text must be followed by one NUL byte that does not belong to it. Tokens are slices of it:
 * a string or quoted name still has its quotes. Token numbers are the grammar's TK_*; the end is 0.
 */
#pragma once
#include "base/bytes.h"

typedef struct lexer {
    const uint8_t *at;
    const uint8_t *end;
    bool after_operand; /* the token before could end an operand: '-' is an operator */
} lexer;

/* Not tokens of the grammar. */
enum {
    LEX_BAD_CHARACTER = -1, /* text: the character */
    LEX_UNTERMINATED = -2,  /* text: the opening quote, one byte */
};

int lexer_next(lexer *lx, bytes *ret_text);
/* The number of the keyword that text spells, or TK_IDENT or another token's number. */
int lexer_classify(bytes text);
