/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: what mmap, munmap, mprotect, msync, madvise and brk do once their arguments are checked, and a space's
 * beginning and end.
 *
 * Everything that changes VMAs holds the space's lock. What must not happen under it is put off: freeing a VMA may close a
 * file, and closing may ask a server, so dead VMAs are gathered on a list (by object_link, free once detached) and freed
 * after the unlock. Order when a range goes:
 *
 *      split the VMAs at both ends        may fail, nothing has changed yet
 *      clear the PTEs, flush, free pages  the VMAs are still on their objects' lists: a truncation finds what is mapped
 *      detach the VMAs from objects       from here on no walk from an object comes to these tables
 *      free the tables
 *      unlock, free the VMAs
 *
 * Where a mapping without a hint goes is Linux's rule without randomisation: the highest gap below MMAP_TOP, so mappings
 * stack downwards and neighbours merge.
 */
#include "vm/vm_impl.h"

struct vm_tunables vm_tunable = { .max_map_count = 65530 };

struct list all_spaces = LIST_INIT(all_spaces);
static struct cache *space_cache;
struct page *zero_page;

void vm_init(void)
{
	space_cache = cache_create("space", sizeof(struct space));
	vma_cache = cache_create("vma", sizeof(struct vma));
	object_init();
	pager_init();
	zero_page = page_alloc(0, ALLOC_ZERO);
	assert(zero_page);
}

struct space *space_create(void)
{
	struct space *s = cache_alloc(space_cache);

	if (!s)
		return NULL;
	memset(s, 0, sizeof *s);
	if (arch_space_init(&s->arch)) {
		cache_free(space_cache, s);
		return NULL;
	}
	mutex_init(&s->lock, RANK_SPACE);
	s->refs = 1;
	s->stack_limit = STACK_LIMIT;
	vma_tree_init(s);
	spin_lock(&registry_lock);
	list_push_back(&all_spaces, &s->all_link);
	spin_unlock(&registry_lock);
	return s;
}

void space_load(struct space *s)
{
	arch_space_load(s ? &s->arch : NULL);
}

void space_free_dead(struct list *dead)
{
	for (struct list *n; (n = list_pop_front(dead));)
		vma_free(list_entry(n, struct vma, object_link));
}

/* No CPU may use the space any more; the tables' own frames go with the last reference. */
void space_put(struct space *s)
{
	struct list dead = LIST_INIT(dead);
	struct zap z;

	if (__atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (cpu_this()->space == &s->arch)
		arch_space_load(NULL);
	arch_space_evict(&s->arch);
	spin_lock(&registry_lock);
	list_remove(&s->all_link);
	spin_unlock(&registry_lock);

	mutex_lock(&s->lock);
	zap_init(&z, s);
	for (struct rb_node *n; (n = rb_first(&s->vmas));) {
		struct vma *v = vma_of(n);
		table_zap(&z, v->start, v->end, false);
		zap_finish(&z);
		vma_detach(v);
		vma_remove(s, v);
		list_push_back(&dead, &v->object_link);
	}
	table_destroy(s);
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	arch_space_destroy(&s->arch);
	cache_free(space_cache, s);
}

/* ---- unmap ---- */

/* Cut VMAs so that none straddles start or end. */
static int split_at_edges(struct space *s, vaddr_t start, vaddr_t end)
{
	struct vma *v = vma_find(s, start);

	if (v && v->start < start && v->end > end && s->nvmas >= vm_tunable.max_map_count)
		return -ENOMEM;
	if (v && v->start < start && !vma_split(s, v, start))
		return -ENOMEM;
	v = vma_find(s, end - 1);
	if (v && v->start < end && v->end > end && !vma_split(s, v, end))
		return -ENOMEM;
	return 0;
}

int space_unmap_locked(struct space *s, vaddr_t start, vaddr_t end, struct list *dead)
{
	int err = split_at_edges(s, start, end);
	struct vma *v = vma_find(s, start), *next;
	struct zap z;

	if (err || !v || v->start >= end)
		return err;
	struct vma *prev = vma_prev(v);
	vaddr_t floor = prev ? prev->end : 0;
	zap_init(&z, s);
	table_zap(&z, v->start, end, false);
	zap_finish(&z);
	vaddr_t first = v->start;
	for (; v && v->start < end; v = next) {
		next = vma_next(v);
		vma_detach(v);
		vma_remove(s, v);
		list_push_back(dead, &v->object_link);
	}
	table_free(s, first, end, floor, v ? v->start : pt_span(PT_LEVELS - 1) * (PT_ENTRIES / 2));
	return 0;
}

int space_unmap(struct space *s, vaddr_t addr, size_t len)
{
	struct list dead = LIST_INIT(dead);

	len = ALIGN_UP(len, PAGE_SIZE);
	if (addr & PAGE_MASK || !len || addr >= USER_END || len > USER_END - addr)
		return -EINVAL;
	mutex_lock(&s->lock);
	int err = space_unmap_locked(s, addr, addr + len, &dead);
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	return err;
}

/* ---- map ---- */

static bool range_free(struct space *s, vaddr_t addr, size_t len)
{
	struct vma *v = vma_find(s, addr);

	return !v || addr + len + vma_guard(v) <= v->start;
}

/* Where the mapping goes: *addr as asked for becomes the answer. */
static int place(struct space *s, vaddr_t *addr, size_t len, uint32_t flags)
{
	vaddr_t want = *addr;

	if (len > USER_END)
		return -ENOMEM;
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		if (want > USER_END - len)
			return -ENOMEM;
		if (want & PAGE_MASK)
			return -EINVAL;
		if (want < MMAP_MIN)
			return -EPERM;
		if (flags & MAP_FIXED_NOREPLACE) {
			struct vma *v = vma_find(s, want);
			return v && v->start < want + len ? -EEXIST : 0;
		}
		return 0;
	}
	want = ALIGN_DOWN(want, PAGE_SIZE);
	if (want && want < MMAP_MIN)
		want = MMAP_MIN;
	if (want && want <= (flags & MAP_32BIT ? 0x80000000 : USER_END) - len && range_free(s, want, len))
		return *addr = want, 0;
	vaddr_t found = flags & MAP_32BIT ? vma_find_gap(s, len, 0x40000000, 0x80000000)
	                                  : vma_find_gap(s, len, MMAP_MIN, MMAP_TOP);
	if (!found && !(flags & MAP_32BIT))
		found = vma_find_gap(s, len, MMAP_MIN, USER_END);
	if (!found)
		return -ENOMEM;
	*addr = found;
	return 0;
}

/* Heuristic overcommit (Linux's mode 0): a private writable or shared anonymous mapping larger than all memory is refused. */
static bool exceeds_memory(size_t len, uint32_t prot, uint32_t flags)
{
	bool counts = flags & MAP_PRIVATE ? prot & PROT_WRITE : flags & MAP_ANONYMOUS;

	return counts && !(flags & MAP_NORESERVE) && len >> PAGE_SHIFT > frames_total();
}

/* The flags of a new VMA. */
static uint32_t flags_of(const struct space *s, uint32_t prot, uint32_t flags, bool may_write)
{
	uint32_t f = prot & VMA_PROT;

	f |= VMA_MAYREAD | VMA_MAYWRITE | VMA_MAYEXEC | s->def_flags;
	if (flags & MAP_SHARED)
		f |= may_write ? VMA_SHARED | VMA_MAYSHARE : VMA_MAYSHARE;
	if (!may_write)
		f &= ~(uint32_t)VMA_MAYWRITE;
	if (flags & MAP_GROWSDOWN)
		f |= VMA_GROWSDOWN;
	if (flags & MAP_NORESERVE)
		f |= VMA_NORESERVE;
	return f;
}

static struct vma *vma_create(const struct piece *p)
{
	struct vma *v = cache_alloc(vma_cache);

	if (!v)
		return NULL;
	memset(v, 0, sizeof *v);
	v->start = p->start;
	v->end = p->end;
	v->flags = p->flags;
	v->object = p->object;
	v->pgoff = p->pgoff;
	v->file = p->file;
	list_init(&v->object_link);
	return v;
}

static int map_locked(struct space *s, vaddr_t *addr, size_t len, uint32_t prot, uint32_t flags, struct object *object,
                      pgoff_t pgoff, struct file *file, bool may_write, struct list *dead)
{
	int err = place(s, addr, len, flags);

	if (err)
		return err;
	if (s->nvmas >= vm_tunable.max_map_count || exceeds_memory(len, prot, flags))
		return -ENOMEM;
	if (flags & MAP_FIXED && !range_free(s, *addr, len)) {
		err = space_unmap_locked(s, *addr, *addr + len, dead);
		if (err)
			return err;
	}
	struct piece p = { *addr, *addr + len, object ? pgoff : *addr >> PAGE_SHIFT, flags_of(s, prot, flags, may_write), 0, object,
	                   file };
	struct vma *above = vma_find(s, *addr), *below = above ? vma_prev(above) : vma_of(rb_last(&s->vmas));
	if (vma_grow_into(s, below, &p, dead))
		return 0;
	struct vma *v = vma_create(&p);
	if (!v)
		return -ENOMEM;
	vma_insert(s, v);
	vma_attach(v);
	return 0;
}

static void populate(struct space *s, vaddr_t start, size_t len, uint32_t prot)
{
	enum fault_access access = prot & PROT_WRITE ? FAULT_WRITE : FAULT_READ;

	for (vaddr_t addr = start; addr < start + len; addr += PAGE_SIZE)
		if (vm_fault(s, addr, access) != FAULT_DONE)
			return;
}

int space_map(struct space *s, vaddr_t *addr, size_t len, uint32_t prot, uint32_t flags, struct object *object,
              pgoff_t pgoff, struct file *file, bool may_write)
{
	struct list dead = LIST_INIT(dead);

	mutex_lock(&s->lock);
	int err = map_locked(s, addr, len, prot, flags, object, pgoff, file, may_write, &dead);
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	/* The private memory of a server on the paging path is there from the start (it must not wait for memory later). */
	bool wired = thread_current()->pager && flags & MAP_PRIVATE;
	if (!err && (flags & MAP_POPULATE || wired) && prot)
		populate(s, *addr, len, flags & MAP_SHARED ? PROT_READ : prot);
	return err;
}

/* ---- brk ---- */

vaddr_t space_brk(struct space *s, vaddr_t want)
{
	struct list dead = LIST_INIT(dead);

	mutex_lock(&s->lock);
	vaddr_t old_top = ALIGN_UP(s->brk, PAGE_SIZE), top = ALIGN_UP(want, PAGE_SIZE);
	int err = 0;
	if (want < s->brk_start || want >= USER_END) {
		err = -EINVAL;
	} else if (top < old_top) {
		err = space_unmap_locked(s, top, old_top, &dead);
	} else if (top > old_top) {
		/* Never so near to the next mapping that the two would touch. */
		err = range_free(s, old_top, top - old_top + PAGE_SIZE)
		              ? map_locked(s, &old_top, top - old_top, PROT_READ | PROT_WRITE,
		                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NULL, 0, NULL, true, &dead)
		              : -ENOMEM;
	}
	if (!err)
		s->brk = want;
	vaddr_t result = s->brk;
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	if (!err && top > old_top && thread_current()->pager)
		populate(s, old_top, top - old_top, PROT_READ | PROT_WRITE);
	return result;
}

/* ---- mprotect ---- */

/*
 * The PTE that shows the same frame under other rights. A private frame that nobody else counts may be stored to at once;
 * everything else waits for its fault, which knows about copy-on-write and dirty marks.
 */
static pte_t pte_with_prot(pte_t old, uint32_t prot)
{
	pte_t kept = old & (PTE_ADDR | PTE_PRIVATE | PTE_UNCOUNTED | PTE_UNCACHED);
	bool writable = prot & PROT_WRITE && (old & PTE_WRITE || (old & PTE_PRIVATE && phys_to_page(pte_paddr(old))->refs == 1));

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

static int protect_vma(struct space *s, struct vma **vp, vaddr_t start, vaddr_t end, uint32_t prot, struct list *dead)
{
	uint32_t flags = ((*vp)->flags & ~(uint32_t)VMA_PROT) | prot;

	end = MIN(end, (*vp)->end);
	if (prot & ~(flags >> VMA_MAY_SHIFT))
		return -EACCES;
	if (flags == (*vp)->flags)
		return 0;
	int err = vma_edit(s, vp, start, end, flags, dead);
	if (!err)
		protect_ptes(s, start, end, prot);
	return err;
}

int space_protect(struct space *s, vaddr_t addr, size_t len, uint32_t prot)
{
	struct list dead = LIST_INIT(dead);
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
	int err = 0;

	if (addr & PAGE_MASK)
		return -EINVAL;
	if (end == addr)
		return 0;
	if (end < addr || end > USER_END)
		return -ENOMEM;
	uint32_t grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	prot &= PROT_READ | PROT_WRITE | PROT_EXEC;
	mutex_lock(&s->lock);
	struct vma *v = vma_find(s, addr);
	if (grows && v && v->start < end) {
		if (grows & PROT_GROWSUP || !(v->flags & VMA_GROWSDOWN))
			err = -EINVAL;
		addr = v->start;
	}
	for (vaddr_t at = addr; !err && at < end; v = v ? vma_next(v) : NULL) {
		if (!v || v->start > at) {
			err = -ENOMEM;
			break;
		}
		err = protect_vma(s, &v, at, end, prot, &dead);
		at = v->end;
	}
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	return err;
}

/* ---- msync, madvise ---- */

/*
 * One VMA at a time, with the lock let go for the write: *addr moves on. 1: object and range are set (object referenced);
 * 0: nothing to write there; -ENOMEM: a hole.
 */
static int sync_next(struct space *s, vaddr_t *addr, vaddr_t end, struct object **object, uint64_t *off, uint64_t *len)
{
	int result = 0;

	mutex_lock(&s->lock);
	struct vma *v = vma_find(s, *addr);
	if (!v || v->start > *addr) {
		result = -ENOMEM;
		*addr = v ? MIN(v->start, end) : end;
	} else {
		vaddr_t stop = MIN(v->end, end);
		if (v->object && vma_is_shared(v)) {
			object_get(v->object);
			*object = v->object;
			*off = vma_pgoff(v, *addr) << PAGE_SHIFT;
			*len = stop - *addr;
			result = 1;
		}
		*addr = stop;
	}
	mutex_unlock(&s->lock);
	return result;
}

int space_sync(struct space *s, vaddr_t addr, size_t len, int flags)
{
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);
	int holes = 0;

	if (addr & PAGE_MASK || flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	while (addr < end) {
		struct object *o;
		uint64_t off, bytes;
		int found = sync_next(s, &addr, end, &o, &off, &bytes);
		if (found < 0)
			holes = found;
		if (found <= 0)
			continue;
		int err = flags & MS_SYNC ? object_sync(o, off, bytes, true) : 0;
		object_put(o);
		if (err)
			return err;
	}
	return holes;
}

static int drop_range(struct space *s, vaddr_t start, vaddr_t end)
{
	int err = 0;

	mutex_lock(&s->lock);
	struct vma *v = vma_find(s, start);
	for (vaddr_t at = start; at < end; v = vma_next(v)) {
		if (!v)
			err = -ENOMEM;
		if (!v || v->start >= end)
			break;
		if (v->start > at)
			err = -ENOMEM;
		struct zap z;
		zap_init(&z, s);
		table_zap(&z, MAX(v->start, at), MIN(v->end, end), false);
		zap_finish(&z);
		at = v->end;
	}
	mutex_unlock(&s->lock);
	return err;
}

int space_advise(struct space *s, vaddr_t addr, size_t len, int advice)
{
	vaddr_t end = addr + ALIGN_UP(len, PAGE_SIZE);

	if (addr & PAGE_MASK || end < addr || end > USER_END)
		return -EINVAL;
	switch (advice) {
	case MADV_DONTNEED:
		return drop_range(s, addr, end);
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_FREE: /* freeing lazily is allowed to mean: later, or never */
		return 0;
	default:
		return -EINVAL;
	}
}

/* ---- what /proc shows ---- */

static void usage_of_pte(struct vma *v, pte_t e, struct vma_usage *u)
{
	struct page *p = phys_to_page(pte_paddr(e));

	if (e & PTE_UNCOUNTED)
		return;
	u->resident++;
	if (e & PTE_PRIVATE) {
		u->anon++;
		u->dirty++;
		if (p->refs > 1)
			u->shared++;
		else
			u->priv++;
		return;
	}
	if (p->maps > 1)
		u->shared++;
	else
		u->priv++;
	spin_lock(&v->object->lock);
	if (p->object == v->object && object_dirty_locked(v->object, p))
		u->dirty++;
	spin_unlock(&v->object->lock);
}

static struct vma_usage usage_of(struct space *s, struct vma *v)
{
	struct vma_usage u = { 0 };
	vaddr_t addr = v->start, stop;

	for (pte_t *pte; (pte = table_next(s, &addr, v->end, &stop));)
		for (; addr < stop; addr += PAGE_SIZE, pte++)
			if (*pte)
				usage_of_pte(v, *pte, &u);
	return u;
}

void space_visit(struct space *s, bool (*visit)(struct vma *v, const struct vma_usage *u, void *arg), void *arg,
                 bool with_usage)
{
	mutex_lock(&s->lock);
	for (struct rb_node *n = rb_first(&s->vmas); n; n = rb_next(n)) {
		struct vma *v = vma_of(n);
		struct vma_usage u = { 0 };
		if (with_usage)
			u = usage_of(s, v);
		if (!visit(v, &u, arg))
			break;
	}
	mutex_unlock(&s->lock);
}
