#include "cql/types.h"

typedef struct schema_resolver {
    type_resolver base;
    const schema *schema;
    arena *a;
} schema_resolver;

static const type *find_udt(const type_resolver *r, const char *ks_name, const char *name)
{
    const schema_resolver *s = (const schema_resolver *)r;
    const keyspace *ks = schema_keyspace(s->schema, ks_name ? ks_name : r->keyspace);
    return ks ? keyspace_type(ks, name) : NULL;
}

int compile_type_in(compiler *c, const char *ks, const ast_type *t, const type **ret)
{
    schema_resolver r = {{find_udt, ks}, c->schema, c->a};
    const char *text = ast_type_text(t, c->a);
    return type_parse_cql(c->a, bytes_str(text), &r.base, ret, c->err);
}

int compile_type(compiler *c, const ast_type *t, const type **ret)
{
    return compile_type_in(c, c->table ? c->table->keyspace : c->keyspace, t, ret);
}
