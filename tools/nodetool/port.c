#include "tools/nodetool/port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

int port_of_text(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);
    return *text && *end == 0 && port > 0 && port <= 65535 ? (int)port : 0;
}

int port_of_script(const char *text)
{
    static const char key[] = "JMX_PORT=";
    long port = 0;
    for (const char *p = text; *p; p += *p == '\n') {
        p += strspn(p, " \t");
        if (strncmp(p, key, sizeof key - 1) == 0) {
            p += sizeof key - 1;
            p += *p == '"' || *p == '\'';
            long n = strtol(p, NULL, 10);
            port = n > 0 && n <= 65535 ? n : port;
        }
        p += strcspn(p, "\n");
    }
    return (int)port;
}

int port_default(void)
{
    char text[16384] = "";
    const char *conf = getenv("CASSANDRA_CONF");
    char *path autofree = xprintf("%s/cassandra-env.sh", conf ? conf : "");
    FILE *f = conf ? fopen(path, "re") : NULL;
    if (f) {
        text[fread(text, 1, sizeof text - 1, f)] = 0;
        fclose(f);
    }
    int port = port_of_script(text);
    return port ? port : NODETOOL_PORT;
}
