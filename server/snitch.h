/* snitch.h: which data centre and rack an address is in, by the configured snitch. */
#pragma once
#include "server/config/config.h"

typedef struct location {
    const char *dc, *rack;
} location;

/* Of this node. Strings live as long as config and arena. ERR_CONFIG. */
int snitch_locate(const config *c, const char *address, arena *a, location *ret, err_info *err);
