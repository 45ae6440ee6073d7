/* SPDX-License-Identifier: MIT */
/*
 * mremap(2): a mapping grows or shrinks where it is, or moves with its pages.
 *
 * Nothing is copied when a mapping moves: the entries go from the old tables to the new ones. In the middle of that a page has
 * no PTE, or its new one; a walk from its object must not come between. So the new VMA is on the object's list first, and the
 * entries move with the object locked, the old addresses flushed from the TLBs before the lock goes: a truncation sees each
 * page at its old place or at its new one, and no CPU can store through the old.
 *
 *      new VMA, attached ──► entries moved, old range flushed ──► old range unmapped as by munmap
 */
#include "vm/vm_impl.h"

struct move {
	struct space *space;
	struct vma *vma; /* holds the whole old range */
	vaddr_t old, new;
	size_t old_len, new_len;
	struct list dead;
};

/*
 * A stretch of the old range lies in one leaf table and so does its new place. Where it fills both, the table itself moves: two
 * entries are written for 512 pages.
 */
struct stretch {
	pte_t *from;
	vaddr_t old, new;
	unsigned npages;
	bool whole;
};

/* The stretch at *addr, NULL `from` when nothing is left; *addr moves behind it. Stretches without a page are left out. */
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

/* Tables for the new range beforehand, so that moving cannot fail half-way. */
static int make_tables(const struct move *m)
{
	vaddr_t addr = m->old;

	for (struct stretch p; (p = next_stretch(m, &addr)).from;)
		if (p.whole ? !table_make_upper(m->space, p.new) : !table_make(m->space, p.new))
			return -ENOMEM;
	return 0;
}

static void move_stretch(struct space *s, const struct stretch *p)
{
	if (p->whole && table_move_leaf(s, p->old, p->new))
		return;
	pte_t *to = table_make(s, p->new);
	struct page *table = table_page(p->from);
	spin_lock(&table->lock);
	for (unsigned i = 0; (i = pte_skip(p->from, i, p->npages)) < p->npages; i++) {
		to[i] = p->from[i]; /* nobody else can find this entry: the object and the space are locked */
		p->from[i] = 0;
	}
	spin_unlock(&table->lock);
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

/* The new window: like the old VMA, at the new place. An anonymous mapping nobody has touched takes the place's own offset. */
static struct vma *window(struct move *m)
{
	struct vma *v = cache_alloc(vma_cache);

	if (v && m->vma->flags & VMA_ACCOUNT && commit_charge(m->space, m->new_len >> PAGE_SHIFT)) {
		cache_free(vma_cache, v);
		v = NULL;
	}
	if (!v)
		return NULL;
	*v = *m->vma;
	v->start = m->new;
	v->end = m->new + m->new_len;
	v->pgoff = !v->object && !v->anon ? v->start >> PAGE_SHIFT : vma_pgoff(m->vma, m->old);
	return v;
}

static int64_t move_locked(struct move *m, bool keep)
{
	struct space *s = m->space;
	struct vma *v = window(m);

	if (!v)
		return -ENOMEM;
	vma_insert(s, v);
	vma_attach(v);
	int err = make_tables(m);
	if (err) {
		space_unmap_locked(s, m->new, m->new + m->new_len, &m->dead);
		return err;
	}
	move_ptes(m);
	if (m->old_len && !keep)
		err = space_unmap_locked(s, m->old, m->old + m->old_len, &m->dead);
	vma_settle(s, v, &m->dead);
	return err ? err : (int64_t)m->new;
}

/* In place: the VMA ends where the old range ends, and what follows is free. */
static bool grow_in_place(struct move *m)
{
	vaddr_t end = m->old + m->old_len, new_end = m->old + m->new_len;
	struct vma *v = m->vma, *next = vma_next(v);

	if (v->end != end || new_end > USER_END || new_end < end)
		return false;
	if (next && new_end + (vma_guard(next)) > next->start)
		return false;
	if (v->flags & VMA_ACCOUNT && commit_charge(m->space, (new_end - end) >> PAGE_SHIFT))
		return false;
	vma_set_range(v, v->start, new_end, v->pgoff);
	vma_settle(m->space, v, &m->dead);
	return true;
}

static int check_source(struct move *m)
{
	struct vma *v = vma_find(m->space, m->old);

	if (!v || v->start > m->old)
		return -EFAULT;
	m->vma = v;
	if (!m->old_len && !vma_is_shared(v))
		return -EINVAL;
	if (m->old_len > v->end - m->old)
		return -EFAULT;
	return 0;
}

static int64_t remap_to(struct move *m, unsigned flags)
{
	struct space *s = m->space;
	int err;

	if (flags & MREMAP_FIXED) {
		if (m->new & PAGE_MASK || m->new_len > USER_END || m->new > USER_END - m->new_len)
			return -EINVAL;
		if (m->old + m->old_len > m->new && m->new + m->new_len > m->old)
			return -EINVAL;
		if (m->new < MMAP_MIN)
			return -EPERM;
		err = space_unmap_locked(s, m->new, m->new + m->new_len, &m->dead);
		if (err)
			return err;
	}
	if (m->old_len > m->new_len) {
		err = space_unmap_locked(s, m->old + m->new_len, m->old + m->old_len, &m->dead);
		if (err)
			return err;
		m->old_len = m->new_len;
	}
	err = check_source(m);
	if (err)
		return err;
	if (!(flags & MREMAP_FIXED))
		m->new = vma_find_gap(s, m->new_len, MMAP_MIN, MMAP_TOP);
	if (!m->new)
		return -ENOMEM;
	return move_locked(m, flags & MREMAP_DONTUNMAP);
}

static int64_t remap_locked(struct move *m, unsigned flags)
{
	struct space *s = m->space;

	if (!vma_find(s, m->old) || vma_find(s, m->old)->start > m->old)
		return -EFAULT;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to(m, flags);
	if (m->old_len >= m->new_len) {
		int err = m->old_len == m->new_len ? 0
		                                   : space_unmap_locked(s, m->old + m->new_len, m->old + m->old_len, &m->dead);
		return err ? err : (int64_t)m->old;
	}
	int err = check_source(m);
	if (err)
		return err;
	if (m->old_len && grow_in_place(m))
		return (int64_t)m->old;
	return flags & MREMAP_MAYMOVE ? remap_to(m, flags) : -ENOMEM;
}

int64_t space_remap(struct space *s, vaddr_t old, size_t old_len, size_t new_len, unsigned flags, vaddr_t new)
{
	struct move m = { .space = s, .old = old, .new = flags & MREMAP_FIXED ? new : 0, .old_len = ALIGN_UP(old_len, PAGE_SIZE),
	                  .new_len = ALIGN_UP(new_len, PAGE_SIZE), .dead = LIST_INIT(m.dead) };

	if (flags & ~(unsigned)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && m.old_len != m.new_len)
		return -EINVAL;
	if (old & PAGE_MASK || !m.new_len || old >= USER_END || m.old_len > USER_END - old)
		return -EINVAL;
	if (m.new_len > USER_END)
		return -ENOMEM;
	mutex_lock(&s->lock);
	int64_t result = remap_locked(&m, flags);
	mutex_unlock(&s->lock);
	space_free_dead(&m.dead);
	return result;
}
