/* SPDX-License-Identifier: MIT */
/*
 * mincore(2): which pages a touch would find without waiting for a pager.
 *
 *      entry in use                                      1, also under PROT_NONE, and of the zero page
 *      no entry, private anonymous memory                0
 *      no entry, a file or shared memory                 whether the object's index has the page, filled
 *      no entry, device registers                        0
 *
 * What the index holds tells what others have read of a file, so it is shown only to who could change the file: its
 * owner, root, or whoever may write it. Everybody else sees every page of such a mapping as resident (Linux does the
 * same since 5.2).
 *
 * A table's entries are read without its lock: another CPU may change one at the same time, and an answer that is old
 * by the time the program sees it is all this call can give.
 */
#include "vm/vm_impl.h"

static bool may_know(const struct vma *v)
{
	struct node *n = v->file ? v->file->node : NULL;

	return !n || proc_current()->fsuid == n->uid || capable(CAP_FOWNER) || !node_permission(n, W_OK);
}

/* [addr, end) has no entries: what would a fault find? */
static void fill_from_object(const struct vma *v, vaddr_t addr, vaddr_t end, uint8_t *vec)
{
	struct object *o = v->object;

	memset(vec, 0, (end - addr) >> PAGE_SHIFT);
	if (!o || o->pager == PAGER_DEVICE || addr == end)
		return;
	pgoff_t first = vma_pgoff(v, addr), last = vma_pgoff(v, end - PAGE_SIZE), at = first;
	spin_lock(&o->lock);
	/* fallocate's pages have nothing in them yet */
	uint16_t filled = o->pager == PAGER_ZERO ? PAGE_ACCESSED : PAGE_VALID;
	for (struct page *p; (p = page_index_next(&o->pages, &at, last)); at++)
		vec[at - first] = (p->flags & filled) != 0;
	spin_unlock(&o->lock);
}

/* The part of a leaf table from `pte` on that shows [addr, end). */
static void fill_from_leaf(const struct vma *v, const pte_t *pte, vaddr_t addr, vaddr_t end, uint8_t *vec)
{
	unsigned n = (end - addr) >> PAGE_SHIFT;

	for (unsigned i = 0; i < n; i++) {
		vec[i] = pte[i] != 0;
		if (pte[i] || !v->object)
			continue;
		unsigned next = pte_skip(pte, i, n);
		fill_from_object(v, addr + i * PAGE_SIZE, addr + next * PAGE_SIZE, vec + i);
		i = next - 1;
	}
}

static void fill(const struct vma *v, vaddr_t addr, vaddr_t end, uint8_t *vec)
{
	vaddr_t at = addr, stop;

	while (addr < end) {
		pte_t *pte = table_next(v->space, &at, end, &stop);
		if (!pte)
			at = stop = end;
		fill_from_object(v, addr, at, vec);
		vec += (at - addr) >> PAGE_SHIFT;
		if (pte)
			fill_from_leaf(v, pte, at, stop, vec);
		vec += (stop - at) >> PAGE_SHIFT;
		addr = at = stop;
	}
}

int space_mincore(struct space *s, vaddr_t addr, size_t npages, uint8_t *vec)
{
	mutex_lock(&s->lock);
	struct vma *v = vma_find(s, addr);
	int n = -ENOMEM;
	if (v && v->start <= addr) {
		n = (int)MIN(npages, (v->end - addr) >> PAGE_SHIFT);
		if (may_know(v))
			fill(v, addr, addr + (size_t)n * PAGE_SIZE, vec);
		else
			memset(vec, 1, (size_t)n);
	}
	mutex_unlock(&s->lock);
	return n;
}
