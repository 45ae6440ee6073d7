/* SPDX-License-Identifier: MIT */
/*
 * Leaf page tables that several spaces have, and fork, which makes them so. The trick that pages play, played one level
 * up:
 *
 *      parent's upper tables            child's upper tables            page->refs of a leaf table: how many links lead to it
 *           link, read-only ───► leaf ◄─── link, read-only              page->shared: its links lack the write bit
 *                                 │
 *                                 └──► frames                           page->refs of a frame: how many tables show it
 *
 * Fork shares every leaf table and copies the upper ones, which are few: it costs the same for 4 MiB as for 400. A link
 * without the write bit stops stores whatever the entries say, so they stay as they are, those of one owner writable;
 * nobody needs to look at them. Then one of three things happens to a shared table:
 *
 *      a change for one space      a fault, mprotect, munmap of a part, ...: the space first makes the table its own
 *                                  (table_own). If others have it, by a copy, in which private pages are read-only in
 *                                  both. If they have all gone, it just sets the write bit again, and what is writable
 *                                  in it is so at once.
 *      a change true for all       truncation, cleaning and reclaim come from an object and edit the shared table in
 *                                  place, once. Everybody who has the table has it at the same address, which every
 *                                  CPU flushes, whatever it has loaded (zap_flush): to look for those who have it
 *                                  would be a walk over all who map the object, for each of them.
 *      the space needs it no more  exit, munmap of all that it has there: it drops its link (table_leave). Nothing is
 *                                  allocated.
 *
 * A private page has one owner if its count is 1 and so is that of its table; as the path to an entry is made the
 * space's own before the entry is looked at, fault.c compares the page's count alone.
 *
 * Resident pages. A space's count contains `resident` of each of its leaf tables. What is taken out of a shared table
 * cannot be taken from every space's count (who they are is not known here), so the table notes it as `gone`; a space
 * that stops sharing the table takes off what has gone.
 *
 * Not everything may be seen by the child: memory under VMA_DONTCOPY is not in it, memory under VMA_WIPEONFORK is there
 * without pages. A table that touches such a VMA is copied entry by entry, VMA by VMA, for these are rare:
 *
 *      parent's entry             child's entry        both afterwards
 *      private frame              same frame           read-only, one reference more
 *      zero page, device          same                 unchanged
 *      page of a private file     same page            read-only already; map count one more
 *      page of a shared mapping   none                 the child faults: the index has the page
 *
 * A table of nothing but shared mappings is neither shared nor copied.
 *
 * Locks: where a link leads changes under the space's lock and space->links; a table's count rises and falls under the
 * table's lock. The count rises only by the fork of a space that has the table: under that space's lock a count of 1
 * stays 1. Whoever drops his link flushes his TLBs before he lets go of the table's lock, for afterwards the others may
 * do with it what they like. An entry copied by fork (not by table_own) is copied with its object locked: the child's
 * VMA is on the object's list before, so a truncation either comes first and clears the parent's entry, or later and
 * finds both.
 *
 * Rejected: sharing upper tables too. An upper table shows a gigabyte, so fork would save 512 steps a gigabyte, and
 * every change would have to copy along the whole path.
 */
#include "vm/vm_impl.h"

static struct page *leaf_page(pte_t link)
{
	return phys_to_page(pte_paddr(link));
}

static vaddr_t leaf_base(vaddr_t addr)
{
	return ALIGN_DOWN(addr, pt_span(1));
}

/*
 * A private frame gets another entry that shows it: neither may be stored through, and neither can tell who stored
 * before.
 */
static pte_t share_private(pte_t *from)
{
	const pte_t lost = PTE_WRITE | PTE_DIRTY | PTE_LAZY;

	page_get(phys_to_page(pte_paddr(*from)));
	if (*from & lost)
		*from &= ~lost;
	return *from;
}

static void count_map(pte_t e)
{
	__atomic_add_fetch(&phys_to_page(pte_paddr(e))->maps, 1, __ATOMIC_RELAXED);
}

/* ---- a table becomes one space's own ---- */

/* Nobody else has it any more. The table is locked. */
static void adopt_locked(struct space *s, pte_t *link)
{
	struct page *table = leaf_page(*link);

	__atomic_sub_fetch(&s->resident, table->gone, __ATOMIC_RELAXED);
	table->resident -= table->gone;
	table->gone = 0;
	table->shared = false;
	s->shared_links--;
	*link |= PTE_WRITE;
}

/* Copy what `from` shows, locked, to a table that nobody knows yet. */
static void copy_entries(struct page *from, struct page *to)
{
	pte_t *source = page_to_virt(from), *target = page_to_virt(to);

	for (unsigned i = 0; (i = pte_skip(source, i, PT_ENTRIES)) < PT_ENTRIES; i++) {
		pte_t e = source[i];
		if (e & PTE_PRIVATE)
			e = share_private(&source[i]);
		else if (!(e & PTE_UNCOUNTED))
			count_map(e);
		target[i] = e;
	}
	to->resident = from->resident - from->gone;
}

/* The link leads to `copy` from now on. The shared table is locked, and so are the links. */
static void take_copy_locked(struct space *s, vaddr_t addr, pte_t *link, struct page *copy)
{
	struct page *table = leaf_page(*link);

	copy_entries(table, copy);
	__atomic_sub_fetch(&s->resident, table->gone, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&s->tables, 1, __ATOMIC_RELAXED);
	s->shared_links--;
	table_hang(s, link, copy);
	/* Both show the same, but no CPU may find the old one through the link it has cached (SDM vol. 3, 4.10.4.1). */
	tlb_shootdown(&s->arch, addr, 1);
	page_put(table);
}

static slow_path bool copy_table(struct space *s, vaddr_t addr, pte_t *link)
{
	struct page *table = leaf_page(*link), *copy = table_alloc();

	if (!copy)
		return false;
	spin_lock(&s->links);
	spin_lock(&table->lock);
	bool last = table->refs == 1; /* by now */
	if (last)
		adopt_locked(s, link);
	else
		take_copy_locked(s, addr, link, copy);
	spin_unlock(&table->lock);
	spin_unlock(&s->links);
	if (last)
		page_put(copy);
	return true;
}

static bool adopt(struct space *s, pte_t *link)
{
	struct page *table = leaf_page(*link);

	if (table->refs > 1)
		return false;
	spin_lock(&table->lock);
	adopt_locked(s, link);
	spin_unlock(&table->lock);
	return true;
}

bool table_own(struct space *s, vaddr_t addr, pte_t *link)
{
	assert_mutex_held(&s->lock);
	return *link & PTE_WRITE || adopt(s, link) || copy_table(s, addr, link);
}

bool table_adopt(struct space *s, vaddr_t addr)
{
	pte_t *link = table_link(s, addr);

	assert_mutex_held(&s->lock);
	return *link & PTE_WRITE || adopt(s, link);
}

int table_own_range(struct space *s, vaddr_t start, vaddr_t end)
{
	vaddr_t addr = start, stop;

	for (pte_t *pte; s->shared_links && (pte = table_next(s, &addr, end, &stop)); addr = stop) {
		unsigned n = (stop - addr) >> PAGE_SHIFT;
		if (table_is_shared(pte) && pte_skip(pte, 0, n) < n && !table_own(s, addr, table_link(s, addr)))
			return -ENOMEM;
	}
	return 0;
}

bool table_any_shared(struct space *s, vaddr_t start, vaddr_t end)
{
	vaddr_t addr = start, stop;

	for (pte_t *pte; s->shared_links && (pte = table_next(s, &addr, end, &stop)); addr = stop)
		if (table_is_shared(pte))
			return true;
	return false;
}

/* ---- a space lets go of a table ---- */

/* Unless nobody else has it: then it becomes the space's own, to be emptied as usual. */
static void drop(struct space *s, vaddr_t base, pte_t *link)
{
	struct page *table = leaf_page(*link);

	spin_lock(&s->links);
	spin_lock(&table->lock);
	if (table->refs > 1) {
		s->peak_resident = MAX(s->peak_resident, s->resident);
		__atomic_sub_fetch(&s->resident, table->resident, __ATOMIC_RELAXED);
		__atomic_sub_fetch(&s->tables, 1, __ATOMIC_RELAXED);
		s->shared_links--;
		*link = 0;
		tlb_shootdown(&s->arch, base, PT_ENTRIES);
		page_put(table);
	} else {
		adopt_locked(s, link);
	}
	spin_unlock(&table->lock);
	spin_unlock(&s->links);
}

static bool lies_within(vaddr_t base, vaddr_t floor, vaddr_t ceiling)
{
	return base >= floor && base + pt_span(1) <= ceiling;
}

/* The link after `link`, whose table ends at *addr: mostly its neighbour. */
static inline pte_t *next_link(struct space *s, pte_t *link, vaddr_t *addr, vaddr_t end)
{
	if (*addr < end && *addr % pt_span(2) && link[1])
		return link + 1;
	return table_next_link(s, addr, end);
}

static vaddr_t leaf_end(vaddr_t addr)
{
	return leaf_base(addr) + pt_span(1);
}

int table_leave(struct space *s, vaddr_t start, vaddr_t end, vaddr_t floor, vaddr_t ceiling)
{
	const vaddr_t first = leaf_base(start), last = leaf_base(end - 1);
	vaddr_t addr = start;

	if (!s->shared_links)
		return 0;
	/* Only these two can hold other things of the space as well. */
	if (!lies_within(first, floor, ceiling) && table_own_range(s, start, MIN(end, first + pt_span(1))))
		return -ENOMEM;
	if (last != first && !lies_within(last, floor, ceiling) && table_own_range(s, last, end))
		return -ENOMEM;
	for (pte_t *link = table_next_link(s, &addr, end); link; link = next_link(s, link, &addr, end)) {
		if (!(*link & PTE_WRITE) && lies_within(leaf_base(addr), floor, ceiling))
			drop(s, leaf_base(addr), link);
		addr = leaf_end(addr);
	}
	return 0;
}

/* ---- fork: tables ---- */

static void share_table(struct space *child, struct space *parent, pte_t *from, pte_t *to)
{
	struct page *table = leaf_page(*from);

	spin_lock(&table->lock);
	if (!table->shared) {
		table->shared = true;
		parent->shared_links++;
		*from &= ~PTE_WRITE;
	}
	page_get(table);
	child->shared_links++;
	child->tables++;
	child->resident += table->resident;
	__atomic_store_n(to, *from, __ATOMIC_RELEASE);
	spin_unlock(&table->lock);
}

/* Copy what v shows in one leaf table. -ENOMEM leaves what was copied: the child's end gives it back. */
static int copy_part(struct space *child, struct vma *v, pte_t *from, vaddr_t addr, vaddr_t stop)
{
	struct page *source = table_page(from);
	pte_t *to = table_make(child, addr);
	uint16_t counted = 0;

	if (!to)
		return -ENOMEM;
	if (v->object)
		spin_lock(&v->object->lock);
	spin_lock(&source->lock);
	for (unsigned i = 0, n = (stop - addr) >> PAGE_SHIFT; (i = pte_skip(from, i, n)) < n; i++) {
		to[i] = from[i] & PTE_PRIVATE ? share_private(&from[i]) : from[i];
		if (!(to[i] & (PTE_PRIVATE | PTE_UNCOUNTED)))
			count_map(to[i]);
		counted += !(to[i] & PTE_UNCOUNTED);
	}
	spin_unlock(&source->lock);
	spin_lock(&table_page(to)->lock);
	table_page(to)->resident += counted;
	spin_unlock(&table_page(to)->lock);
	__atomic_add_fetch(&child->resident, counted, __ATOMIC_RELAXED);
	if (v->object)
		spin_unlock(&v->object->lock);
	return 0;
}

/* What becomes of a VMA's pages. */
enum inheritance { HIDDEN, FOUND_BY_FAULT, INHERITED };

static enum inheritance inheritance_of(const struct vma *v)
{
	if (v->flags & (VMA_DONTCOPY | VMA_WIPEONFORK))
		return HIDDEN;
	return v->object && vma_is_shared(v) ? FOUND_BY_FAULT : INHERITED;
}

/* What becomes of a leaf table. */
enum legacy { LEFT_OUT, SHARED, COPIED_IN_PARTS };

/* Of the one at base; v is a VMA in it. */
static enum legacy legacy_of(struct space *parent, const struct vma *v, vaddr_t base)
{
	bool inherited = false, hidden = false;

	if (v->start <= base && v->end >= base + pt_span(1))
		return inheritance_of(v) == INHERITED ? SHARED : LEFT_OUT;
	for (v = vma_find(parent, base); v && v->start < base + pt_span(1); v = vma_next(v)) {
		inherited |= inheritance_of(v) == INHERITED;
		hidden |= inheritance_of(v) == HIDDEN;
	}
	return !inherited ? LEFT_OUT : hidden ? COPIED_IN_PARTS : SHARED;
}

static int copy_parts(struct space *child, struct space *parent, vaddr_t base)
{
	int err = 0;

	for (struct vma *v = vma_find(parent, base); v && v->start < base + pt_span(1) && !err; v = vma_next(v)) {
		vaddr_t from = MAX(v->start, base);
		if (inheritance_of(v) == INHERITED)
			err = copy_part(child, v, table_find(parent, from), from, MIN(v->end, base + pt_span(1)));
	}
	return err;
}

/* How many leaf tables from the one at base on v covers whole, as far as their links are neighbours; at least 1, the one at base. */
static unsigned whole_tables(const struct vma *v, vaddr_t base)
{
	vaddr_t end = MIN(v->end, (base & -pt_span(2)) + pt_span(2));

	return v->start <= base && end >= base + pt_span(1) ? (unsigned)((end - base) / pt_span(1)) : 1;
}

/* Share the table behind `from` and, up to n in all, those behind its neighbours. The number of links passed. */
static unsigned share_run(struct space *child, struct space *parent, pte_t *from, pte_t *to, unsigned n)
{
	unsigned i = 0;

	do
		share_table(child, parent, from + i, to + i);
	while (++i < n && from[i]);
	return i;
}

/* The leaf tables that v is the first VMA in, from *addr on. */
static int inherit_tables(struct space *child, struct space *parent, struct vma *v, vaddr_t *addr)
{
	int err = 0;

	*addr = MAX(*addr, v->start);
	for (pte_t *from = table_next_link(parent, addr, v->end); from && !err; from = next_link(parent, from, addr, v->end)) {
		vaddr_t base = leaf_base(*addr);
		enum legacy legacy = legacy_of(parent, v, base);
		if (legacy == SHARED) {
			pte_t *to = table_make_link(child, base);
			if (!to)
				return -ENOMEM;
			unsigned n = share_run(child, parent, from, to, whole_tables(v, base)) - 1;
			from += n;
			base += n * pt_span(1);
		} else if (legacy == COPIED_IN_PARTS) {
			err = copy_parts(child, parent, base);
		}
		*addr = leaf_end(base);
	}
	return err;
}

/* ---- fork: VMAs ---- */

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
	return 0;
}

static void share_bounds(struct space *child, const struct space *parent)
{
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
	child->undumpable = parent->undumpable;
	child->barriers = parent->barriers;
	child->lazy = parent->lazy;
}

struct space *space_fork(struct space *parent)
{
	struct space *child = space_create();
	vaddr_t addr = 0;
	int err = 0;

	if (!child)
		return NULL;
	mutex_lock(&parent->lock);
	share_bounds(child, parent);
	for (struct rb_node *n = rb_first(&parent->vmas); n && !err; n = rb_next(n))
		err = share_vma(child, parent, vma_of(n));
	for (struct vma *v = vma_of(rb_first(&parent->vmas)); v && !err; v = vma_next(v))
		err = inherit_tables(child, parent, v, &addr);
	/* The parent's writable links are gone from the tables; now from the TLBs. */
	tlb_shootdown(&parent->arch, 0, USER_END >> PAGE_SHIFT);
	mutex_unlock(&parent->lock);
	if (err) {
		space_put(child);
		return NULL;
	}
	return child;
}
