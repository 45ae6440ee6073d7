/* SPDX-License-Identifier: MIT */
/*
 * New mappings: where they go, and mmap(2), populating, brk(2) and the growth of stacks.
 *
 * Without MAP_FIXED the address is a hint. It is taken if the range is free and keeps its distance from a stack above;
 * else, as on Linux without randomisation:
 *
 *      0x10000        0x2aaaaaaab000                 mmap_top         stack
 *         |<------------- highest gap that fits ------->|      gap      |
 *                          |<------- else: the lowest gap that fits ---------->|
 *
 * so mappings stack downwards and neighbours merge. mmap_top leaves room for the stack's limit as it was at exec.
 * MAP_32BIT takes the lowest gap between 1 and 2 GiB. Large mappings of files are aligned so that address and offset
 * agree modulo 2 MiB, where there is room for that.
 *
 * Order: what can be refused without a change is checked first, in Linux's order, for a program may see which of two
 * errors it gets. Then MAP_FIXED unmaps what is in the way; after that only memory can be missing, and then the range
 * stays unmapped.
 *
 *      place ──► limits, rights ──► unmap ──► charge ──► a neighbour takes it in, or a new VMA
 */
#include "vm/vm_impl.h"

#define BOTTOM_UP   0x00002aaaaaaab000ul /* a third of the address space */
#define LOW_START   0x40000000ul         /* MAP_32BIT */
#define LOW_END     0x80000000ul
#define HINT_MIN    0x10000ul            /* hints are never rounded to less (CONFIG_LSM_MMAP_MIN_ADDR) */
#define HUGE_SIZE   (2ul << 20)

/* ---- placement ---- */

static bool range_free(struct space *s, vaddr_t addr, size_t len)
{
	struct vma *v = vma_find(s, addr);

	return !v || addr + len + vma_guard(v) <= v->start;
}

static vaddr_t round_hint(vaddr_t hint)
{
	hint = ALIGN_DOWN(hint, PAGE_SIZE);
	return hint ? MAX(hint, MAX(ALIGN_UP(vm_tunable.mmap_min_addr, PAGE_SIZE), HINT_MIN)) : 0;
}

/* Upwards: the hint, or the lowest gap. 0: none. */
static vaddr_t place_upwards(struct space *s, vaddr_t hint, size_t len, bool low)
{
	vaddr_t start = low ? LOW_START : BOTTOM_UP, end = low ? LOW_END : USER_END;

	if (len > end)
		return 0;
	if (hint && hint <= end - len && range_free(s, hint, len))
		return hint;
	return vma_find_low_gap(s, len, start, end);
}

/* Downwards from mmap_top: the hint, or the highest gap, or upwards if there is none. 0: none. */
static vaddr_t place_downwards(struct space *s, vaddr_t hint, size_t len)
{
	if (hint && hint <= USER_END - len && range_free(s, hint, len))
		return hint;
	vaddr_t found = vma_find_gap(s, len, MMAP_MIN, s->mmap_top);
	return found ? found : place_upwards(s, hint, len, false);
}

static vaddr_t place_anywhere(struct space *s, vaddr_t hint, size_t len, uint32_t flags)
{
	return flags & MAP_32BIT ? place_upwards(s, hint, len, true) : place_downwards(s, hint, len);
}

/* A file that could be shown with huge pages one day: address and offset agree modulo their size. 0: no, or no room. */
static vaddr_t place_aligned(struct space *s, vaddr_t hint, size_t len, const struct mapping *m)
{
	uint64_t off = m->pgoff << PAGE_SHIFT, end = off + len, first = ALIGN_UP(off, HUGE_SIZE);

	if (!m->file || !m->object || m->object->pager != PAGER_SERVER || m->object->blocks)
		return 0;
	if (end <= first || end - first < HUGE_SIZE || len + HUGE_SIZE > USER_END)
		return 0;
	vaddr_t found = place_anywhere(s, hint, len + HUGE_SIZE, m->flags);
	return !found || found == hint ? found : found + ((off - found) & (HUGE_SIZE - 1));
}

/* Of huge pages: the hint is rounded down, even to 0. */
static bool place_huge(struct space *s, vaddr_t *addr, size_t len, size_t huge)
{
	vaddr_t hint = ALIGN_DOWN(*addr, huge);

	if (*addr && hint <= USER_END - len && range_free(s, hint, len)) {
		*addr = hint;
		return true;
	}
	*addr = ALIGN_UP(place_downwards(s, 0, len + huge - PAGE_SIZE), huge);
	return *addr;
}

/* The hint or another place; false: none. */
static bool place_freely(struct space *s, vaddr_t *addr, size_t len, const struct mapping *m)
{
	if (m->special & VMA_HUGETLB)
		return place_huge(s, addr, len, 1ul << m->object->huge_shift);
	vaddr_t hint = ALIGN_UP(*addr, PAGE_SIZE);
	*addr = place_aligned(s, hint, len, m);
	if (!*addr)
		*addr = place_anywhere(s, hint, len, m->flags);
	return *addr;
}

int space_place(struct space *s, vaddr_t *addr, size_t len, const struct mapping *m)
{
	bool fixed = m->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);

	if (len > USER_END)
		return -ENOMEM;
	if (!fixed) {
		if (!place_freely(s, addr, len, m))
			return -ENOMEM;
		return *addr < vm_tunable.mmap_min_addr && !capable(CAP_SYS_RAWIO) ? -EPERM : 0;
	}
	if (m->special & VMA_HUGETLB && *addr & ((1ul << m->object->huge_shift) - 1))
		return -EINVAL;
	if (*addr > ~PAGE_MASK)
		return (int)*addr; /* Linux takes an address so high for an error number */
	if (*addr > USER_END - len)
		return -ENOMEM;
	if (*addr & PAGE_MASK)
		return -EINVAL;
	if (*addr < vm_tunable.mmap_min_addr && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	struct vma *v = vma_find(s, *addr);
	return m->flags & MAP_FIXED_NOREPLACE && v && v->start < *addr + len ? -EEXIST : 0;
}

/* ---- mmap ---- */

/* The flags of a new VMA. */
static uint32_t flags_of(const struct space *s, const struct mapping *m)
{
	uint32_t f = (m->prot & VMA_PROT) | VMA_MAYREAD | VMA_MAYWRITE | VMA_MAYEXEC | s->def_flags;

	if (m->flags & MAP_SHARED)
		f |= VMA_SHARED | VMA_MAYSHARE;
	if (m->flags & MAP_GROWSDOWN)
		f |= VMA_GROWSDOWN;
	if (m->flags & MAP_LOCKED)
		f |= VMA_LOCKED;
	if (m->flags & MAP_SYNC)
		f |= VMA_SYNC;
	if (m->flags & MAP_NORESERVE && (!commit_reserves() || m->special & VMA_HUGETLB))
		f |= VMA_NORESERVE;
	return (f & ~m->denied) | m->special;
}

static int may_map(const struct space *s, const struct mapping *m, uint32_t flags, uint64_t npages)
{
	if (m->flags & MAP_LOCKED && !space_may_lock())
		return -EPERM;
	if (flags & VMA_LOCKED && !space_lock_fits(s, npages))
		return -EAGAIN;
	return m->refused;
}

static uint64_t pages_in_range(struct space *s, vaddr_t start, vaddr_t end)
{
	uint64_t npages = 0;

	for (struct vma *v = vma_find(s, start); v && v->start < end; v = vma_next(v))
		npages += (MIN(v->end, end) - MAX(v->start, start)) >> PAGE_SHIFT;
	return npages;
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

/* p's range is free: p gets its charge and its VMA. */
static int enter(struct space *s, struct piece *p, bool by_size, struct list *dead)
{
	uint64_t npages = (p->end - p->start) >> PAGE_SHIFT;
	bool private = (p->flags & (VMA_NORESERVE | VMA_SHARED | VMA_WRITE)) == VMA_WRITE;
	bool charged = private || (by_size && !(p->flags & VMA_NORESERVE));

	if (charged && commit_charge(s, npages))
		return -ENOMEM;
	if (private)
		p->flags |= VMA_ACCOUNT;
	struct vma *above = vma_find(s, p->start), *below = above ? vma_prev(above) : s->highest;
	if (vma_grow_into(s, below, p, dead))
		return 0;
	struct vma *v = vma_create(p);
	if (!v) {
		if (charged)
			commit_release(npages);
		return -ENOMEM;
	}
	if (charged && !private)
		p->object->charged = npages;
	else if (by_size)
		p->object->by_page = true;
	vma_insert(s, v);
	vma_attach(v);
	return 0;
}

static int map_locked(struct space *s, vaddr_t *addr, size_t len, const struct mapping *m, struct list *dead)
{
	uint64_t npages = len >> PAGE_SHIFT;

	if (s->nvmas > vm_tunable.max_map_count)
		return -ENOMEM;
	if (!(m->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		*addr = round_hint(*addr);
	int err = space_place(s, addr, len, m);
	if (err)
		return err;
	struct piece p = { *addr, *addr + len, m->file || m->object ? m->pgoff : *addr >> PAGE_SHIFT, flags_of(s, m), 0,
	                   m->object, m->file };
	err = may_map(s, m, p.flags, npages);
	if (err)
		return err;
	if (p.flags & VMA_SPECIAL)
		p.flags &= ~(uint32_t)(VMA_LOCKED | VMA_LOCKONFAULT);
	bool fixed = m->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	uint64_t replaced = fixed ? pages_in_range(s, p.start, p.end) : 0;
	if (!space_may_expand(s, p.flags, npages) && !space_may_expand(s, p.flags, npages - replaced))
		return -ENOMEM;
	if (replaced && space_unmap_locked(s, p.start, p.end, dead))
		return -ENOMEM;
	if (m->too_late)
		return m->too_late;
	return enter(s, &p, m->by_size, dead);
}

int space_mmap(struct space *s, vaddr_t *addr, size_t len, const struct mapping *m)
{
	struct list dead = LIST_INIT(dead);

	mutex_lock(&s->lock);
	int err = map_locked(s, addr, len, m, &dead);
	bool locked = s->def_flags & VMA_LOCKED || m->flags & MAP_LOCKED;
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	/* The private memory of a server on the paging path comes now, for it must not wait for memory later. */
	bool wired = thread_current()->pager && m->flags & MAP_PRIVATE;
	if (!err && (locked || wired || (m->flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE))
		space_populate(s, *addr, *addr + len, 0);
	return err;
}

int space_map(struct space *s, vaddr_t *addr, size_t len, uint32_t prot, uint32_t flags, struct object *object,
              pgoff_t pgoff, struct file *file, bool may_write)
{
	struct mapping m = { .prot = prot, .flags = flags, .object = object, .file = file, .pgoff = pgoff };

	if (!may_write)
		m.denied = VMA_SHARED | VMA_MAYWRITE;
	return space_mmap(s, addr, len, &m);
}

/* ---- populate ---- */

/*
 * The next stretch of one VMA in [*start, end), *start moved there; its end, 0: no more. Device memory is there by
 * itself.
 */
static vaddr_t next_stretch(struct space *s, vaddr_t *start, vaddr_t end, uint32_t wanted, enum fault_access *access)
{
	vaddr_t stop = 0;

	mutex_lock(&s->lock);
	for (struct vma *v = vma_find(s, *start); v && v->start < end; v = vma_next(v)) {
		if (v->flags & (VMA_IO | VMA_PFNMAP | VMA_LOCKONFAULT) || (v->flags & wanted) != wanted)
			continue;
		*start = MAX(*start, v->start);
		stop = MIN(end, v->end);
		/* Private pages are copied now rather than at their first store; shared ones need not become dirty. */
		*access = (v->flags & (VMA_WRITE | VMA_SHARED)) == VMA_WRITE ? FAULT_WRITE : FAULT_READ;
		break;
	}
	mutex_unlock(&s->lock);
	return stop;
}

int space_touch(struct space *s, vaddr_t addr, enum fault_access access)
{
	sched_point();
	return thread_killed() ? -EINTR : fault_errno(vm_fault(s, addr, access));
}

int space_bring_in(struct space *s, vaddr_t start, vaddr_t end, uint32_t wanted, bool all)
{
	enum fault_access access;
	vaddr_t stop;
	int err = 0;

	for (; start < end && (stop = next_stretch(s, &start, end, wanted, &access)); start = stop) {
		for (err = 0; !err && start < stop; start += PAGE_SIZE)
			err = space_touch(s, start, access);
		if (err && (all || err == -EINTR))
			return err;
	}
	return 0;
}

/* ---- growing: a stack, by a fault ---- */

/* Growing by so much breaks no limit and can be promised. */
static bool may_grow(struct space *s, const struct vma *v, vaddr_t addr)
{
	uint64_t npages = (v->start - addr) >> PAGE_SHIFT;

	if (npages > v->pgoff || !space_may_expand(s, v->flags, npages) || v->end - addr > s->stack_limit)
		return false;
	if (v->flags & VMA_LOCKED && !space_lock_fits(s, npages))
		return false;
	return !(v->flags & VMA_ACCOUNT) || !commit_charge(s, npages);
}

bool space_grow_stack(struct space *s, struct vma *v, vaddr_t addr)
{
	struct vma *below = v ? vma_prev(v) : NULL;

	if (!v || !(v->flags & VMA_GROWSDOWN) || addr < vm_tunable.mmap_min_addr)
		return false;
	if (below && vma_prot(below) && !(below->flags & VMA_GROWSDOWN) && addr - below->end < STACK_GAP)
		return false;
	vma_make_anon(v);
	if (!may_grow(s, v, addr))
		return false;
	vma_set_range(v, addr, v->end, v->pgoff - ((v->start - addr) >> PAGE_SHIFT));
	return true;
}

/* ---- growing: brk ---- */

/* The pages from the old break to the new one. */
static int brk_grow(struct space *s, vaddr_t from, vaddr_t to)
{
	struct vma *next = vma_find(s, from), *prev = next ? vma_prev(next) : s->highest;
	uint64_t npages = (to - from) >> PAGE_SHIFT;
	struct piece p = { from, to, from >> PAGE_SHIFT,
	                   VMA_READ | VMA_WRITE | VMA_MAYREAD | VMA_MAYWRITE | VMA_MAYEXEC | VMA_ACCOUNT |
	                   s->def_flags | (reads_imply_exec() ? VMA_EXEC : 0), 0, NULL, NULL };

	if (to > USER_END || (s->def_flags & VMA_LOCKED && !space_lock_fits(s, npages)))
		return -ENOMEM;
	/* Never so near to the next mapping that the two would touch. */
	if (next && to + PAGE_SIZE + vma_guard(next) > next->start)
		return -ENOMEM;
	if (!space_may_expand(s, p.flags, npages) || s->nvmas > vm_tunable.max_map_count || commit_charge(s, npages))
		return -ENOMEM;
	/* What ends below the break's start is not the heap, though it looks the same; and nothing behind is merged. */
	if (prev && prev->end > s->brk_start && vma_grow_up(s, prev, &p))
		return 0;
	struct vma *v = vma_create(&p);
	if (!v) {
		commit_release(npages);
		return -ENOMEM;
	}
	vma_insert(s, v);
	vma_attach(v);
	return 0;
}

static bool brk_within_limit(const struct space *s, vaddr_t want)
{
	uint64_t limit = proc_rlimit(RLIMIT_DATA);

	return limit == RLIM_INFINITY || (want - s->brk_start) + (s->data_end - s->data_start) <= limit;
}

static int brk_locked(struct space *s, vaddr_t want, vaddr_t old_top, vaddr_t top, struct list *dead)
{
	if (want < s->brk_start || !brk_within_limit(s, want))
		return -ENOMEM;
	if (top == old_top)
		return 0;
	if (want > s->brk)
		return top < want ? -ENOMEM : brk_grow(s, old_top, top);
	struct vma *v = vma_find(s, top);
	return v && v->start < old_top ? space_unmap_locked(s, top, old_top, dead) : -ENOMEM;
}

vaddr_t space_brk(struct space *s, vaddr_t want)
{
	struct list dead = LIST_INIT(dead);

	mutex_lock(&s->lock);
	vaddr_t old_top = ALIGN_UP(s->brk, PAGE_SIZE), top = ALIGN_UP(want, PAGE_SIZE);
	int err = brk_locked(s, want, old_top, top, &dead);
	if (!err)
		s->brk = want;
	vaddr_t result = s->brk;
	bool present = s->def_flags & VMA_LOCKED || thread_current()->pager;
	mutex_unlock(&s->lock);
	space_free_dead(&dead);
	if (!err && top > old_top && present)
		space_populate(s, old_top, top, 0);
	return result;
}
