/* cqlsh: whatever a server answers is shown as text that a terminal stands; whatever a file holds
 * is split into statements that cover it in order. The first byte tells which. */
#include "base/must.h"
#include "proto/native/native.h"
#include "tools/cqlsh/command.h"
#include "tools/cqlsh/format.h"
#include "tools/cqlsh/limit.h"
#include "tools/cqlsh/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show(bytes body, arena *a)
{
    static const format_options o = {true, 5, 5};
    native_header h = {.version = 4, .response = true, .opcode = OP_RESULT};
    native_response r;
    buf out = {0};
    if (native_read_response(&h, body, a, &r, NULL) < 0 || !r.rows.columns || !r.rows.n_columns)
        return;
    size_t n = r.rows.n_rows * r.rows.n_columns;
    table_cell *headers = arena_array(a, table_cell, r.rows.n_columns);
    table_cell *values = arena_array(a, table_cell, n);
    for (unsigned i = 0; i < r.rows.n_columns; i++)
        headers[i] = format_header(a, r.rows.columns[i].name, &o);
    for (size_t i = 0; i < n; i++) {
        values[i] =
            format_value(a, r.rows.columns[i % r.rows.n_columns].type, r.rows.values[i], &o);
        for (size_t j = 0; j < values[i].text.n; j++)
            must(values[i].text.p[j] >= 0x20 && values[i].text.p[j] != 0x7f);
    }
    table_page page = {r.rows.n_columns, r.rows.n_rows, headers, values};
    table_put(&out, &page, true);
    table_put_expanded(&out, &page, 1);
    buf_done(&out);
}

static void split(bytes text, arena *a)
{
    splitter s = {0};
    split_statement st;
    command_line c;
    size_t covered = 0;
    splitter_feed(&s, text);
    while (splitter_next(&s, &st)) {
        must(st.text.n > 0);
        covered += st.text.n;
        command_parse(st.text, a, &c);
        bytes limited;
        limit_add(st.text, a, &limited);
    }
    if (splitter_rest(&s, &st))
        covered += st.text.n;
    must(covered <= text.n);
    splitter_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena a;
    if (size == 0)
        return 0;
    arena_init(&a, 4096);
    bytes rest = bytes_of(data + 1, size - 1);
    if (data[0] & 1)
        split(rest, &a);
    else
        show(rest, &a);
    arena_done(&a);
    return 0;
}
