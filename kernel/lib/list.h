/* SPDX-License-Identifier: MIT */
/* Doubly linked circular lists, intrusive. The head is a node of its own. The caller locks. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(head) { &(head), &(head) }

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

static inline void list_insert_after(struct list *at, struct list *n)
{
	n->prev = at;
	n->next = at->next;
	at->next->prev = n;
	at->next = n;
}
static inline void list_push_front(struct list *head, struct list *n) { list_insert_after(head, n); }
static inline void list_push_back(struct list *head, struct list *n) { list_insert_after(head->prev, n); }

/*
 * list_remove leaves the node pointing at itself, so that removing twice is harmless and "is it queued" can be asked.
 */
static inline void list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}
static inline struct list *list_pop_front(struct list *head)
{
	struct list *n = head->next;
	if (n == head)
		return NULL;
	list_remove(n);
	return n;
}
/* list_splice_back: all of `from` to the end of `to`; `from` is empty after. */
static inline void list_splice_back(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)
#define list_for_each(n, head) for (struct list *n = (head)->next; n != (head); n = n->next)
/* The current node may be removed within the loop. */
#define list_for_each_safe(n, head) \
	for (struct list *n = (head)->next, *n##_next = n->next; n != (head); n = n##_next, n##_next = n->next)

#endif
