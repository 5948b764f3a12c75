/* errors.h: one list of errors for the whole program.
 *
 * Functions return 0 or a negative err_t; those that a person will hear about also take an
 * err_info, into which the place that knows most writes the sentence. Front ends (proto,
 * server) translate into what their wire carries; nobody else does.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef enum err_t {
    ERR_OK = 0,
#define X(name, value, cql, thrift, text) name = value,
#include "base/errors.def"
#undef X
} err_t;

enum thrift_exception {
    THRIFT_IRE,
    THRIFT_UE,
    THRIFT_TE,
    THRIFT_NFE,
    THRIFT_AUTHN,
    THRIFT_AUTHZ,
    THRIFT_SDE,
    THRIFT_APP
};

typedef struct err_info {
    int code;       /* the err_t, or 0 */
    char text[480]; /* the sentence */
    /* What the wire carries besides the sentence; which are set depends on the code. */
    int consistency;              /* enum consistency (model/consistency.h) */
    int required, alive;          /* unavailable */
    int received, block_for;      /* timeouts and failures */
    int failures;                 /* failures */
    bool data_present;            /* read timeout and failure */
    const char *write_type;       /* static string: "SIMPLE", "BATCH", ... */
    char keyspace[64], table[64]; /* already exists */
    uint8_t statement_id[16];     /* unprepared */
} err_info;

/* Writes code and sentence (cut to fit) and returns code: `return err_set(e, ERR_INVALID, ...)`.
 * e may be NULL. */
int err_set(err_info *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The sentence "<what>: <strerror(err_no)>"; ENOSPC/EDQUOT give ERR_NO_SPACE, others ERR_IO. */
int err_set_errno(err_info *e, int err_no, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

const char *err_name(int code); /* "ERR_INVALID" */
const char *err_text(int code); /* what it means */
uint16_t err_cql_code(int code);
enum thrift_exception err_thrift(int code);
