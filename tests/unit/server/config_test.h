/* config_test.h: a host that a test knows, and shorthands to load text. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "server/config/config.h"

static inline int test_resolve(void *arg, const char *name, char *ret_ip, size_t cap)
{
    (void)arg;
    if (strspn(name, "0123456789.:abcdef") == strlen(name))
        return snprintf(ret_ip, cap, "%s", name) > 0 ? 0 : ERR_NOT_FOUND;
    if (strcmp(name, "node1") == 0)
        return snprintf(ret_ip, cap, "10.20.30.40") > 0 ? 0 : ERR_NOT_FOUND;
    return ERR_NOT_FOUND;
}

static inline int test_interface(void *arg, const char *name, bool ipv6, char *ret_ip, size_t cap)
{
    (void)arg;
    if (strcmp(name, "eth7") != 0)
        return ERR_NOT_FOUND;
    snprintf(ret_ip, cap, "%s", ipv6 ? "fe80::7" : "10.7.7.7");
    return 0;
}

static const config_host test_host = {test_resolve, test_interface, "node1", NULL, 3};

/* NULL and the sentence in e when it is refused. */
static inline config *load_text(const char *yaml, err_info *e)
{
    const config_source source = {.host = &test_host};
    config *c = config_new();
    *e = (err_info){0};
    if (config_parse_yaml(c, "c.yaml", bytes_str(yaml), e) < 0 || config_finish(c, &source, e) < 0)
        return config_free(c);
    return c;
}

static inline config *loads(const char *yaml)
{
    err_info e;
    config *c = load_text(yaml, &e);
    if (!c)
        fail_msg("%s\n%s", e.text, yaml);
    return c;
}

/* The text is refused with exactly this sentence. */
static inline void refuses(const char *yaml, const char *sentence)
{
    err_info e;
    config *c = load_text(yaml, &e);
    if (c)
        fail_msg("accepted: %s", yaml);
    assert_string_equal(e.text, sentence);
    assert_int_equal(e.code, ERR_CONFIG);
}
