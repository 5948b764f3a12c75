#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

void log_write(logger *l, log_level level, const char *file, int line, const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    l->write(l, level, file, line, text);
}

int log_format(char *out, int cap, log_level level, const char *thread, int64_t now_us,
               const char *file, int line, const char *text)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};
    time_t s = (time_t)(now_us / 1000000);
    struct tm tm;
    char date[32];
    localtime_r(&s, &tm);
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm);
    int n = snprintf(out, (size_t)cap, "%5s [%s] %s,%03d %s (line %d) %s\n", names[level], thread,
                     date, (int)(now_us / 1000 % 1000), file, line, text);
    return n < cap ? n : cap - 1;
}

static void write_stderr(logger *l, log_level level, const char *file, int line, const char *text)
{
    struct timespec t;
    char out[2304];
    (void)l;
    clock_gettime(CLOCK_REALTIME, &t);
    log_format(out, sizeof out, level, "main", t.tv_sec * 1000000LL + t.tv_nsec / 1000, file, line,
               text);
    fputs(out, stderr);
}

logger log_stderr = {LOG_INFO, write_stderr};
