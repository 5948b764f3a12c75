/* Writing responses. */
#include <arpa/inet.h>

#include "proto/native/native.h"

void native_put_string(buf *out, bytes s)
{
    size_t n = s.n > UINT16_MAX ? UINT16_MAX : s.n;
    buf_be16(out, (uint16_t)n);
    buf_put(out, s.p, n);
}

static void put_text(buf *out, const char *s)
{
    native_put_string(out, bytes_str(s ? s : ""));
}

void native_put_long_string(buf *out, bytes s)
{
    buf_be32(out, (uint32_t)s.n);
    buf_bytes(out, s);
}

void native_put_bytes(buf *out, bytes v)
{
    buf_be32(out, v.p ? (uint32_t)v.n : (uint32_t)-1);
    buf_bytes(out, v);
}

void native_put_short_bytes(buf *out, bytes v)
{
    native_put_string(out, v);
}

void native_put_string_list(buf *out, unsigned n, const char *const *list)
{
    buf_be16(out, (uint16_t)n);
    for (unsigned i = 0; i < n; i++)
        put_text(out, list[i]);
}

void native_put_inet(buf *out, const char *ip, uint16_t port)
{
    uint8_t raw[16];
    size_t n = inet_pton(AF_INET, ip, raw) == 1 ? 4 : inet_pton(AF_INET6, ip, raw) == 1 ? 16 : 0;
    buf_u8(out, (uint8_t)n);
    buf_put(out, raw, n);
    buf_be32(out, port);
}

/* ---- types ---- */

static uint16_t type_id(const type *t)
{
    static const uint16_t ids[] = {
#define X(kind, cql, class_name, id, size) [kind] = id,
        TYPE_KINDS(X)
#undef X
    };
    return ids[t->kind];
}

/* Types that a version does not know by number go by class name. */
static bool by_class_name(int version, const type *t)
{
    switch (t->kind) {
    case TYPE_DATE:
    case TYPE_TIME:
    case TYPE_SMALLINT:
    case TYPE_TINYINT:
        return version < 4;
    case TYPE_DURATION:
        return version < 5;
    case TYPE_EMPTY:
    case TYPE_COMPOSITE:
    case TYPE_CUSTOM:
        return true;
    default:
        return false;
    }
}

static void put_class_name(buf *out, const type *t)
{
    arena a;
    arena_init(&a, 256);
    buf_be16(out, 0);
    put_text(out, type_class_name(&a, t));
    arena_done(&a);
}

void native_put_type(buf *out, int version, const type *t)
{
    if (by_class_name(version, t)) {
        put_class_name(out, t);
        return;
    }
    buf_be16(out, type_id(t));
    if (t->kind == TYPE_UDT) {
        put_text(out, t->keyspace);
        put_text(out, t->name);
    }
    if (t->kind == TYPE_UDT || t->kind == TYPE_TUPLE)
        buf_be16(out, t->n_args);
    for (unsigned i = 0; i < t->n_args; i++) {
        if (t->kind == TYPE_UDT)
            put_text(out, t->fields[i]);
        native_put_type(out, version, t->args[i]);
    }
}

/* ---- metadata ---- */

enum { M_GLOBAL = 1, M_MORE = 2, M_NONE = 4 };

static bool same_table(unsigned n, const column_spec *c)
{
    for (unsigned i = 1; i < n; i++)
        if (strcmp(c[i].keyspace, c[0].keyspace) || strcmp(c[i].table, c[0].table))
            return false;
    return n > 0;
}

static void put_columns(buf *out, int version, unsigned n, const column_spec *c, bool global)
{
    if (global) {
        put_text(out, c->keyspace);
        put_text(out, c->table);
    }
    for (unsigned i = 0; i < n; i++) {
        if (!global) {
            put_text(out, c[i].keyspace);
            put_text(out, c[i].table);
        }
        put_text(out, c[i].name);
        native_put_type(out, version, c[i].type);
    }
}

static void put_metadata(buf *out, int version, unsigned n, const column_spec *c,
                         bytes paging_state, bool skip)
{
    bool global = !skip && same_table(n, c);
    buf_be32(out, (uint32_t)((global ? M_GLOBAL : 0) | (paging_state.p ? M_MORE : 0) |
                             (skip ? M_NONE : 0)));
    buf_be32(out, n);
    if (paging_state.p)
        native_put_bytes(out, paging_state);
    if (!skip)
        put_columns(out, version, n, c, global);
}

void native_put_rows(buf *out, int version, const native_rows *rows)
{
    buf_be32(out, RESULT_KIND_ROWS);
    put_metadata(out, version, rows->n_columns, rows->columns, rows->paging_state,
                 rows->skip_metadata);
    buf_be32(out, (uint32_t)rows->n_rows);
    size_t n = rows->n_rows * rows->n_columns;
    for (size_t i = 0; i < n; i++)
        native_put_bytes(out, rows->values[i]);
}

void native_put_prepared(buf *out, int version, const native_prepared *p)
{
    bool global = same_table(p->n_markers, p->markers);
    buf_be32(out, RESULT_KIND_PREPARED);
    native_put_short_bytes(out, p->id);
    buf_be32(out, global ? M_GLOBAL : 0);
    buf_be32(out, p->n_markers);
    if (version >= 4) {
        buf_be32(out, p->n_key);
        for (unsigned i = 0; i < p->n_key; i++)
            buf_be16(out, p->key_indexes[i]);
    }
    put_columns(out, version, p->n_markers, p->markers, global);
    put_metadata(out, version, p->n_columns, p->columns, BYTES_NULL, p->n_columns == 0);
}

void native_put_schema_change(buf *out, const char *change, const char *target,
                              const char *keyspace, const char *name)
{
    put_text(out, change);
    put_text(out, target);
    put_text(out, keyspace);
    if (strcmp(target, "KEYSPACE"))
        put_text(out, name);
}

/* ---- errors and options ---- */

/* Failures came with v4; before, they were timeouts. */
static int code_for(int version, int code)
{
    if (version < 4 && code == ERR_READ_FAILURE)
        return ERR_READ_TIMEOUT;
    if (version < 4 && code == ERR_WRITE_FAILURE)
        return ERR_WRITE_TIMEOUT;
    return code;
}

static void put_error_numbers(buf *out, int code, const err_info *e)
{
    buf_be16(out, (uint16_t)e->consistency);
    if (code == ERR_UNAVAILABLE) {
        buf_be32(out, (uint32_t)e->required);
        buf_be32(out, (uint32_t)e->alive);
        return;
    }
    buf_be32(out, (uint32_t)e->received);
    buf_be32(out, (uint32_t)e->block_for);
    if (code == ERR_READ_FAILURE || code == ERR_WRITE_FAILURE)
        buf_be32(out, (uint32_t)e->failures);
    if (code == ERR_READ_TIMEOUT || code == ERR_READ_FAILURE)
        buf_u8(out, e->data_present);
    else
        put_text(out, e->write_type ? e->write_type : "SIMPLE");
}

void native_put_error(buf *out, int version, const err_info *e)
{
    int code = code_for(version, e->code);
    buf_be32(out, err_cql_code(code));
    put_text(out, e->text);
    switch (code) {
    case ERR_UNAVAILABLE:
    case ERR_WRITE_TIMEOUT:
    case ERR_READ_TIMEOUT:
    case ERR_WRITE_FAILURE:
    case ERR_READ_FAILURE:
        put_error_numbers(out, code, e);
        break;
    case ERR_EXISTS:
        put_text(out, e->keyspace);
        put_text(out, e->table);
        break;
    case ERR_UNPREPARED:
        native_put_short_bytes(out, bytes_of(e->statement_id, 16));
        break;
    default:
        break;
    }
}

void native_put_supported(buf *out, const char *cql_version)
{
    static const char *const compressions[] = {"snappy", "lz4"};
    static const char *const versions[] = {"3/v3", "4/v4"};
    buf_be16(out, 3);
    put_text(out, "COMPRESSION");
    native_put_string_list(out, 2, compressions);
    put_text(out, "CQL_VERSION");
    native_put_string_list(out, 1, &cql_version);
    put_text(out, "PROTOCOL_VERSIONS");
    native_put_string_list(out, 2, versions);
}
