/* SPDX-License-Identifier: MIT */
/*
 * mprotect(2): the rights of a range change, VMA by VMA from the lowest address on. What was done before a hole or a
 * VMA that does not allow it stays done, as on Linux, so a failed call shows how far it came.
 *
 * The VMA changes first, then its entries, and rights that were taken are shot down before the lock goes: no store
 * through an old entry comes after the call. A private page that only one entry shows may be stored to at once;
 * everything else that becomes writable waits for its fault, which knows about copy-on-write and dirty marks.
 */
#include "vm/vm_impl.h"

/* The PTE that shows the same frame under other rights. */
static pte_t pte_with_prot(pte_t old, uint32_t prot)
{
	pte_t kept = old & (PTE_ADDR | PTE_PRIVATE | PTE_UNCOUNTED | PTE_UNCACHED);
	bool writable = prot & PROT_WRITE && (old & PTE_WRITE ||
	                                      (old & PTE_PRIVATE && phys_to_page(pte_paddr(old))->refs == 1));

	return pte_make(0, prot, writable, kept);
}

static void protect_ptes(struct space *s, vaddr_t start, vaddr_t end, uint32_t prot)
{
	vaddr_t stop, low = ~0ul, high = 0;
	pte_t *pte;

	__atomic_add_fetch(&s->unflushed, 1, __ATOMIC_SEQ_CST);
	for (vaddr_t addr = start; (pte = table_next(s, &addr, end, &stop));) {
		struct page *table = table_page(pte);
		spin_lock(&table->lock);
		for (; addr < stop; addr += PAGE_SIZE, pte++) {
			if (!*pte)
				continue;
			pte_t new = pte_with_prot(*pte, prot);
			/* Rights that only grow need no flush: a stale entry costs one spurious fault. */
			if (*pte & PTE_PRESENT && (~new & *pte & (PTE_WRITE | PTE_PRESENT) || new & ~*pte & PTE_NX)) {
				low = MIN(low, addr);
				high = addr + PAGE_SIZE;
			}
			*pte = new;
		}
		spin_unlock(&table->lock);
	}
	if (low < high)
		tlb_shootdown(&s->arch, low, (high - low) >> PAGE_SHIFT);
	__atomic_sub_fetch(&s->unflushed, 1, __ATOMIC_RELEASE);
}

/* Memory that becomes writable may turn into data (RLIMIT_DATA), and must be charged once. *charged: pages. */
static int charge(struct space *s, uint32_t old, uint32_t *flags, uint64_t npages, uint64_t *charged)
{
	*charged = 0;
	if (!(*flags & VMA_WRITE))
		return 0;
	if (!space_may_expand(s, *flags, npages) && space_may_expand(s, old, npages))
		return -ENOMEM;
	if (old & (VMA_ACCOUNT | VMA_WRITE | VMA_SHARED | VMA_NORESERVE))
		return 0;
	*charged = npages;
	*flags |= VMA_ACCOUNT;
	return commit_charge(s, npages);
}

static int protect_vma(struct space *s, struct vma **vp, vaddr_t start, vaddr_t end, uint32_t prot, struct list *dead)
{
	uint32_t old = (*vp)->flags, flags = (old & ~(uint32_t)VMA_PROT) | prot;
	uint64_t charged;

	end = MIN(end, (*vp)->end);
	if (prot & ~(flags >> VMA_MAY_SHIFT))
		return -EACCES;
	if (flags == old)
		return 0;
	int err = charge(s, old, &flags, (end - start) >> PAGE_SHIFT, &charged);
	if (err)
		return err;
	err = table_own_range(s, start, end);
	if (!err)
		err = vma_edit(s, vp, start, end, flags, dead);
	if (err)
		commit_release(charged);
	else
		protect_ptes(s, start, end, prot);
	return err;
}

/* Where it begins and whether it may: PROT_GROWSDOWN reaches down to the beginning of the stack's VMA. */
static int find_first(struct space *s, vaddr_t *start, vaddr_t end, uint32_t grows, struct vma **out)
{
	struct vma *v = vma_find(s, *start);

	*out = v;
	if (!v || v->start >= end || (v->start > *start && !(grows & PROT_GROWSDOWN)))
		return -ENOMEM;
	if (grows & PROT_GROWSUP || (grows & PROT_GROWSDOWN && !(v->flags & VMA_GROWSDOWN)))
		return -EINVAL;
	if (grows)
		*start = v->start;
	return 0;
}

/* Locked private memory that has become writable is made its own now. The lock is let go. */
static void fill(struct space *s, struct vma *v, vaddr_t start, vaddr_t end)
{
	if (!(v->flags & VMA_LOCKONFAULT))
		vma_make_anon(v); /* now: the rest of the range may join it */
	mutex_unlock(&s->lock);
	space_populate(s, start, end, VMA_LOCKED);
	mutex_lock(&s->lock);
}

int space_protect(struct space *s, vaddr_t start, size_t len, uint32_t prot)
{
	struct list dead = LIST_INIT(dead);
	vaddr_t end = start + len;
	struct vma *v;

	mutex_lock(&s->lock);
	int err = find_first(s, &start, end, prot & (PROT_GROWSDOWN | PROT_GROWSUP), &v);
	prot &= VMA_PROT;
	for (vaddr_t at = start, next; !err && at < end; at = next) {
		v = vma_find(s, at);
		if (!v || v->start > at) {
			err = -ENOMEM;
			break;
		}
		bool locked = prot & PROT_WRITE && (v->flags & (VMA_WRITE | VMA_SHARED | VMA_LOCKED)) == VMA_LOCKED;
		bool exec = prot & PROT_READ && v->flags & VMA_MAYEXEC && reads_imply_exec();
		next = MIN(v->end, end);
		err = protect_vma(s, &v, at, end, exec ? prot | PROT_EXEC : prot, &dead);
		if (locked && !err)
			fill(s, v, at, next);
	}
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	return err;
}
