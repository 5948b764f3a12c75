/* log.h: one line per state change.
 *
 * Libraries return errors; top-level handlers (server, background loops) log them. A logger
 * hangs off the env, so that a simulated node's lines carry virtual time.
 *
 * Line:   "%5p [thread] yyyy-MM-dd HH:mm:ss,SSS File.c (line N) message", the classic pattern.
 * Thread: any.
 */
#pragma once
#include <stdint.h>

typedef enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } log_level;

typedef struct logger {
    log_level level;
    /* Takes one message without its newline. */
    void (*write)(struct logger *l, log_level level, const char *file, int line, const char *text);
} logger;

void log_write(logger *l, log_level level, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* The classic line with newline into out (cut to cap); returns its length. */
int log_format(char *out, int cap, log_level level, const char *thread, int64_t now_us,
               const char *file, int line, const char *text);

#define log_at(l, lv, ...)                                                                         \
    do {                                                                                           \
        logger *l_ = (l);                                                                          \
        if (l_ && (lv) >= l_->level)                                                               \
            log_write(l_, lv, __FILE_NAME__, __LINE__, __VA_ARGS__);                               \
    } while (0)
#define log_debug(l, ...) log_at(l, LOG_DEBUG, __VA_ARGS__)
#define log_info(l, ...) log_at(l, LOG_INFO, __VA_ARGS__)
#define log_warn(l, ...) log_at(l, LOG_WARN, __VA_ARGS__)
#define log_error(l, ...) log_at(l, LOG_ERROR, __VA_ARGS__)

/* Writes to stderr; for tools and tests. */
extern logger log_stderr;
