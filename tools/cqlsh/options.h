/* options.h: what the shell was asked for: defaults, then cqlshrc, then the environment, then the
 * command line.
 *
 * Owner:  strings belong to the arguments, the environment or the arena.
 * Thread: any; pure (files are read by the caller).
 * Errors: ERR_INVALID with the sentence for the user.
 */
#pragma once
#include "base/arena.h"
#include "base/errors.h"

typedef enum options_mode { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION } options_mode;
typedef enum options_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER } options_color;

typedef struct options_shell {
    options_mode mode;
    const char *host;
    int port; /* 0: 9042, or 9160 with thrift */
    bool thrift;
    const char *execute, *file, *keyspace, *user, *password, *rc_file;
    const char *cql_version; /* NULL: the server's */
    int protocol_version;
    double connect_timeout_s, request_timeout_s;
    options_color color;
    bool tty, debug;
    int float_digits, double_digits;
} options_shell;

extern const options_shell options_shell_default;
extern const char options_usage[];

/* [section], key = value; what we do not know is passed over. */
void options_read_rc(bytes text, arena *a, options_shell *o);
void options_read_environment(options_shell *o, const char *host, const char *port);
int options_read_arguments(int argc, char **argv, options_shell *o, err_info *e);
/* The file named with --cqlshrc, before the others are read; NULL: none. */
const char *options_find_rc(int argc, char **argv);
