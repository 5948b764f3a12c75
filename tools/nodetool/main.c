/* nodetool: asks a node about itself and tells it what to do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/nodetool/commands.h"
#include "tools/nodetool/port.h"

static int complain(const char *sentence)
{
    fprintf(stderr, "%s\n", sentence);
    return 1;
}

static int usage(const char *sentence)
{
    buf out = {0};
    if (sentence)
        fprintf(stderr, "%s\n", sentence);
    commands_help(&out);
    fwrite(out.p, 1, out.n, stderr);
    buf_done(&out);
    return 1;
}

static int run(const command *c, const nodetool_options *o)
{
    err_info err = {0};
    session s = {o, {o->host ? o->host : "127.0.0.1", 0}, {0}};
    s.at.port = o->port ? port_of_text(o->port) : port_default();
    if (!s.at.port)
        return complain("Port must be a number from 1 to 65535");
    int r = command_run(c, &s, &err);
    fwrite(buf_view(&s.out).p, 1, s.out.n, stdout);
    buf_done(&s.out);
    if (r == ERR_NOT_SUPPORTED)
        fprintf(stderr, "nodetool: %s is not supported yet\n", o->command);
    else if (r < 0)
        fprintf(stderr, "%s\n", err.text);
    return r < 0 || fflush(stdout) != 0;
}

int main(int argc, char **argv)
{
    err_info err = {0};
    nodetool_options o;
    const char **args = xmalloc((size_t)argc * sizeof *args);
    int r = options_parse(argc, argv, args, &o, &err), code = 1;
    const command *c = o.command ? command_find(o.command) : NULL;
    if (!o.command)
        code = usage(r < 0 ? err.text : NULL);
    else if (!c && command_is_missing(o.command))
        fprintf(stderr, "nodetool: %s is not supported yet\n", o.command);
    else if (!c)
        fprintf(stderr, "Unrecognized command: %s\n", o.command), code = usage(NULL);
    else if (r < 0)
        code = usage(err.text);
    else
        code = run(c, &o);
    free(args);
    return code;
}
