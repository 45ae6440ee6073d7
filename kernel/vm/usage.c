/* SPDX-License-Identifier: MIT */
/*
 * What memory is used for: one VMA's share, as /proc/PID/smaps shows it, and all frames', as /proc/meminfo does.
 *
 * Nothing here is counted while faults run: who asks walks the page tables or the frames, and whoever does not ask pays
 * nothing. The walk over a VMA holds the space's lock, so it is of one moment; the census of frames takes no lock and
 * may be off by what happens meanwhile. Keeping a counter for each kind of page was left out: three more atomic
 * operations a fault.
 */
#include "vm/vm_impl.h"

static bool is_dirty(struct vma *v, struct page *p, pte_t e)
{
	if (e & PTE_PRIVATE)
		return !(e & PTE_LAZY) || e & PTE_DIRTY;
	if (v->object->pager == PAGER_ZERO)
		return true; /* what is nowhere else */
	spin_lock(&v->object->lock);
	bool dirty = p->object == v->object && object_dirty_locked(v->object, p);
	spin_unlock(&v->object->lock);
	return dirty;
}

/*
 * How many mappings show the page of an entry: the frame counts entries, the entry's table the spaces that have it.
 * What other shared tables show the frame too is not looked for.
 */
static uint32_t mappers_of(pte_t *pte)
{
	const struct page *p = phys_to_page(pte_paddr(*pte));

	return (*pte & PTE_PRIVATE ? p->refs : p->maps) - 1 + table_page(pte)->refs;
}

/* A page that n mappings show counts in each of them as its n-th part. */
static void add_pte(struct vma *v, pte_t *pte, struct vma_usage *u)
{
	pte_t e = *pte;
	struct page *p = phys_to_page(pte_paddr(e));

	if (!e || e & PTE_UNCOUNTED)
		return;
	bool own = e & PTE_PRIVATE, dirty = is_dirty(v, p, e);
	uint32_t sharers = mappers_of(pte);
	uint64_t part = (PAGE_SIZE << USAGE_SHIFT) / MAX(sharers, 1u);
	u->resident++;
	u->referenced += (e & PTE_ACCESSED) != 0;
	u->anon += own;
	u->lazy += own && !dirty;
	u->shmem += !own && v->object->pager == PAGER_ZERO;
	if (sharers > 1)
		*(dirty ? &u->shared_dirty : &u->shared_clean) += 1;
	else
		*(dirty ? &u->private_dirty : &u->private_clean) += 1;
	u->pss += part;
	u->pss_dirty += dirty ? part : 0;
	*(own ? &u->pss_anon : v->object->pager == PAGER_ZERO ? &u->pss_shmem : &u->pss_file) += part;
	if (v->flags & VMA_LOCKED) {
		u->locked++;
		u->pss_locked += part;
	}
}

void vma_usage(struct vma *v, struct vma_usage *u)
{
	vaddr_t addr = v->start, stop;

	for (pte_t *pte; (pte = table_next(v->space, &addr, v->end, &stop));)
		for (; addr < stop; addr += PAGE_SIZE, pte++)
			add_pte(v, pte, u);
}

bool vma_entry(struct vma *v, vaddr_t addr, pte_t *entry, uint32_t *mappers)
{
	pte_t *pte = table_find(v->space, addr);

	*entry = pte ? *pte : 0;
	*mappers = *entry && !(*entry & PTE_UNCOUNTED) ? mappers_of(pte) : 0;
	return *entry;
}

uint64_t space_resident(struct space *s)
{
	vaddr_t addr = 0, stop;

	mutex_lock(&s->lock);
	uint64_t pages = s->resident;
	for (pte_t *pte; s->shared_links && (pte = table_next(s, &addr, USER_END, &stop)); addr = stop)
		if (table_is_shared(pte))
			pages -= table_page(pte)->gone;
	mutex_unlock(&s->lock);
	return pages;
}

void space_visit(struct space *s, vaddr_t from, bool (*visit)(struct vma *v, void *arg), void *arg)
{
	mutex_lock(&s->lock);
	for (struct vma *v = vma_find(s, from); v && visit(v, arg); v = vma_next(v))
		;
	mutex_unlock(&s->lock);
}

/* ---- all frames ---- */

void frame_census(struct frame_census *c)
{
	*c = (struct frame_census){ .anon = 0 };
	for (pfn_t pfn = 0; pfn < frames_end(); pfn++) {
		const struct page *p = pfn_to_page(pfn);
		if (p->kind == PAGE_ANON) {
			c->anon++;
		} else if (p->kind == PAGE_CACHE) {
			c->mapped += p->maps != 0;
			c->writeback += (p->flags & PAGE_WRITEBACK) != 0;
			c->shmem += !(p->flags & PAGE_QUEUED);
			c->accessed += (p->flags & (PAGE_QUEUED | PAGE_ACCESSED)) == (PAGE_QUEUED | PAGE_ACCESSED);
			c->file += (p->flags & PAGE_QUEUED) != 0;
		}
	}
}

/* A space after `prev` (NULL: the first) with locked pages, referenced; gives prev's reference back. */
static struct space *next_locked(struct space *prev)
{
	struct space *found = NULL;

	spin_lock(&registry_lock);
	for (struct list *n = prev ? prev->all_link.next : all_spaces.next; n != &all_spaces && !found; n = n->next) {
		struct space *s = list_entry(n, struct space, all_link);
		if (s->locked_pages && space_try_get(s))
			found = s;
	}
	spin_unlock(&registry_lock);
	if (prev)
		space_put(prev);
	return found;
}

uint64_t vm_locked_pages(void)
{
	uint64_t pages = 0;

	for (struct space *s = next_locked(NULL); s; s = next_locked(s)) {
		mutex_lock(&s->lock);
		for (struct vma *v = vma_find(s, 0); v; v = vma_next(v)) {
			struct vma_usage u = { 0 };
			if (v->flags & VMA_LOCKED)
				vma_usage(v, &u);
			pages += u.locked;
		}
		mutex_unlock(&s->lock);
	}
	return pages;
}
