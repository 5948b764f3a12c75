/* ilion-stress: load for the binary protocol and Thrift. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/stress/stress.h"

static const char usage[] = "usage: ilion-stress write|read|mixed [options]\n"
                            "  -H HOST        address of a node (127.0.0.1)\n"
                            "  -P native|thrift   protocol (native)\n"
                            "  -p PORT        port (9042; Thrift 9160)\n"
                            "  -c N           connections (50)\n"
                            "  -q N           requests in flight on each (1)\n"
                            "  -n N           operations; or\n"
                            "  -d SECONDS     duration (10)\n"
                            "  -r RATE        open loop at so many operations a second; latency "
                            "counts from when each was due\n"
                            "  -k N           size of the key space (1000000)\n"
                            "  -s             keys in sequence instead of at random\n"
                            "  -v BYTES       size of values (100)\n"
                            "  -m PERCENT     reads in mixed (50)\n"
                            "  -l LEVEL       consistency level (ONE)\n"
                            "  -f N           replication factor when the keyspace is made (1)\n"
                            "  -x             make no keyspace and table\n"
                            "  -Q             no progress lines\n";

typedef struct job {
    stress_options o;
    runtime *runtime;
    int status;
} job;

static void co_fn run(void *arg)
{
    job *j = arg;
    stress_run_all(runtime_env(j->runtime, 0), &j->o, &j->status);
    runtime_stop(j->runtime);
}

static int bad(const char *what, const char *value)
{
    fprintf(stderr, "ilion-stress: %s%s%s\n%s", what, value ? ": " : "", value ? value : "", usage);
    return 2;
}

static int parse_kind(const char *word, stress_kind *ret)
{
    static const char *const names[] = {"write", "read", "mixed"};
    for (unsigned i = 0; i < 3; i++)
        if (word && !strcmp(word, names[i])) {
            *ret = (stress_kind)i;
            return 0;
        }
    return -1;
}

/* A number no less than least and no more than most. */
static int parse_number(const char *text, double least, double most, double *ret)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !(v >= least && v <= most))
        return -1;
    *ret = v;
    return 0;
}

/* What -c N and its like set, and its bounds. */
static int parse_count(int c, stress_options *o)
{
    static const struct {
        char option;
        double least, most;
    } bounds[] = {{'p', 1, 65535},   {'c', 1, 100000}, {'q', 1, 32767}, {'n', 1, 1e15},
                  {'d', 0.001, 1e9}, {'r', 0, 1e9},    {'k', 1, 1e15},  {'v', 0, 16 << 20},
                  {'m', 0, 100},     {'f', 1, 1000}};
    double v = 0;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++)
        if (bounds[i].option == c && parse_number(optarg, bounds[i].least, bounds[i].most, &v) < 0)
            return -1;
    switch (c) {
    case 'p':
        o->port = (uint16_t)v;
        return 0;
    case 'c':
        o->connections = (unsigned)v;
        return 0;
    case 'q':
        o->in_flight = (unsigned)v;
        return 0;
    case 'n':
        o->operations = (uint64_t)v;
        return 0;
    case 'd':
        o->seconds = v;
        return 0;
    case 'r':
        o->rate = v;
        return 0;
    case 'k':
        o->keys = (uint64_t)v;
        return 0;
    case 'v':
        o->value_bytes = (size_t)v;
        return 0;
    case 'm':
        o->read_percent = (unsigned)v;
        return 0;
    case 'f':
        o->replication_factor = (int)v;
        return 0;
    }
    return -1;
}

static int parse_option(int c, stress_options *o)
{
    switch (c) {
    case 'H':
        o->host = optarg;
        return 0;
    case 'P':
        o->wire = !strcmp(optarg, "thrift") ? &stress_thrift : &stress_native;
        return !strcmp(optarg, o->wire->name) ? 0 : -1;
    case 's':
        o->sequential = true;
        return 0;
    case 'l':
        return consistency_from_name(optarg, &o->cl) ? 0 : -1;
    case 'x':
        o->setup = false;
        return 0;
    case 'Q':
        o->quiet = true;
        return 0;
    case '?':
        return -1;
    default:
        return parse_count(c, o);
    }
}

int main(int argc, char **argv)
{
    job j = {.o = {.host = "127.0.0.1",
                   .connections = 50,
                   .in_flight = 1,
                   .seconds = 10,
                   .keys = 1000000,
                   .value_bytes = 100,
                   .cl = CL_ONE,
                   .read_percent = 50,
                   .setup = true,
                   .replication_factor = 1,
                   .wire = &stress_native}};
    int c;
    if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
        fputs(usage, stdout);
        return 0;
    }
    if (parse_kind(argc > 1 ? argv[1] : NULL, &j.o.kind) < 0)
        return bad("write, read or mixed?", NULL);
    optind = 2;
    while ((c = getopt(argc, argv, "H:P:p:c:q:n:d:r:k:sv:m:l:f:xQ")) >= 0)
        if (parse_option(c, &j.o) < 0)
            return bad("not understood", optarg);
    if (optind < argc)
        return bad("unexpected argument", argv[optind]);
    if (!j.o.port)
        j.o.port = j.o.wire->port;
    runtime_options o = {.workers = 1, .io_threads = 1, .long_threads = 1, .log = &log_stderr};
    j.runtime = runtime_new_uv(&o);
    runtime_run(j.runtime, run, &j);
    runtime_free(j.runtime);
    return j.status;
}
