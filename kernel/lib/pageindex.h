/* SPDX-License-Identifier: MIT */
/*
 * The page index of an object: a radix tree from page number to pointer, 64 slots a node, with one mark (DIRTY) kept
 * in every node on the way up, so that a walk over marked entries visits nothing else. The caller locks.
 */
#ifndef LIB_PAGEINDEX_H
#define LIB_PAGEINDEX_H

#include "lib/types.h"

struct page_index {
	struct page_index_node *root; /* private to pageindex.c */
	unsigned height;              /* levels of nodes; at 0, root is the entry of page 0 itself, or NULL */
	uint64_t count;               /* entries */
	uint64_t marked;              /* entries that carry the mark */
};

void page_index_boot(void); /* once, after heap_init */
void page_index_init(struct page_index *index);
void *page_index_get(const struct page_index *index, pgoff_t at); /* NULL: absent */
/* page_index_insert: 0, -EEXIST, or -ENOMEM with the index unchanged. The new entry is unmarked. */
must_check int page_index_insert(struct page_index *index, pgoff_t at, void *entry);
void *page_index_remove(struct page_index *index, pgoff_t at); /* the entry, NULL when absent; frees empty nodes */
/* page_index_next: the first entry at or after *at (and <= last); *at becomes its number. NULL: none. */
void *page_index_next(const struct page_index *index, pgoff_t *at, pgoff_t last);
void *page_index_next_marked(const struct page_index *index, pgoff_t *at, pgoff_t last);
void page_index_mark(struct page_index *index, pgoff_t at);   /* of a present entry */
void page_index_unmark(struct page_index *index, pgoff_t at);
bool page_index_marked(const struct page_index *index, pgoff_t at);
void page_index_destroy(struct page_index *index); /* frees nodes; the entries are the caller's */
const char *page_index_check(const struct page_index *index); /* NULL or what is wrong */

#endif
