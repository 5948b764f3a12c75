#include "base/errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"

static const struct {
    const char *name, *text;
    uint16_t cql;
    enum thrift_exception thrift;
} table[] = {
#define X(name, value, cql, thrift, text) [-(value)] = {#name, text, cql, THRIFT_##thrift},
#include "base/errors.def"
#undef X
};

static int known(int code)
{
    return code < 0 && (size_t)-code < ARRAY_LEN(table) && table[-code].name ? -code : 1;
}

const char *err_name(int code)
{
    return table[known(code)].name;
}

const char *err_text(int code)
{
    return table[known(code)].text;
}

uint16_t err_cql_code(int code)
{
    return table[known(code)].cql;
}

enum thrift_exception err_thrift(int code)
{
    return table[known(code)].thrift;
}

int err_set(err_info *e, int code, const char *fmt, ...)
{
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(e->text, sizeof e->text, fmt, ap);
        va_end(ap);
        e->code = code;
    }
    return code;
}

int err_set_errno(err_info *e, int err_no, const char *fmt, ...)
{
    int code = err_no == ENOSPC || err_no == EDQUOT ? ERR_NO_SPACE : ERR_IO;
    if (e) {
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf(e->text, sizeof e->text, fmt, ap);
        va_end(ap);
        if (n >= 0 && (size_t)n < sizeof e->text)
            snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s", strerror(err_no));
        e->code = code;
    }
    return code;
}
