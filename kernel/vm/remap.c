/* SPDX-License-Identifier: MIT */
/*
 * mremap(2): a mapping grows or shrinks where it is, or moves with its pages.
 *
 * Nothing is copied when a mapping moves: the entries go from the old tables to the new ones. In the middle of that a
 * page has no PTE, or its new one; a walk from its object must not come between. So the new VMA is on the object's list
 * first, and the entries move with the object locked, the old addresses flushed from the TLBs before the lock goes: a
 * truncation sees each page at its old place or at its new one, and no CPU can store through the old.
 *
 *      new VMA, attached ──► entries moved, old range flushed ──► old range unmapped as by munmap
 */
#include "vm/vm_impl.h"

#define VMAS_OF_A_MOVE 3 /* how many more there may be while a move is under way */

struct move {
	struct space *space;
	struct vma *vma; /* holds the whole old range; once that is unmapped, it is gone */
	vaddr_t old, new;
	size_t old_len, new_len;
	bool keep;       /* MREMAP_DONTUNMAP */
	struct list dead;
};

/*
 * A stretch of the old range lies in one leaf table and so does its new place. Where it fills both, the table itself
 * moves: two entries are written for 512 pages.
 */
struct stretch {
	pte_t *from;
	vaddr_t old, new;
	unsigned npages;
	bool whole;
};

/*
 * The stretch at *addr, NULL `from` when nothing is left; *addr moves behind it. Stretches without a page are left out.
 */
static struct stretch next_stretch(const struct move *m, vaddr_t *addr)
{
	vaddr_t end = m->old + m->old_len, stop;
	struct stretch p = { 0 };

	while ((p.from = table_next(m->space, addr, end, &stop))) {
		p.old = *addr;
		p.new = m->new + (p.old - m->old);
		stop = MIN(stop, p.old + (pt_span(1) - p.new % pt_span(1)));
		p.npages = (stop - p.old) >> PAGE_SHIFT;
		p.whole = p.npages == PT_ENTRIES;
		*addr = stop;
		if (p.whole || pte_skip(p.from, 0, p.npages) < p.npages)
			break;
	}
	return p;
}

/*
 * Tables for the new range beforehand, so that moving cannot fail half-way. Where entries move, both tables are the
 * space's own; a whole one may be one that others share.
 */
static int make_tables(const struct move *m)
{
	vaddr_t addr = m->old;

	for (struct stretch p; (p = next_stretch(m, &addr)).from;) {
		const pte_t *link = table_make_link(m->space, p.new);
		bool entries = !p.whole || (link && *link);
		if (!link || (entries && (!table_make(m->space, p.new) || !table_make(m->space, p.old))))
			return -ENOMEM;
	}
	return 0;
}

static void move_entries(const struct stretch *p, pte_t *to)
{
	struct page *source = table_page(p->from), *target = table_page(to);
	uint16_t counted = 0;

	spin_lock(&source->lock);
	for (unsigned i = 0; (i = pte_skip(p->from, i, p->npages)) < p->npages; i++) {
		/* In one step: another CPU's store may still set the dirty bit, by which MADV_FREE's pages are kept. */
		to[i] = __atomic_exchange_n(&p->from[i], 0, __ATOMIC_SEQ_CST);
		counted += !(to[i] & PTE_UNCOUNTED);
	}
	source->resident -= counted;
	spin_unlock(&source->lock);
	spin_lock(&target->lock);
	target->resident += counted;
	spin_unlock(&target->lock);
}

static void move_stretch(struct space *s, const struct stretch *p)
{
	if (!p->whole || !table_move_leaf(s, p->old, p->new))
		move_entries(p, table_make(s, p->new));
}

static void move_ptes(struct move *m)
{
	struct object *o = m->vma->object;
	vaddr_t addr = m->old;

	if (o)
		spin_lock(&o->lock);
	for (struct stretch p; (p = next_stretch(m, &addr)).from;)
		move_stretch(m->space, &p);
	tlb_shootdown(&m->space->arch, m->old, m->old_len >> PAGE_SHIFT);
	if (o)
		spin_unlock(&o->lock);
}

/* ---- the move ---- */

/* The window at the new place: a neighbour there that takes it in, or a VMA like the old one. NULL: no memory. */
static struct vma *make_window(struct move *m)
{
	struct vma *v = m->vma;
	/* Anonymous memory that nobody has touched has no offset to keep: with the place's own it merges more often. */
	pgoff_t pgoff = !v->object && !v->anon ? m->new >> PAGE_SHIFT : vma_pgoff(v, m->old);
	struct piece p = { m->new, m->new + m->new_len, pgoff, v->flags, v->anon, v->object, v->file };
	struct vma *above = vma_find(m->space, m->new), *below = above ? vma_prev(above) : m->space->highest;
	bool beside_itself = m->keep && !v->object && !v->anon && (v->end == p.start || v->start == p.end);
	struct vma *into = beside_itself ? NULL : vma_merge(m->space, below, &p, &m->dead);

	if (into) {
		if (into->start <= m->old && m->old < into->end)
			m->vma = into; /* the old VMA was next to the new place and is part of it now */
		return into;
	}
	struct vma *new = cache_alloc(vma_cache);
	if (!new)
		return NULL;
	*new = *v;
	new->start = p.start;
	new->end = p.end;
	new->pgoff = pgoff;
	vma_insert(m->space, new);
	vma_attach(new);
	return new;
}

/* MREMAP_DONTUNMAP of locked memory: the range becomes a VMA of its own, for it will be unlocked. */
static int cut_out_locked(struct move *m)
{
	struct vma *v = m->vma;

	if (!m->keep || !(v->flags & VMA_LOCKED))
		return 0;
	if (v->start < m->old) {
		v = vma_split(m->space, v, m->old);
		if (!v)
			return -ENOMEM;
		m->vma = v;
	}
	return v->end > m->old + m->old_len && !vma_split(m->space, v, m->old + m->old_len) ? -ENOMEM : 0;
}

/* The old VMA stays, empty. As a whole it is as if nobody had touched it. */
static void leave_old(struct move *m, const struct vma *new)
{
	struct vma *v = m->vma;

	if (v->flags & VMA_LOCKED)
		vma_set_flags(v, v->flags & ~(uint32_t)(VMA_LOCKED | VMA_LOCKONFAULT));
	if (new == v || v->start != m->old || v->end != m->old + m->old_len)
		return;
	v->anon = 0;
	if (!v->object)
		v->pgoff = v->start >> PAGE_SHIFT;
}

static int64_t move_vma(struct move *m)
{
	struct space *s = m->space;
	bool charged = m->vma->flags & VMA_ACCOUNT, keep = m->keep;
	uint64_t npages = (m->new_len - (keep ? 0 : m->old_len)) >> PAGE_SHIFT;

	if (s->nvmas + VMAS_OF_A_MOVE >= vm_tunable.max_map_count || cut_out_locked(m))
		return -ENOMEM;
	if (charged && commit_charge(s, npages))
		return -ENOMEM;
	struct vma *new = make_window(m);
	if (!new) {
		if (charged)
			commit_release(npages);
		return -ENOMEM;
	}
	/* Unmapping gives back the charge of all it unmaps, but what moves stays charged. */
	if (charged && !keep)
		commit_take(m->old_len >> PAGE_SHIFT);
	if (make_tables(m)) {
		space_unmap_locked(s, m->new, m->new + m->new_len, &m->dead);
		return -ENOMEM;
	}
	move_ptes(m);
	if (keep)
		leave_old(m, new);
	else if (m->old_len && space_unmap_locked(s, m->old, m->old + m->old_len, &m->dead))
		klog(LOG_WARN, "mremap: no memory to unmap the old range, it stays, empty");
	return (int64_t)m->new;
}

/* ---- checks, in Linux's order ---- */

static int unmap_part(struct move *m, vaddr_t start, size_t len)
{
	if (start > USER_END || len > USER_END - start || !len)
		return -EINVAL;
	return space_unmap_locked(m->space, start, start + len, &m->dead);
}

/* The VMA that is to become new_len long, or to be moved. */
static int check_source(struct move *m)
{
	struct space *s = m->space;
	struct vma *v = vma_find(s, m->old);
	uint64_t more = (m->new_len - m->old_len) >> PAGE_SHIFT;

	if (!v || v->start > m->old)
		return -EFAULT;
	m->vma = v;
	if (!m->old_len && !(v->flags & (VMA_SHARED | VMA_MAYSHARE)))
		return -EINVAL;
	if (m->keep && v->flags & (VMA_DONTEXPAND | VMA_PFNMAP))
		return -EINVAL;
	if (m->old_len > v->end - m->old)
		return -EFAULT;
	if (!more)
		return 0;
	if (vma_pgoff(v, m->old) + (m->new_len >> PAGE_SHIFT) < vma_pgoff(v, m->old))
		return -EINVAL;
	if (v->flags & (VMA_DONTEXPAND | VMA_PFNMAP))
		return -EFAULT;
	if (v->flags & VMA_LOCKED && !space_lock_fits(s, more))
		return -EAGAIN;
	return space_may_expand(s, v->flags, more) ? 0 : -ENOMEM;
}

static int find_place(struct move *m, unsigned flags)
{
	const struct mapping what = {
		.flags = (m->vma->flags & VMA_MAYSHARE ? MAP_SHARED : MAP_PRIVATE) | (flags & MREMAP_FIXED ? MAP_FIXED : 0),
		.object = m->vma->object, .file = m->vma->file, .pgoff = vma_pgoff(m->vma, m->old),
	};

	return space_place(m->space, &m->new, m->new_len, &what);
}

static int64_t remap_to(struct move *m, unsigned flags)
{
	int err = 0;

	if (m->new & PAGE_MASK || m->new_len > USER_END || m->new > USER_END - m->new_len)
		return -EINVAL;
	if (m->old + m->old_len > m->new && m->new + m->new_len > m->old)
		return -EINVAL;
	/* Unmapping at either place may split a VMA. */
	if (m->space->nvmas + 2 + VMAS_OF_A_MOVE >= vm_tunable.max_map_count)
		return -ENOMEM;
	if (flags & MREMAP_FIXED)
		err = unmap_part(m, m->new, m->new_len);
	if (!err && m->old_len > m->new_len) {
		err = unmap_part(m, m->old + m->new_len, m->old_len - m->new_len);
		m->old_len = m->new_len;
	}
	if (!err)
		err = check_source(m);
	if (!err && m->keep && !space_may_expand(m->space, m->vma->flags, m->old_len >> PAGE_SHIFT))
		err = -ENOMEM;
	if (!err)
		err = find_place(m, flags);
	return err ? err : move_vma(m);
}

/* The VMA ends where the old range ends, and what follows is free. */
static bool may_grow_in_place(const struct move *m)
{
	vaddr_t end = m->vma->end, new_end = m->old + m->new_len;
	struct vma *next = vma_next(m->vma);

	return m->old + m->old_len == end && new_end > end && new_end <= USER_END && !(next && next->start < new_end);
}

static int64_t grow_in_place(struct move *m)
{
	struct vma *v = m->vma;
	uint64_t more = (m->new_len - m->old_len) >> PAGE_SHIFT;
	struct piece p = { v->end, m->old + m->new_len, vma_pgoff(v, v->end), v->flags, v->anon, v->object, v->file };
	bool charged = v->flags & VMA_ACCOUNT;

	if (charged && commit_charge(m->space, more))
		return -ENOMEM;
	if (vma_merge(m->space, v, &p, &m->dead)) {
		m->new = m->old;
		return (int64_t)m->old;
	}
	if (charged)
		commit_release(more);
	return -ENOMEM;
}

/* Huge pages move whole, and get no more. */
static int round_to_huge(struct move *m)
{
	size_t huge = 1ul << m->vma->object->huge_shift;

	m->old_len = ALIGN_UP(m->old_len, huge);
	m->new_len = ALIGN_UP(m->new_len, huge);
	return (m->old | m->new) & (huge - 1) || m->new_len > m->old_len ? -EINVAL : 0;
}

static int64_t remap_locked(struct move *m, unsigned flags)
{
	struct vma *v = vma_find(m->space, m->old);

	if (!v || v->start > m->old)
		return -EFAULT;
	m->vma = v;
	int err = v->flags & VMA_HUGETLB ? round_to_huge(m) : 0;
	if (err)
		return err;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to(m, flags);
	if (m->old_len >= m->new_len) {
		err = m->old_len == m->new_len ? 0 : unmap_part(m, m->old + m->new_len, m->old_len - m->new_len);
		return err ? err : (int64_t)m->old;
	}
	err = check_source(m);
	if (err)
		return err;
	if (may_grow_in_place(m))
		return grow_in_place(m);
	if (!(flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	m->new = 0;
	err = find_place(m, flags);
	return err ? err : move_vma(m);
}

int64_t space_remap(struct space *s, vaddr_t old, size_t old_len, size_t new_len, uint64_t flags, vaddr_t new)
{
	struct move m = { .space = s, .old = old, .new = new, .old_len = ALIGN_UP(old_len, PAGE_SIZE),
	                  .new_len = ALIGN_UP(new_len, PAGE_SIZE), .keep = flags & MREMAP_DONTUNMAP,
	                  .dead = LIST_INIT(m.dead) };

	if (flags & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if (flags & MREMAP_FIXED && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && (!(flags & MREMAP_MAYMOVE) || old_len != new_len))
		return -EINVAL;
	if (old & PAGE_MASK || !m.new_len)
		return -EINVAL;
	size_t grown = m.new_len > m.old_len ? m.new_len - m.old_len : 0;
	mutex_lock(&s->lock);
	int64_t result = remap_locked(&m, (unsigned)flags);
	bool locked = grown && result >= 0 && m.vma->flags & VMA_LOCKED;
	mutex_unlock(&s->lock);
	space_free_dead(&m.dead);
	if (locked)
		space_populate(s, m.new + m.new_len - grown, m.new + m.new_len, VMA_LOCKED);
	return result;
}
