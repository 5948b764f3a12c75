#include "model/consistency.h"

#include <strings.h>

#include "base/must.h"

static const struct {
    const char *name;
    uint8_t thrift;
} levels[] = {
#define X(name, native, thrift) [native] = {#name, thrift},
    CONSISTENCIES(X)
#undef X
};

bool consistency_from_native(uint16_t n, consistency *ret)
{
    if (n >= ARRAY_LEN(levels))
        return false;
    *ret = (consistency)n;
    return true;
}

bool consistency_from_thrift(int32_t n, consistency *ret)
{
    for (unsigned i = 0; i < ARRAY_LEN(levels); i++)
        if (levels[i].thrift == n) {
            *ret = (consistency)i;
            return true;
        }
    return false;
}

bool consistency_from_name(const char *name, consistency *ret)
{
    for (unsigned i = 0; i < ARRAY_LEN(levels); i++)
        if (strcasecmp(levels[i].name, name) == 0) {
            *ret = (consistency)i;
            return true;
        }
    return false;
}

const char *consistency_name(consistency c)
{
    return (unsigned)c < ARRAY_LEN(levels) ? levels[c].name : "UNKNOWN";
}
