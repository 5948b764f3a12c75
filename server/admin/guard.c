#include "server/admin/guard.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_BYTES = 255 };

static bool is_port(const char *p)
{
    return *p == 0 || (*p == ':' && strspn(p + 1, "0123456789") == strlen(p + 1));
}

static bool is_ip(int family, const char *p, size_t n)
{
    char text[INET6_ADDRSTRLEN] = {0};
    struct in6_addr room;
    if (n == 0 || n >= sizeof text)
        return false;
    memcpy(text, p, n);
    return inet_pton(family, text, &room) == 1;
}

bool guard_host_allowed(const char *host, const char *own_name)
{
    if (!host)
        return true;
    if (*host == '[') {
        const char *end = strchr(host, ']');
        return end && is_port(end + 1) && is_ip(AF_INET6, host + 1, (size_t)(end - host) - 1);
    }
    size_t n = strcspn(host, ":");
    if (n == 0 || n > NAME_MAX_BYTES || !is_port(host + n))
        return false;
    if (is_ip(AF_INET, host, n))
        return true;
    if (n == 9 && strncasecmp(host, "localhost", 9) == 0)
        return true;
    return own_name && n == strlen(own_name) && strncasecmp(host, own_name, n) == 0;
}

static bool is_own_origin(const guard_headers *h)
{
    return h->host && strncmp(h->origin, "http://", 7) == 0 &&
           strcasecmp(h->origin + 7, h->host) == 0;
}

const char *guard_check(const guard_headers *h, const char *own_name)
{
    if (!guard_host_allowed(h->host, own_name))
        return "The Host header must be an IP address, localhost or this machine's name";
    if (h->origin && !is_own_origin(h))
        return "Requests from pages of another site are refused";
    if (h->fetch_site && strcmp(h->fetch_site, "same-origin") != 0 &&
        strcmp(h->fetch_site, "none") != 0)
        return "Requests from pages of another site are refused";
    return NULL;
}
