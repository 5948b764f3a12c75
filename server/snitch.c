#include "server/snitch.h"

#include <stdio.h>
#include <string.h>

/* RackInferringSnitch: the second octet is the data centre, the third the rack. */
static int infer(const char *address, arena *a, location *ret, err_info *err)
{
    unsigned o[4];
    if (sscanf(address, "%u.%u.%u.%u", &o[0], &o[1], &o[2], &o[3]) != 4)
        return err_set(err, ERR_CONFIG, "RackInferringSnitch needs an IPv4 address, not %s",
                       address);
    ret->dc = arena_printf(a, "%u", o[1]);
    ret->rack = arena_printf(a, "%u", o[2]);
    return 0;
}

int snitch_locate(const config *c, const char *address, arena *a, location *ret, err_info *err)
{
    *ret = (location){"datacenter1", "rack1"};
    if (!strcmp(c->endpoint_snitch, "RackInferringSnitch"))
        return infer(address, a, ret, err);
    if (!strcmp(c->endpoint_snitch, "SimpleSnitch"))
        return 0;
    if (!c->dc || !c->rack)
        return err_set(err, ERR_CONFIG,
                       "DC or rack not found in snitch properties, check your configuration in: %s",
                       !strcmp(c->endpoint_snitch, "PropertyFileSnitch")
                           ? "cassandra-topology.properties"
                           : "cassandra-rackdc.properties");
    *ret = (location){c->dc, c->rack};
    return 0;
}
