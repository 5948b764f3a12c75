/* config.h: what a node was told: cassandra.yaml, -D properties and the files beside it.
 *
 * One table, config_keys.def, is the whole knowledge: each row gives a key, its field in
 * `struct config`, type, limits, default and how it acts. Keys of Cassandra 2.0 to 4.1 are known
 * by their old and their new names. A key that means nothing here gives a warning, an unknown one
 * an error that names file, line and key.
 *
 * Owner:  config_load gives, config_free takes; strings live as long as the config.
 * Thread: read-only after config_load, so any.
 * Errors: ERR_CONFIG with "file:line: ..." in e->text; nothing is given then.
 * Units:  durations are milliseconds (_ms), sizes bytes (_bytes), rates bytes a second. A value of
 *         CONFIG_AUTO (-1) leaves the choice to the owner of the thing.
 * Source: conf/cassandra.yaml explains every acting key to its user.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/errors.h"

#define CONFIG_AUTO (-1)

typedef struct config_list {
    const char **p;
    size_t n;
} config_list;

/* Values of the ENUM rows, in the order of their choices. The policies have the values of
 * storage.h's failure_policy, commitlog_sync those of its commitlog_sync. */
enum { COMMITLOG_PERIODIC, COMMITLOG_BATCH, COMMITLOG_GROUP };
enum { COMPRESS_NONE, COMPRESS_DC, COMPRESS_ALL };            /* internode_compression */
enum { ENCRYPT_NONE, ENCRYPT_DC, ENCRYPT_RACK, ENCRYPT_ALL }; /* internode_encryption */

typedef struct config {
    /* One field per storing row of the table. Class names stand without their package. Addresses
     * are textual IPs after config_load: names are resolved, blanks filled in. */
#define BOOL(field, name, def, how) bool field;
#define INT(field, name, def, lo, hi, how) int64_t field;
#define MS(field, name, def, lo, hi, bare, how) int64_t field;
#define BYTES(field, name, def, lo, hi, bare, how) int64_t field;
#define RATE(field, name, def, lo, hi, bare, how) int64_t field;
#define REAL(field, name, def, lo, hi, how) double field;
#define STR(field, name, def, how) const char *field;
#define ENUM(field, name, def, choices, how) int field;
#define CLASS(field, name, def, choices, how) const char *field;
#define LIST(field, name, how) config_list field;
#define CSV(field, name, def, how) config_list field;
#define MAP(name, how)
#define IGNORED(name)
#define ALIAS(old, name, bare)
#define PROPERTY(property, name)
#include "server/config/config_keys.def"

    /* Worked out by config_load. */
    const char *home;     /* $CASSANDRA_HOME, else "." */
    const char *conf_dir; /* where the yaml and the property files are */
    const char *file;     /* the yaml that was read; NULL: none, everything at its default */
    bool hinted_handoff;  /* of hinted_handoff_enabled: true, false, or a list of data centers */
    config_list hinted_handoff_datacenters; /* empty: all */
    bool is_seed;                           /* broadcast_address is one of seeds */
    const char *log_file;                   /* system.log; NULL: none */
    int log_level;                          /* a log_level of base/log.h */
    const char *dc, *rack;                  /* where the snitch says that this node stands */
    config_list warnings;                   /* lines for the log, in order */

    arena mem;
    struct config_state *state; /* which rows were set, and where; for messages */
    uint32_t magic;
} config;

/* A -D option of the command line; later ones win. */
typedef struct config_property {
    const char *name, *value;
} config_property;

/* What names mean; a simulated node brings its own. */
typedef struct config_host {
    /* Textual IP of a host name (an IP is its own). */
    int (*resolve)(void *arg, const char *name, char *ret_ip, size_t cap);
    /* An address of a network interface. */
    int (*interface)(void *arg, const char *name, bool ipv6, char *ret_ip, size_t cap);
    const char *name; /* this host's name; NULL: ask the system */
    void *arg;
    unsigned cores; /* 0: ask the system */
} config_host;

typedef struct config_source {
    const char *conf_dir;              /* $CASSANDRA_CONF or -c; NULL: home/conf */
    const char *home;                  /* $CASSANDRA_HOME; NULL: "." */
    const config_property *properties; /* -Dname=value, all of them */
    size_t n_properties;
    const config_host *host; /* NULL: the system's */
} config_source;

/* All of it: reads the yaml (-Dcassandra.config=FILE or conf_dir/cassandra.yaml), applies the
 * properties, checks what belongs together, resolves addresses, reads the files beside the yaml.
 * Touches nothing: directories are made by those who need them. */
int config_load(const config_source *s, config **ret, err_info *e);
config *config_free(config *c); /* NULL is fine; returns NULL */

/* The steps of config_load, for tests and for nodes without files. */
config *config_new(void); /* every key at its default, nothing resolved */
int config_parse_yaml(config *c, const char *file, bytes text, err_info *e);
int config_set_property(config *c, const char *name, const char *value, err_info *e);
int config_finish(config *c, const config_source *s, err_info *e);

/* A -D property by name, the last one given, or NULL. */
const char *config_property_get(const config_source *s, const char *name);
