#include "runtime/co.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/must.h"

#if defined(__SANITIZE_ADDRESS__)
#define CO_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CO_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define CO_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CO_TSAN 1
#endif
#endif

#ifdef CO_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#ifdef CO_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#ifdef HAVE_VALGRIND
#include <valgrind/valgrind.h>
#endif

enum { CO_MAGIC = 0x636f2121, PAGE = 4096 };
/* Frames of instrumented code are several times larger. */
#if defined(CO_ASAN) || defined(CO_TSAN)
enum { STACK_FACTOR = 4 };
#else
enum { STACK_FACTOR = 1 };
#endif

static _Thread_local co *current;

co *co_self(void)
{
    return current;
}

/* ---- the switch itself ---- */

static void co_main(co *c) __attribute__((noreturn));

#ifdef CO_UCONTEXT
#include <ucontext.h>

static void ucontext_entry(unsigned high, unsigned low)
{
    co_main((co *)(((uintptr_t)high << 32) | low));
}

static void context_make(co *c, char *low, size_t n)
{
    ucontext_t *u = calloc(2, sizeof *u);
    must(u && getcontext(u) == 0);
    u->uc_stack.ss_sp = low;
    u->uc_stack.ss_size = n;
    uintptr_t at = (uintptr_t)c;
    makecontext(u, (void (*)(void))ucontext_entry, 2, (unsigned)(at >> 32), (unsigned)at);
    c->mine = u;
    c->back = u + 1;
}

static void context_enter(co *c)
{
    swapcontext(c->back, c->mine);
}

static void context_leave(co *c)
{
    swapcontext(c->mine, c->back);
}

static void context_free(co *c)
{
    free(c->mine);
}

static char *context_sp(co *c)
{
    ucontext_t *u = c->mine;
#if defined(__x86_64__)
    return (char *)u->uc_mcontext.gregs[REG_RSP];
#else
    (void)u;
    return c->map; /* unknown: nothing is given back */
#endif
}
#else
/* boost's fcontext, by its binary interface: a context is the stack pointer it was saved at, and
 * a jump hands over one pointer together with the context it came from. */
typedef struct transfer {
    void *from;
    void *data;
} transfer;
extern void *make_fcontext(void *top, size_t bytes, void (*entry)(transfer));
extern transfer jump_fcontext(void *to, void *data);

static void fcontext_entry(transfer t)
{
    co *c = t.data;
    c->back = t.from;
    co_main(c);
}

static void context_make(co *c, char *low, size_t n)
{
    c->mine = make_fcontext(low + n, n, fcontext_entry);
}

static inline void context_enter(co *c)
{
    c->mine = jump_fcontext(c->mine, c).from;
}

static inline void context_leave(co *c)
{
    c->back = jump_fcontext(c->back, NULL).from;
}

static void context_free(co *c)
{
    (void)c;
}

static char *context_sp(co *c)
{
    return c->mine;
}
#endif

/* ---- telling the tools ---- */

#ifdef CO_ASAN
static inline void on_entered(co *c)
{
    __sanitizer_finish_switch_fiber(c->fake_stack, &c->back_bottom, &c->back_bytes);
}
#else
static inline void on_entered(co *c)
{
    (void)c;
}
#endif

static inline void enter(co *c)
{
#ifdef CO_TSAN
    c->back_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(c->fiber, 0);
#endif
#ifdef CO_ASAN
    void *fake;
    __sanitizer_start_switch_fiber(&fake, c->map + PAGE, c->map_bytes - PAGE);
#endif
    context_enter(c);
#ifdef CO_ASAN
    __sanitizer_finish_switch_fiber(fake, NULL, NULL);
#endif
}

static inline void leave(co *c)
{
#ifdef CO_TSAN
    __tsan_switch_to_fiber(c->back_fiber, 0);
#endif
#ifdef CO_ASAN
    __sanitizer_start_switch_fiber(&c->fake_stack, c->back_bottom, c->back_bytes);
#endif
    context_leave(c);
    on_entered(c);
}

static void tools_register(co *c)
{
    (void)c;
#ifdef CO_ASAN
    __lsan_register_root_region(c->map + PAGE, c->map_bytes - PAGE);
#endif
#ifdef CO_TSAN
    c->fiber = __tsan_create_fiber(0);
#endif
#ifdef HAVE_VALGRIND
    c->valgrind_id = VALGRIND_STACK_REGISTER(c->map + PAGE, c->map + c->map_bytes);
#endif
}

static void tools_unregister(co *c)
{
    (void)c;
#ifdef CO_ASAN
    __lsan_unregister_root_region(c->map + PAGE, c->map_bytes - PAGE);
    __asan_unpoison_memory_region(c->map + PAGE, c->map_bytes - PAGE);
#endif
#ifdef CO_TSAN
    __tsan_destroy_fiber(c->fiber);
#endif
#ifdef HAVE_VALGRIND
    VALGRIND_STACK_DEREGISTER(c->valgrind_id);
#endif
}

/* ---- stacks ---- */

/* Guards made with mprotect cost two mappings each, of which a process has 65530; stacks beyond
 * this many go without and share one mapping. */
enum { MAX_SPLITTING_GUARDS = 24000 };
static _Atomic int splitting_guards;

/* True: it splits the mapping. */
static bool guard(char *page)
{
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13: a guard that does not split the mapping */
#endif
    if (madvise(page, PAGE, MADV_GUARD_INSTALL) == 0)
        return false;
    if (splitting_guards >= MAX_SPLITTING_GUARDS || mprotect(page, PAGE, PROT_NONE) < 0)
        return false;
    splitting_guards++;
    return true;
}

static co *stack_new(co_pool *p)
{
    size_t n = p->stack_bytes + PAGE;
    char *map = mmap(NULL, n, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) {
        fprintf(stderr, "ilion: cannot map a coroutine stack of %zu bytes (%zu live)\n", n,
                p->live);
        abort();
    }
    bool splits = guard(map);
    size_t own = (sizeof(co) + 63) & ~(size_t)63;
    co *c = (co *)(map + n - own);
    *c = (co){.pool = p, .map = map, .map_bytes = n, .splits = splits, .magic = CO_MAGIC};
    list_init(&c->link);
    list_push(&p->all, &c->member);
    context_make(c, map + PAGE, n - own - PAGE);
    tools_register(c);
    return c;
}

static void stack_free(co *c)
{
    list_remove(&c->member);
    if (c->splits)
        splitting_guards--;
    context_free(c);
    tools_unregister(c);
    munmap(c->map, c->map_bytes);
}

void co_pool_init(co_pool *p, size_t stack_bytes)
{
    size_t n = stack_bytes ? stack_bytes : CO_STACK_BYTES;
    *p = (co_pool){.stack_bytes = (n * STACK_FACTOR + PAGE - 1) & ~(size_t)(PAGE - 1)};
    list_init(&p->idle);
    list_init(&p->all);
}

static void pool_shrink(co_pool *p, size_t to)
{
    while (p->n_idle > to) {
        /* From the far end: the stack that has been idle longest. */
        co *c = container_of(p->idle.prev, co, link);
        list_remove(&c->link);
        p->n_idle--;
        stack_free(c);
    }
}

void co_pool_done(co_pool *p)
{
    pool_shrink(p, 0);
}

void co_pool_abandon(co_pool *p)
{
    co_pool_done(p);
    p->live = 0;
#ifdef CO_ASAN
    /* They stay mapped, as roots: what only they know is abandoned, not leaked. */
    list_init(&p->all);
#else
    while (!list_empty(&p->all))
        stack_free(container_of(p->all.next, co, member));
#endif
}

void co_pool_trim(co_pool *p)
{
    size_t surplus = p->low > CO_POOL_KEEP ? p->low - CO_POOL_KEEP : 0;
    pool_shrink(p, p->n_idle - surplus);
    p->low = p->n_idle;
}

static co *pool_take(co_pool *p)
{
    p->live++;
    list *l = list_pop(&p->idle);
    if (!l)
        return stack_new(p);
    if (--p->n_idle < p->low)
        p->low = p->n_idle;
    return container_of(l, co, link);
}

static void pool_give(co_pool *p, co *c)
{
    p->live--;
    if (p->n_idle >= CO_POOL_MAX) {
        stack_free(c);
        return;
    }
    list_push(p->idle.next, &c->link); /* first: its pages are warm */
    p->n_idle++;
}

/* ---- life ---- */

static void co_main(co *c)
{
    on_entered(c);
    for (;;) {
        c->fn(c->arg);
        c->done = true;
        leave(c);
    }
}

static inline void run(co *c)
{
    c->resumer = current;
    c->running = true;
    current = c;
    enter(c);
    current = c->resumer;
    if (c->done)
        pool_give(c->pool, c);
}

void co_start(co_pool *p, struct env *e, void (*fn)(void *arg), void *arg)
{
    co *c = pool_take(p);
    c->env = e;
    c->fn = fn;
    c->arg = arg;
    c->done = false;
    run(c);
}

void co_resume(co *c)
{
    must_be(c, CO_MAGIC);
    must(!c->running && !c->done);
    run(c);
}

void co_suspend(void)
{
    co *c = current;
    must_be(c, CO_MAGIC);
    c->running = false;
    leave(c);
}

size_t co_release_unused(co *c)
{
    must_be(c, CO_MAGIC);
    must(!c->running);
#if defined(CO_ASAN) || defined(CO_TSAN)
    return 0;
#endif
    enum { RED_ZONE = 128 };
    char *low = c->map + PAGE;
    size_t n = (size_t)(context_sp(c) - RED_ZONE - low) & ~(size_t)(PAGE - 1);
    if ((ssize_t)n <= 0 || n >= c->map_bytes)
        return 0;
    return madvise(low, n, MADV_DONTNEED) == 0 ? n : 0;
}
