/* properties.h: the Java properties syntax, and the snitch files written in it.
 *
 * Owner:  everything lives in the caller's arena.
 * Errors: parsing does not fail: any text is some list of properties. Meaning is checked by those
 *         who ask.
 * Format: a line is `key=value`, `key:value` or `key value`; blanks around both are dropped (at
 *         the end, too, which Java does not do: files with `dc =WESTUS ` are out there). # and !
 *         begin comments; \ escapes the next character, joins lines, and \n \t \r \f \uXXXX are
 *         what they are in C. A byte order mark and CR LF are tolerated.
 */
#pragma once
#include "base/arena.h"
#include "base/errors.h"

typedef struct property {
    const char *key, *value;
    int line;
} property;

typedef struct properties {
    const property *p; /* in the order of the file */
    size_t n;
} properties;

void properties_parse(bytes text, arena *a, properties *ret);
/* The last value of a key, or NULL. */
const char *properties_get(const properties *p, const char *key);

/* cassandra-topology.properties: `ip=DC:RACK` lines and `default=DC:RACK`. ERR_NOT_FOUND: neither
 * the ip nor a default is there. ret_* live in the arena. */
int topology_lookup(const properties *p, const char *ip, arena *a, const char **ret_dc,
                    const char **ret_rack, err_info *e);
