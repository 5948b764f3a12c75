#include "tools/cqlsh/split.h"

#include "tools/cqlsh/command.h"

static void begin(splitter *s)
{
    s->words = 0;
    s->own = s->batch = s->apply = s->open = false;
    s->last_n = 0;
}

void splitter_done(splitter *s)
{
    buf_done(&s->text);
}

void splitter_reset(splitter *s)
{
    s->text.n = s->at = s->from = 0;
    begin(s);
}

void splitter_feed(splitter *s, bytes lines)
{
    size_t keep = s->words ? s->from : s->at;
    buf_shift(&s->text, keep);
    s->at -= keep;
    s->last = s->words ? s->last - keep : 0;
    s->from = 0;
    buf_bytes(&s->text, lines);
}

static void count_lines(splitter *s, bytes token)
{
    for (size_t i = 0; i < token.n; i++)
        s->line += token.p[i] == '\n';
}

static lex_token last_word(const splitter *s)
{
    bytes text = buf_view(&s->text);
    return (lex_token){.kind = LEX_WORD, .text = bytes_of(text.p + s->last, s->last_n)};
}

static void add_word(splitter *s, const lex_token *t, size_t start)
{
    lex_token last = last_word(s);
    if (s->words++ == 0) {
        s->from = start;
        s->own = command_is_own(t);
        s->batch = lex_is(t, "BEGIN");
    }
    s->apply = (lex_is(&last, "APPLY") && lex_is(t, "BATCH")) ||
               (lex_is(&last, "COMMIT") && lex_is(t, "TRANSACTION"));
    s->last = start;
    s->last_n = t->text.n;
}

/* Text up to `end` is the statement; empty ones are no statement. */
static bool finish(splitter *s, size_t end, split_statement *ret)
{
    bool there = s->words > 0;
    *ret = (split_statement){BYTES_EMPTY, s->line + 1};
    if (there)
        ret->text = bytes_of(s->text.p + s->from, end - s->from);
    begin(s);
    return there;
}

static bool take(splitter *s, const lex_token *t, size_t start, split_statement *ret)
{
    if (t->kind == LEX_NEWLINE && s->own)
        return finish(s, start, ret);
    if (lex_is(t, ";") && !(s->batch && !s->apply))
        return finish(s, s->own ? start : s->at, ret);
    if (t->kind > LEX_COMMENT)
        add_word(s, t, start);
    return false;
}

bool splitter_next(splitter *s, split_statement *ret)
{
    bytes text = buf_view(&s->text);
    size_t start = s->at;
    lex_token t;
    for (; lex_next(text, &s->at, &t); start = s->at) {
        s->open = t.open;
        if (t.open) {
            if (t.kind > LEX_COMMENT && s->words == 0)
                add_word(s, &t, start);
            s->at = start;
            return false;
        }
        bool done = take(s, &t, start, ret);
        count_lines(s, t.text);
        if (done)
            return true;
    }
    return false;
}

bool splitter_rest(splitter *s, split_statement *ret)
{
    s->at = s->text.n;
    return finish(s, s->text.n, ret);
}
