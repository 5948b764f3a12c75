#include "tools/cqlsh/report.h"

#include "model/consistency.h"

/* brief: the message alone follows the name. */
static const struct {
    uint16_t code;
    bool brief;
    const char *name, *what;
} kinds[] = {
    {0x0000, true, "ServerError", "Server error"},
    {0x000A, true, "ProtocolException", "Protocol error"},
    {0x0100, true, "BadCredentials", "Bad credentials"},
    {0x1000, false, "Unavailable", "Unavailable exception"},
    {0x1001, true, "OverloadedErrorMessage", "Coordinator node overloaded"},
    {0x1002, true, "IsBootstrappingErrorMessage", "Coordinator node is bootstrapping"},
    {0x1003, true, "TruncateError", "Error during truncate"},
    {0x1100, false, "WriteTimeout",
     "Coordinator node timed out waiting for replica nodes' responses"},
    {0x1200, false, "ReadTimeout",
     "Coordinator node timed out waiting for replica nodes' responses"},
    {0x1300, false, "ReadFailure", "Replica(s) failed to execute read"},
    {0x1400, false, "FunctionFailure", "User Defined Function failure"},
    {0x1500, false, "WriteFailure", "Replica(s) failed to execute write"},
    {0x2000, true, "SyntaxException", "Syntax error in CQL query"},
    {0x2100, false, "Unauthorized", "Unauthorized"},
    {0x2200, false, "InvalidRequest", "Invalid query"},
    {0x2300, true, "ConfigurationException", "Query invalid because of configuration issue"},
    {0x2500, true, "PreparedQueryNotFound", "Matching prepared statement not found on this node"},
};

static void put_info(buf *out, uint16_t code, const err_info *e)
{
    const char *cl = consistency_name((consistency)e->consistency);
    if (code == 0x1000) {
        buf_printf(out,
                   " info={'consistency': '%s', 'required_replicas': %d, 'alive_replicas': %d}", cl,
                   e->required, e->alive);
        return;
    }
    if (code != 0x1100 && code != 0x1200 && code != 0x1300 && code != 0x1500)
        return;
    buf_printf(out,
               " info={'consistency': '%s', 'required_responses': %d, 'received_responses': %d", cl,
               e->block_for, e->received);
    if (code == 0x1300 || code == 0x1500)
        buf_printf(out, ", 'failures': %d", e->failures);
    if (code == 0x1100 || code == 0x1500)
        buf_printf(out, ", 'write_type': '%s'", e->write_type ? e->write_type : "SIMPLE");
    buf_str(out, "}");
}

static void put_exists(buf *out, const err_info *e)
{
    if (e->table[0])
        buf_printf(out, "AlreadyExists: Table '%s.%s' already exists", e->keyspace, e->table);
    else if (e->keyspace[0])
        buf_printf(out, "AlreadyExists: Keyspace '%s' already exists", e->keyspace);
    else
        buf_printf(out, "AlreadyExists: %s", e->text);
}

void report_native(buf *out, uint16_t code, const err_info *e)
{
    unsigned i = 0, n = sizeof kinds / sizeof *kinds;
    if (code == 0x2400) {
        put_exists(out, e);
        return;
    }
    while (i < n && kinds[i].code != code)
        i++;
    if (i == n) {
        buf_printf(out, "ErrorMessage: Error from server: code=%04x message=\"%s\"", code, e->text);
        return;
    }
    buf_printf(out, "%s: ", kinds[i].name);
    if (kinds[i].brief)
        buf_str(out, e->text);
    else
        buf_printf(out, "Error from server: code=%04x [%s] message=\"%s\"", code, kinds[i].what,
                   e->text);
    put_info(out, code, e);
}

void report_thrift(buf *out, const err_info *e)
{
    switch (e->code) {
    case ERR_INVALID:
        buf_printf(out, "Bad Request: %s", e->text);
        break;
    case ERR_UNAVAILABLE:
        buf_str(out, "Unable to complete request: one or more nodes were unavailable.");
        break;
    case ERR_TIMEOUT:
        buf_str(out, "Request did not complete within rpc_timeout.");
        break;
    case ERR_SCHEMA_DISAGREEMENT:
        buf_str(out, "Schema versions disagree, (try again later).");
        break;
    default:
        buf_str(out, e->text);
    }
}

void report_connect(buf *out, const char *host, int port, const err_info *e)
{
    buf_printf(out, "Connection error: ('Unable to connect to any servers', {'%s:%d': ", host,
               port);
    if (e->code == ERR_REFUSED)
        buf_printf(out,
                   "ConnectionRefusedError(111, \"Tried connecting to [('%s', %d)]. "
                   "Last error: Connection refused\")",
                   host, port);
    else
        buf_printf(out, "\"%s\"", e->text);
    buf_str(out, "})");
}

void report_lost(buf *out, const char *host, int port, const err_info *e)
{
    if (e->code == ERR_TIMEOUT)
        buf_printf(out,
                   "OperationTimedOut: errors={'%s:%d': 'Client request timeout (see "
                   "--request-timeout)'}, last_host=%s:%d",
                   host, port, host, port);
    else
        buf_printf(out,
                   "NoHostAvailable: ('Unable to complete the operation against any hosts', "
                   "{'%s:%d': \"%s\"})",
                   host, port, e->text);
}
