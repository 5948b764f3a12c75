#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "runtime/uv/worker.h"

/* A link-local v6 address needs its interface: fe80::1%eth0. */
static bool parse_v6(const char *text, struct sockaddr_in6 *a)
{
    char ip[64];
    const char *scope = strchr(text, '%');
    size_t n = scope ? (size_t)(scope - text) : strlen(text);
    if (n >= sizeof ip)
        return false;
    memcpy(ip, text, n);
    ip[n] = 0;
    a->sin6_family = AF_INET6;
    if (scope)
        a->sin6_scope_id = if_nametoindex(scope + 1);
    return inet_pton(AF_INET6, ip, &a->sin6_addr) == 1;
}

int address_parse(const char *text, uint16_t port, struct sockaddr_storage *ret, err_info *err)
{
    memset(ret, 0, sizeof *ret);
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof *v4;
    }
    memset(ret, 0, sizeof *ret);
    if (parse_v6(text, v6)) {
        v6->sin6_port = htons(port);
        return sizeof *v6;
    }
    return err_set(err, ERR_INVALID, "'%s' is not an IP address", text);
}

uint16_t address_port(const struct sockaddr_storage *a)
{
    if (a->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)a)->sin6_port);
    return ntohs(((const struct sockaddr_in *)a)->sin_port);
}

uint16_t address_bound_port(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t n = sizeof a;
    return getsockname(fd, (struct sockaddr *)&a, &n) == 0 ? address_port(&a) : 0;
}

void address_format(const struct sockaddr_storage *a, char ip[48], char ip_port[64])
{
    const void *raw = a->ss_family == AF_INET6
                          ? (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr
                          : (const void *)&((const struct sockaddr_in *)a)->sin_addr;
    if (!inet_ntop(a->ss_family, raw, ip, 48))
        memcpy(ip, "?", 2);
    const char *form = a->ss_family == AF_INET6 ? "[%s]:%u" : "%s:%u";
    snprintf(ip_port, 64, form, ip, address_port(a));
}
