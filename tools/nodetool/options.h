/* options.h: nodetool's command line.
 *
 * Options may stand before or after the command: -h HOST, --host HOST, --host=HOST, -p7199. Dashes
 * that web pages and word processors put in place of hyphens (U+2013, U+2014, U+2212) count as
 * such. "--" ends the options; a minus before a digit is a number, not an option.
 *
 * Owner: borrows argv.
 */
#pragma once
#include <stdbool.h>

#include "base/errors.h"

/* X(field, short name, long name, takes a value, what it is) */
#define NODETOOL_OPTIONS(X)                                                                        \
    X(host, "h", "host", true, "host name or IP address of the node (127.0.0.1)")                  \
    X(port, "p", "port", true, "management port of the node (7199)")                               \
    X(username, "u", "username", true, "user name (not needed)")                                   \
    X(password, "pw", "password", true, "password (not needed)")                                   \
    X(password_file, "pwf", "password-file", true, "file with the password (not needed)")          \
    X(tokens, "T", "tokens", false, "show all tokens")                                             \
    X(ignore, "i", "ignore", false, "tablestats: all but the tables given")                        \
    X(resolve_ip, "r", "resolve-ip", false, "show names of nodes instead of addresses")            \
    X(column_family, "cf", "column-family", true, "snapshot: of one table")                        \
    X(tag, "t", "tag", true, "name of a snapshot")                                                 \
    X(compact, "c", "compact", false, "histograms in a compact form")                              \
    X(primary_range, "pr", "partitioner-range", false, "repair: the first range only")             \
    X(parallel, "par", "parallel", false, "repair nodes at the same time")                         \
    X(local, "local", "in-local-dc", false, "repair: nodes of this data center only")              \
    X(dc, "dc", "in-dc", true, "repair: nodes of these data centers only")                         \
    X(hosts, "hosts", "in-host", true, "repair: these nodes only")                                 \
    X(start_token, "st", "start-token", true, "repair: first token")                               \
    X(end_token, "et", "end-token", true, "repair: last token")                                    \
    X(all_sstables, "a", "include-all-sstables", false, "upgradesstables: the current ones too")   \
    X(no_snapshot, "ns", "no-snapshot", false, "scrub: without a snapshot before")                 \
    X(skip_corrupted, "s", "skip-corrupted", false, "scrub: leave corrupt rows out")

typedef struct nodetool_options {
/* The value; a flag that was given is "". NULL: absent. */
#define X(field, s, l, has, what) const char *field;
    NODETOOL_OPTIONS(X)
#undef X
    const char *command; /* NULL: none */
    const char **args;   /* of the command; in the caller's array */
    int n_args;
} nodetool_options;

/* args: room for argc pointers. An error leaves what was understood in *ret (the command's name,
 * for one that is not supported anyway). */
int options_parse(int argc, char **argv, const char **args, nodetool_options *ret, err_info *err);
