/* replay: a fuzz target as an ordinary test, without libFuzzer.
 *
 * `fuzz_x CORPUS_DIR [MUTATIONS]`: feeds every file of the corpus, then MUTATIONS (4000)
 * mutations of these files, always the same ones. Each input is a heap block of its exact size,
 * so that sanitizers and valgrind see any step outside. On a crash the file or mutation is
 * printed.
 *
 * For real fuzzing build with clang: see tests/fuzz/meson.build.
 */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input {
    uint8_t *p;
    size_t n;
} input;

typedef vec(input) inputs;

static uint64_t seed = 0x9e3779b97f4a7c15;
static char current[300]; /* what is being run, for the crash handler */

static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return n ? (uint32_t)(seed >> 32) % n : 0;
}

static void run(const uint8_t *p, size_t n)
{
    uint8_t *exact = malloc(n ? n : 1);
    memcpy(exact, p, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
}

static void on_crash(int sig)
{
    if (write(2, current, strlen(current)) < 0)
        _exit(2);
    signal(sig, SIG_DFL);
    raise(sig);
}

static void read_input(const char *dir, const char *name, inputs *all)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(1);
    }
    input in = {xmalloc(1 << 20), 0};
    in.n = fread(in.p, 1, 1 << 20, f);
    fclose(f);
    vec_push(all, in);
}

static void read_corpus(const char *dir, inputs *all)
{
    struct dirent **names;
    int n = scandir(dir, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (names[i]->d_name[0] != '.')
            read_input(dir, names[i]->d_name, all);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

static void overwrite(uint8_t *p, size_t n)
{
    static const uint32_t edges[] = {0,      1,      0x7f,       0x80,      0xff,
                                     0x7fff, 0xffff, 0x7fffffff, 0xffffffff};
    uint32_t v = below(2) ? edges[below(sizeof edges / sizeof *edges)] : below(UINT32_MAX);
    size_t width = (size_t)1 << below(3), at = below((uint32_t)n);
    for (size_t i = 0; i < width && at + i < n; i++)
        p[at + i] = (uint8_t)(v >> 8 * (width - 1 - i));
}

/* One to four changes; p has room for four bytes more than the largest input. */
static size_t mutate(const inputs *all, uint8_t *p)
{
    const input *in = &all->p[below((uint32_t)all->n)];
    size_t n = in->n;
    memcpy(p, in->p, n);
    for (uint32_t changes = 1 + below(4); changes && n; changes--) {
        size_t at = below((uint32_t)n);
        switch (below(6)) {
        case 0:
            n = at; /* cut */
            break;
        case 1: /* drop one */
            memmove(p + at, p + at + 1, --n - at);
            break;
        case 2: /* double one */
            memmove(p + at + 1, p + at, n - at);
            n++;
            break;
        case 3:
            p[at] ^= (uint8_t)(1u << below(8));
            break;
        default:
            overwrite(p, n);
        }
    }
    return n;
}

int main(int argc, char **argv)
{
    inputs all = {0};
    if (argc < 2)
        return 2;
    read_corpus(argv[1], &all);
    if (all.n == 0) {
        fprintf(stderr, "%s: no corpus there\n", argv[1]);
        return 1;
    }
    signal(SIGABRT, on_crash);
    signal(SIGSEGV, on_crash);
    for (size_t i = 0; i < all.n; i++) {
        snprintf(current, sizeof current, "crash in file %zu of %s\n", i, argv[1]);
        run(all.p[i].p, all.p[i].n);
    }
    uint8_t *p = xmalloc((1 << 20) + 16);
    int mutations = argc > 2 ? atoi(argv[2]) : 4000;
    for (int i = 0; i < mutations; i++) {
        snprintf(current, sizeof current, "crash in mutation %d of %s\n", i, argv[1]);
        run(p, mutate(&all, p));
    }
    free(p);
    for (size_t i = 0; i < all.n; i++)
        free(all.p[i].p);
    vec_done(&all);
    return 0;
}
