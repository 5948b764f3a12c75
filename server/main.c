/* iliond: reads the command line and the configuration, becomes a daemon, runs one node. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "server/admin/admin.h"
#include "server/config/config.h"
#include "server/log_file.h"
#include "server/node.h"
#include "server/options.h"
#include "server/version.h"

typedef struct daemon_process {
    launch_options options;
    config *config;
    log_file *log;
    daemon_link link;
    runtime *runtime;
    node *node;
    admin *admin;
    bool failed, stopping;
} daemon_process;

static void co_fn start(void *arg)
{
    daemon_process *d = arg;
    err_info err = {0};
    env *home = runtime_env(d->runtime, 0);
    int r = node_start(d->node, &err);
    if (r == 0)
        r = admin_start(d->node, &d->admin, &err);
    if (r < 0) {
        log_error(home->log, "%s", err.text);
        daemon_failed(&d->link, err.text);
        d->failed = true;
        node_stop(d->node);
        runtime_stop(d->runtime);
        return;
    }
    daemon_ready(&d->link);
}

static void co_fn on_stop_signal(void *arg, int signo)
{
    daemon_process *d = arg;
    (void)signo;
    if (d->stopping)
        return;
    d->stopping = true;
    admin_quiesce(d->admin);
    node_stop(d->node);
    d->admin = admin_free(d->admin);
    runtime_stop(d->runtime);
}

static void on_reopen_signal(void *arg, int signo)
{
    daemon_process *d = arg;
    (void)signo;
    log_file_reopen(d->log);
    log_info(log_file_logger(d->log), "Log reopened");
}

static unsigned worker_count(const config *c)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (c->worker_threads != CONFIG_AUTO && c->worker_threads > 0)
        return (unsigned)c->worker_threads;
    return cores > 0 ? (unsigned)cores : 1;
}

static int run(daemon_process *d, err_info *err)
{
    const config *c = d->config;
    int r =
        log_file_open(c->log_file, (log_level)c->log_level, d->options.foreground, &d->log, err);
    if (r < 0)
        return r;
    logger *log = log_file_logger(d->log);
    log_info(log, "Logging initialized");
    for (size_t i = 0; i < c->warnings.n; i++)
        log_warn(log, "%s", c->warnings.p[i]);
    runtime_options o = {
        .workers = worker_count(c),
        .io_threads = (unsigned)c->concurrent_reads < 8 ? (unsigned)c->concurrent_reads : 8,
        .long_threads = 2,
        .log = log,
    };
    d->runtime = runtime_new_uv(&o);
    d->node = node_new(c, runtime_env(d->runtime, 0), err);
    if (!d->node)
        return err->code;
    runtime_on_signal(d->runtime, SIGTERM, on_stop_signal, d);
    runtime_on_signal(d->runtime, SIGINT, on_stop_signal, d);
    runtime_on_signal(d->runtime, SIGHUP, on_reopen_signal, d);
    runtime_run(d->runtime, start, d);
    return 0;
}

static void done(daemon_process *d)
{
    d->node = node_free(d->node);
    if (d->runtime)
        d->runtime = runtime_free(d->runtime);
    d->log = log_file_close(d->log);
    if (d->options.pid_file && !d->failed)
        unlink(d->options.pid_file);
    d->config = config_free(d->config);
    options_done(&d->options);
}

static int complain(const char *sentence)
{
    fprintf(stderr, "iliond: %s\n", sentence);
    return 1;
}

int main(int argc, char **argv)
{
    static daemon_process d;
    err_info err = {0};
    if (options_parse(argc, argv, &d.options, &err) < 0)
        return complain(err.text);
    if (d.options.help || d.options.version) {
        fputs(d.options.help ? options_usage : ILION_RELEASE_VERSION "\n", stdout);
        return 0;
    }
    if (config_load(&d.options.source, &d.config, &err) < 0)
        return complain(err.text);
    int r = d.options.foreground ? daemon_foreground(d.options.pid_file, &d.link, &err)
                                 : daemonize(d.options.pid_file, &d.link, &err);
    if (r < 0)
        return complain(err.text);
    r = run(&d, &err);
    if (r < 0) {
        daemon_failed(&d.link, err.text);
        d.failed = true;
    }
    bool failed = d.failed;
    done(&d);
    return failed;
}
