/* address.c: from host names, blanks and interfaces to the IPs that a node listens on and tells
 * its peers and clients.
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

#include "server/config/internal.h"

enum { IP_MAX = INET6_ADDRSTRLEN };

/* ---- the system ---- */

static int text_of(const struct sockaddr *a, char *ret_ip, size_t cap)
{
    socklen_t n =
        a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    return getnameinfo(a, n, ret_ip, (socklen_t)cap, NULL, 0, NI_NUMERICHOST) ? ERR_NOT_FOUND : 0;
}

static int system_resolve(void *arg, const char *name, char *ret_ip, size_t cap)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL, *best;
    (void)arg;
    if (getaddrinfo(name, NULL, &hints, &list) != 0 || !list)
        return ERR_NOT_FOUND;
    for (best = list; best && best->ai_family != AF_INET;)
        best = best->ai_next;
    int r = text_of((best ? best : list)->ai_addr, ret_ip, cap);
    freeaddrinfo(list);
    return r;
}

static int system_interface(void *arg, const char *name, bool ipv6, char *ret_ip, size_t cap)
{
    struct ifaddrs *all = NULL;
    const struct sockaddr *found = NULL;
    (void)arg;
    if (getifaddrs(&all) != 0)
        return ERR_NOT_FOUND;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
        if (!i->ifa_addr || strcmp(i->ifa_name, name) != 0)
            continue;
        int family = i->ifa_addr->sa_family;
        bool wanted = family == (ipv6 ? AF_INET6 : AF_INET);
        if (wanted || (!found && (family == AF_INET || family == AF_INET6)))
            found = i->ifa_addr;
        if (wanted)
            break;
    }
    int r = found ? text_of(found, ret_ip, cap) : ERR_NOT_FOUND;
    freeifaddrs(all);
    return r;
}

const config_host config_host_system = {.resolve = system_resolve, .interface = system_interface};

/* ---- the node's addresses ---- */

static bool is_wildcard(const char *ip)
{
    return strcmp(ip, "0.0.0.0") == 0 || strcmp(ip, "::") == 0;
}

static const char *own_address(config *c, const config_host *h, const char *key)
{
    char name[256] = "", ip[IP_MAX];
    if (h->name)
        snprintf(name, sizeof name, "%s", h->name);
    else
        gethostname(name, sizeof name - 1);
    if (*name && h->resolve(h->arg, name, ip, sizeof ip) == 0)
        return arena_strdup(&c->mem, ip);
    config_warn(c, "%s is blank and this host's own name '%s' has no address; 127.0.0.1 is used",
                key, name);
    return "127.0.0.1";
}

/* An address key and the interface key beside it: what they say as an IP. */
static int settle(config *c, const config_host *h, const char **address,
                  const char *const *interface, bool ipv6, err_info *e)
{
    char ip[IP_MAX];
    config_where at = config_origin(c, address);
    if (interface && *interface) {
        at = config_origin(c, interface);
        if (h->interface(h->arg, *interface, ipv6, ip, sizeof ip) < 0)
            return config_fail(e, &at, "there is no network interface '%s' with an address",
                               *interface);
    } else if (!*address || !**address) {
        *address = own_address(c, h, at.name);
        return 0;
    } else if (h->resolve(h->arg, *address, ip, sizeof ip) < 0) {
        return config_fail(e, &at, "'%s' is not an address and no known host", *address);
    }
    *address = arena_strdup(&c->mem, ip);
    return 0;
}

static int refuse_wildcard(config *c, const char **field, const char *why, err_info *e)
{
    config_where at = config_origin(c, field);
    return is_wildcard(*field) ? config_fail(e, &at, "%s cannot be used here: %s", *field, why) : 0;
}

static int settle_seeds(config *c, const config_host *h, err_info *e)
{
    config_list ips = {0};
    config_where at = config_origin(c, &c->seeds);
    for (size_t i = 0; i < c->seeds.n; i++) {
        char ip[IP_MAX], name[256];
        /* A port, as later versions write it, is the storage port of all nodes. */
        snprintf(name, sizeof name, "%s", c->seeds.p[i]);
        char *colon = strchr(name, ':');
        if (colon && !strchr(colon + 1, ':'))
            *colon = 0;
        if (h->resolve(h->arg, name, ip, sizeof ip) < 0) {
            config_warn(c, "seed '%s' is not an address and no known host; it is left out", name);
            continue;
        }
        config_list_add(c, &ips, arena_strdup(&c->mem, ip));
        c->is_seed |= strcmp(ip, c->broadcast_address) == 0;
    }
    c->seeds = ips;
    return ips.n ? 0 : config_fail(e, &at, "no seed is left; name at least one node that is up");
}

static int settle_broadcast(config *c, const config_host *h, const char **field, const char *other,
                            err_info *e)
{
    if (*field && **field)
        return settle(c, h, field, NULL, false, e);
    *field = other;
    return 0;
}

static void settle_threads(config *c, const config_host *h)
{
    int64_t cores = c->available_processors;
    if (cores < 1)
        cores = h->cores ? h->cores : sysconf(_SC_NPROCESSORS_ONLN);
    if (c->worker_threads < 1)
        c->worker_threads = cores < 1 ? 1 : cores > 256 ? 256 : cores;
}

int config_resolve_addresses(config *c, const config_host *h, err_info *e)
{
    static const char not_peers[] = "other nodes must be able to reach it";
    settle_threads(c, h);
    int r =
        settle(c, h, &c->listen_address, &c->listen_interface, c->listen_interface_prefer_ipv6, e);
    if (r == 0)
        r = refuse_wildcard(c, &c->listen_address, not_peers, e);
    if (r == 0)
        r = settle_broadcast(c, h, &c->broadcast_address, c->listen_address, e);
    if (r == 0)
        r = refuse_wildcard(c, &c->broadcast_address, not_peers, e);
    if (r == 0)
        r = settle(c, h, &c->rpc_address, &c->rpc_interface, c->rpc_interface_prefer_ipv6, e);
    if (r == 0) /* clients of a node that listens everywhere reach it where its peers do */
        r = settle_broadcast(c, h, &c->broadcast_rpc_address,
                             is_wildcard(c->rpc_address) ? c->broadcast_address : c->rpc_address,
                             e);
    if (r == 0)
        r = refuse_wildcard(c, &c->broadcast_rpc_address, "clients must be able to reach it", e);
    return r == 0 ? settle_seeds(c, h, e) : r;
}
