/* Any bytes as cassandra.yaml and as a properties file: an error or a config, nothing else. */
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "server/config/config.h"
#include "server/config/properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int no_host(void *arg, const char *name, char *ret_ip, size_t cap)
{
    (void)arg, (void)name;
    memcpy(ret_ip, "10.1.2.3", cap < 9 ? cap : 9);
    return 0;
}

static int no_interface(void *arg, const char *name, bool ipv6, char *ret_ip, size_t cap)
{
    (void)ipv6;
    return no_host(arg, name, ret_ip, cap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const config_host host = {no_host, no_interface, "host", NULL, 2};
    const config_source source = {.host = &host};
    err_info e = {0};
    config *c = config_new();
    int r = config_parse_yaml(c, "f.yaml", bytes_of(data, n), &e);
    if (r == 0)
        r = config_finish(c, &source, &e);
    must(r == 0 || (r == ERR_CONFIG && e.text[0]));
    config_free(c);

    arena a;
    properties p;
    const char *dc, *rack;
    arena_init(&a, 1024);
    properties_parse(bytes_of(data, n), &a, &p);
    topology_lookup(&p, "127.0.0.1", &a, &dc, &rack, NULL);
    arena_done(&a);
    return 0;
}
