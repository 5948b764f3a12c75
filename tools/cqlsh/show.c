/* show.c: results as tables, page by page: each page has widths of its own, and memory is one
 * page's. */
#include "tools/cqlsh/shell.h"

static table_page make_page(shell *s, const native_rows *rows, arena *a)
{
    size_t n = rows->n_rows * rows->n_columns;
    table_page page = {.n_columns = rows->n_columns, .n_rows = rows->n_rows};
    table_cell *headers = arena_array(a, table_cell, rows->n_columns),
               *values = arena_array(a, table_cell, n);
    format_options o = s->format;
    o.color = o.color && !s->capture;
    for (unsigned i = 0; i < rows->n_columns; i++)
        headers[i] = format_header(a, rows->columns[i].name, &o);
    for (size_t i = 0; i < n; i++)
        values[i] = format_value(a, rows->columns[i % rows->n_columns].type, rows->values[i], &o);
    page.headers = headers;
    page.values = values;
    return page;
}

static void show_page(shell *s, const native_rows *rows, size_t first, bool with_header)
{
    arena a;
    if (rows->n_rows == 0 || rows->n_columns == 0)
        return;
    arena_init(&a, 64 << 10);
    table_page page = make_page(s, rows, &a);
    if (s->expand)
        table_put_expanded(&s->out, &page, first);
    else
        table_put(&s->out, &page, with_header);
    arena_done(&a);
}

/* Enter goes on; the end of input and Ctrl-C do not. */
static bool wants_more(shell *s)
{
    char c = 0;
    shell_flush(s);
    fputs("---MORE---", stdout);
    fflush(stdout);
    while (c != '\n')
        if (shell_read_key(s, &c) <= 0) {
            fputs("\n", stdout);
            return false;
        }
    return true;
}

/* The page after answer's, into answer. */
static bool next_page(shell *s, bytes text, client_how how, client_answer *answer)
{
    err_info e;
    s->paging_state.n = 0;
    buf_bytes(&s->paging_state, answer->rows.paging_state);
    how.paging_state = buf_view(&s->paging_state);
    return shell_query(s, text, &how, answer, &e, true) == 0 && answer->has_rows;
}

void shell_show(shell *s, bytes text, client_how how, client_answer *answer, bool count)
{
    size_t shown = 0;
    bool stops = s->tty && !s->capture, header = true;
    buf_u8(&s->out, '\n');
    for (;;) {
        show_page(s, &answer->rows, shown + 1, header || stops);
        header = header && answer->rows.n_rows == 0;
        shown += answer->rows.n_rows;
        bool more = answer->rows.paging_state.p;
        if ((!more || stops) && answer->rows.n_rows && !s->expand)
            buf_u8(&s->out, '\n');
        shell_flush(s);
        if (!more)
            break;
        if (stops && answer->rows.n_rows && !wants_more(s))
            break;
        if (!next_page(s, text, how, answer))
            return;
    }
    if (count)
        buf_printf(&s->out, "(%zu rows)\n\n", shown);
}
