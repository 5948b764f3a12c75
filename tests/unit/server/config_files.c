/* The shipped conf/ directory, and directories as launchers rewrite them. */
#include "tests/unit/server/config_test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "server/config/internal.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "config-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static void put(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"cassandra.yaml",
                                        "cassandra-rackdc.properties",
                                        "cassandra-topology.properties",
                                        "cassandra-env.sh",
                                        "log4j-server.properties",
                                        "logback.xml",
                                        "commitlog_archiving.properties"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

static config *load(const config_property *properties, size_t n, err_info *e)
{
    const config_source s = {.conf_dir = dir,
                             .home = "/home/ilion",
                             .properties = properties,
                             .n_properties = n,
                             .host = &test_host};
    config *c = NULL;
    *e = (err_info){0};
    return config_load(&s, &c, e) < 0 ? NULL : c;
}

static void shipped_files_load_without_warning(void **state)
{
    const config_source s = {.conf_dir = SOURCE_ROOT "/conf", .home = "/h", .host = &test_host};
    err_info e = {0};
    config *c;
    (void)state;
    if (config_load(&s, &c, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(c->warnings.n, 0);
    assert_string_equal(c->listen_address, "127.0.0.1");
    assert_string_equal(c->log_file, "/h/logs/system.log");
    assert_string_equal(c->data_file_directories.p[0], "/h/data/data");
    assert_int_equal(c->admin_port, 7199);
    assert_true(c->is_seed);
    config_free(c);
}

/* True for a "# key: value" line of the shipped file; prose has no key before its colon. */
static bool is_default_line(const char *line)
{
    char key[128];
    if (strncmp(line, "#     ", 6) == 0)
        return true;
    return sscanf(line, "# %127[a-z0-9_]:", key) == 1 && line[2 + strlen(key)] == ':' &&
           config_key_find(key);
}

static void commented_lines_are_the_defaults(void **state)
{
    (void)state;
    config *c = config_new(), *plain = config_new();
    bytes text;
    buf all = {0};
    err_info e = {0};
    int seen = 0;
    assert_int_equal(config_slurp(plain, SOURCE_ROOT "/conf/cassandra.yaml", &text, &e), 0);
    for (char *line = strtok(arena_str(&plain->mem, text), "\n"); line; line = strtok(NULL, "\n")) {
        bool plain_line = is_default_line(line);
        seen += plain_line;
        buf_str(&all, line + (plain_line ? 2 : 0));
        buf_u8(&all, '\n');
    }
    assert_true(seen > 40);
    buf_u8(&all, 0);
    if (config_parse_yaml(c, "c.yaml", bytes_of(all.p, all.n - 1), &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(c->warnings.n, 0);
    for (size_t i = 0; i < config_n_keys; i++) {
        const config_key *k = &config_keys[i];
        if (k->type < T_MAP && !strstr(k->name, "director") && !strstr(k->name, "_address") &&
            !config_value_equal(k, c, plain))
            fail_msg("%s: another default is written", k->name);
        if (k->type < T_MAP && k->how == ACTS && !strchr(k->name, '.') &&
            strncmp(k->name, "cassandra-", 10) && !strstr((const char *)all.p, k->name) &&
            strcmp(k->name, "role_manager") && strcmp(k->name, "internode_authenticator") &&
            strcmp(k->name, "thrift_framed_transport_size"))
            fail_msg("%s acts and is not explained", k->name);
    }
    buf_done(&all);
    config_free(c);
    config_free(plain);
}

static void files_of_a_cluster_launcher(void **state)
{
    const config_property p[] = {{"cassandra.logdir", "/n1/logs"}, {"cassandra.rpc_port", "19160"}};
    err_info e;
    (void)state;
    put("cassandra.yaml", "endpoint_snitch: org.apache.cassandra.locator.PropertyFileSnitch\n"
                          "listen_address: 127.0.0.2\nrpc_address: 127.0.0.2\nnum_tokens: 1\n"
                          "initial_token: -9223372036854775808\n");
    put("cassandra-topology.properties", "127.0.0.1=dc1:r1\n127.0.0.2=dc2:r7\n");
    put("cassandra-env.sh", "#x\n  JMX_PORT=\"7200\"\n");
    put("log4j-server.properties",
        "log4j.rootLogger=DEBUG,stdout,R\nlog4j.appender.R.File=/elsewhere/system.log\n");
    config *c = load(p, 2, &e);
    if (!c)
        fail_msg("%s", e.text);
    assert_string_equal(c->dc, "dc2");
    assert_string_equal(c->rack, "r7");
    assert_int_equal(c->admin_port, 7200);
    assert_int_equal(c->rpc_port, 19160);
    assert_string_equal(c->log_file, "/elsewhere/system.log");
    assert_int_equal(c->log_level, LOG_DEBUG);
    config_free(c);

    put("log4j-server.properties", "log4j.appender.R.File=${cassandra.logdir}/system.log\n");
    put("logback.xml", "<configuration><root level=\"WARN\"/></configuration>");
    c = load(p, 2, &e);
    assert_non_null(c);
    assert_string_equal(c->log_file, "/n1/logs/system.log");
    assert_int_equal(c->log_level, LOG_WARN);
    config_free(c);

    put("log4j-server.properties", "log4j.appender.R.File=${nobody.knows}/system.log\n");
    c = load(NULL, 0, &e);
    assert_non_null(c);
    assert_string_equal(c->log_file, "/home/ilion/logs/system.log");
    config_free(c);
}

static void rackdc(void **state)
{
    err_info e;
    char want[256];
    (void)state;
    put("cassandra.yaml", "endpoint_snitch: GossipingPropertyFileSnitch\n");
    assert_null(load(NULL, 0, &e));
    put("cassandra-rackdc.properties", "dc =WESTUS\r\nrack= R1 \r\n");
    config *c = load(NULL, 0, &e);
    assert_non_null(c);
    assert_string_equal(c->dc, "WESTUS");
    assert_string_equal(c->rack, "R1");
    config_free(c);
    put("cassandra-rackdc.properties", "dc=WESTUS\n");
    assert_null(load(NULL, 0, &e));
    snprintf(want, sizeof want,
             "%s/cassandra-rackdc.properties: DC or rack not found in snitch properties, check "
             "your configuration",
             dir);
    assert_string_equal(e.text, want);
}

static void archiving_is_refused(void **state)
{
    err_info e;
    (void)state;
    put("cassandra.yaml", "\n");
    put("commitlog_archiving.properties", "archive_command=/bin/ln %path /backup/%name\n");
    assert_null(load(NULL, 0, &e));
    assert_non_null(strstr(e.text, "archive_command is not supported yet"));
}

static void a_missing_file_is_named(void **state)
{
    const config_property p[] = {{"cassandra.config", "file:///nowhere/c.yaml"}};
    err_info e;
    (void)state;
    assert_null(load(NULL, 0, &e));
    assert_non_null(strstr(e.text, "/cassandra.yaml: no such file"));
    assert_null(load(p, 1, &e));
    assert_string_equal(e.text, "/nowhere/c.yaml: no such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_files_load_without_warning),
        cmocka_unit_test(commented_lines_are_the_defaults),
        cmocka_unit_test_setup_teardown(files_of_a_cluster_launcher, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(rackdc, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(archiving_is_refused, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_missing_file_is_named, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
