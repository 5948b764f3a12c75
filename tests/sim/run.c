/* Runs simulations:
 *
 *     run [-w WORKLOAD] SEED              one seed, with a log to read
 *     run [-w WORKLOAD] -n COUNT [-f FIRST] [-j JOBS] [-s SEEDS_FILE]
 *                                         many, each in a process of its own; what failed
 *     run -l                              the workloads
 *
 * The environment's ILION_SIM_SEEDS, if set, is the COUNT of every -n above 1.
 *
 * A seeds file has lines "WORKLOAD SEED  what it found"; its seeds come first. Every tenth seed
 * runs twice and must leave the same trace.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "base/vec.h"
#include "tests/sim/sim_test.h"

enum { REAL_LIMIT_S = 120, AGAIN = 10 };

static const workload *const workloads[] = {&workload_single, &workload_quorum,   &workload_quorum4,
                                            &workload_schema, &workload_converge, &workload_idle};

void report_failure(sim_report *r, const char *fmt, ...)
{
    va_list ap;
    if (r->failure[0]) /* the first one tells most */
        return;
    va_start(ap, fmt);
    vsnprintf(r->failure, sizeof r->failure, fmt, ap);
    va_end(ap);
}

/* ---- one seed ---- */

typedef struct run {
    const workload *w;
    sim *s;
    uint64_t seed;
    sim_report report;
} run;

typedef struct outcome {
    uint64_t trace;
    int64_t virtual_us;
    sim_stats stats;
    sim_report report;
} outcome;

static void run_main(void *arg)
{
    run *r = arg;
    r->w->run(r->s, r->seed, &r->report);
}

static outcome run_seed(const workload *w, uint64_t seed, log_level level, void *log_arg,
                        void (*log_fn)(void *, int64_t, const char *, log_level, const char *))
{
    run r = {.w = w, .seed = seed, .s = sim_new(seed)};
    if (log_fn)
        sim_log(r.s, level, log_fn, log_arg);
    if (!sim_run_main(r.s, run_main, &r))
        report_failure(&r.report, "nothing can go on: somebody waits for ever");
    return (outcome){sim_trace(r.s), env_mono_us(sim_env(r.s)), sim_get_stats(r.s), r.report};
}

static void print_line(void *arg, int64_t mono_us, const char *node, log_level level,
                       const char *text)
{
    static const char *const names[] = {"debug", "info", "WARN", "ERROR"};
    (void)arg;
    printf("%11.6f %-5s %-5s %s\n", (double)mono_us / 1e6, node, names[level], text);
}

static int show(const workload *w, uint64_t seed, log_level level)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    outcome o = run_seed(w, seed, level, NULL, print_line);
    printf("seed %llu of %s: %s\n", (unsigned long long)seed, w->name,
           o.report.failure[0] ? o.report.failure : "holds");
    printf("%.3f s, %llu operations (%llu acknowledged), %llu faults, %llu turns, %llu "
           "connections (%llu reset), %llu segments; trace %016llx\n",
           (double)o.virtual_us / 1e6, (unsigned long long)o.report.operations,
           (unsigned long long)o.report.acknowledged, (unsigned long long)o.report.faults,
           (unsigned long long)o.stats.turns, (unsigned long long)o.stats.connects,
           (unsigned long long)o.stats.resets, (unsigned long long)o.stats.segments,
           (unsigned long long)o.trace);
    return o.report.failure[0] != 0;
}

/* ---- many seeds, each in a process: a crashed node's memory is not freed, and a broken
 * invariant must not end the others ---- */

typedef struct job {
    const workload *w;
    uint64_t seed;
    pid_t pid;
    int fd;
    bool second; /* the same again, for the trace */
    uint64_t trace;
} job;

typedef struct totals {
    unsigned seeds, failed;
    uint64_t operations, acknowledged, faults;
    double virtual_s;
} totals;

static void child_main(const job *j, int fd)
{
    alarm(REAL_LIMIT_S);
    outcome o = run_seed(j->w, j->seed, LOG_ERROR, NULL, NULL);
    _exit(write(fd, &o, sizeof o) != sizeof o);
}

static void job_start(job *j)
{
    int ends[2];
    fflush(NULL);
    if (pipe(ends) < 0 || (j->pid = fork()) < 0) {
        perror("starting a run");
        exit(2);
    }
    if (j->pid == 0)
        child_main(j, ends[1]);
    close(ends[1]);
    j->fd = ends[0];
}

static void tell(const job *j, totals *t, const char *fmt, ...)
{
    va_list ap;
    t->failed++;
    printf("%s seed %llu: ", j->w->name, (unsigned long long)j->seed);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n    scripts/sim %llu %s\n", (unsigned long long)j->seed, j->w->name);
}

/* True: the job starts again, as its own second run. */
static bool job_ended(job *j, int status, totals *t)
{
    outcome o;
    ssize_t n = read(j->fd, &o, sizeof o);
    close(j->fd);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        tell(j, t, "not done after %d s", REAL_LIMIT_S);
    else if (n != sizeof o)
        tell(j, t, "died (status %#x)", status);
    else if (o.report.failure[0])
        tell(j, t, "%s", o.report.failure);
    else if (j->second && o.trace != j->trace)
        tell(j, t, "two runs, two traces: %016llx and %016llx", (unsigned long long)j->trace,
             (unsigned long long)o.trace);
    else if (!j->second) {
        t->seeds++;
        t->operations += o.report.operations;
        t->acknowledged += o.report.acknowledged;
        t->faults += o.report.faults;
        t->virtual_s += (double)o.virtual_us / 1e6;
        j->trace = o.trace;
        j->second = true;
        return j->seed % AGAIN == 0;
    }
    return false;
}

typedef vec(job) jobs;

static void run_all(jobs *all, unsigned at_once, totals *t)
{
    size_t next = 0, running = 0;
    while (next < all->n || running) {
        for (; running < at_once && next < all->n; running++)
            job_start(&all->p[next++]);
        int status;
        pid_t pid = wait(&status);
        for (size_t i = 0; i < next; i++) {
            if (all->p[i].pid != pid)
                continue;
            if (job_ended(&all->p[i], status, t))
                job_start(&all->p[i]);
            else
                running--;
            break;
        }
    }
}

/* ---- the command line ---- */

static const workload *find_workload(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(workloads); i++)
        if (strcmp(workloads[i]->name, name) == 0)
            return workloads[i];
    fprintf(stderr, "run: no workload %s\n", name);
    exit(2);
}

static void read_seeds(const char *path, const workload *only, jobs *all)
{
    char line[512], name[32];
    unsigned long long seed;
    FILE *f = fopen(path, "re");
    if (!f) {
        perror(path);
        exit(2);
    }
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "%31s %llu", name, &seed) == 2 && name[0] != '#' &&
            (!only || find_workload(name) == only))
            vec_push(all, (job){.w = find_workload(name), .seed = seed});
    fclose(f);
}

static int usage(void)
{
    fprintf(stderr, "usage: run [-w WORKLOAD] [-q|-d] SEED\n"
                    "       run [-w WORKLOAD] [-s SEEDS_FILE] [-n COUNT] [-f FIRST] [-j JOBS]\n"
                    "       run -l\n");
    return 2;
}

int main(int argc, char **argv)
{
    const workload *w = workloads[0];
    const char *seeds = NULL;
    unsigned long long count = 0, first = 1, at_once = 2;
    log_level level = LOG_INFO;
    jobs all = {0};
    totals t = {0};
    for (int o; (o = getopt(argc, argv, "w:n:f:j:s:lqd")) != -1;) {
        if (o == 'w')
            w = find_workload(optarg);
        else if (o == 'n')
            count = strtoull(optarg, NULL, 10);
        else if (o == 'f')
            first = strtoull(optarg, NULL, 10);
        else if (o == 'j')
            at_once = strtoull(optarg, NULL, 10);
        else if (o == 's')
            seeds = optarg;
        else if (o == 'q' || o == 'd')
            level = o == 'q' ? LOG_ERROR : LOG_DEBUG;
        else if (o != 'l')
            return usage();
        for (size_t i = 0; o == 'l' && i < ARRAY_LEN(workloads); i++)
            printf("%-10s %s\n", workloads[i]->name, workloads[i]->what);
        if (o == 'l')
            return 0;
    }
    if (optind < argc)
        return show(w, strtoull(argv[optind], NULL, 10), level);
    if (!count && !seeds)
        return usage();
    if (count > 1 && getenv("ILION_SIM_SEEDS"))
        count = strtoull(getenv("ILION_SIM_SEEDS"), NULL, 10);
    if (seeds)
        read_seeds(seeds, w, &all);
    for (unsigned long long i = 0; i < count; i++)
        vec_push(&all, (job){.w = w, .seed = first + i});
    run_all(&all, at_once ? (unsigned)at_once : 1, &t);
    printf("%s: %u seeds hold, %u failed; %llu operations (%llu acknowledged), %llu faults, %.0f "
           "virtual seconds\n",
           w->name, t.seeds, t.failed, (unsigned long long)t.operations,
           (unsigned long long)t.acknowledged, (unsigned long long)t.faults, t.virtual_s);
    vec_done(&all);
    return t.failed != 0;
}
