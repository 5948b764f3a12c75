/* files.c: the files beside cassandra.yaml: where the snitch says that this node stands, what the
 * logging files and cassandra-env.sh say that still means something without a JVM.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/log.h"
#include "base/must.h"
#include "server/config/internal.h"
#include "server/config/properties.h"

/* A properties file of conf_dir; ret_path for messages. ERR_NOT_FOUND: it is not there. */
static int read_properties(config *c, const char *name, properties *ret, const char **ret_path,
                           err_info *e)
{
    bytes text;
    *ret_path = arena_printf(&c->mem, "%s/%s", c->conf_dir, name);
    int r = config_slurp(c, *ret_path, &text, e);
    if (r == 0)
        properties_parse(text, &c->mem, ret);
    return r;
}

/* ---- data center and rack ---- */

static int place_by_topology(config *c, err_info *e)
{
    properties p;
    const char *path;
    err_info why = {0};
    int r = read_properties(c, "cassandra-topology.properties", &p, &path, &why);
    if (r < 0)
        return err_set(e, ERR_CONFIG, "%s (PropertyFileSnitch needs it)", why.text);
    r = topology_lookup(&p, c->broadcast_address, &c->mem, &c->dc, &c->rack, &why);
    return r < 0 ? err_set(e, ERR_CONFIG, "%s: %s", path, why.text) : 0;
}

static int place_by_rackdc(config *c, err_info *e)
{
    properties p;
    const char *path;
    err_info why = {0};
    int r = read_properties(c, "cassandra-rackdc.properties", &p, &path, &why);
    if (r < 0)
        return err_set(e, ERR_CONFIG, "%s (GossipingPropertyFileSnitch needs it)", why.text);
    const char *dc = properties_get(&p, "dc"), *rack = properties_get(&p, "rack");
    if (!dc || !*dc || !rack || !*rack)
        return err_set(e, ERR_CONFIG,
                       "%s: DC or rack not found in snitch properties, check your configuration",
                       path);
    c->dc = dc;
    c->rack = rack;
    return 0;
}

/* 2nd octet: data center; 3rd: rack. */
static int place_by_octets(config *c, err_info *e)
{
    unsigned o[4];
    if (sscanf(c->broadcast_address, "%u.%u.%u.%u", &o[0], &o[1], &o[2], &o[3]) != 4)
        return err_set(e, ERR_CONFIG, "RackInferringSnitch needs an IPv4 address, not %s",
                       c->broadcast_address);
    c->dc = arena_printf(&c->mem, "%u", o[1]);
    c->rack = arena_printf(&c->mem, "%u", o[2]);
    return 0;
}

static int read_place(config *c, err_info *e)
{
    static const struct {
        const char *snitch;
        int (*place)(config *, err_info *);
    } snitches[] = {{"PropertyFileSnitch", place_by_topology},
                    {"GossipingPropertyFileSnitch", place_by_rackdc},
                    {"RackInferringSnitch", place_by_octets}};
    for (size_t i = 0; i < ARRAY_LEN(snitches); i++)
        if (strcasecmp(c->endpoint_snitch, snitches[i].snitch) == 0)
            return snitches[i].place(c, e);
    return 0; /* SimpleSnitch: datacenter1, rack1 */
}

/* ---- commit log archiving ---- */

static int check_archiving(config *c, err_info *e)
{
    static const char *const keys[] = {"archive_command", "restore_command", "restore_directories",
                                       "restore_point_in_time"};
    properties p;
    const char *path;
    int r = read_properties(c, "commitlog_archiving.properties", &p, &path, e);
    if (r < 0)
        return r == ERR_NOT_FOUND ? 0 : r;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *v = properties_get(&p, keys[i]);
        if (v && *v)
            return err_set(e, ERR_CONFIG, "%s: %s is not supported yet", path, keys[i]);
    }
    return 0;
}

/* ---- the management port: JMX_PORT="7199" in cassandra-env.sh, which launchers rewrite ---- */

static void read_admin_port(config *c)
{
    bytes text;
    const char *path = arena_printf(&c->mem, "%s/cassandra-env.sh", c->conf_dir);
    if (config_slurp(c, path, &text, NULL) < 0)
        return;
    for (const char *p = arena_str(&c->mem, text); p && *p; p += *p == '\n') {
        const char *at = p + strspn(p, " \t");
        if (strncmp(at, "JMX_PORT=", 9) == 0) {
            at += 9;
            at += *at == '"' || *at == '\'';
            long port = strtol(at, NULL, 10);
            /* as shipped it says nothing that an admin_port could not overrule */
            if (port > 0 && port <= 65535 && !(port == 7199 && config_is_set(c, &c->admin_port)))
                c->admin_port = port;
        }
        p += strcspn(p, "\n");
    }
}

/* ---- logging ---- */

/* ${name} filled in from -D properties; NULL when one of them is not there. */
static const char *expand(config *c, const config_source *s, const char *text)
{
    const char *out = "";
    for (const char *p = text; *p;) {
        const char *open = strstr(p, "${"), *close = open ? strchr(open, '}') : NULL;
        if (!close)
            return arena_printf(&c->mem, "%s%s", out, p);
        const char *name = arena_str(&c->mem, bytes_of(open + 2, (size_t)(close - open - 2)));
        const char *value = config_property_get(s, name);
        if (!value)
            return NULL;
        out = arena_printf(&c->mem, "%s%.*s%s", out, (int)(open - p), p, value);
        p = close + 1;
    }
    return out;
}

static int level_of(const char *text)
{
    static const struct {
        const char *name;
        int level;
    } levels[] = {{"ALL", LOG_DEBUG},  {"TRACE", LOG_DEBUG}, {"DEBUG", LOG_DEBUG},
                  {"INFO", LOG_INFO},  {"WARN", LOG_WARN},   {"ERROR", LOG_ERROR},
                  {"FATAL", LOG_ERROR}};
    text += strspn(text, " \t");
    for (size_t i = 0; i < ARRAY_LEN(levels); i++)
        if (strncasecmp(text, levels[i].name, strlen(levels[i].name)) == 0)
            return levels[i].level;
    return LOG_INFO;
}

/* <root level="DEBUG"> of logback.xml; LOG_INFO when it says nothing. */
static int logback_level(config *c)
{
    bytes text;
    const char *path = arena_printf(&c->mem, "%s/logback.xml", c->conf_dir);
    if (config_slurp(c, path, &text, NULL) < 0)
        return LOG_INFO;
    const char *root = strstr(arena_str(&c->mem, text), "<root ");
    const char *level = root ? strstr(root, "level=\"") : NULL;
    return level && level < root + strcspn(root, ">") ? level_of(level + 7) : LOG_INFO;
}

/* The file is what log4j-server.properties names, if all of it is known, else logdir's; the level
 * that of log4j-server.properties, or of logback.xml where that one is left at INFO. */
static int read_logging(config *c, const config_source *s, err_info *e)
{
    properties p;
    const char *path, *file = NULL, *root;
    int r = read_properties(c, "log4j-server.properties", &p, &path, e);
    if (r < 0 && r != ERR_NOT_FOUND)
        return r;
    c->log_level = LOG_INFO;
    if (r == 0 && (root = properties_get(&p, "log4j.rootLogger")))
        c->log_level = level_of(root);
    if (c->log_level == LOG_INFO)
        c->log_level = logback_level(c);
    if (r == 0 && (file = properties_get(&p, "log4j.appender.R.File")))
        file = expand(c, s, file);
    if (!file || !*file)
        file = arena_printf(&c->mem, "%s/system.log",
                            c->logdir ? c->logdir : arena_printf(&c->mem, "%s/logs", c->home));
    c->log_file = file;
    return 0;
}

int config_read_files(config *c, const config_source *s, err_info *e)
{
    read_admin_port(c);
    int r = read_place(c, e);
    if (r == 0)
        r = check_archiving(c, e);
    return r == 0 ? read_logging(c, s, e) : r;
}
