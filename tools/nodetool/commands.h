/* commands.h: what nodetool knows to do. */
#pragma once
#include "base/buf.h"
#include "tools/nodetool/http.h"
#include "tools/nodetool/options.h"

typedef struct session {
    const nodetool_options *options;
    node_address at;
    buf out; /* for stdout */
} session;

typedef struct command command;

/* By name or alias, in any case; NULL: none. */
const command *command_find(const char *name);
/* A command of Cassandra's nodetool that this one does not have yet. */
bool command_is_missing(const char *name);
int command_run(const command *c, session *s, err_info *err);
/* Usage and list of commands; of one command. */
void commands_help(buf *out);
void command_help(const command *c, buf *out);
