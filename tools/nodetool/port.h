/* port.h: where a node's management port is, when nobody says. */
#pragma once

enum { NODETOOL_PORT = 7199 };

/* The port of the last JMX_PORT="..." line of a cassandra-env.sh; 0: there is none. */
int port_of_script(const char *text);
/* Of $CASSANDRA_CONF/cassandra-env.sh, else NODETOOL_PORT. */
int port_default(void);
/* 1 to 65535; 0: the text is none. */
int port_of_text(const char *text);
