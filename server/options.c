#include "server/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <strings.h>

#include "base/vec.h"

const char options_usage[] =
    "usage: iliond [-f] [-p PIDFILE] [-c CONFDIR] [-Dname=value ...]\n"
    "  -f           stay in the foreground\n"
    "  -p PIDFILE   write the process id to a file\n"
    "  -c CONFDIR   where cassandra.yaml is (else $CASSANDRA_CONF, else $CASSANDRA_HOME/conf)\n"
    "  -Dname=value set a property, such as -Dcassandra.rpc_port=9160\n"
    "  -v           print the version\n"
    "  -h           print this\n";

typedef struct parsing {
    launch_options *o;
    vec(config_property) properties;
} parsing;

/* name=value; a name alone has an empty value. */
static void add_property(parsing *p, const char *text)
{
    size_t n = strcspn(text, "=");
    const char *name = arena_str(&p->o->mem, bytes_of(text, n));
    vec_push(&p->properties,
             (config_property){name, arena_strdup(&p->o->mem, text + n + (text[n] == '='))});
}

/* The -D words of $JVM_OPTS and its like; the others are for a JVM. */
static void add_environment(parsing *p, const char *variable)
{
    const char *text = getenv(variable);
    while (text && *text) {
        text += strspn(text, " \t\n");
        size_t n = strcspn(text, " \t\n");
        if (n > 2 && strncmp(text, "-D", 2) == 0)
            add_property(p, arena_str(&p->o->mem, bytes_of(text + 2, n - 2)));
        text += n;
    }
}

static const char *environment(const char *name)
{
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

static int parse_word(parsing *p, int letter, err_info *e)
{
    launch_options *o = p->o;
    switch (letter) {
    case 'f':
        o->foreground = true;
        return 0;
    case 'p':
        o->pid_file = optarg;
        return 0;
    case 'c':
        o->source.conf_dir = optarg;
        return 0;
    case 'D':
        add_property(p, optarg);
        return 0;
    case 'v':
        o->version = true;
        return 0;
    case 'h':
        o->help = true;
        return 0;
    case ':':
        return err_set(e, ERR_INVALID, "option -%c needs a value", optopt);
    case '?':
        return optopt ? err_set(e, ERR_INVALID,
                                "unknown option -%c (iliond -h tells which there are)", optopt)
                      : err_set(e, ERR_INVALID, "unknown option (iliond -h tells which there are)");
    default: /* -R -b -H -E: for a JVM and for root */
        return 0;
    }
}

/* The two options that launchers also write as properties. */
static void take_properties(launch_options *o)
{
    const char *pid = config_property_get(&o->source, "cassandra-pidfile");
    const char *foreground = config_property_get(&o->source, "cassandra-foreground");
    if (!o->pid_file && pid && *pid)
        o->pid_file = pid;
    if (foreground && strcasecmp(foreground, "no") != 0 && strcasecmp(foreground, "false") != 0)
        o->foreground = true;
}

int options_parse(int argc, char **argv, launch_options *ret, err_info *e)
{
    static const struct option longs[] = {
        {"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'v'}, {0}};
    parsing p = {.o = ret};
    int letter, r = 0;
    *ret = (launch_options){.source = {.conf_dir = environment("CASSANDRA_CONF"),
                                       .home = environment("CASSANDRA_HOME")}};
    arena_init(&ret->mem, 1024);
    add_environment(&p, "JVM_OPTS");
    add_environment(&p, "JVM_EXTRA_OPTS");
    opterr = 0;
    optind = 0;
    while (r == 0 && (letter = getopt_long(argc, argv, ":fp:c:D:vhRbH:E:", longs, NULL)) != -1)
        r = parse_word(&p, letter, e);
    if (r == 0 && optind < argc)
        r = err_set(e, ERR_INVALID, "unexpected argument '%s'", argv[optind]);
    ret->source.n_properties = p.properties.n;
    ret->source.properties = arena_array(&ret->mem, config_property, p.properties.n);
    if (p.properties.n)
        memcpy((void *)ret->source.properties, p.properties.p,
               p.properties.n * sizeof *p.properties.p);
    vec_done(&p.properties);
    take_properties(ret);
    return r;
}

void options_done(launch_options *o)
{
    arena_done(&o->mem);
}
