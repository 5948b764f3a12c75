#include "tools/nodetool/http.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/alloc.h"

enum { ANSWER_MAX = 64 << 20, CONNECT_TIMEOUT_S = 10 };

/* ---- pure ---- */

void query_add(buf *path, const char *name, const char *value)
{
    bytes before = buf_view(path);
    buf_u8(path, before.n && memchr(before.p, '?', before.n) ? '&' : '?');
    buf_str(path, name);
    buf_u8(path, '=');
    for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
        bool plain = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
                     (*p >= 'A' && *p <= 'Z') || memchr("-_.~", *p, 4);
        if (plain)
            buf_u8(path, *p);
        else
            buf_printf(path, "%%%02X", *p);
    }
}

int http_parse(bytes answer, int *ret_status, bytes *ret_body)
{
    static const char start[] = "HTTP/1.";
    const uint8_t *p = answer.p;
    if (answer.n < 12 || memcmp(p, start, 7) != 0 || p[8] != ' ')
        return ERR_PROTOCOL;
    int status = 0;
    for (int i = 9; i < 12; i++) {
        if (p[i] < '0' || p[i] > '9')
            return ERR_PROTOCOL;
        status = status * 10 + p[i] - '0';
    }
    const uint8_t *end = memmem(p, answer.n, "\r\n\r\n", 4);
    if (!end)
        return ERR_PROTOCOL;
    *ret_status = status;
    *ret_body = bytes_of(end + 4, answer.n - (size_t)(end + 4 - p));
    return 0;
}

/* ---- the connection ---- */

static int unreachable(const node_address *at, const char *why, err_info *err)
{
    return err_set(err, ERR_REFUSED, "Failed to connect to '%s:%d': %s", at->host, at->port, why);
}

/* The value for the Host header: "ip:port", "[v6]:port". */
static void host_header(const struct addrinfo *a, int port, char *out, size_t cap)
{
    char ip[NI_MAXHOST] = "";
    getnameinfo(a->ai_addr, a->ai_addrlen, ip, sizeof ip, NULL, 0, NI_NUMERICHOST);
    snprintf(out, cap, a->ai_family == AF_INET6 ? "[%s]:%d" : "%s:%d", ip, port);
}

static int connect_one(const struct addrinfo *a)
{
    struct timeval limit = {.tv_sec = CONNECT_TIMEOUT_S}, none = {0};
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
        int why = errno == EINPROGRESS ? ETIMEDOUT : errno;
        close(fd);
        errno = why;
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
    return fd;
}

static int dial(const node_address *at, char *ret_host, size_t cap, int *ret_fd, err_info *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    char port[8];
    snprintf(port, sizeof port, "%d", at->port);
    int gai = getaddrinfo(at->host, port, &hints, &list);
    if (gai)
        return unreachable(at, gai_strerror(gai), err);
    int fd = -1;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
        if ((fd = connect_one(a)) >= 0)
            host_header(a, at->port, ret_host, cap);
    int why = errno;
    freeaddrinfo(list);
    if (fd < 0)
        return unreachable(at, strerror(why), err);
    *ret_fd = fd;
    return 0;
}

bool http_reachable(const node_address *at)
{
    char host[NI_MAXHOST + 16];
    int fd;
    if (dial(at, host, sizeof host, &fd, NULL) < 0)
        return false;
    close(fd);
    return true;
}

static int lost(const node_address *at, int fd, err_info *err)
{
    const char *why = strerror(errno);
    close(fd);
    return err_set(err, ERR_IO, "The connection to '%s:%d' broke: %s", at->host, at->port, why);
}

/* Sends the request, reads to the end. */
static int exchange(const node_address *at, bytes request, int fd, buf *answer, err_info *err)
{
    while (request.n) {
        ssize_t n = send(fd, request.p, request.n, MSG_NOSIGNAL);
        if (n < 0)
            return lost(at, fd, err);
        request = bytes_of(request.p + n, request.n - (size_t)n);
    }
    for (;;) {
        ssize_t n = recv(fd, buf_reserve(answer, 16384), 16384, 0);
        if (n < 0)
            return lost(at, fd, err);
        answer->n += (size_t)n;
        if (n == 0 || answer->n > ANSWER_MAX)
            break;
    }
    close(fd);
    return 0;
}

/* ---- answers ---- */

static int foreign(const node_address *at, err_info *err)
{
    return err_set(err, ERR_PROTOCOL,
                   "'%s:%d' does not answer as a management port does; is the port right?",
                   at->host, at->port);
}

static int answer_code(int status)
{
    switch (status) {
    case 400:
        return ERR_INVALID;
    case 404:
        return ERR_NOT_FOUND;
    case 501:
        return ERR_NOT_SUPPORTED;
    default:
        return ERR_SERVER;
    }
}

static int read_answer(const node_address *at, bytes answer, json_t **ret, err_info *err)
{
    int status;
    bytes body;
    if (http_parse(answer, &status, &body) < 0)
        return foreign(at, err);
    json_t *json = json_loadb((const char *)body.p, body.n, 0, NULL);
    if (!json_is_object(json)) {
        json_decref(json);
        return foreign(at, err);
    }
    if (status == 200) {
        *ret = json;
        return 0;
    }
    const char *text = json_string_value(json_object_get(json, "error"));
    err_set(err, answer_code(status), "%s", text ? text : "the node refused without a reason");
    json_decref(json);
    return err ? err->code : ERR_SERVER;
}

int http_ask(const node_address *at, const char *method, const char *path, json_t **ret,
             err_info *err)
{
    char host[NI_MAXHOST + 16];
    int fd;
    int r = dial(at, host, sizeof host, &fd, err);
    if (r < 0)
        return r;
    char *request autofree = xprintf(
        "%s %s HTTP/1.0\r\nHost: %s\r\nAccept: application/json\r\n\r\n", method, path, host);
    buf answer = {0};
    r = exchange(at, bytes_str(request), fd, &answer, err);
    if (r == 0)
        r = read_answer(at, buf_view(&answer), ret, err);
    buf_done(&answer);
    return r;
}
