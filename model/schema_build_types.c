/* schema_build_types.c: user types out of rows, whatever their order, and errors about rows. */
#include <stdio.h>

#include "model/schema_build.h"

/* ---- names ---- */
bytes build_pair(arena *a, const char *keyspace, bytes name)
{
    size_t k = strlen(keyspace) + 1;
    uint8_t *p = arena_alloc(a, k + name.n);
    memcpy(p, keyspace, k);
    if (name.n)
        memcpy(p + k, name.p, name.n);
    return bytes_of(p, k + name.n);
}

void *build_find_pair(const map *m, const char *keyspace, bytes name)
{
    uint8_t key[512];
    size_t k = strlen(keyspace) + 1;
    if (k + name.n > sizeof key)
        return NULL;
    memcpy(key, keyspace, k);
    if (name.n)
        memcpy(key + k, name.p, name.n);
    return map_get(m, bytes_of(key, k + name.n));
}

int row_corrupt(schema_row *r, err_info *e, const char *what)
{
    return err_set(e, ERR_CORRUPT, "system_schema.%s, row %s.%.*s: %s", r->table->name, r->keyspace,
                   (int)r->clustering[0].n, (const char *)r->clustering[0].p, what);
}

int row_corrupt_value(schema_row *r, err_info *e)
{
    char what[96];
    snprintf(what, sizeof what, "malformed value of %s", r->bad);
    return row_corrupt(r, e, what);
}

/* ---- types ---- */
int build_read_type(void *arg, schema_row *r, err_info *e)
{
    build *b = arg;
    keyspace_build *k = find_keyspace(b, r->keyspace);
    if (!k || k->is_static)
        return 0;
    udt_build *u = arena_new(b->arena, udt_build);
    unsigned n_types;
    u->keyspace = k->ks->name;
    u->name = arena_str(b->arena, r->clustering[0]);
    u->names = row_get_items(r, "field_names", &u->n);
    u->types = row_get_items(r, "field_types", &n_types);
    if (r->bad)
        return row_corrupt_value(r, e);
    if (u->n != n_types)
        return row_corrupt(r, e, "as many field names as types are needed");
    vec_push(&b->udts, u);
    map_put(&b->udt_by_name, build_pair(b->arena, u->keyspace, bytes_str(u->name)), u);
    return 0;
}

typedef struct resolver {
    type_resolver base;
    build *b;
} resolver;

static int resolve(build *b, udt_build *u);

static const type *find_type(const type_resolver *tr, const char *keyspace, const char *name)
{
    build *b = ((const resolver *)tr)->b;
    udt_build *u =
        build_find_pair(&b->udt_by_name, keyspace ? keyspace : tr->keyspace, bytes_str(name));
    return u && resolve(b, u) == 0 ? u->type : NULL;
}

int build_parse_type(build *b, const char *keyspace, bytes text, const type **ret, err_info *e)
{
    resolver r = {{find_type, keyspace}, b};
    /* The tree may point into the text: keep that as long as the snapshot. */
    return type_parse_cql(b->arena, arena_copy(b->arena, text), &r.base, ret, e);
}

/* A type that needs itself finds itself being resolved, and that is no type. */
static int resolve(build *b, udt_build *u)
{
    if (u->type)
        return 0;
    if (u->resolving)
        return err_set(b->e, ERR_CORRUPT, "system_schema.types, row %s.%s: type contains itself",
                       u->keyspace, u->name);
    u->resolving = true;
    const type **args = arena_array(b->arena, const type *, u->n);
    const char **fields = arena_array(b->arena, const char *, u->n);
    for (unsigned i = 0; i < u->n; i++) {
        err_info why = {0};
        fields[i] = arena_str(b->arena, u->names[i]);
        if (build_parse_type(b, u->keyspace, u->types[i], &args[i], &why) < 0)
            return err_set(b->e, ERR_CORRUPT, "system_schema.types, row %s.%s: field %s: %s",
                           u->keyspace, u->name, fields[i], why.text);
    }
    type *t = arena_new(b->arena, type);
    *t = (type){.kind = TYPE_UDT,
                .n_args = (uint16_t)u->n,
                .args = args,
                .fields = fields,
                .keyspace = u->keyspace,
                .name = u->name};
    u->type = t;
    return 0;
}

int build_resolve_types(build *b)
{
    for (size_t i = 0; i < b->udts.n; i++) {
        udt_build *u = b->udts.p[i];
        if (resolve(b, u) < 0)
            return ERR_CORRUPT;
        keyspace_build *k = find_keyspace(b, u->keyspace);
        vec_push(&k->types, u->type);
    }
    return 0;
}
