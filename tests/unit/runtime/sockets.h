/* sockets.h: parts of the socket tests that the tests of one implementation use, too. */
#pragma once
#include "tests/unit/runtime/suite.h"

typedef struct slow {
    env *e;
    int sent, result;
    bool done;
} slow;

typedef struct parked {
    env *e;
    stream *s;
    int result;
    bool done;
} parked;

listener *listen_on(env *e0, void (*fn)(void *arg, stream *s), void *arg); /* any port */
stream *dial(env *e0, uint16_t port);
void send_all(stream *s, const void *p, size_t n);
void expect(stream *s, const void *p, size_t n);
/* What servers do with a connection. */
void park_main(void *arg, stream *s);  /* arg: parked; waits for a byte, closes */
void flood_main(void *arg, stream *s); /* arg: slow; sends until it cannot, closes */
void say_and_close(void *arg, stream *s);

extern const suite_case socket_cases[];
extern const size_t n_socket_cases;
