/* SPDX-License-Identifier: MIT */
/*
 * madvise(2): hints, and what is more than a hint.
 *
 *      flags of the VMA     NORMAL RANDOM SEQUENTIAL DONTFORK DOFORK WIPEONFORK KEEPONFORK DONTDUMP DODUMP (NO)HUGEPAGE
 *                           (UN)MERGEABLE
 *      pages go             DONTNEED DONTNEED_LOCKED: now; FREE: under pressure, unless they are stored to before;
 *                           REMOVE: of the file
 *      pages are colder     COLD: reclaim takes them first; PAGEOUT: it takes them now
 *      pages come           WILLNEED: from the disk into the cache; POPULATE_READ, POPULATE_WRITE: into the page tables
 *
 * The range is walked VMA by VMA under the space's lock; a hole is remembered, what lies behind it is done, and ENOMEM
 * is the answer. An error of one VMA ends the walk, with what came before it done. What asks a pager (REMOVE, WILLNEED,
 * PAGEOUT, POPULATE) takes references, lets the lock go, and goes on by address: then the rest of the VMA may be
 * another.
 *
 * A page freed lazily keeps its entry, which is marked (PTE_LAZY) and looks never stored to (PTE_DIRTY clear): the
 * processor tells of the next store by itself, no fault is needed. reclaim drops those entries that are still so. The
 * TLBs are flushed when the dirty bit is cleared, for a processor that has it cached would not set it again.
 *
 * There are no huge pages and no merging of equal pages: those advices set their flags, and COLLAPSE finds no huge
 * page.
 * The order of checks and what changes before an error are Linux 6.1's.
 */
#include "vm/vm_impl.h"

#define READ_AHEAD_MAX 256 /* pages that one WILLNEED reads of one VMA */
#define HUGE_PAGE (2ul << 20)

struct advice {
	struct space *space;
	int advice;
	vaddr_t start, end; /* the part of the VMA */
	struct list dead;
};

/* ---- flags ---- */

static bool same_pages_may_merge(uint32_t flags)
{
	return !(flags & (VMA_MERGEABLE | VMA_SHARED | VMA_MAYSHARE | VMA_SPECIAL));
}

/* The VMA's flags afterwards; -EINVAL: the advice is not for it. */
static int new_flags(const struct vma *v, int advice, uint32_t *flags)
{
	*flags = v->flags;
	switch (advice) {
	case MADV_NORMAL:
		*flags &= ~(uint32_t)(VMA_RAND_READ | VMA_SEQ_READ);
		break;
	case MADV_SEQUENTIAL:
		*flags = (*flags & ~(uint32_t)VMA_RAND_READ) | VMA_SEQ_READ;
		break;
	case MADV_RANDOM:
		*flags = (*flags & ~(uint32_t)VMA_SEQ_READ) | VMA_RAND_READ;
		break;
	case MADV_DONTFORK:
		*flags |= VMA_DONTCOPY;
		break;
	case MADV_DOFORK:
		*flags &= ~(uint32_t)VMA_DONTCOPY;
		return v->flags & VMA_IO ? -EINVAL : 0;
	case MADV_WIPEONFORK:
		*flags |= VMA_WIPEONFORK;
		return v->object || v->file ? -EINVAL : 0;
	case MADV_KEEPONFORK:
		*flags &= ~(uint32_t)VMA_WIPEONFORK;
		break;
	case MADV_DONTDUMP:
		*flags |= VMA_DONTDUMP;
		break;
	case MADV_DODUMP:
		*flags &= ~(uint32_t)VMA_DONTDUMP;
		return v->flags & VMA_SPECIAL && !(v->flags & VMA_HUGETLB) ? -EINVAL : 0;
	case MADV_MERGEABLE:
		*flags |= same_pages_may_merge(v->flags) ? VMA_MERGEABLE : 0;
		break;
	case MADV_UNMERGEABLE:
		*flags &= ~(uint32_t)VMA_MERGEABLE;
		break;
	case MADV_HUGEPAGE:
		*flags = (*flags & ~(uint32_t)VMA_NOHUGEPAGE) | VMA_HUGEPAGE;
		break;
	case MADV_NOHUGEPAGE:
		*flags = (*flags & ~(uint32_t)VMA_HUGEPAGE) | VMA_NOHUGEPAGE;
		break;
	}
	return 0;
}

static int advise_flags(struct advice *a, struct vma *v)
{
	uint32_t flags;
	int err = new_flags(v, a->advice, &flags);

	if (!err)
		err = vma_edit(a->space, &v, a->start, a->end, flags, &a->dead);
	return err == -ENOMEM ? -EAGAIN : err;
}

/* ---- pages go ---- */

static int advise_dontneed(struct advice *a, struct vma *v)
{
	uint32_t forbidden = a->advice == MADV_DONTNEED_LOCKED ? VMA_PFNMAP : VMA_PFNMAP | VMA_LOCKED;
	struct zap z;

	if (v->flags & forbidden)
		return -EINVAL;
	if (v->flags & VMA_HUGETLB) /* whole ones go: there are none */
		return vma_may_end(v, a->start);
	if (table_leave(a->space, a->start, a->end, a->start, a->end))
		return -EAGAIN;
	zap_init(&z, a->space);
	table_zap(&z, a->start, a->end, false);
	zap_finish(&z);
	return 0;
}

/*
 * Entries that nobody shares, nor the table, become lazy. They change by exchange, for the processor may set bits at
 * the same time.
 */
static uint64_t mark_lazy(pte_t *pte, vaddr_t addr, vaddr_t stop)
{
	struct page *table = table_page(pte);
	uint64_t marked = 0;

	spin_lock(&table->lock);
	for (; addr < stop; addr += PAGE_SIZE, pte++) {
		pte_t e = *pte;
		if (!(e & PTE_PRIVATE) || phys_to_page(pte_paddr(e))->refs != 1)
			continue;
		while (!__atomic_compare_exchange_n(pte, &e, (e & ~(PTE_DIRTY | PTE_ACCESSED)) | PTE_LAZY, false,
		                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		marked++;
	}
	spin_unlock(&table->lock);
	return marked;
}

static int advise_free(struct advice *a, struct vma *v)
{
	vaddr_t at = a->start, stop;
	uint64_t marked = 0;

	if (v->flags & (VMA_PFNMAP | VMA_LOCKED) || v->object)
		return -EINVAL;
	for (pte_t *pte; (pte = table_next(a->space, &at, a->end, &stop)); at = stop)
		if (table_adopt(a->space, at))
			marked += mark_lazy(pte, at, stop);
	if (marked)
		tlb_shootdown(&a->space->arch, a->start, (a->end - a->start) >> PAGE_SHIFT);
	a->space->lazy |= marked != 0;
	vm_count(&vm_stat.lazy, marked);
	return 0;
}

/* The file that v shows, kept while the space is unlocked; the byte of it at a->start. */
struct shown { struct file *file; struct object *object; uint64_t off, len; };

static struct shown show(const struct advice *a, struct vma *v)
{
	struct shown x = { v->file, v->object, vma_pgoff(v, a->start) << PAGE_SHIFT, a->end - a->start };

	if (x.file)
		file_get(x.file);
	object_get(x.object);
	mutex_unlock(&a->space->lock);
	return x;
}

static void show_end(const struct advice *a, struct shown *x)
{
	if (x->file)
		file_put(x->file);
	object_put(x->object);
	mutex_lock(&a->space->lock);
}

static int advise_remove(struct advice *a, struct vma *v)
{
	if (v->flags & VMA_LOCKED || !(v->object || v->file))
		return -EINVAL;
	if ((v->flags & (VMA_SHARED | VMA_MAYWRITE)) != (VMA_SHARED | VMA_MAYWRITE))
		return -EACCES;
	struct shown x = show(a, v);
	const unsigned mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int err = !x.file                     ? object_punch(x.object, x.off, x.len)
	          : x.file->ops->fallocate ? x.file->ops->fallocate(x.file, mode, x.off, x.len)
	                                   : -EOPNOTSUPP;
	show_end(a, &x);
	return err;
}

/* ---- pages are colder ---- */

static void make_cold(struct space *s, vaddr_t start, vaddr_t end)
{
	vaddr_t stop;

	for (pte_t *pte; (pte = table_next(s, &start, end, &stop));) {
		struct page *table = table_page(pte);
		spin_lock(&table->lock);
		for (; start < stop; start += PAGE_SIZE, pte++)
			if (*pte && !(*pte & PTE_UNCOUNTED)) {
				__atomic_and_fetch(pte, ~PTE_ACCESSED, __ATOMIC_RELAXED);
				if (!(*pte & PTE_PRIVATE))
					phys_to_page(pte_paddr(*pte))->flags &= (uint16_t)~PAGE_ACCESSED;
			}
		spin_unlock(&table->lock);
	}
}

static void cool(struct vma *v, vaddr_t start, vaddr_t end)
{
	if (v->object)
		spin_lock(&v->object->lock);
	make_cold(v->space, start, end);
	if (v->object)
		spin_unlock(&v->object->lock);
}

static int advise_cold(struct advice *a, struct vma *v)
{
	if (v->flags & (VMA_LOCKED | VMA_PFNMAP | VMA_HUGETLB))
		return -EINVAL;
	cool(v, a->start, a->end);
	return 0;
}

void space_forget_use(struct space *s, bool anon, bool files)
{
	mutex_lock(&s->lock);
	for (struct vma *v = vma_find(s, 0); v; v = vma_next(v))
		if (!(v->flags & VMA_PFNMAP) && (v->file ? files : anon))
			cool(v, v->start, v->end);
	tlb_shootdown(&s->arch, 0, USER_END >> PAGE_SHIFT);
	mutex_unlock(&s->lock);
}

/*
 * Drop the lazy entries of one leaf table, the space's own, that were not stored to; those that were are ordinary
 * again.
 */
static void drop_lazy_leaf(struct zap *z, pte_t *pte, vaddr_t addr, vaddr_t stop, uint64_t *dropped)
{
	struct page *table = table_page(pte);

	spin_lock(&table->lock);
	for (; addr < stop; addr += PAGE_SIZE, pte++) {
		pte_t e = *pte;
		while (e & PTE_LAZY && !__atomic_compare_exchange_n(pte, &e, e & PTE_DIRTY ? e & ~PTE_LAZY : 0, false,
		                                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		if (e & PTE_LAZY && !(e & PTE_DIRTY)) {
			zap_add(z, table, addr, e);
			++*dropped;
		}
	}
	spin_unlock(&table->lock);
}

/* The same of a range of the zap's space. -> pages dropped */
static uint64_t drop_lazy(struct zap *z, vaddr_t at, vaddr_t end)
{
	uint64_t dropped = 0;
	vaddr_t stop;

	for (pte_t *pte; (pte = table_next(z->space, &at, end, &stop)); at = stop)
		if (table_adopt(z->space, at))
			drop_lazy_leaf(z, pte, at, stop, &dropped);
		else
			z->space->lazy = true; /* later, when nobody else has the table */
	return dropped;
}

static void pageout_lazy(struct advice *a)
{
	struct zap z;

	zap_init(&z, a->space);
	zap_open(&z);
	vm_count(&vm_stat.lazy_dropped, drop_lazy(&z, a->start, a->end));
	zap_finish(&z);
}

/* Pages that others map too stay. Private ones have nowhere to go, but those freed lazily can go for good. */
static int advise_pageout(struct advice *a, struct vma *v)
{
	if (v->flags & (VMA_LOCKED | VMA_PFNMAP | VMA_HUGETLB))
		return -EINVAL;
	if (!v->object)
		pageout_lazy(a);
	if (!v->object || v->object->pager != PAGER_SERVER)
		return 0;
	if (v->flags & VMA_MAYSHARE && v->file && v->file->node && node_permission(v->file->node, 2) &&
	    proc_current()->fsuid != v->file->node->uid && !capable(CAP_FOWNER))
		return 0;
	struct shown x = show(a, v);
	(void)pager_write(x.object, x.off, x.off + x.len); /* what fails stays dirty, and stays */
	reclaim_range(x.object, x.off >> PAGE_SHIFT, (x.off + x.len - 1) >> PAGE_SHIFT);
	show_end(a, &x);
	return 0;
}

/* ---- pages come ---- */

static int advise_willneed(struct advice *a, struct vma *v)
{
	if (!v->object || v->object->pager != PAGER_SERVER)
		return 0;
	struct shown x = show(a, v);
	object_read_ahead(x.object, x.off >> PAGE_SHIFT, MIN(x.len >> PAGE_SHIFT, (uint64_t)READ_AHEAD_MAX));
	show_end(a, &x);
	return 0;
}

/* With the lock let go between pages: the VMA may change, so it is looked up anew. */
static int advise_populate(struct advice *a, struct vma *v)
{
	bool write = a->advice == MADV_POPULATE_WRITE;
	uint32_t right = write ? VMA_WRITE : VMA_READ;
	int err = 0;

	for (vaddr_t at = a->start; !err && at < a->end; at += PAGE_SIZE) {
		if (v && v->start > at)
			v = NULL;
		if (!v || v->flags & (VMA_IO | VMA_PFNMAP) || !(v->flags & right))
			return v ? -EINVAL : -ENOMEM;
		mutex_unlock(&a->space->lock);
		err = space_touch(a->space, at, write ? FAULT_WRITE : FAULT_READ);
		mutex_lock(&a->space->lock);
		v = vma_find(a->space, at + PAGE_SIZE);
	}
	return err;
}

/* A range without a whole huge page in it has been collapsed as far as it can be. */
static int advise_collapse(struct advice *a, struct vma *v)
{
	vaddr_t first = ALIGN_UP(v->start, HUGE_PAGE);
	bool fits = first >= v->start && first + HUGE_PAGE > first && first + HUGE_PAGE <= v->end;

	if (v->flags & (VMA_NOHUGEPAGE | VMA_SPECIAL) || !fits || v->object || !v->anon)
		return -EINVAL;
	return ALIGN_UP(a->start, HUGE_PAGE) < ALIGN_DOWN(a->end, HUGE_PAGE) ? -ENOMEM : 0;
}

static int advise_vma(struct advice *a, struct vma *v)
{
	switch (a->advice) {
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		return advise_dontneed(a, v);
	case MADV_FREE:
		return advise_free(a, v);
	case MADV_REMOVE:
		return advise_remove(a, v);
	case MADV_COLD:
		return advise_cold(a, v);
	case MADV_PAGEOUT:
		return advise_pageout(a, v);
	case MADV_WILLNEED:
		return advise_willneed(a, v);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return advise_populate(a, v);
	case MADV_COLLAPSE:
		return advise_collapse(a, v);
	}
	return advise_flags(a, v);
}

static int walk(struct advice *a, vaddr_t start, vaddr_t end)
{
	int err = 0, hole = 0;

	mutex_lock(&a->space->lock);
	for (vaddr_t at = start; !err && at < end; at = a->end) {
		struct vma *v = vma_find(a->space, at);
		if (!v) {
			err = -ENOMEM;
			break;
		}
		if (at < v->start)
			hole = -ENOMEM;
		a->start = MAX(at, v->start);
		a->end = MIN(v->end, end);
		if (a->start >= end)
			break;
		err = advise_vma(a, v);
	}
	mutex_unlock(&a->space->lock);
	space_free_dead(&a->dead);
	return err ? err : hole;
}

/* ---- the call ---- */

/* Frames cannot be declared broken here; everything up to that is as on Linux. */
static int poison(struct space *s, vaddr_t start, vaddr_t end, bool broken)
{
	int err = capable(CAP_SYS_ADMIN) ? 0 : -EPERM;

	for (vaddr_t at = start; !err && at < end; at += PAGE_SIZE) {
		err = space_touch(s, at, FAULT_READ);
		if (!err && broken)
			err = -EOPNOTSUPP;
	}
	return err;
}

static bool known(int advice)
{
	switch (advice) {
	case MADV_NORMAL ... MADV_DONTNEED:
	case MADV_FREE ... MADV_DONTNEED_LOCKED:
	case MADV_COLLAPSE:
	case MADV_HWPOISON:
	case MADV_SOFT_OFFLINE:
		return true;
	}
	return false;
}

int space_advise(struct space *s, vaddr_t addr, size_t len, int advice)
{
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
	struct advice a = { .space = s, .advice = advice, .dead = LIST_INIT(a.dead) };

	if (!known(advice) || addr & PAGE_MASK || (len && !ALIGN_UP(len, PAGE_SIZE)) || end < addr)
		return -EINVAL;
	if (end == addr)
		return 0;
	if (advice == MADV_HWPOISON || advice == MADV_SOFT_OFFLINE)
		return poison(s, addr, addr + len, advice == MADV_HWPOISON);
	return walk(&a, addr, end);
}

/* ---- for reclaim ---- */

uint64_t space_drop_lazy(struct space *s)
{
	uint64_t dropped = 0;
	struct zap z;

	if (!s->lazy || !mutex_trylock(&s->lock))
		return 0;
	s->lazy = false;
	zap_init(&z, s);
	zap_open(&z);
	for (struct vma *v = vma_find(s, 0); v; v = vma_next(v))
		if (!v->object)
			dropped += drop_lazy(&z, v->start, v->end);
	zap_finish(&z);
	mutex_unlock(&s->lock);
	vm_count(&vm_stat.lazy_dropped, dropped);
	return dropped;
}
