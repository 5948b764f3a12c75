/* yaml.c: one YAML document into the table's fields.
 *
 * The document is a map of keys. Under MAP rows the keys of the map (or of a list of one map, as
 * seed_provider is written) have rows "name.key". Values of IGNORED rows are not looked at.
 */
#include <stdio.h>
#include <yaml.h>

#include "server/config/internal.h"

enum { MAX_DEPTH = 4, MAX_TEXT = 1 << 20 };

typedef struct walk {
    config *c;
    const char *file;
    yaml_document_t *doc;
    err_info *e;
} walk;

static int line_of(const yaml_node_t *n)
{
    return (int)n->start_mark.line + 1;
}

static const char *scalar(const yaml_node_t *n)
{
    return (const char *)n->data.scalar.value;
}

/* YAML's null: nothing, ~ or null, unquoted. */
static bool is_null(const yaml_node_t *n)
{
    if (n->type == YAML_NO_NODE)
        return true;
    if (n->type != YAML_SCALAR_NODE || n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    const char *s = scalar(n);
    return !*s || !strcmp(s, "~") || !strcmp(s, "null") || !strcmp(s, "Null") || !strcmp(s, "NULL");
}

/* Text with a NUL inside would be cut where nobody sees it. */
static bool is_text(const yaml_node_t *n)
{
    return n->type == YAML_SCALAR_NODE && strlen(scalar(n)) == n->data.scalar.length;
}

static int walk_map(walk *w, const yaml_node_t *map, const char *prefix, int depth);

/* A list of one map counts as the map. */
static const yaml_node_t *as_map(walk *w, const yaml_node_t *n)
{
    if (n->type == YAML_SEQUENCE_NODE &&
        n->data.sequence.items.top - n->data.sequence.items.start == 1)
        n = yaml_document_get_node(w->doc, *n->data.sequence.items.start);
    return n && n->type == YAML_MAPPING_NODE ? n : NULL;
}

static int walk_list(walk *w, const config_key *k, const yaml_node_t *n, const config_where *at)
{
    config_list items = {0};
    for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
        const yaml_node_t *item = yaml_document_get_node(w->doc, *i);
        if (!item || !is_text(item))
            return config_fail(w->e, at, "the list holds something that is not a word");
        config_list_add(w->c, &items, arena_strdup(&w->c->mem, scalar(item)));
    }
    return config_value_set_list(w->c, k, &items, at, w->e);
}

/* Two names of one key may both stand in a file: launchers add keys to files that they did not
 * write. The same name twice is an error (check_duplicate). */
static void warn_twice(walk *w, const config_key *k, const config_where *at)
{
    const struct config_set *s = &w->c->state->row[config_key_index(k)];
    if (s->set)
        config_warn(w->c, "%s:%d: %s sets again what %s in line %d has set; this one counts",
                    at->file, at->line, at->name, s->given, s->line);
}

static int walk_value(walk *w, const config_key *given, const yaml_node_t *value, config_where *at,
                      int depth)
{
    const config_key *k = config_key_resolve(given);
    if (k->type == T_IGNORED) {
        config_warn(w->c, "%s:%d: %s has no meaning in Ilion and is ignored", at->file, at->line,
                    at->name);
        return 0;
    }
    if (is_null(value))
        return 0;
    warn_twice(w, k, at);
    config_mark(w->c, k, at);
    if (k->type == T_MAP) {
        const yaml_node_t *map = as_map(w, value);
        if (!map)
            return config_fail(w->e, at, "a map of keys should stand here");
        return walk_map(w, map, k->name, depth + 1);
    }
    if (value->type == YAML_MAPPING_NODE)
        return config_fail(w->e, at, "a map stands where a value should be");
    if (value->type == YAML_SEQUENCE_NODE)
        return walk_list(w, k, value, at);
    if (!is_text(value))
        return config_fail(w->e, at, "the value holds a NUL character");
    return config_value_set(w->c, k, given->bare, scalar(value), at, w->e);
}

static int walk_pair(walk *w, const yaml_node_t *key, const yaml_node_t *value, const char *prefix,
                     int depth)
{
    int line = line_of(key);
    if (!is_text(key))
        return err_set(w->e, ERR_CONFIG, "%s:%d: a key should be a word", w->file, line);
    char name[160];
    int n = snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", scalar(key));
    const config_key *k = config_key_find(name);
    /* Dots are ours: they lead to nested keys and to what only -D can set. */
    if (!k || n >= (int)sizeof name || strchr(scalar(key), '.') || k->type == T_PROPERTY ||
        strncmp(name, "cassandra-", 10) == 0)
        return err_set(w->e, ERR_CONFIG, "%s:%d: unknown key '%.*s'", w->file, line,
                       (int)sizeof name - 1, name);
    config_where at = {w->file, line, arena_strdup(&w->c->mem, name)};
    return walk_value(w, k, value, &at, depth);
}

static int check_duplicate(walk *w, const yaml_node_t *map, const yaml_node_pair_t *p)
{
    const yaml_node_t *key = yaml_document_get_node(w->doc, p->key);
    for (const yaml_node_pair_t *q = map->data.mapping.pairs.start; q < p; q++) {
        const yaml_node_t *other = yaml_document_get_node(w->doc, q->key);
        if (is_text(key) && is_text(other) && strcmp(scalar(key), scalar(other)) == 0)
            return err_set(w->e, ERR_CONFIG, "%s:%d: key '%.100s' is already set in line %d",
                           w->file, line_of(key), scalar(key), line_of(other));
    }
    return 0;
}

static int walk_map(walk *w, const yaml_node_t *map, const char *prefix, int depth)
{
    if (depth > MAX_DEPTH)
        return err_set(w->e, ERR_CONFIG, "%s:%d: nested too deeply", w->file, line_of(map));
    if (map->data.mapping.pairs.top - map->data.mapping.pairs.start > 2000)
        return err_set(w->e, ERR_CONFIG, "%s:%d: too many keys", w->file, line_of(map));
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         p++) {
        int r = check_duplicate(w, map, p);
        if (r == 0)
            r = walk_pair(w, yaml_document_get_node(w->doc, p->key),
                          yaml_document_get_node(w->doc, p->value), prefix, depth);
        if (r < 0)
            return r;
    }
    return 0;
}

static int walk_document(walk *w)
{
    const yaml_node_t *root = yaml_document_get_root_node(w->doc);
    if (!root || is_null(root))
        return 0;
    if (root->type != YAML_MAPPING_NODE)
        return err_set(w->e, ERR_CONFIG, "%s:%d: lines of the form 'key: value' are expected",
                       w->file, line_of(root));
    return walk_map(w, root, "", 0);
}

static int parser_error(walk *w, const yaml_parser_t *p)
{
    return err_set(w->e, ERR_CONFIG, "%s:%d: not YAML: %s", w->file, (int)p->problem_mark.line + 1,
                   p->problem ? p->problem : "cannot be read");
}

int config_parse_yaml(config *c, const char *file, bytes text, err_info *e)
{
    if (text.n > MAX_TEXT)
        return err_set(e, ERR_CONFIG, "%s: larger than 1 MiB", file);
    yaml_parser_t parser;
    yaml_document_t doc;
    c->file = arena_strdup(&c->mem, file);
    walk w = {c, c->file, &doc, e};
    if (!yaml_parser_initialize(&parser))
        return err_set(e, ERR_CONFIG, "%s: out of memory", file);
    yaml_parser_set_input_string(&parser, text.p, text.n);
    int r;
    if (!yaml_parser_load(&parser, &doc)) {
        r = parser_error(&w, &parser);
    } else {
        r = walk_document(&w);
        yaml_document_delete(&doc);
        if (r == 0 && !yaml_parser_load(&parser, &doc)) {
            r = parser_error(&w, &parser);
        } else if (r == 0) {
            if (yaml_document_get_root_node(&doc))
                r = err_set(e, ERR_CONFIG, "%s: holds more than one document", file);
            yaml_document_delete(&doc);
        }
    }
    yaml_parser_delete(&parser);
    return r;
}
