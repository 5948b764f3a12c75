#include "tools/cqlsh/lex.h"

#include <strings.h>

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c >= 0x80;
}

static size_t run(bytes s, size_t i, bool (*is)(uint8_t))
{
    while (i < s.n && is(s.p[i]))
        i++;
    return i;
}

/* Behind the first `end` from i on; *open and the end of the text when there is none. */
static size_t behind(bytes s, size_t i, const char *end, bool *open)
{
    size_t n = strlen(end);
    const uint8_t *p = i < s.n ? memmem(s.p + i, s.n - i, end, n) : NULL;
    *open = !p;
    return p ? (size_t)(p - s.p) + n : s.n;
}

/* From the opening quote at i; a doubled quote stands for itself. */
static size_t behind_quoted(bytes s, size_t i, bool *open)
{
    char quote[2] = {(char)s.p[i], 0};
    i = behind(s, i + 1, quote, open);
    while (!*open && i < s.n && s.p[i] == (uint8_t)quote[0])
        i = behind(s, i + 1, quote, open);
    return i;
}

static size_t line_end(bytes s, size_t i)
{
    const uint8_t *p = memchr(s.p + i, '\n', s.n - i);
    return p ? (size_t)(p - s.p) : s.n;
}

static bool starts(bytes s, size_t i, const char *two)
{
    return s.n - i >= 2 && !memcmp(s.p + i, two, 2);
}

static size_t scan(bytes s, size_t i, lex_token *t)
{
    uint8_t c = s.p[i];
    if (c == '\n')
        return t->kind = LEX_NEWLINE, i + 1;
    if (is_space(c))
        return t->kind = LEX_SPACE, run(s, i, is_space);
    if (is_word(c))
        return t->kind = LEX_WORD, run(s, i, is_word);
    if (starts(s, i, "--") || starts(s, i, "//"))
        return t->kind = LEX_COMMENT, line_end(s, i);
    if (starts(s, i, "/*"))
        return t->kind = LEX_COMMENT, behind(s, i + 2, "*/", &t->open);
    if (starts(s, i, "$$"))
        return t->kind = LEX_STRING, behind(s, i + 2, "$$", &t->open);
    if (c == '\'' || c == '"')
        return t->kind = c == '"' ? LEX_NAME : LEX_STRING, behind_quoted(s, i, &t->open);
    return t->kind = LEX_SYMBOL, i + 1;
}

bool lex_next(bytes text, size_t *at, lex_token *ret)
{
    *ret = (lex_token){0};
    if (*at >= text.n)
        return false;
    size_t end = scan(text, *at, ret);
    ret->text = bytes_of(text.p + *at, end - *at);
    *at = end;
    return true;
}

bool lex_next_word(bytes text, size_t *at, lex_token *ret)
{
    while (lex_next(text, at, ret))
        if (ret->kind > LEX_COMMENT)
            return true;
    return false;
}

bool lex_is(const lex_token *t, const char *word)
{
    size_t n = strlen(word);
    return (t->kind == LEX_WORD || t->kind == LEX_SYMBOL) && t->text.n == n &&
           !strncasecmp((const char *)t->text.p, word, n);
}
