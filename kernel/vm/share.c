/* SPDX-License-Identifier: MIT */
/*
 * Fork's share of the address space: the child gets every VMA, and the private layer is shared copy-on-write.
 *
 *      parent's PTE               child's PTE          both afterwards
 *      private frame              same frame           read-only, one reference more
 *      zero page, device          same                 unchanged
 *      page of a private file     same page            read-only already; map count one more
 *      page of a shared mapping   none                 the child faults: the index has the page
 *
 * Advice changes that: a VMA under VMA_DONTCOPY is not in the child at all, one under VMA_WIPEONFORK is there without pages.
 * Locks are the parent's alone.
 *
 * A page of the object is copied with the object locked: the child's VMA is on the object's list before, so a truncation
 * either comes first and clears the parent's PTE, or later and finds both. Tables are copied entry by entry; sharing whole
 * tables by reference (design, "Fork") changes this file and the private copies on the way to a change, nothing else.
 */
#include "vm/vm_impl.h"

/* Copy the entries of one leaf table's part. -ENOMEM leaves what was copied: the child's end gives it back. */
static int share_leaf(struct space *child, struct vma *v, pte_t *from, vaddr_t addr, vaddr_t stop)
{
	struct page *table = table_page(from);
	pte_t *to = table_make(child, addr);
	uint64_t copied = 0;

	if (!to)
		return -ENOMEM;
	spin_lock(&table->lock);
	for (; addr < stop; addr += PAGE_SIZE, from++, to++) {
		pte_t e = *from;
		if (!e)
			continue;
		if (e & PTE_PRIVATE) {
			page_get(phys_to_page(pte_paddr(e)));
			e &= ~(PTE_WRITE | PTE_DIRTY | PTE_LAZY); /* what is shared cannot tell who has stored to it */
			*from = e;
			copied++;
		} else if (!(e & PTE_UNCOUNTED)) {
			if (vma_is_shared(v))
				continue;
			__atomic_add_fetch(&phys_to_page(pte_paddr(e))->maps, 1, __ATOMIC_RELAXED);
			copied++;
		}
		*to = e;
	}
	spin_unlock(&table->lock);
	__atomic_add_fetch(&child->resident, copied, __ATOMIC_RELAXED);
	return 0;
}

static int share_ptes(struct space *child, struct space *parent, struct vma *v)
{
	vaddr_t addr = v->start, stop;
	int err = 0;

	if ((v->object && vma_is_shared(v)) || v->flags & VMA_WIPEONFORK)
		return 0;
	if (v->object)
		spin_lock(&v->object->lock);
	for (pte_t *pte; !err && (pte = table_next(parent, &addr, v->end, &stop)); addr = stop)
		err = share_leaf(child, v, pte, addr, stop);
	if (v->object)
		spin_unlock(&v->object->lock);
	return err;
}

static int share_vma(struct space *child, struct space *parent, struct vma *v)
{
	if (v->flags & VMA_DONTCOPY)
		return 0;
	struct vma *copy = cache_alloc(vma_cache);
	if (copy && v->flags & VMA_ACCOUNT && commit_charge(parent, (v->end - v->start) >> PAGE_SHIFT)) {
		cache_free(vma_cache, copy);
		copy = NULL;
	}
	if (!copy)
		return -ENOMEM;
	*copy = *v;
	copy->anon = v->flags & VMA_WIPEONFORK ? 0 : anon_fork(v->anon);
	copy->flags &= ~(uint32_t)(VMA_LOCKED | VMA_LOCKONFAULT);
	vma_insert(child, copy);
	vma_attach(copy);
	return share_ptes(child, parent, v);
}

struct space *space_fork(struct space *parent)
{
	struct space *child = space_create();
	int err = 0;

	if (!child)
		return NULL;
	mutex_lock(&parent->lock);
	child->brk_start = parent->brk_start;
	child->brk = parent->brk;
	child->stack_start = parent->stack_start;
	child->stack_limit = parent->stack_limit;
	child->mmap_top = parent->mmap_top;
	child->data_start = parent->data_start;
	child->data_end = parent->data_end;
	child->arg_start = parent->arg_start;
	child->arg_end = parent->arg_end;
	child->env_start = parent->env_start;
	child->env_end = parent->env_end;
	child->auxv_start = parent->auxv_start;
	child->code_start = parent->code_start;
	child->code_end = parent->code_end;
	child->ids_changed = parent->ids_changed;
	for (struct rb_node *n = rb_first(&parent->vmas); n && !err; n = rb_next(n))
		err = share_vma(child, parent, vma_of(n));
	/* The parent's writable entries are gone from the tables; now from the TLBs. */
	tlb_shootdown(&parent->arch, 0, USER_END >> PAGE_SHIFT);
	mutex_unlock(&parent->lock);
	if (err) {
		space_put(child);
		return NULL;
	}
	return child;
}
