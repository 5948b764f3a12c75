/* Whatever the bytes, the CQL parser answers with a tree that can be printed or a syntax error. */
#include "base/must.h"
#include "cql/ast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(const ast_statement *s, arena *a)
{
    if (s->kind == AST_SELECT) {
        for (uint32_t i = 0; i < s->select->selectors.n; i++)
            ast_term_text(s->select->selectors.at[i].term, a);
        for (uint32_t i = 0; i < s->select->where.n; i++)
            ast_relation_text(&s->select->where.at[i], a);
    }
    if (s->kind == AST_INSERT) {
        for (uint32_t i = 0; i < s->insert->values.n; i++)
            ast_term_text(s->insert->values.at[i], a);
    }
    if (s->kind == AST_CREATE_TABLE) {
        for (uint32_t i = 0; i < s->create_table->columns.n; i++)
            ast_type_text(s->create_table->columns.at[i].type, a);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena a;
    arena_init(&a, 4096);
    const ast_statement *s = NULL;
    err_info e = {0};
    int r = cql_parse(bytes_of(data, size), &a, &s, &e);
    must(r == ERR_SYNTAX || (r == 0 && s));
    if (r == 0)
        print(s, &a);
    arena_done(&a);
    return 0;
}
