#include "tools/nodetool/commands.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/alloc.h"
#include "tools/nodetool/format.h"
#include "tools/nodetool/port.h"

#define API "/api/v1/"

struct command {
    const char *name, *alias, *args, *what;
    int min_args, max_args; /* -1: any number */
    const char *method, *path;
    const char *params[3]; /* names of the arguments in the query; the last one repeats */
    void (*format)(buf *out, const json_t *answer);
    int (*run)(const command *c, session *s, err_info *err); /* NULL: ask, format */
};

/* ---- the plain way: ask, format ---- */

static int ask(const command *c, session *s, const char *method, const char *path, json_t **ret,
               err_info *err)
{
    buf query = {0};
    const nodetool_options *o = s->options;
    buf_str(&query, path);
    for (int i = 0, k = 0; i < o->n_args && c->params[k]; i++) {
        query_add(&query, c->params[k], o->args[i]);
        k += k < 2 && c->params[k + 1];
    }
    buf_u8(&query, 0);
    int r = http_ask(&s->at, method, (const char *)query.p, ret, err);
    buf_done(&query);
    return r;
}

static int run_plain(const command *c, session *s, err_info *err)
{
    json_t *answer;
    int r = ask(c, s, c->method, c->path, &answer, err);
    if (r < 0)
        return r;
    if (c->format)
        c->format(&s->out, answer);
    json_decref(answer);
    return 0;
}

/* ---- the others ---- */

/* -r: names in place of addresses, where they have one. */
static void resolve(json_t *nodes)
{
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node)
    {
        char name[NI_MAXHOST];
        struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *a;
        if (getaddrinfo(field_str(node, "address"), NULL, &hints, &a) != 0)
            continue;
        if (getnameinfo(a->ai_addr, a->ai_addrlen, name, sizeof name, NULL, 0, NI_NAMEREQD) == 0)
            json_object_set_new(node, "address", json_string(name));
        freeaddrinfo(a);
    }
}

static int run_nodes(const command *c, session *s, err_info *err)
{
    json_t *answer;
    int r = ask(c, s, c->method, c->path, &answer, err);
    if (r < 0)
        return r;
    if (s->options->resolve_ip)
        resolve(json_object_get(answer, "nodes"));
    c->format(&s->out, answer);
    json_decref(answer);
    return 0;
}

static int run_info(const command *c, session *s, err_info *err)
{
    json_t *answer;
    int r = ask(c, s, c->method, c->path, &answer, err);
    if (r < 0)
        return r;
    format_info(&s->out, answer, s->options->tokens);
    json_decref(answer);
    return 0;
}

/* statusbinary and the like: one field of info, named in `params`, which an info does not take. */
static int run_running(const command *c, session *s, err_info *err)
{
    json_t *answer;
    int r = http_ask(&s->at, c->method, c->path, &answer, err);
    if (r < 0)
        return r;
    format_running(&s->out, answer, c->params[0]);
    json_decref(answer);
    return 0;
}

/* "ks", "ks.table": is this table meant? */
static bool is_named(const char *arg, const char *ks, const char *table)
{
    size_t n = strlen(ks);
    return strncmp(arg, ks, n) == 0 &&
           (arg[n] == 0 || (arg[n] == '.' && strcmp(arg + n + 1, table) == 0));
}

static bool is_wanted(const nodetool_options *o, const char *ks, const char *table)
{
    bool named = false;
    for (int i = 0; i < o->n_args; i++)
        named |= is_named(o->args[i], ks, table);
    return o->n_args == 0 || named == !o->ignore;
}

static void drop_unwanted(const nodetool_options *o, json_t *keyspaces)
{
    for (size_t i = json_array_size(keyspaces); i-- > 0;) {
        json_t *ks = json_array_get(keyspaces, i), *tables = json_object_get(ks, "tables");
        for (size_t k = json_array_size(tables); k-- > 0;)
            if (!is_wanted(o, field_str(ks, "name"), field_str(json_array_get(tables, k), "name")))
                json_array_remove(tables, k);
        if (o->n_args && json_array_size(tables) == 0)
            json_array_remove(keyspaces, i);
    }
}

/* Every name given must mean something. */
static int check_names(const nodetool_options *o, const json_t *keyspaces, err_info *err)
{
    for (int i = 0; i < o->n_args; i++) {
        size_t n = strcspn(o->args[i], "."), k, t;
        json_t *ks, *table;
        bool found_ks = false, found = false;
        json_array_foreach(keyspaces, k, ks)
        {
            const char *name = field_str(ks, "name");
            bool same = strlen(name) == n && memcmp(name, o->args[i], n) == 0;
            found_ks |= same;
            found |= same && !o->args[i][n];
            json_array_foreach(json_object_get(ks, "tables"), t, table) found |=
                is_named(o->args[i], name, field_str(table, "name"));
        }
        if (!found_ks)
            return err_set(err, ERR_NOT_FOUND, "Keyspace [%.*s] does not exist.", (int)n,
                           o->args[i]);
        if (!found)
            return err_set(err, ERR_NOT_FOUND, "Unknown keyspace/cf pair (%s)", o->args[i]);
    }
    return 0;
}

static int run_tables(const command *c, session *s, err_info *err)
{
    json_t *answer;
    int r = http_ask(&s->at, c->method, c->path, &answer, err);
    if (r < 0)
        return r;
    json_t *keyspaces = json_object_get(answer, "keyspaces");
    r = check_names(s->options, keyspaces, err);
    drop_unwanted(s->options, keyspaces);
    if (r == 0)
        format_tables(&s->out, answer);
    json_decref(answer);
    return r;
}

/* The node closes its port when everything is on disk. */
static int run_stop(const command *c, session *s, err_info *err)
{
    enum { TRIES = 6000 }; /* ten minutes: all memtables are flushed first */
    const struct timespec pause = {.tv_nsec = 100000000};
    int r = run_plain(c, s, err);
    for (int i = 0; r == 0 && i < TRIES && http_reachable(&s->at); i++)
        nanosleep(&pause, NULL);
    if (r == 0)
        buf_str(&s->out, "Cassandra has shutdown.\n");
    return r;
}

static int run_help(const command *c, session *s, err_info *err)
{
    const nodetool_options *o = s->options;
    (void)c;
    const command *about = o->n_args ? command_find(o->args[0]) : NULL;
    if (about)
        command_help(about, &s->out);
    else if (o->n_args && !command_is_missing(o->args[0]))
        return err_set(err, ERR_INVALID, "Unrecognized command: %s", o->args[0]);
    else if (o->n_args)
        return err_set(err, ERR_NOT_SUPPORTED, "%s is not supported yet", o->args[0]);
    else
        commands_help(&s->out);
    return 0;
}

/* ---- the table ---- */

#define GET(p) .method = "GET", .path = API p
#define POST(p) .method = "POST", .path = API p

static const command commands[] = {
    {"compactionstats", NULL, "", "Print statistics on compactions", 0, 0, GET("compactionstats"),
     .format = format_compactionstats},
    {"describecluster", NULL, "",
     "Print the name, snitch, partitioner and schema versions of the "
     "cluster",
     0, 0, GET("cluster"), .format = format_describecluster},
    {"describering",
     NULL,
     "<keyspace>",
     "Print the token ranges of a keyspace",
     1,
     1,
     GET("describering"),
     {"keyspace"},
     format_describering},
    {"disablebinary", NULL, "", "Stop listening for CQL clients", 0, 0, POST("binary/disable")},
    {"disablegossip", NULL, "", "Stop gossiping (the node looks dead to the others)", 0, 0,
     POST("gossip/disable")},
    {"disablethrift", NULL, "", "Stop listening for Thrift clients", 0, 0, POST("thrift/disable")},
    {"drain", NULL, "", "Stop taking writes and flush everything, before a restart", 0, 0,
     POST("drain")},
    {"enablebinary", NULL, "", "Listen for CQL clients again", 0, 0, POST("binary/enable")},
    {"enablegossip", NULL, "", "Gossip again", 0, 0, POST("gossip/enable")},
    {"enablethrift", NULL, "", "Listen for Thrift clients again", 0, 0, POST("thrift/enable")},
    {"failuredetector", NULL, "", "Print how overdue each node's news are", 0, 0,
     GET("failuredetector"), .format = format_failuredetector},
    {"flush",
     NULL,
     "[keyspace] [tables...]",
     "Write memtables to disk",
     0,
     -1,
     POST("flush"),
     {"keyspace", "table"}},
    {"getendpoints",
     NULL,
     "<keyspace> <table> <key>",
     "Print the replicas of a key",
     3,
     3,
     GET("endpoints"),
     {"keyspace", "table", "key"},
     format_endpoints},
    {"getlogginglevels", NULL, "", "Print the log level", 0, 0, GET("info"),
     .format = format_logging_levels},
    {"gossipinfo", NULL, "", "Print what gossip knows of each node", 0, 0, GET("gossipinfo"),
     .format = format_gossipinfo},
    {"help", NULL, "[command]", "Print this, or one command's usage", 0, 1, .run = run_help},
    {"info", NULL, "[-T|--tokens]", "Print a summary of the node (load, uptime, ...)", 0, 0,
     GET("info"), .run = run_info},
    {"netstats", NULL, "[host]", "Print streams and messages of the node", 0, 1, GET("netstats"),
     .format = format_netstats},
    {"ring",
     NULL,
     "[keyspace]",
     "Print every token and its node",
     0,
     1,
     GET("ring"),
     {"keyspace"},
     format_ring,
     run_nodes},
    {"status",
     NULL,
     "[keyspace]",
     "Print the nodes: state, load, share, IDs",
     0,
     1,
     GET("status"),
     {"keyspace"},
     format_status,
     run_nodes},
    {"statusbinary",
     NULL,
     "",
     "Is the node listening for CQL clients?",
     0,
     0,
     GET("info"),
     {"native_active"},
     .run = run_running},
    {"statusgossip",
     NULL,
     "",
     "Is the node gossiping?",
     0,
     0,
     GET("info"),
     {"gossip_active"},
     .run = run_running},
    {"statusthrift",
     NULL,
     "",
     "Is the node listening for Thrift clients?",
     0,
     0,
     GET("info"),
     {"thrift_active"},
     .run = run_running},
    {"stopdaemon", NULL, "", "Stop the node", 0, 0, POST("stop"), .run = run_stop},
    {"tablestats", "cfstats", "[-i] [keyspace[.table]...]", "Print statistics on tables", 0, -1,
     GET("tables"), .run = run_tables},
    {"tpstats", NULL, "", "Print usage of thread pools", 0, 0, GET("tpstats"),
     .format = format_tpstats},
    {"version", NULL, "", "Print the version", 0, 0, GET("version"), .format = format_version},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

const command *command_find(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        const command *c = &commands[i];
        if (strcasecmp(c->name, name) == 0 || (c->alias && strcasecmp(c->alias, name) == 0))
            return c;
    }
    return NULL;
}

int command_run(const command *c, session *s, err_info *err)
{
    int n = s->options->n_args;
    if (n < c->min_args)
        return err_set(err, ERR_INVALID, "%s needs %s", c->name, c->args);
    if (c->max_args >= 0 && n > c->max_args)
        return err_set(err, ERR_INVALID, "%s takes %s", c->name,
                       *c->args ? c->args : "no arguments");
    return (c->run ? c->run : run_plain)(c, s, err);
}

/* ---- help ---- */

void commands_help(buf *out)
{
    buf_str(out, "usage: nodetool [options] <command> [arguments]\n\nOptions\n");
#define X(field, s, l, has, text)                                                                  \
    {                                                                                              \
        char head[64];                                                                             \
        snprintf(head, sizeof head, "-%s,--%s%s", s, l, (has) ? " <arg>" : "");                    \
        buf_printf(out, "  %-32s %s\n", head, text);                                               \
    }
    NODETOOL_OPTIONS(X)
#undef X
    buf_str(out, "\nAvailable commands\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        command_help(&commands[i], out);
}

void command_help(const command *c, buf *out)
{
    char *head autofree = xprintf("%s%s%s%s%s", c->name, c->alias ? "|" : "",
                                  c->alias ? c->alias : "", *c->args ? " " : "", c->args);
    buf_printf(out, "  %-32s %s\n", head, c->what);
}
