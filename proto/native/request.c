/* Reading requests. */
#include "model/row.h"
#include "model/type.h"
#include "proto/native/native.h"

static bytes get_string(reader *r)
{
    return rd_take(r, rd_be16(r));
}

static bytes get_long_string(reader *r)
{
    int32_t n = (int32_t)rd_be32(r);
    if (n < 0) {
        r->bad = true;
        return BYTES_NULL;
    }
    return rd_take(r, (size_t)n);
}

/* A statement. */
static bytes get_text(reader *r, err_info *e)
{
    bytes text = get_long_string(r);
    if (!r->bad && type_validate(type_native(TYPE_TEXT), text, NULL) < 0) {
        err_set(e, ERR_PROTOCOL, "Cannot decode string as UTF8");
        r->bad = true;
    }
    return text;
}

static bytes get_bytes(reader *r)
{
    int32_t n = (int32_t)rd_be32(r);
    return n < 0 ? BYTES_NULL : rd_take(r, (size_t)n);
}

/* [value] of v4: -2 is unset; v3 takes any negative length for null. */
static bytes get_value(reader *r, int version)
{
    int32_t n = (int32_t)rd_be32(r);
    if (n >= 0)
        return rd_take(r, (size_t)n);
    if (version >= 4 && n == -2)
        return BYTES_UNSET;
    r->bad |= version >= 4 && n < -2;
    return BYTES_NULL;
}

static consistency get_consistency(reader *r, err_info *e)
{
    consistency cl = CL_ONE;
    uint16_t n = rd_be16(r);
    if (!r->bad && !consistency_from_native(n, &cl)) {
        err_set(e, ERR_PROTOCOL, "Unknown code %u for a consistency level", n);
        r->bad = true;
    }
    return cl;
}

enum {
    P_VALUES = 1,
    P_SKIP = 2,
    P_PAGE = 4,
    P_STATE = 8,
    P_SERIAL = 16,
    P_TIMESTAMP = 32,
    P_NAMES = 64
};

static void get_values(reader *r, int version, bool named, arena *a, native_params *p)
{
    p->n_values = rd_be16(r);
    /* Each value takes 4 bytes at least: no allocation is larger than the frame explains. */
    if (p->n_values > rd_left(r) / 4) {
        r->bad = true;
        return;
    }
    p->values = arena_alloc(a, p->n_values * sizeof *p->values);
    p->names = named ? arena_alloc(a, p->n_values * sizeof *p->names) : NULL;
    for (unsigned i = 0; i < p->n_values; i++) {
        if (named)
            p->names[i] = get_string(r);
        p->values[i] = get_value(r, version);
    }
}

static int64_t get_timestamp(reader *r, err_info *e)
{
    int64_t ts = (int64_t)rd_be64(r);
    if (!r->bad && ts == NO_TIMESTAMP) {
        err_set(e, ERR_PROTOCOL, "Out of bound timestamp, must be in [%lld, %lld] (got %lld)",
                (long long)INT64_MIN + 1, (long long)INT64_MAX, (long long)ts);
        r->bad = true;
    }
    return ts;
}

static int32_t get_page_size(reader *r, err_info *e)
{
    int32_t n = (int32_t)rd_be32(r);
    if (!r->bad && n == 0) {
        err_set(e, ERR_PROTOCOL, "The page size cannot be 0");
        r->bad = true;
    }
    return n;
}

static void get_params(reader *r, int version, arena *a, native_params *p, err_info *e)
{
    p->cl = get_consistency(r, e);
    p->flags = rd_u8(r);
    p->skip_metadata = p->flags & P_SKIP;
    if (p->flags & P_VALUES)
        get_values(r, version, p->flags & P_NAMES, a, p);
    if (p->flags & P_PAGE)
        p->page_size = get_page_size(r, e);
    if (p->flags & P_STATE)
        p->paging_state = get_bytes(r);
    if (p->flags & P_SERIAL)
        p->serial_cl = get_consistency(r, e);
    if (p->flags & P_TIMESTAMP)
        p->timestamp_us = get_timestamp(r, e);
}

static void get_pairs(reader *r, arena *a, native_pairs *p)
{
    p->n = rd_be16(r);
    if (p->n > rd_left(r) / 4) {
        r->bad = true;
        return;
    }
    p->names = arena_alloc(a, p->n * sizeof *p->names);
    p->values = arena_alloc(a, p->n * sizeof *p->values);
    for (unsigned i = 0; i < p->n; i++) {
        p->names[i] = get_string(r);
        p->values[i] = get_string(r);
    }
}

static bytes *get_string_list(reader *r, arena *a, unsigned *ret_n)
{
    unsigned n = rd_be16(r);
    if (n > rd_left(r) / 2) {
        r->bad = true;
        return NULL;
    }
    bytes *list = arena_alloc(a, n * sizeof *list);
    for (unsigned i = 0; i < n; i++)
        list[i] = get_string(r);
    *ret_n = n;
    return list;
}

static void get_batch_entry(reader *r, int version, arena *a, native_batch_entry *b, err_info *e)
{
    uint8_t kind = rd_u8(r);
    native_params values = {0};
    if (!r->bad && kind > 1) {
        err_set(e, ERR_PROTOCOL, "Invalid query kind in BATCH messages. Must be 0 or 1 but got %u",
                kind);
        r->bad = true;
        return;
    }
    b->prepared = kind == 1;
    b->text_or_id = b->prepared ? get_string(r) : get_text(r, e);
    get_values(r, version, false, a, &values);
    b->n_values = values.n_values;
    b->values = values.values;
}

static void get_batch(reader *r, int version, arena *a, native_request *q, err_info *e)
{
    q->batch_type = rd_u8(r);
    if (!r->bad && q->batch_type > 2) {
        err_set(e, ERR_PROTOCOL, "Invalid code '%u' for batch type", q->batch_type);
        r->bad = true;
    }
    q->n_batch = rd_be16(r);
    if (r->bad || q->n_batch > rd_left(r) / 5) {
        r->bad = true;
        return;
    }
    q->batch = arena_zalloc(a, q->n_batch * sizeof *q->batch);
    for (unsigned i = 0; i < q->n_batch && !r->bad; i++)
        get_batch_entry(r, version, a, &q->batch[i], e);
    q->params.cl = get_consistency(r, e);
    q->params.flags = rd_u8(r);
    if (!r->bad && q->params.flags & P_NAMES) {
        err_set(e, ERR_PROTOCOL, "Named values are not supported in batches");
        r->bad = true;
    }
    if (q->params.flags & P_SERIAL)
        q->params.serial_cl = get_consistency(r, e);
    if (q->params.flags & P_TIMESTAMP)
        q->params.timestamp_us = get_timestamp(r, e);
}

static void skip_payload(reader *r)
{
    unsigned n = rd_be16(r);
    for (unsigned i = 0; i < n && !r->bad; i++) {
        get_string(r);
        get_bytes(r);
    }
}

int native_read_request(int version, int flags, native_opcode opcode, bytes body, arena *a,
                        native_request *q, err_info *e)
{
    reader r = reader_of(body);
    *q = (native_request){
        .opcode = opcode,
        .params = {
            .cl = CL_ONE, .serial_cl = CL_SERIAL, .page_size = -1, .timestamp_us = NO_TIMESTAMP}};
    if (e)
        e->code = 0;
    if (flags & NATIVE_PAYLOAD && version >= 4)
        skip_payload(&r);
    switch (opcode) {
    case OP_STARTUP:
        get_pairs(&r, a, &q->startup);
        break;
    case OP_OPTIONS:
        break;
    case OP_QUERY:
        q->text = get_text(&r, e);
        get_params(&r, version, a, &q->params, e);
        break;
    case OP_PREPARE:
        q->text = get_text(&r, e);
        break;
    case OP_EXECUTE:
        q->id = get_string(&r);
        get_params(&r, version, a, &q->params, e);
        break;
    case OP_REGISTER:
        q->events = get_string_list(&r, a, &q->n_events);
        break;
    case OP_BATCH:
        get_batch(&r, version, a, q, e);
        break;
    case OP_AUTH_RESPONSE:
        q->token = get_bytes(&r);
        break;
    default:
        return err_set(e, ERR_PROTOCOL, "Unknown opcode %d", opcode);
    }
    if (r.bad)
        return e && e->code ? e->code
                            : err_set(e, ERR_PROTOCOL, "Malformed body: a field runs past the end");
    return 0;
}
