/* message.c: calls, replies and exceptions around the structs. */
#include <stdio.h>

#include "base/must.h"
#include "proto/thrift/scan.h"
#include "proto/thrift/table.h"
#include "proto/thrift/thrift.h"

#define VERSION_1 0x80010000u

typedef struct thrift_header {
    uint8_t type;
    bytes name;
    int32_t seqid;
    bytes body;
} thrift_header;

const char *thrift_method_name(enum thrift_method m)
{
    return m > THRIFT_METHOD_UNKNOWN && m < THRIFT_METHOD_COUNT
               ? (const char *)thrift_methods[m].name.p
               : "?";
}

static int read_header(bytes message, thrift_header *ret, err_info *e)
{
    reader in = reader_of(message);
    uint32_t version = rd_be32(&in);
    if (in.bad || (version & 0xffffff00u) != VERSION_1)
        return err_set(e, ERR_PROTOCOL, "not a message of the strict binary Thrift protocol");
    uint32_t n = rd_be32(&in);
    bytes name = rd_take(&in, n);
    uint32_t seqid = rd_be32(&in);
    if (in.bad)
        return err_set(e, ERR_PROTOCOL, "Thrift message ends within its header");
    *ret = (thrift_header){(uint8_t)version, name, (int32_t)seqid, bytes_of(in.p, rd_left(&in))};
    return 0;
}

static void write_header(buf *out, enum thrift_message_type type, bytes name, int32_t seqid)
{
    uint8_t *p = buf_reserve(out, 12 + name.n);
    put_be32(p, VERSION_1 | type);
    put_be32(p + 4, (uint32_t)name.n);
    if (name.n)
        memcpy(p + 8, name.p, name.n);
    put_be32(p + 8 + name.n, (uint32_t)seqid);
    out->n += 12 + name.n;
}

/* The body of a method that we do not know: any one struct. */
static int check_unknown_body(bytes body, err_info *e)
{
    thrift_scan s = {0};
    int r = thrift_scan_begin(&s, WIRE_STRUCT, e);
    if (r == 0)
        r = thrift_scan_step(&s, body, body.n, e);
    if (r < 0)
        return r;
    return s.at == body.n ? 0 : err_set(e, ERR_PROTOCOL, "bytes after the end of a Thrift call");
}

int thrift_decode_call(bytes message, arena *a, thrift_call *ret, err_info *e)
{
    *ret = (thrift_call){0};
    thrift_header h = {0};
    int r = read_header(message, &h, e);
    if (r < 0)
        return r;
    ret->method = thrift_method_find(h.name);
    ret->name = ret->method ? thrift_methods[ret->method].name : h.name;
    ret->seqid = h.seqid;
    if (h.type != THRIFT_CALL)
        return err_set(e, ERR_PROTOCOL, "Thrift message of type %u, not a call", h.type);
    if (!ret->method)
        return check_unknown_body(h.body, e);
    return thrift_read_struct(h.body, a, thrift_methods[ret->method].args, &ret->args, e);
}

void thrift_encode_call(buf *out, enum thrift_method method, int32_t seqid, const void *args)
{
    must(method > THRIFT_METHOD_UNKNOWN && method < THRIFT_METHOD_COUNT);
    const thrift_method_row *m = &thrift_methods[method];
    write_header(out, THRIFT_CALL, m->name, seqid);
    thrift_write_struct(out, m->args, args);
}

void thrift_encode_result(buf *out, const thrift_call *call, const void *reply)
{
    must(call->method > THRIFT_METHOD_UNKNOWN && call->method < THRIFT_METHOD_COUNT);
    const thrift_method_row *m = &thrift_methods[call->method];
    write_header(out, THRIFT_REPLY, m->name, call->seqid);
    thrift_write_struct(out, m->result, reply);
}

/* TApplicationException: 1 string message, 2 i32 type. */
static void write_app_exception(buf *out, enum thrift_app_error type, bytes text)
{
    uint8_t *p = buf_reserve(out, 15 + text.n);
    p[0] = WIRE_BYTES;
    put_be16(p + 1, 1);
    put_be32(p + 3, (uint32_t)text.n);
    if (text.n)
        memcpy(p + 7, text.p, text.n);
    p += 7 + text.n;
    p[0] = WIRE_I32;
    put_be16(p + 1, 2);
    put_be32(p + 3, type);
    p[7] = WIRE_STOP;
    out->n += 15 + text.n;
}

void thrift_encode_exception(buf *out, bytes name, int32_t seqid, enum thrift_app_error type,
                             const char *text)
{
    write_header(out, THRIFT_EXCEPTION, name, seqid);
    write_app_exception(out, type, bytes_str(text));
}

void thrift_encode_unknown_method(buf *out, const thrift_call *call)
{
    int n = call->name.n < 200 ? (int)call->name.n : 200;
    char text[240];
    snprintf(text, sizeof text, "Invalid method name: '%.*s'", n, (const char *)call->name.p);
    thrift_encode_exception(out, call->name, call->seqid, THRIFT_APP_UNKNOWN_METHOD, text);
}

/* Reads the fields of a TApplicationException; in any order, others skipped. */
static int read_app_exception(bytes body, thrift_reply *ret, err_info *e)
{
    static const thrift_type text = {.wire = WIRE_BYTES, .size = sizeof(bytes), .least = 4};
    static const thrift_type number = {.wire = WIRE_I32, .size = sizeof(int32_t), .least = 4};
    static const thrift_field fields[] = {
        {1, 0, THRIFT_ALWAYS, offsetof(thrift_reply, app_text), 0, &text, "message"},
        {2, 1, THRIFT_ALWAYS, offsetof(thrift_reply, app_error), 0, &number, "type"},
    };
    const thrift_struct st = {"TApplicationException", fields, 2, sizeof *ret, 0, ret};
    arena a;
    arena_init(&a, 256);
    void *got;
    int r = thrift_read_struct(body, &a, &st, &got, e);
    if (r == 0)
        *ret = *(thrift_reply *)got;
    arena_done(&a);
    return r;
}

int thrift_decode_reply(bytes message, arena *a, thrift_reply *ret, err_info *e)
{
    *ret = (thrift_reply){.app_text = BYTES_EMPTY};
    thrift_header h = {0};
    int r = read_header(message, &h, e);
    if (r < 0)
        return r;
    ret->method = thrift_method_find(h.name);
    ret->name = ret->method ? thrift_methods[ret->method].name : h.name;
    ret->seqid = h.seqid;
    if (h.type == THRIFT_EXCEPTION)
        return read_app_exception(h.body, ret, e);
    if (h.type != THRIFT_REPLY || !ret->method)
        return err_set(e, ERR_PROTOCOL, "Thrift message of type %u, not a reply to a known call",
                       h.type);
    return thrift_read_struct(h.body, a, thrift_methods[ret->method].result, &ret->reply, e);
}
