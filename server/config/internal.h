/* internal.h: between the files of server/config.
 *
 * keys.c knows the table and how text becomes a value; yaml.c walks a document; check.c checks
 * what belongs together; address.c asks the host; files.c reads the files beside the yaml.
 */
#pragma once
#include "server/config/config.h"

#define CONFIG_MAGIC 0x636f6e66u
#define MIB (INT64_C(1) << 20)
#define HIGH (INT64_C(1) << 60)

enum config_type {
    T_BOOL,
    T_INT,
    T_MS,
    T_BYTES,
    T_RATE,
    T_REAL,
    T_STR,
    T_ENUM,
    T_CLASS,
    T_LIST,
    T_CSV,
    T_MAP,
    T_IGNORED,
    T_ALIAS,
    T_PROPERTY
};
enum config_how { ACTS, LATER, SOLE };

typedef struct config_key {
    const char *name;
    enum config_type type;
    enum config_how how;
    size_t offset;       /* of the field in struct config */
    const char *def;     /* default as text; ALIAS, PROPERTY: the row's name */
    const char *choices; /* ENUM, CLASS */
    const char *bare;    /* unit of a number that stands alone */
    double lo, hi;
} config_key;

extern const config_key config_keys[];
extern const size_t config_n_keys;

struct config_set {
    bool set;          /* by yaml or property, to something other than null */
    int line;          /* of the yaml; 0: a property */
    const char *given; /* the name used for it */
};

struct config_state {
    struct config_set *row; /* by index into config_keys */
};

/* Where a value was written; what error messages begin with. */
typedef struct config_where {
    const char *file; /* NULL: a -D property */
    int line;
    const char *name; /* the key as it was written */
} config_where;

const config_key *config_key_find(const char *name);
/* The row of an ALIAS or PROPERTY; others are their own. */
const config_key *config_key_resolve(const config_key *k);
static inline size_t config_key_index(const config_key *k)
{
    return (size_t)(k - config_keys);
}

/* Fills the field of a row from text. bare overrides the row's own. 0 or ERR_CONFIG. */
int config_value_set(config *c, const config_key *k, const char *bare, const char *text,
                     const config_where *w, err_info *e);
int config_value_set_list(config *c, const config_key *k, const config_list *items,
                          const config_where *w, err_info *e);
bool config_value_equal(const config_key *k, const config *a, const config *b);
void config_mark(config *c, const config_key *k, const config_where *w);
bool config_is_set(const config *c, const void *field);
/* The place that set a field, for config_fail. */
config_where config_origin(const config *c, const void *field);

int config_fail(err_info *e, const config_where *w, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void config_warn(config *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void config_list_add(config *c, config_list *l, const char *s); /* s lives in the arena */

int config_resolve_addresses(config *c, const config_host *h, err_info *e); /* address.c */
int config_check(config *c, err_info *e);                                   /* check.c */
int config_read_files(config *c, const config_source *s, err_info *e);      /* files.c */
extern const config_host config_host_system;

/* A whole small file; ERR_NOT_FOUND when it is not there. */
int config_slurp(config *c, const char *path, bytes *ret, err_info *e);
