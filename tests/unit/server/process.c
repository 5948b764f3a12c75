/* The command line, the daemon's word to its parent, the log file. */
#include "tests/unit/server/config_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/log_file.h"
#include "server/options.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "process-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static const char *in_dir(const char *name)
{
    static char path[4][160];
    static int i;
    i = (i + 1) % 4;
    snprintf(path[i], sizeof path[i], "%s/%s", dir, name);
    return path[i];
}

static int remove_dir(void **state)
{
    static const char *const names[] = {"pid",          "err",          "logs/a.log",
                                        "logs/a.log.1", "logs/a.log.2", "logs/moved.log"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_dir(names[i]));
    rmdir(in_dir("logs"));
    return rmdir(dir);
}

static char *slurp(const char *path)
{
    static char text[8192];
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = 0;
    return text;
}

/* ---- options ---- */

static void command_line(void **state)
{
    char *argv[] = {"iliond",
                    "-p",
                    "/n/c.pid",
                    "-Dcassandra.join_ring=True",
                    "-Dcassandra.logdir=/l",
                    "-D",
                    "a=b=c",
                    "-Dflag",
                    "-R",
                    "-b",
                    "-H",
                    "/heap",
                    "-E",
                    "/err",
                    "-c",
                    "/conf",
                    NULL};
    launch_options o;
    err_info e = {0};
    (void)state;
    setenv("JVM_OPTS", "-Xmx1G -Dcassandra.logdir=/old", 1);
    setenv("JVM_EXTRA_OPTS", " -Dcassandra.ring_delay_ms=5 \t-ea", 1);
    setenv("CASSANDRA_HOME", "/h", 1);
    setenv("CASSANDRA_CONF", "/h/conf", 1);
    assert_int_equal(options_parse(16, argv, &o, &e), 0);
    assert_string_equal(o.pid_file, "/n/c.pid");
    assert_string_equal(o.source.home, "/h");
    assert_string_equal(o.source.conf_dir, "/conf");
    assert_false(o.foreground || o.version || o.help);
    assert_int_equal(o.source.n_properties, 6);
    assert_string_equal(config_property_get(&o.source, "cassandra.logdir"), "/l");
    assert_string_equal(config_property_get(&o.source, "cassandra.ring_delay_ms"), "5");
    assert_string_equal(config_property_get(&o.source, "a"), "b=c");
    assert_string_equal(config_property_get(&o.source, "flag"), "");
    assert_null(config_property_get(&o.source, "none"));
    options_done(&o);

    char *short_argv[] = {"iliond", "-fv", "-Dcassandra-pidfile=/x.pid", NULL};
    assert_int_equal(options_parse(3, short_argv, &o, &e), 0);
    assert_true(o.foreground && o.version);
    assert_string_equal(o.pid_file, "/x.pid");
    assert_string_equal(o.source.conf_dir, "/h/conf");
    options_done(&o);
    unsetenv("JVM_OPTS");
    unsetenv("JVM_EXTRA_OPTS");
}

static void command_line_errors(void **state)
{
    static const struct {
        char *word;
        const char *sentence;
    } cases[] = {{"-x", "unknown option -x (iliond -h tells which there are)"},
                 {"--what", "unknown option (iliond -h tells which there are)"},
                 {"-p", "option -p needs a value"},
                 {"word", "unexpected argument 'word'"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *argv[] = {"iliond", cases[i].word, NULL};
        launch_options o;
        err_info e = {0};
        assert_int_equal(options_parse(2, argv, &o, &e), ERR_INVALID);
        assert_string_equal(e.text, cases[i].sentence);
        options_done(&o);
    }
}

/* ---- daemon ---- */

/* Runs fn as a launcher would run iliond; its exit status, stderr in the file err. */
static int launch_with(const char *pid_file, void (*fn)(daemon_link *d))
{
    pid_t p = fork();
    if (p == 0) {
        daemon_link d;
        int err = open(in_dir("err"), O_WRONLY | O_CREAT | O_TRUNC, 0666);
        dup2(err, 2);
        if (daemonize(pid_file, &d, NULL) < 0)
            _exit(9);
        fn(&d);
        _exit(1);
    }
    int status = -1;
    waitpid(p, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int launch(void (*fn)(daemon_link *d))
{
    return launch_with(in_dir("pid"), fn);
}

static void serve(daemon_link *d)
{
    daemon_ready(d);
    pause();
}

static void refuse(daemon_link *d)
{
    daemon_failed(d, "127.0.0.1:9042: address already in use");
}

static void crash(daemon_link *d)
{
    (void)d;
    kill(getpid(), SIGKILL);
}

static void parent_waits_for_the_daemons_word(void **state)
{
    (void)state;
    assert_int_equal(launch(serve), 0);
    int pid = atoi(slurp(in_dir("pid")));
    assert_true(pid > 1);
    assert_int_equal(kill(pid, 0), 0);
    assert_int_equal(getsid(pid), pid);
    kill(pid, SIGKILL);

    assert_int_equal(launch(refuse), 1);
    assert_string_equal(slurp(in_dir("err")), "iliond: 127.0.0.1:9042: address already in use\n");
    assert_int_not_equal(access(in_dir("pid"), F_OK), 0);

    assert_int_equal(launch(crash), 1);
    assert_non_null(strstr(slurp(in_dir("err")), "killed by signal 9"));

    assert_int_equal(launch_with("/nowhere/at/all.pid", serve), 1);
    assert_string_equal(slurp(in_dir("err")), "iliond: cannot write the pid file "
                                              "/nowhere/at/all.pid: No such file or directory\n");
}

static void unwritable_pid_file(void **state)
{
    daemon_link d;
    err_info e = {0};
    (void)state;
    assert_true(daemon_foreground("/nowhere/at/all.pid", &d, &e) < 0);
    assert_non_null(strstr(e.text, "cannot write the pid file /nowhere/at/all.pid"));
}

/* ---- log ---- */

static void *log_from_thread(void *l)
{
    pthread_setname_np(pthread_self(), "worker-3");
    for (int i = 0; i < 200; i++)
        log_info((logger *)l, "line %d of a thread", i);
    return NULL;
}

static void lines_and_reopen(void **state)
{
    log_file *l;
    err_info e = {0};
    pthread_t t;
    (void)state;
    assert_int_equal(log_file_open(in_dir("logs/a.log"), LOG_INFO, false, &l, &e), 0);
    logger *log = log_file_logger(l);
    log_debug(log, "not seen");
    log_info(log, "two\nlines are %s", "one");
    int year, milli, line;
    char file[32], text[64];
    assert_int_equal(sscanf(slurp(in_dir("logs/a.log")),
                            " INFO [main] %d-%*d-%*d %*d:%*d:%*d,%d %31s (line %d) %63[^\n]", &year,
                            &milli, file, &line, text),
                     5);
    assert_string_equal(file, "process.c");
    assert_string_equal(text, "two lines are one");

    assert_int_equal(rename(in_dir("logs/a.log"), in_dir("logs/moved.log")), 0);
    log_warn(log, "still there");
    assert_non_null(strstr(slurp(in_dir("logs/moved.log")), " WARN [main] "));
    log_file_reopen(l);
    log_error(log, "anew");
    assert_non_null(strstr(slurp(in_dir("logs/a.log")), "ERROR [main] "));

    log_file_set_limit(l, 9000);
    pthread_create(&t, NULL, log_from_thread, log);
    log_from_thread(log);
    pthread_join(t, NULL);
    assert_int_equal(access(in_dir("logs/a.log.2"), F_OK), 0);
    assert_non_null(strstr(slurp(in_dir("logs/a.log.1")), " of a thread\n"));
    for (int i = 3; i <= 10; i++) {
        char name[32];
        snprintf(name, sizeof name, "logs/a.log.%d", i);
        unlink(in_dir(name));
    }
    log_file_close(l);
}

static void unwritable_log(void **state)
{
    log_file *l;
    err_info e = {0};
    (void)state;
    assert_true(log_file_open("/proc/nowhere/a.log", LOG_INFO, false, &l, &e) < 0);
    assert_non_null(strstr(e.text, "cannot write the log /proc/nowhere/a.log"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_line),
        cmocka_unit_test(command_line_errors),
        cmocka_unit_test_setup_teardown(parent_waits_for_the_daemons_word, make_dir, remove_dir),
        cmocka_unit_test(unwritable_pid_file),
        cmocka_unit_test_setup_teardown(lines_and_reopen, make_dir, remove_dir),
        cmocka_unit_test(unwritable_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
