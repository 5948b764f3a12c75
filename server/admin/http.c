/* http.c: one request's way between libmicrohttpd and worker 0. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/admin/guard.h"
#include "server/admin/internal.h"

/* ---- answers ---- */

static enum MHD_Result send_answer(admin_request *q, int status, const char *type, void *p,
                                   size_t n, const char *allow)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(n, p, MHD_RESPMEM_MUST_FREE);
    if (!r) {
        free(p);
        return MHD_NO;
    }
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    if (allow)
        MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, allow);
    enum MHD_Result queued = MHD_queue_response(q->connection, (unsigned)status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result send_json(admin_request *q, int status, const json_t *json,
                                 const char *allow)
{
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    char *line = xprintf("%s\n", text ? text : "{\"error\": \"the answer is no JSON\"}");
    free(text);
    return send_answer(q, status, "application/json", line, strlen(line), allow);
}

static enum MHD_Result send_error(admin_request *q, int status, const char *text, const char *allow)
{
    json_t *json = json_object();
    json_t *sentence = json_string(text);
    json_object_set_new(json, "error", sentence ? sentence : json_string("invalid request"));
    enum MHD_Result r = send_json(q, status, json, allow);
    json_decref(json);
    return r;
}

static int status_of(int code)
{
    static const struct {
        int code, status;
    } map[] = {
        {ERR_INVALID, MHD_HTTP_BAD_REQUEST},
        {ERR_NOT_FOUND, MHD_HTTP_NOT_FOUND},
        {ERR_NOT_SUPPORTED, MHD_HTTP_NOT_IMPLEMENTED},
        {ERR_TIMEOUT, MHD_HTTP_GATEWAY_TIMEOUT},
        {ERR_OVERLOADED, MHD_HTTP_SERVICE_UNAVAILABLE},
        {ERR_ADDRESS_IN_USE, MHD_HTTP_CONFLICT},
        {ERR_NO_SPACE, MHD_HTTP_INSUFFICIENT_STORAGE},
    };
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        if (map[i].code == code)
            return map[i].status;
    return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

static enum MHD_Result answer(admin_request *q)
{
    if (q->status != MHD_HTTP_OK)
        return send_error(q, q->status, q->err.text, NULL);
    if (q->json)
        return send_json(q, q->status, q->json, NULL);
    char *text = xmalloc(q->text.n + 1);
    memcpy(text, buf_view(&q->text).p, q->text.n);
    return send_answer(q, q->status, "text/plain; version=0.0.4; charset=utf-8", text, q->text.n,
                       NULL);
}

/* ---- on worker 0 ---- */

static void co_fn serve(void *arg)
{
    admin_request *q = arg;
    admin *a = q->admin;
    int r = q->endpoint->handler(q);
    q->status = r < 0 ? status_of(r) : MHD_HTTP_OK;
    if (r < 0 && !q->err.text[0])
        err_set(&q->err, r, "%s", err_text(r));
    if (r == 0 && !q->json && !q->text.n)
        q->json = json_object();
    q->served = true;
    MHD_resume_connection(q->connection); /* q is the HTTP thread's again */
    if (atomic_fetch_sub(&a->pending, 1) == 1)
        co_signal(a->home, &a->idle);
}

/* ---- on an HTTP thread ---- */

static enum MHD_Result take_param(void *cls, enum MHD_ValueKind kind, const char *name,
                                  size_t name_n, const char *value, size_t value_n)
{
    admin_request *q = cls;
    (void)kind;
    if (!value)
        value = "", value_n = 0;
    json_t *valid = json_stringn(value, value_n);
    json_decref(valid);
    if (q->n_params == ADMIN_PARAMS_MAX)
        err_set(&q->err, ERR_INVALID, "more than %d parameters", ADMIN_PARAMS_MAX);
    else if (memchr(name, 0, name_n) || !endpoint_knows(q->endpoint, name))
        err_set(&q->err, ERR_INVALID, "unknown parameter \"%s\"", name);
    else if (!valid || memchr(value, 0, value_n))
        err_set(&q->err, ERR_INVALID, "parameter \"%s\" is no text", name);
    else
        q->params[q->n_params++] = (admin_param){name, value};
    return q->err.code ? MHD_NO : MHD_YES;
}

static const char *header(admin_request *q, const char *name)
{
    return MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

static bool has_body(admin_request *q)
{
    const char *length = header(q, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return header(q, MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
           (length && strspn(length, "0") != strlen(length));
}

/* What is wrong with it, told at once; MHD_YES without an answer queued: nothing. */
static enum MHD_Result check(admin_request *q, const char *url, const char *method)
{
    guard_headers h = {header(q, MHD_HTTP_HEADER_HOST), header(q, MHD_HTTP_HEADER_ORIGIN),
                       header(q, "Sec-Fetch-Site")};
    const char *allow, *foreign = guard_check(&h, q->admin->host_name);
    if (foreign)
        return send_error(q, MHD_HTTP_FORBIDDEN, foreign, NULL);
    const admin_endpoint *e = endpoint_find(method, url, &allow);
    if (!e && allow)
        return send_error(q, MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed", allow);
    if (!e)
        return send_error(q, MHD_HTTP_NOT_FOUND, "no such path", NULL);
    if (has_body(q))
        return send_error(q, MHD_HTTP_CONTENT_TOO_LARGE,
                          "parameters stand in the query; a body is not taken", NULL);
    q->endpoint = e;
    MHD_get_connection_values_n(q->connection, MHD_GET_ARGUMENT_KIND, take_param, q);
    if (q->err.code) {
        q->endpoint = NULL;
        return send_error(q, MHD_HTTP_BAD_REQUEST, q->err.text, NULL);
    }
    return MHD_YES;
}

/* The count comes before the look at `stopping`: admin_quiesce looks in the other order. */
static enum MHD_Result hand_over(admin_request *q)
{
    admin *a = q->admin;
    atomic_fetch_add(&a->pending, 1);
    if (atomic_load(&a->stopping)) {
        atomic_fetch_sub(&a->pending, 1);
        return send_error(q, MHD_HTTP_SERVICE_UNAVAILABLE, "the node is stopping", NULL);
    }
    MHD_suspend_connection(q->connection);
    env_post(a->home, serve, q);
    return MHD_YES;
}

enum MHD_Result http_request(void *cls, struct MHD_Connection *c, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_size, void **slot)
{
    admin_request *q = *slot;
    (void)version, (void)upload;
    if (!q) { /* the headers are here */
        *slot = q = xzalloc(sizeof *q);
        q->admin = cls;
        q->node = q->admin->node;
        q->connection = c;
        arena_init(&q->arena, 4096);
        return check(q, url, method);
    }
    if (*upload_size) { /* the rest of a body that was refused */
        *upload_size = 0;
        return MHD_YES;
    }
    if (q->served)
        return answer(q);
    return q->endpoint ? hand_over(q) : MHD_YES;
}

void http_completed(void *cls, struct MHD_Connection *c, void **slot,
                    enum MHD_RequestTerminationCode why)
{
    admin_request *q = *slot;
    (void)cls, (void)c, (void)why;
    if (!q)
        return;
    bool stop = q->stop_process;
    json_decref(q->json);
    buf_done(&q->text);
    arena_done(&q->arena);
    free(q);
    *slot = NULL;
    if (stop) /* as if an operator had: main stops the node in order */
        kill(getpid(), SIGTERM);
}
