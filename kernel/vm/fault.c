/* SPDX-License-Identifier: MIT */
/*
 * Page faults. All fault policy of the kernel is in this file, from top to bottom. What happens to a program whose fault
 * cannot be resolved is in report.c, how a stack grows in map.c.
 *
 * What a fault does depends on three things: what kind of VMA the address lies in, whether it is a store, and what the
 * PTE says now. The table `cases` below is the whole policy:
 *
 *                     PTE absent                        PTE present, read-only
 *                     read            write             write
 *      anonymous      zero page       zeroed frame      copy, or reuse if the only owner
 *      private file   map the page    copy the page     copy, or reuse if the only owner
 *      shared         map the page    open the page     open the page
 *      device         map             map               map; private: copy what is there
 *
 * "Open" makes a page of a shared mapping writable: the pager is asked for space once, the page is marked dirty in the
 * index, and only then may the PTE be writable. So dirty is known at the first store. A page that is still loading, or
 * absent from the index, is waited for with no lock held; so is memory when there is none. After any such wait
 * everything may have changed (the VMA gone, the page truncated, another thread faster), so the fault starts again from
 * the top:
 *
 *      lookup ──► resolve ──► install ──► done
 *         ▲          │           │
 *         └── wait ◄─┴───────────┘  (the entry changed under us)
 *
 * Locks: the space's throughout lookup, resolve and install; the object's from the look into its index to the installed
 * PTE, so that a truncation, which needs that lock, either sees the PTE or prevents it; the leaf table's around the
 * entry.
 *
 * There are no continuations: a waiting thread keeps its kernel stack. Mach and MINIX 3 save the stack and pay with
 * code that cannot be read from top to bottom; a stack of 16 KiB a faulting thread is the better price here.
 */
#include "vm/vm_impl.h"

struct vm_statistics vm_stat;

/* What a step says: an end (fault_result, first), or what to wait for before starting again. */
enum step {
	STEP_DONE = FAULT_DONE,
	STEP_MAPERR = FAULT_SEGV_MAPERR,
	STEP_ACCERR = FAULT_SEGV_ACCERR,
	STEP_SIGBUS = FAULT_SIGBUS,
	STEP_OOM = FAULT_OOM,
	STEP_KILLED = FAULT_KILLED,
	STEP_AGAIN,       /* somebody changed the entry meanwhile */
	STEP_NEED_FRAME,  /* no frame at hand: reclaim */
	STEP_NEED_PAGE,   /* the object's page is absent or BUSY: ask its pager */
	STEP_NEED_SPACE,  /* the page is clean and may not become dirty before the pager has agreed */
};

struct fault {
	struct space *space;
	vaddr_t addr; /* of the page */
	enum fault_access access;
	struct page *fresh; /* a frame that a retry brought along; NULL */
	bool major;
	struct object *dirtied; /* referenced: this fault has made a page dirty, which may be one too many; NULL */
	/* Valid while the space is locked. */
	struct vma *vma;
	pte_t *pte, old;
	/* What to wait for; the object is referenced. */
	struct object *object;
	pgoff_t pgoff;
	enum read_hint hint;
};

enum vma_kind { KIND_ANON, KIND_PRIVATE, KIND_SHARED, KIND_DEVICE, KINDS };
enum pte_state { STATE_ABSENT, STATE_READONLY, STATE_OPEN };

static enum vma_kind kind_of(const struct vma *v)
{
	if (!v->object)
		return KIND_ANON;
	if (v->object->pager == PAGER_DEVICE)
		return KIND_DEVICE;
	return vma_is_shared(v) ? KIND_SHARED : KIND_PRIVATE;
}

static enum pte_state state_of(pte_t e)
{
	if (!(e & PTE_PRESENT))
		return STATE_ABSENT;
	return e & PTE_WRITE ? STATE_OPEN : STATE_READONLY;
}

/* ---- install ---- */

/*
 * more: pages that the table and with it the space shows then. pin: gets a reference while the entry still shows it;
 * NULL
 */
static inline bool entry_replace(pte_t *pte, pte_t old, pte_t new, unsigned more, struct page *pin)
{
	struct page *table = table_page(pte);

	spin_lock(&table->lock);
	bool same = ((*pte ^ old) & ~(PTE_ACCESSED | PTE_DIRTY)) == 0;
	if (likely(same)) {
		*pte = new;
		table->resident += (uint16_t)more;
		if (pin)
			page_get(pin);
	}
	spin_unlock(&table->lock);
	return same;
}

/*
 * The first of two steps by which an address gets another frame: it has none. Were the new entry written at once, one
 * thread could store to the new frame while another still reads the old one through its TLB.
 */
static bool entry_hide(struct fault *f, pte_t *old, struct page *pin)
{
	pte_t hidden = *old & ~PTE_PRESENT;

	__atomic_add_fetch(&f->space->unflushed, 1, __ATOMIC_SEQ_CST);
	bool same = entry_replace(f->pte, *old, hidden, 0, pin);
	if (likely(same))
		tlb_shootdown(&f->space->arch, f->addr, 1);
	__atomic_sub_fetch(&f->space->unflushed, 1, __ATOMIC_RELEASE);
	*old = hidden;
	return same;
}

/*
 * Replace the entry, if it is still the one that was looked at, and give back what it held. A page of the object is
 * held by a reference from the moment in which no entry shows it to a truncation until its count has fallen.
 */
static bool install(struct fault *f, pte_t new)
{
	bool moves = f->old & PTE_PRESENT && pte_paddr(f->old) != pte_paddr(new);
	bool counted = !(new & PTE_UNCOUNTED), had = f->old && !(f->old & PTE_UNCOUNTED), more = counted && !had;
	struct page *was = moves && had ? phys_to_page(pte_paddr(f->old)) : NULL;
	struct page *pin = was && !(f->old & PTE_PRIVATE) ? was : NULL;
	pte_t old = f->old;

	if (moves && unlikely(!entry_hide(f, &old, pin)))
		return false;
	if (unlikely(!entry_replace(f->pte, old, new, more, NULL))) {
		if (pin)
			page_put(pin);
		return false;
	}
	if (more)
		__atomic_add_fetch(&f->space->resident, 1, __ATOMIC_RELAXED);
	if (!f->old)
		return true;
	if (!moves)
		tlb_shootdown(&f->space->arch, f->addr, 1);
	if (pin)
		__atomic_sub_fetch(&pin->maps, 1, __ATOMIC_RELEASE);
	if (was)
		page_put(was);
	return true;
}

/* ---- resolve: the private layer ---- */

/* A frame for the private layer: the one a retry brought, or a new one. */
static struct page *take_frame(struct fault *f, bool zero)
{
	struct page *p = f->fresh;

	if (unlikely(p)) {
		f->fresh = NULL;
		if (zero)
			page_zero(page_to_virt(p));
	} else {
		p = page_alloc(0, (zero ? ALLOC_ZERO : 0) | (thread_current()->pager ? ALLOC_RESERVE : 0));
	}
	if (likely(p))
		p->kind = PAGE_ANON;
	return p;
}

static enum step install_private(struct fault *f, struct page *p)
{
	bool writable = f->vma->flags & VMA_WRITE;

	if (likely(install(f, pte_make(page_to_phys(p), vma_prot(f->vma), writable, PTE_PRIVATE))))
		return STEP_DONE;
	page_put(p);
	return STEP_AGAIN;
}

static enum step anon_map_zero_page(struct fault *f)
{
	return install(f, pte_make(page_to_phys(zero_page), vma_prot(f->vma), false, PTE_UNCOUNTED)) ? STEP_DONE
	                                                                                             : STEP_AGAIN;
}

static enum step anon_fill(struct fault *f)
{
	vma_make_anon(f->vma);
	struct page *p = take_frame(f, true);

	if (unlikely(!p))
		return STEP_NEED_FRAME;
	return install_private(f, p);
}

/*
 * A store to a read-only PTE of a private mapping. The PTE's frame is ours alone when it belongs to the private layer
 * and nobody else counts it: then the store may simply proceed. Otherwise the private layer gets a copy.
 *
 * The source may be truncated away while it is copied: the PTE is then no longer the one we saw, and the copy is
 * dropped.
 */
static enum step private_break_cow(struct fault *f)
{
	struct page *source = phys_to_page(pte_paddr(f->old));

	if (f->old & PTE_UNCOUNTED)
		return anon_fill(f);
	if (f->old & PTE_PRIVATE && source->refs == 1)
		return install(f, f->old | PTE_WRITE | PTE_DIRTY | PTE_ACCESSED) ? STEP_DONE : STEP_AGAIN;
	vma_make_anon(f->vma);
	struct page *p = take_frame(f, false);
	if (unlikely(!p))
		return STEP_NEED_FRAME;
	page_copy(page_to_virt(p), page_to_virt(source));
	vm_count(&vm_stat.cow, 1);
	return install_private(f, p);
}

/* ---- resolve: pages of an object ---- */

static enum step wait_for(struct fault *f, struct object *o, enum step what)
{
	object_get(o);
	f->object = o;
	f->pgoff = vma_pgoff(f->vma, f->addr);
	f->hint = f->vma->flags & VMA_RAND_READ ? READ_RANDOM : f->vma->flags & VMA_SEQ_READ ? READ_SEQUENTIAL
	                                                                                     : READ_NORMAL;
	return what;
}

/*
 * The valid page behind the fault, with the object locked on STEP_DONE. Past the end of the file there is none, and
 * there was none even if the index still shows one that a growing write is about to make part of the file.
 */
static enum step lookup_page(struct fault *f, struct page **out)
{
	struct object *o = f->vma->object;
	pgoff_t at = vma_pgoff(f->vma, f->addr);

	spin_lock(&o->lock);
	struct page *p = object_page_locked(o, at);
	enum step step = STEP_DONE;
	if (unlikely(at >= pages_of(o->size)))
		step = STEP_SIGBUS;
	else if (unlikely(!p || (p->flags & (PAGE_BUSY | PAGE_VALID)) != PAGE_VALID))
		step = wait_for(f, o, STEP_NEED_PAGE);
	if (likely(step == STEP_DONE)) {
		p->flags |= PAGE_ACCESSED;
		*out = p;
	} else {
		spin_unlock(&o->lock);
	}
	return step;
}

/* Map the object's page; the object is locked and unlocked here. */
static enum step install_cache_page(struct fault *f, struct page *p, bool writable)
{
	struct object *o = f->vma->object;
	bool same_page = f->old && pte_paddr(f->old) == page_to_phys(p);

	if (!same_page)
		__atomic_add_fetch(&p->maps, 1, __ATOMIC_RELAXED);
	bool installed = install(f, pte_make(page_to_phys(p), vma_prot(f->vma), writable, 0));
	if (!installed && !same_page)
		__atomic_sub_fetch(&p->maps, 1, __ATOMIC_RELAXED);
	spin_unlock(&o->lock);
	return installed ? STEP_DONE : STEP_AGAIN;
}

static enum step private_map(struct fault *f)
{
	struct page *p;
	enum step step = lookup_page(f, &p);

	return step == STEP_DONE ? install_cache_page(f, p, false) : step;
}

/* A store to a page of a file that this mapping has not made its own yet: copy without mapping first. */
static enum step private_copy(struct fault *f)
{
	struct object *o = f->vma->object;
	struct page *source, *p;

	vma_make_anon(f->vma); /* even if there turns out to be no page: a program can see which VMAs merge */
	enum step step = lookup_page(f, &source);

	if (step != STEP_DONE)
		return step;
	page_get(source);
	spin_unlock(&o->lock);
	p = take_frame(f, false);
	if (p)
		page_copy(page_to_virt(p), page_to_virt(source));
	/* A truncation may have come between; it must not be undone by this copy. */
	spin_lock(&o->lock);
	bool still = source->object == o;
	if (p && still)
		step = install_private(f, p);
	else
		step = p ? STEP_AGAIN : STEP_NEED_FRAME;
	spin_unlock(&o->lock);
	if (p && !still)
		page_put(p);
	page_put(source);
	return step;
}

/* The entry will be writable: a store past the end of the file, in its last page, is possible from now on. */
static void note_open_locked(struct object *o, const struct page *p)
{
	if (p->pgoff == o->size >> PAGE_SHIFT)
		o->tail_dirty = true;
}

/* A read of a shared page. It may be opened at once when a store to it would tell the pager nothing new. */
static enum step shared_map(struct fault *f)
{
	struct object *o = f->vma->object;
	struct page *p;
	enum step step = lookup_page(f, &p);

	if (step != STEP_DONE)
		return step;
	bool open = f->vma->flags & VMA_WRITE &&
	            (o->pager == PAGER_ZERO || (p->flags & PAGE_RESERVED && object_dirty_locked(o, p)));
	if (open)
		note_open_locked(o, p);
	return install_cache_page(f, p, open);
}

static enum step shared_open(struct fault *f)
{
	struct object *o = f->vma->object;
	struct page *p;
	enum step step = lookup_page(f, &p);

	if (step != STEP_DONE)
		return step;
	if (o->pager == PAGER_SERVER) {
		if (!(p->flags & PAGE_RESERVED)) {
			step = wait_for(f, o, STEP_NEED_SPACE);
			spin_unlock(&o->lock);
			return step;
		}
		object_mark_dirty_locked(o, p);
		if (!f->dirtied) {
			object_get(o);
			f->dirtied = o;
		}
	}
	if (o->node)
		object_touch_locked(o);
	note_open_locked(o, p);
	return install_cache_page(f, p, true);
}

static enum step device_map(struct fault *f)
{
	struct object *o = f->vma->object;
	paddr_t pa = o->device_base + (vma_pgoff(f->vma, f->addr) << PAGE_SHIFT);

	bool open = f->vma->flags & VMA_WRITE && vma_is_shared(f->vma);
	pte_t e = pte_make(pa, vma_prot(f->vma), open, PTE_UNCOUNTED);
	/* a private store: now it can be copied */
	enum step step = f->access == FAULT_WRITE && !open ? STEP_AGAIN : STEP_DONE;
	spin_lock(&o->lock); /* the driver may die, and the object lose its end */
	if (vma_pgoff(f->vma, f->addr) >= pages_of(o->size))
		step = STEP_SIGBUS;
	else if (!install(f, o->device_cached ? e : e | PTE_UNCACHED))
		step = STEP_AGAIN;
	spin_unlock(&o->lock);
	return step;
}

/*
 * A store to an entry of a device that is read-only. The kernel has no view of a device: a copy is read through the
 * mapping.
 */
static enum step device_store(struct fault *f)
{
	if (vma_is_shared(f->vma))
		return device_map(f);
	if (f->old & PTE_PRIVATE)
		return private_break_cow(f);
	vma_make_anon(f->vma);
	struct page *p = take_frame(f, false);
	if (unlikely(!p))
		return STEP_NEED_FRAME;
	if (copy_from_user_nofault(page_to_virt(p), f->addr, PAGE_SIZE) == PAGE_SIZE)
		return install_private(f, p);
	page_put(p);
	return STEP_SIGBUS;
}

/* The policy: [kind][is a store][state of the PTE]. NULL: nothing to do, another thread has resolved it. */
static enum step (*const cases[KINDS][2][3])(struct fault *) = {
	[KIND_ANON]    = { { anon_map_zero_page, NULL, NULL }, { anon_fill,    private_break_cow, NULL } },
	[KIND_PRIVATE] = { { private_map,        NULL, NULL }, { private_copy, private_break_cow, NULL } },
	[KIND_SHARED]  = { { shared_map,         NULL, NULL }, { shared_open,  shared_open,       NULL } },
	[KIND_DEVICE]  = { { device_map,         NULL, NULL }, { device_map,   device_store,      NULL } },
};

/* ---- lookup ---- */

static bool access_allowed(const struct vma *v, enum fault_access access)
{
	switch (access) {
	case FAULT_WRITE:
		return v->flags & VMA_WRITE;
	case FAULT_EXEC: /* of what is absent: like a read, and then the entry forbids it, see lookup */
	case FAULT_READ: /* x86 cannot write or execute what it cannot read */
		return v->flags & VMA_PROT;
	}
	return false;
}

static enum step lookup(struct fault *f)
{
	f->vma = vma_find(f->space, f->addr);
	if (unlikely(!f->vma || f->addr < f->vma->start) && !space_grow_stack(f->space, f->vma, f->addr))
		return STEP_MAPERR;
	if (unlikely(!access_allowed(f->vma, f->access)))
		return STEP_ACCERR;
	f->pte = table_make(f->space, f->addr);
	if (unlikely(!f->pte))
		return STEP_NEED_FRAME;
	f->old = *f->pte;
	if (unlikely(f->access == FAULT_EXEC && f->old & PTE_PRESENT && !(f->vma->flags & VMA_EXEC)))
		return STEP_ACCERR;
	return STEP_DONE;
}

/* ---- waiting: no lock is held ---- */

static enum step pager_step(int err)
{
	switch (err) {
	case 0:
		return STEP_AGAIN;
	case -EINTR:
		return STEP_KILLED;
	case -ENOMEM:
		return STEP_OOM;
	default: /* EIO, ENOSPC, EROFS: the page cannot be had or dirtied */
		return STEP_SIGBUS;
	}
}

static enum step wait_step(struct fault *f, enum step step)
{
	struct object *o = f->object;

	if (step == STEP_NEED_FRAME) {
		/* The failed allocation may have been a table's: then a frame more is made free, for it to find. */
		struct page *p = vm_page_alloc(false);
		if (!f->fresh)
			f->fresh = p;
		else if (p)
			page_put(p);
		if (thread_killed())
			return STEP_KILLED;
		return p ? STEP_AGAIN : STEP_OOM;
	}
	if (step == STEP_NEED_PAGE) {
		f->major |= o->pager == PAGER_SERVER;
		step = pager_step(pager_read(o, f->pgoff, f->hint));
	} else if (step == STEP_NEED_SPACE) {
		step = pager_step(pager_reserve(o, f->pgoff, 1, o->size));
	}
	if (o) {
		f->object = NULL;
		object_put(o);
	}
	return step;
}

static void account(struct fault *f)
{
	struct thread *t = thread_current();

	if (likely(t->proc)) {
		if (f->major)
			t->majflt++;
		else
			t->minflt++;
	}
	vm_count(&vm_stat.faults, 1);
	if (unlikely(f->major))
		vm_count(&vm_stat.major, 1);
}

enum fault_result vm_fault(struct space *s, vaddr_t addr, enum fault_access access)
{
	struct fault f = { .space = s, .addr = ALIGN_DOWN(addr, PAGE_SIZE), .access = access };
	unsigned starved = 0;
	enum step step;

	do {
		mutex_lock(&s->lock);
		step = lookup(&f);
		if (likely(step == STEP_DONE)) {
			enum step (*resolve)(struct fault *) =
				cases[kind_of(f.vma)][access == FAULT_WRITE][state_of(f.old)];
			if (likely(resolve))
				step = resolve(&f);
		}
		mutex_unlock(&s->lock);
		if (unlikely(step == STEP_NEED_FRAME) && ++starved > 8)
			step = STEP_OOM;
		if (unlikely(step > STEP_AGAIN))
			step = wait_step(&f, step);
	} while (unlikely(step == STEP_AGAIN));
	if (unlikely(f.fresh))
		page_put(f.fresh);
	if (f.dirtied) {
		writeback_throttle(f.dirtied);
		object_put(f.dirtied);
	}
	if (likely(step == STEP_DONE))
		account(&f);
	return (enum fault_result)step;
}
