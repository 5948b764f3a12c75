/* options.h: the command line of iliond, and becoming a daemon.
 *
 *     iliond [-f] [-p PIDFILE] [-c CONFDIR] [-Dname=value ...] [-R] [-v] [-h]
 *
 * -D options are taken from $JVM_OPTS, $JVM_EXTRA_OPTS and the command line; later ones win.
 * $CASSANDRA_HOME and $CASSANDRA_CONF are read. -R, -b, -H FILE and -E FILE are tolerated.
 *
 * Owner:  options_done frees; strings point into argv, the environment or the options.
 * Thread: main, before there are others.
 */
#pragma once
#include <stdbool.h>

#include "base/arena.h"
#include "base/errors.h"
#include "server/config/config.h"

typedef struct launch_options {
    config_source source; /* conf_dir, home and properties, for config_load */
    const char *pid_file; /* NULL: none */
    bool foreground, version, help;
    arena mem;
} launch_options;

/* ERR_INVALID with a sentence for the user. */
int options_parse(int argc, char **argv, launch_options *ret, err_info *e);
void options_done(launch_options *o);
extern const char options_usage[];

/* ---- daemon ----
 * daemonize() forks. The parent waits for the child's word and does not return: it exits 0 after
 * daemon_ready, 1 with the child's sentence on stderr after daemon_failed or the child's death.
 * In the child (the daemon, a session of its own) daemonize returns 0; it goes on to start the
 * node. To be called before any thread exists, after the configuration has been read (its errors
 * are told better in the foreground). Its own errors are those before the fork; a pid file that
 * cannot be written is the daemon's failure, told by the parent. */
typedef struct daemon_link {
    int fd;               /* to the waiting parent; -1: there is none (foreground) */
    const char *pid_file; /* NULL: none */
} daemon_link;

/* pid_file, when given, holds the daemon's pid before the parent exits. */
int daemonize(const char *pid_file, daemon_link *ret, err_info *e);
/* The same without a fork, for -f: writes the pid file. */
int daemon_foreground(const char *pid_file, daemon_link *ret, err_info *e);
/* The node serves: lets the parent go and the terminal with it. */
void daemon_ready(daemon_link *d);
/* Tells the parent (or stderr) why there will be no node, and removes the pid file. The caller
 * exits 1. */
void daemon_failed(daemon_link *d, const char *sentence);
