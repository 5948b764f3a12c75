/* list.h: an intrusive doubly linked list; a node embeds in what it links. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct list {
    struct list *next, *prev;
} list;

static inline void list_init(list *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const list *l)
{
    return l->next == l;
}

static inline void list_push(list *l, list *node) /* at the end */
{
    node->prev = l->prev;
    node->next = l;
    l->prev->next = node;
    l->prev = node;
}

/* Unlinks; a second time does nothing. */
static inline void list_remove(list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node->prev = node;
}

static inline list *list_pop(list *l) /* the first, or NULL */
{
    if (list_empty(l))
        return NULL;
    list *n = l->next;
    list_remove(n);
    return n;
}
