/* ddl.h: schema changes. Each is a `decide` for coordinate_schema_change: it looks at the newest
 * schema, refuses or gives mutations; nothing here suspends but the call that starts it. */
#pragma once
#include "cql/plan.h"

typedef struct ddl {
    env *e; /* the caller's; decide may run on another thread and use its clock only */
    cql *q;
    uint64_t random; /* for table ids */
    ring *ring;      /* names the data centres */
    const ast_statement *ast;
    const char *keyspace; /* of the session; "" none */
    /* What was done, for the answer; change NULL: nothing. */
    const char *change, *target;
    char change_keyspace[64], change_name[64];
} ddl;

/* One change under way. */
typedef struct ddl_step {
    ddl *d;
    const schema *schema;
    int64_t timestamp_us;
    int32_t now_s;
    arena *a;
    mutations *out;
    err_info *err;
} ddl_step;

typedef int ddl_fn(ddl_step *s);
ddl_fn ddl_create_keyspace, ddl_alter_keyspace, ddl_drop_keyspace;
ddl_fn ddl_create_table, ddl_alter_table, ddl_drop_table;
ddl_fn ddl_create_type, ddl_alter_type, ddl_drop_type;

void ddl_report(ddl_step *s, const char *change, const char *target, const char *ks,
                const char *name);
/* The keyspace meant by [ks.]name: it exists and may be changed. */
int ddl_keyspace_of(ddl_step *s, const ast_name *name, const keyspace **ret);
int ddl_check_writable(const char *ks, err_info *err);
/* Letters, digits and _, at most 48. */
bool ddl_name_is_valid(const char *name);
int ddl_type(ddl_step *s, const char *ks, const ast_type *t, const type **ret);
/* A fresh table id. */
uuid ddl_table_id(ddl *d);
/* A map literal of plain values. ERR_SYNTAX when it is none. */
int ddl_map_options(ddl_step *s, const char *property, const ast_term *t, options *ret);
int ddl_boolean(ddl_step *s, const char *property, const ast_term *t, bool *ret);
/* Does a type mention that user type? */
bool type_uses(const type *t, const char *udt);

/* Keyspace options into a draft; has_replication tells whether replication was given. */
int keyspace_properties(ddl_step *s, const ast_properties *props, keyspace_draft *k,
                        bool *ret_has_replication);
int keyspace_check(const keyspace_draft *k, err_info *err);
/* Table options into an options struct that already has its defaults or old values. */
int table_properties(ddl_step *s, const ast_properties *props, table_options *o, uuid *ret_id);
int table_options_check(const table_options *o, err_info *err);
/* What CREATE would refuse of a complete draft. */
int table_check(const table_draft *t, err_info *err);
