/* The client's side: writing requests, reading responses (cqlsh, the load generator, tests). */
#include <stdio.h>

#include "model/row.h"
#include "proto/native/native.h"

void native_put_startup(buf *out, native_compression c)
{
    buf_be16(out, c == NATIVE_PLAIN ? 1 : 2);
    native_put_string(out, BYTES_LIT("CQL_VERSION"));
    native_put_string(out, BYTES_LIT("3.0.0"));
    if (c != NATIVE_PLAIN) {
        native_put_string(out, BYTES_LIT("COMPRESSION"));
        native_put_string(out, bytes_str(c == NATIVE_LZ4 ? "lz4" : "snappy"));
    }
}

void native_put_params(buf *out, int version, const native_params *p)
{
    int flags = (p->n_values ? 0x01 : 0) | (p->skip_metadata ? 0x02 : 0) |
                (p->page_size > 0 ? 0x04 : 0) | (p->paging_state.p ? 0x08 : 0) |
                (p->serial_cl != CL_SERIAL ? 0x10 : 0) |
                (p->timestamp_us != NO_TIMESTAMP ? 0x20 : 0) | (p->names && p->n_values ? 0x40 : 0);
    buf_be16(out, (uint16_t)p->cl);
    buf_u8(out, (uint8_t)flags);
    if (p->n_values)
        buf_be16(out, (uint16_t)p->n_values);
    for (unsigned i = 0; i < p->n_values; i++) {
        if (p->names)
            native_put_string(out, p->names[i]);
        if (version >= 4 && bytes_is_unset(p->values[i]))
            buf_be32(out, (uint32_t)-2);
        else
            native_put_bytes(out, p->values[i]);
    }
    if (flags & 0x04)
        buf_be32(out, (uint32_t)p->page_size);
    if (flags & 0x08)
        native_put_bytes(out, p->paging_state);
    if (flags & 0x10)
        buf_be16(out, (uint16_t)p->serial_cl);
    if (flags & 0x20)
        buf_be64(out, (uint64_t)p->timestamp_us);
}

void native_put_query(buf *out, int version, bytes text, const native_params *p)
{
    native_put_long_string(out, text);
    native_put_params(out, version, p);
}

void native_put_execute(buf *out, int version, bytes id, const native_params *p)
{
    native_put_short_bytes(out, id);
    native_put_params(out, version, p);
}

/* ---- reading ---- */

static bytes get_string(reader *r)
{
    return rd_take(r, rd_be16(r));
}

static bytes get_bytes(reader *r)
{
    int32_t n = (int32_t)rd_be32(r);
    return n < 0 ? BYTES_NULL : rd_take(r, (size_t)n);
}

#define TYPE_DEPTH_MAX 32

static const type *get_type(reader *r, arena *a, int depth);

static const type *get_parts(reader *r, arena *a, type_kind kind, unsigned n, int depth)
{
    type *t = arena_new(a, type);
    bool udt = kind == TYPE_UDT;
    t->kind = kind;
    if (udt) {
        t->keyspace = arena_str(a, get_string(r));
        t->name = arena_str(a, get_string(r));
    }
    if (udt || kind == TYPE_TUPLE)
        n = rd_be16(r);
    if (n > rd_left(r) / 2) {
        r->bad = true;
        n = 0;
    }
    const type **args = arena_array(a, const type *, n);
    const char **fields = arena_array(a, const char *, udt ? n : 0);
    for (unsigned i = 0; i < n && !r->bad; i++) {
        if (udt)
            fields[i] = arena_str(a, get_string(r));
        args[i] = get_type(r, a, depth + 1);
    }
    t->n_args = (uint16_t)n;
    t->args = args;
    t->fields = fields;
    return t;
}

static const type *get_type(reader *r, arena *a, int depth)
{
    static const struct {
        uint16_t id;
        type_kind kind;
    } ids[] = {
#define X(kind, cql, class_name, id, size) {id, kind},
        TYPE_KINDS(X)
#undef X
    };
    uint16_t id = rd_be16(r);
    const type *t = type_native(TYPE_BLOB);
    if (depth > TYPE_DEPTH_MAX)
        r->bad = true;
    if (r->bad)
        return t;
    if (id == 0) {
        if (type_parse_class(a, get_string(r), &t, NULL, NULL) < 0)
            t = type_native(TYPE_BLOB);
        return t;
    }
    for (unsigned i = 0; i < sizeof ids / sizeof *ids; i++)
        if (ids[i].id == id)
            return id < 0x20 ? type_native(ids[i].kind)
                             : get_parts(r, a, ids[i].kind, id == 0x21 ? 2 : 1, depth);
    r->bad = true;
    return t;
}

static void get_columns(reader *r, arena *a, int flags, unsigned n, const column_spec **ret)
{
    const char *ks = "", *table = "";
    column_spec *c;
    *ret = NULL;
    if (flags & 4)
        return;
    if (n > rd_left(r) / 4) {
        r->bad = true;
        return;
    }
    *ret = c = arena_array(a, column_spec, n);
    if (flags & 1) {
        ks = arena_str(a, get_string(r));
        table = arena_str(a, get_string(r));
    }
    for (unsigned i = 0; i < n && !r->bad; i++) {
        c[i].keyspace = flags & 1 ? ks : arena_str(a, get_string(r));
        c[i].table = flags & 1 ? table : arena_str(a, get_string(r));
        c[i].name = arena_str(a, get_string(r));
        c[i].type = get_type(r, a, 0);
    }
}

static void get_rows(reader *r, arena *a, native_rows *rows)
{
    int flags = (int)rd_be32(r);
    rows->n_columns = rd_be32(r);
    if (flags & 2)
        rows->paging_state = get_bytes(r);
    rows->skip_metadata = flags & 4;
    get_columns(r, a, flags, rows->n_columns, &rows->columns);
    rows->n_rows = rd_be32(r);
    uint64_t cells = (uint64_t)rows->n_rows * rows->n_columns;
    if (r->bad || cells > rd_left(r) / 4) {
        r->bad = true;
        return;
    }
    bytes *v = arena_alloc(a, cells * sizeof *v);
    rows->values = v;
    for (uint64_t i = 0; i < cells; i++)
        v[i] = get_bytes(r);
}

static void get_prepared(reader *r, int version, arena *a, native_prepared *p)
{
    p->id = get_string(r);
    int flags = (int)rd_be32(r);
    p->n_markers = rd_be32(r);
    p->n_key = version >= 4 ? rd_be32(r) : 0;
    if (p->n_key > rd_left(r) / 2) {
        r->bad = true;
        return;
    }
    uint16_t *keys = arena_array(a, uint16_t, p->n_key);
    for (unsigned i = 0; i < p->n_key; i++)
        keys[i] = rd_be16(r);
    p->key_indexes = keys;
    get_columns(r, a, flags, p->n_markers, &p->markers);
    flags = (int)rd_be32(r);
    p->n_columns = rd_be32(r);
    get_columns(r, a, flags, p->n_columns, &p->columns);
}

static int err_from_code(uint16_t code)
{
    static const int16_t known[] = {
#define X(name, value, cql, thrift, text) value,
#include "base/errors.def"
#undef X
    };
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (err_cql_code(known[i]) == code)
            return known[i];
    return ERR_SERVER;
}

/* Kinds of writes are static strings in an err_info. */
static const char *get_write_type(reader *r)
{
    static const char *const known[] = {"SIMPLE",    "BATCH", "UNLOGGED_BATCH", "COUNTER",
                                        "BATCH_LOG", "CAS",   "VIEW",           "CDC"};
    bytes name = get_string(r);
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (bytes_eq_str(name, known[i]))
            return known[i];
    return "UNKNOWN";
}

static void get_error_numbers(reader *r, int code, err_info *e)
{
    e->consistency = rd_be16(r);
    if (code == ERR_UNAVAILABLE) {
        e->required = (int)rd_be32(r);
        e->alive = (int)rd_be32(r);
        return;
    }
    e->received = (int)rd_be32(r);
    e->block_for = (int)rd_be32(r);
    if (code == ERR_READ_FAILURE || code == ERR_WRITE_FAILURE)
        e->failures = (int)rd_be32(r);
    if (code == ERR_READ_TIMEOUT || code == ERR_READ_FAILURE)
        e->data_present = rd_u8(r);
    else
        e->write_type = get_write_type(r);
}

static void get_name(reader *r, char *to, size_t room)
{
    bytes name = get_string(r);
    snprintf(to, room, "%.*s", (int)name.n, name.p ? (const char *)name.p : "");
}

static void get_error(reader *r, native_response *ret)
{
    ret->error_code = (uint16_t)rd_be32(r);
    bytes text = get_string(r);
    int code = err_from_code(ret->error_code);
    err_info *e = &ret->error;
    err_set(e, code, "%.*s", (int)text.n, text.p ? (const char *)text.p : "");
    switch (code) {
    case ERR_UNAVAILABLE:
    case ERR_WRITE_TIMEOUT:
    case ERR_READ_TIMEOUT:
    case ERR_WRITE_FAILURE:
    case ERR_READ_FAILURE:
        get_error_numbers(r, code, e);
        break;
    case ERR_EXISTS:
        get_name(r, e->keyspace, sizeof e->keyspace);
        get_name(r, e->table, sizeof e->table);
        break;
    case ERR_UNPREPARED: {
        bytes id = get_string(r);
        if (id.n == 16)
            memcpy(e->statement_id, id.p, 16);
        break;
    }
    default:
        break;
    }
}

static void get_result(reader *r, const native_header *h, arena *a, native_response *ret)
{
    ret->kind = (int)rd_be32(r);
    switch (ret->kind) {
    case RESULT_KIND_ROWS:
        get_rows(r, a, &ret->rows);
        break;
    case RESULT_KIND_SET_KEYSPACE:
        ret->keyspace = get_string(r);
        break;
    case RESULT_KIND_PREPARED:
        get_prepared(r, h->version, a, &ret->prepared);
        break;
    case RESULT_KIND_SCHEMA_CHANGE:
        ret->change = get_string(r);
        ret->target = get_string(r);
        ret->change_keyspace = get_string(r);
        if (!bytes_eq_str(ret->target, "KEYSPACE"))
            ret->change_name = get_string(r);
        break;
    default:
        break;
    }
}

int native_read_response(const native_header *h, bytes body, arena *a, native_response *ret,
                         err_info *e)
{
    reader r = reader_of(body);
    *ret = (native_response){.opcode = h->opcode};
    if (h->flags & NATIVE_TRACING)
        rd_take(&r, 16);
    if (h->flags & NATIVE_WARNING) {
        ret->n_warnings = rd_be16(&r);
        if (ret->n_warnings > rd_left(&r) / 2)
            ret->n_warnings = 0, r.bad = true;
        ret->warnings = arena_array(a, bytes, ret->n_warnings);
        for (unsigned i = 0; i < ret->n_warnings; i++)
            ret->warnings[i] = get_string(&r);
    }
    ret->body = bytes_of(r.p, rd_left(&r));
    if (h->opcode == OP_ERROR)
        get_error(&r, ret);
    else if (h->opcode == OP_RESULT)
        get_result(&r, h, a, ret);
    return r.bad ? err_set(e, ERR_PROTOCOL, "Malformed response: a field runs past the end") : 0;
}
