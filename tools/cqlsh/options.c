#include "tools/cqlsh/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

const options_shell options_shell_default = {.host = "127.0.0.1",
                                             .protocol_version = 4,
                                             .connect_timeout_s = 5,
                                             .request_timeout_s = 10,
                                             .float_digits = 5,
                                             .double_digits = 5};

const char options_usage[] =
    "Usage: cqlsh [options] [host [port]]\n"
    "\n"
    "The CQL shell. Host and port: arguments, else $CQLSH_HOST and $CQLSH_PORT, else\n"
    "~/.cassandra/cqlshrc, else 127.0.0.1 and 9042 (9160 with --thrift).\n"
    "\n"
    "  -e, --execute STATEMENTS    run them and exit\n"
    "  -f, --file FILE             run the statements of a file and exit\n"
    "  -k, --keyspace KEYSPACE     USE it at once\n"
    "  -u, --username USERNAME     \n"
    "  -p, --password PASSWORD     \n"
    "  -C, --color                 colours even when not on a terminal\n"
    "      --no-color              no colours\n"
    "  -t, --tty                   prompts and pages as on a terminal\n"
    "      --thrift                CQL over framed Thrift\n"
    "      --cqlversion VERSION    the version of CQL to ask for\n"
    "      --protocol-version N    3 or 4 (4)\n"
    "      --connect-timeout S     seconds (5)\n"
    "      --request-timeout S     seconds (10)\n"
    "      --encoding utf-8        the only one\n"
    "      --cqlshrc FILE          instead of ~/.cassandra/cqlshrc\n"
    "      --debug                 tell what is sent where\n"
    "      --version, --help\n"
    "\n"
    "Exit status: 0; 1 when it cannot connect; 2 when a statement of -e, -f or the input failed.\n";

enum {
    O_NO_COLOR = 256,
    O_THRIFT,
    O_CQL_VERSION,
    O_PROTOCOL,
    O_CONNECT,
    O_REQUEST,
    O_ENCODING,
    O_RC,
    O_DEBUG,
    O_VERSION,
    O_HELP,
    O_IGNORED
};

static const char short_options[] = "e:f:k:u:p:Ct";
static const struct option long_options[] = {
    {"execute", required_argument, NULL, 'e'},
    {"file", required_argument, NULL, 'f'},
    {"keyspace", required_argument, NULL, 'k'},
    {"username", required_argument, NULL, 'u'},
    {"password", required_argument, NULL, 'p'},
    {"color", no_argument, NULL, 'C'},
    {"no-color", no_argument, NULL, O_NO_COLOR},
    {"tty", no_argument, NULL, 't'},
    {"thrift", no_argument, NULL, O_THRIFT},
    {"cqlversion", required_argument, NULL, O_CQL_VERSION},
    {"protocol-version", required_argument, NULL, O_PROTOCOL},
    {"connect-timeout", required_argument, NULL, O_CONNECT},
    {"request-timeout", required_argument, NULL, O_REQUEST},
    {"encoding", required_argument, NULL, O_ENCODING},
    {"cqlshrc", required_argument, NULL, O_RC},
    {"debug", no_argument, NULL, O_DEBUG},
    {"version", no_argument, NULL, O_VERSION},
    {"help", no_argument, NULL, O_HELP},
    /* of other versions, without effect here */
    {"browser", required_argument, NULL, O_IGNORED},
    {"no_compact", no_argument, NULL, O_IGNORED},
    {"no-compact", no_argument, NULL, O_IGNORED},
    {"disable-history", no_argument, NULL, O_IGNORED},
    {NULL, 0, NULL, 0}};

static int parse_number(const char *what, const char *s, long least, long most, int *ret,
                        err_info *e)
{
    char *end;
    long n = strtol(s, &end, 10);
    if (!*s || *end || n < least || n > most)
        return err_set(e, ERR_INVALID, "'%s' is not a valid %s (%ld to %ld).", s, what, least,
                       most);
    *ret = (int)n;
    return 0;
}

static int parse_timeout(const char *what, const char *s, double *ret, err_info *e)
{
    char *end;
    double n = strtod(s, &end);
    if (!*s || *end || !(n > 0 && n < 1e6))
        return err_set(e, ERR_INVALID, "'%s' is not a valid %s.", s, what);
    *ret = n;
    return 0;
}

static int set_encoding(const char *s, err_info *e)
{
    if (!strcasecmp(s, "utf-8") || !strcasecmp(s, "utf8"))
        return 0;
    return err_set(e, ERR_NOT_SUPPORTED, "Encoding '%s' is not supported yet, only utf-8 is.", s);
}

static int set_number(int c, const char *value, options_shell *o, err_info *e)
{
    switch (c) {
    case O_PROTOCOL:
        return parse_number("protocol version", value, 3, 4, &o->protocol_version, e);
    case O_CONNECT:
        return parse_timeout("connect timeout", value, &o->connect_timeout_s, e);
    case O_REQUEST:
        return parse_timeout("request timeout", value, &o->request_timeout_s, e);
    case O_ENCODING:
        return set_encoding(value, e);
    default:
        return 0;
    }
}

static void set_flag(int c, options_shell *o)
{
    if (c == 'C')
        o->color = COLOR_ALWAYS;
    else if (c == O_NO_COLOR)
        o->color = COLOR_NEVER;
    else if (c == 't')
        o->tty = true;
    else if (c == O_THRIFT)
        o->thrift = true;
    else if (c == O_DEBUG)
        o->debug = true;
    else if (c == O_VERSION)
        o->mode = OPTIONS_VERSION;
    else if (c == O_HELP)
        o->mode = OPTIONS_HELP;
}

static const char **string_of(int c, options_shell *o)
{
    switch (c) {
    case 'e':
        return &o->execute;
    case 'f':
        return &o->file;
    case 'k':
        return &o->keyspace;
    case 'u':
        return &o->user;
    case 'p':
        return &o->password;
    case O_CQL_VERSION:
        return &o->cql_version;
    case O_RC:
        return &o->rc_file;
    default:
        return NULL;
    }
}

static int set(int c, const char *value, options_shell *o, err_info *e)
{
    const char **string = string_of(c, o);
    if (string)
        *string = value;
    else if (value)
        return set_number(c, value, o, e);
    else
        set_flag(c, o);
    return 0;
}

const char *options_find_rc(int argc, char **argv)
{
    const char *file = NULL;
    int c;
    optind = 0;
    opterr = 0;
    while ((c = getopt_long(argc, argv, short_options, long_options, NULL)) >= 0)
        if (c == O_RC)
            file = optarg;
    return file;
}

int options_read_arguments(int argc, char **argv, options_shell *o, err_info *e)
{
    int c, r = 0;
    optind = 0;
    opterr = 0;
    for (int before = 1; (c = getopt_long(argc, argv, short_options, long_options, NULL)) >= 0;
         before = optind) {
        if (c == '?')
            return err_set(e, ERR_INVALID, "no such option, or its value is missing: %s",
                           argv[before < argc ? before : argc - 1]);
        if ((r = set(c, optarg, o, e)) < 0)
            return r;
    }
    if (argc - optind > 2)
        return err_set(e, ERR_INVALID, "too many arguments: %s", argv[optind + 2]);
    if (optind < argc)
        o->host = argv[optind];
    if (optind + 1 < argc)
        r = parse_number("port number", argv[optind + 1], 1, 65535, &o->port, e);
    return r;
}

void options_read_environment(options_shell *o, const char *host, const char *port)
{
    if (host && *host)
        o->host = host;
    if (port && *port)
        parse_number("port number", port, 1, 65535, &o->port, NULL);
}

/* ---- cqlshrc ---- */

static bytes trim(bytes s)
{
    while (s.n && strchr(" \t\r", s.p[s.n - 1]))
        s.n--;
    while (s.n && strchr(" \t\r", s.p[0]))
        s.p++, s.n--;
    return s;
}

static void set_rc(const char *section, const char *key, const char *value, options_shell *o)
{
    char name[80];
    snprintf(name, sizeof name, "%s.%s", section, key);
    if (!strcasecmp(name, "connection.hostname"))
        o->host = value;
    else if (!strcasecmp(name, "connection.port"))
        parse_number("port", value, 1, 65535, &o->port, NULL);
    else if (!strcasecmp(name, "connection.timeout"))
        parse_timeout("timeout", value, &o->connect_timeout_s, NULL);
    else if (!strcasecmp(name, "connection.request_timeout"))
        parse_timeout("timeout", value, &o->request_timeout_s, NULL);
    else if (!strcasecmp(name, "authentication.username"))
        o->user = value;
    else if (!strcasecmp(name, "authentication.password"))
        o->password = value;
    else if (!strcasecmp(name, "authentication.keyspace"))
        o->keyspace = value;
    else if (!strcasecmp(name, "ui.color"))
        o->color = !strcasecmp(value, "off") || !strcasecmp(value, "false") || !strcmp(value, "0")
                       ? COLOR_NEVER
                       : COLOR_AUTO;
    else if (!strcasecmp(name, "ui.float_precision"))
        parse_number("precision", value, 1, 17, &o->float_digits, NULL);
    else if (!strcasecmp(name, "ui.double_precision"))
        parse_number("precision", value, 1, 17, &o->double_digits, NULL);
}

static void read_line(bytes line, char section[32], arena *a, options_shell *o)
{
    line = trim(line);
    if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
        return;
    if (line.p[0] == '[') {
        const uint8_t *end = memchr(line.p, ']', line.n);
        int n = end && end - line.p < 32 ? (int)(end - line.p) - 1 : 0;
        snprintf(section, 32, "%.*s", n, (const char *)line.p + 1);
        return;
    }
    size_t n = 0;
    while (n < line.n && line.p[n] != '=' && line.p[n] != ':')
        n++;
    if (n == line.n)
        return;
    const char *key = arena_str(a, trim(bytes_of(line.p, n)));
    set_rc(section, key, arena_str(a, trim(bytes_of(line.p + n + 1, line.n - n - 1))), o);
}

void options_read_rc(bytes text, arena *a, options_shell *o)
{
    char section[32] = "";
    while (text.n) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        read_line(bytes_of(text.p, n), section, a, o);
        n += end != NULL;
        text = bytes_of(text.p + n, text.n - n);
    }
}
