/* error.c: err_info <-> the exceptions of Thrift. */
#include <stdio.h>

#include "base/must.h"
#include "proto/thrift/table.h"
#include "proto/thrift/thrift.h"

extern const thrift_struct thrift_not_found_exception_desc, thrift_invalid_request_exception_desc,
    thrift_unavailable_exception_desc, thrift_timed_out_exception_desc,
    thrift_authentication_exception_desc, thrift_authorization_exception_desc,
    thrift_schema_disagreement_exception_desc;

/* By enum thrift_exception: its struct, and the err_t that a client makes of it. */
static const struct {
    const thrift_struct *st;
    int code;
} exceptions[] = {
    [THRIFT_IRE] = {&thrift_invalid_request_exception_desc, ERR_INVALID},
    [THRIFT_UE] = {&thrift_unavailable_exception_desc, ERR_UNAVAILABLE},
    [THRIFT_TE] = {&thrift_timed_out_exception_desc, ERR_TIMEOUT},
    [THRIFT_NFE] = {&thrift_not_found_exception_desc, ERR_NOT_FOUND},
    [THRIFT_AUTHN] = {&thrift_authentication_exception_desc, ERR_BAD_CREDENTIALS},
    [THRIFT_AUTHZ] = {&thrift_authorization_exception_desc, ERR_UNAUTHORIZED},
    [THRIFT_SDE] = {&thrift_schema_disagreement_exception_desc, ERR_SCHEMA_DISAGREEMENT},
    [THRIFT_APP] = {NULL, ERR_SERVER},
};

typedef union exception_value {
    bytes why; /* IRE, AUTHN, AUTHZ: their one field */
    thrift_timed_out_exception te;
} exception_value;

static const thrift_field *declared(enum thrift_method method, enum thrift_exception kind)
{
    const thrift_struct *result = thrift_methods[method].result, *st = exceptions[kind].st;
    for (unsigned i = 0; result && st && i < result->n_fields; i++)
        if (result->fields[i].type->st == st)
            return &result->fields[i];
    return NULL;
}

/* What a 2.0 server tells: nothing about reads; the batch flag and the Paxos flag by the kind
 * of the write. */
static thrift_timed_out_exception timed_out(const err_info *e)
{
    thrift_timed_out_exception te = thrift_timed_out_exception_default;
    if (e->code != ERR_WRITE_TIMEOUT)
        return te;
    const char *kind = e->write_type ? e->write_type : "";
    te.has_acknowledged_by = true;
    te.acknowledged_by = e->received;
    te.acknowledged_by_batchlog = strcmp(kind, "BATCH") == 0;
    te.has_acknowledged_by_batchlog = te.acknowledged_by_batchlog || strcmp(kind, "BATCH_LOG") == 0;
    te.has_paxos_in_progress = te.paxos_in_progress = strcmp(kind, "CAS") == 0;
    return te;
}

static void encode_app_error(buf *out, const thrift_call *call, const err_info *e)
{
    if (e->code == ERR_PROTOCOL) {
        thrift_encode_exception(out, call->name, call->seqid, THRIFT_APP_PROTOCOL_ERROR, e->text);
        return;
    }
    char text[640];
    snprintf(text, sizeof text, "Internal error processing %s: %s",
             thrift_method_name(call->method), e->text);
    thrift_encode_exception(out, call->name, call->seqid, THRIFT_APP_INTERNAL_ERROR, text);
}

void thrift_encode_error(buf *out, const thrift_call *call, const err_info *e)
{
    enum thrift_exception kind = err_thrift(e->code);
    const thrift_field *f = call->method ? declared(call->method, kind) : NULL;
    if (!f && call->method && kind != THRIFT_APP) {
        kind = THRIFT_IRE;
        f = declared(call->method, kind);
    }
    if (!f) {
        encode_app_error(out, call, e);
        return;
    }
    exception_value value = {.why = bytes_str(e->text[0] ? e->text : err_text(e->code))};
    if (kind == THRIFT_TE)
        value.te = timed_out(e);
    void *p = &value;
    _Alignas(max_align_t) char reply[256] = {0};
    must(thrift_methods[call->method].result->size <= sizeof reply);
    memcpy(reply + f->offset, &p, sizeof p);
    thrift_encode_result(out, call, reply);
}

static int app_code(int32_t type)
{
    return type == THRIFT_APP_PROTOCOL_ERROR   ? ERR_PROTOCOL
           : type == THRIFT_APP_UNKNOWN_METHOD ? ERR_NOT_SUPPORTED
                                               : ERR_SERVER;
}

/* kind of the exception that f holds, or THRIFT_APP when f is not an exception. */
static enum thrift_exception kind_of(const thrift_field *f)
{
    enum thrift_exception kind = THRIFT_IRE;
    while (kind < THRIFT_APP && exceptions[kind].st != f->type->st)
        kind++;
    return kind;
}

static int exception_error(enum thrift_exception kind, const void *value, err_info *e)
{
    int code = exceptions[kind].code;
    if (kind == THRIFT_IRE || kind == THRIFT_AUTHN || kind == THRIFT_AUTHZ) {
        const bytes *why = value;
        return err_set(e, code, "%.*s", (int)why->n, (const char *)why->p);
    }
    err_set(e, code, "%s", err_text(code));
    const thrift_timed_out_exception *te = value;
    if (kind == THRIFT_TE && e && te->has_acknowledged_by)
        e->received = te->acknowledged_by;
    return code;
}

int thrift_reply_error(const thrift_reply *r, err_info *e)
{
    if (!r->reply)
        return err_set(e, app_code(r->app_error), "%.*s", (int)r->app_text.n,
                       (const char *)r->app_text.p);
    const thrift_struct *st = thrift_methods[r->method].result;
    for (unsigned i = 0; i < st->n_fields; i++) {
        const thrift_field *f = &st->fields[i];
        void *value;
        memcpy(&value, (const char *)r->reply + f->offset, sizeof value);
        enum thrift_exception kind = f->id ? kind_of(f) : THRIFT_APP;
        if (kind != THRIFT_APP && value)
            return exception_error(kind, value, e);
    }
    return 0;
}
