#include "tools/cqlsh/limit.h"

/* Where LIMIT belongs; false: not a SELECT, or it has one. */
static bool find_place(bytes s, size_t *ret)
{
    size_t at = 0, start;
    lex_token t, before = {0};
    if (!lex_next_word(s, &at, &t) || !lex_is(&t, "SELECT"))
        return false;
    for (*ret = at; lex_next_word(s, &at, &t) && !lex_is(&t, ";"); before = t) {
        start = (size_t)(t.text.p - s.p);
        if (lex_is(&t, "LIMIT") && !lex_is(&before, "PARTITION"))
            return false;
        if (lex_is(&t, "ALLOW"))
            return true;
        *ret = start + t.text.n;
    }
    return true;
}

bool limit_add(bytes statement, arena *a, bytes *ret)
{
    size_t at;
    if (!find_place(statement, &at))
        return false;
    bytes rest = bytes_of(statement.p + at, statement.n - at);
    *ret = bytes_str(arena_printf(a, "%.*s LIMIT %d%.*s", (int)at, (const char *)statement.p,
                                  LIMIT_DEFAULT, (int)rest.n, (const char *)rest.p));
    return true;
}
