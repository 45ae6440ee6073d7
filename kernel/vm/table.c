/* SPDX-License-Identifier: MIT */
/*
 * Page tables: finding and making the entry of an address, clearing ranges, freeing tables. Mechanism for space.c,
 * fault.c and object.c; it decides nothing.
 *
 * An entry of a leaf table is 0 (absent) or in use (PTE_HELD). In use it says who owns the frame:
 *
 *      PTE_PRIVATE      the private layer: the PTE holds one reference to the frame
 *      PTE_UNCOUNTED    the zero page or a device register: nothing is counted
 *      neither          a page of the VMA's object: the PTE counts in page->maps
 *
 * PTE_HELD without PTE_PRESENT is a page under PROT_NONE: kept, out of reach of the CPU.
 *
 * A leaf table may hang in several spaces (share.c): then the links to it, the entries above, lack the write bit, and
 * whoever asks for an entry in order to change it for one space (table_make) gets that of a copy.
 *
 * Locks: upper levels change under the space's lock, the links to leaf tables that are in use under space->links too.
 * The entries of a leaf table change under the table's own lock (in its struct page). For cleaning and truncation come
 * from the object's side, without the space's lock: they hold `links`, and then the table's. An upper table is freed
 * only when no VMA overlaps what it covers, and VMAs leave their object first, so such a walk never meets a freed one.
 *
 * An entry is changed first and shot down later, after the table's lock: in between another CPU may still store through
 * the old one, though the table does not show it. Who reads from an entry that a page cannot be stored to (cleaning) or
 * is not mapped (truncation) must not be wrong about that: while space->unflushed is not 0, it flushes for itself. The
 * count rises before the entry changes, so who sees the change sees the count, or comes after the shootdown.
 */
#include "vm/vm_impl.h"

pte_t *table_of(pte_t upper)
{
	return phys_to_virt(pte_paddr(upper));
}

struct page *table_page(pte_t *pte)
{
	return phys_to_page(virt_to_phys(pte));
}

pte_t *table_find(struct space *s, vaddr_t addr)
{
	const pte_t *link = table_link(s, addr);
	pte_t e = link ? *link : 0;

	return e ? &table_of(e)[pt_index(addr, 0)] : NULL;
}

struct page *table_alloc(void)
{
	struct page *p = page_alloc(0, ALLOC_ZERO | (thread_current()->pager ? ALLOC_RESERVE : 0));

	if (!p)
		return NULL;
	p->kind = PAGE_TABLE;
	spin_init(&p->lock, RANK_TABLE);
	p->resident = p->gone = 0;
	p->shared = false;
	return p;
}

void table_hang(struct space *s, pte_t *upper, struct page *table)
{
	__atomic_add_fetch(&s->tables, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&vm_stat.table_pages, 1, __ATOMIC_RELAXED);
	/* Filled before it can be found: a walk from an object's side may look at any time. */
	__atomic_store_n(upper, page_to_phys(table) | PTE_PRESENT | PTE_WRITE | PTE_USER, __ATOMIC_RELEASE);
}

static bool table_add(struct space *s, pte_t *upper)
{
	struct page *p = table_alloc();

	if (p)
		table_hang(s, upper, p);
	return p;
}

/* Down to the link of the leaf table; without `make` as far as there are tables. NULL: there is none, or no memory. */
static inline pte_t *descend(struct space *s, vaddr_t addr, bool make)
{
	pte_t *table = phys_to_virt(s->arch.root);

	for (unsigned level = PT_LEVELS - 1; level > 1; level--) {
		pte_t *e = &table[pt_index(addr, level)];
		if (unlikely(!*e) && !(make && table_add(s, e)))
			return NULL;
		table = table_of(*e);
	}
	return &table[pt_index(addr, 1)];
}

pte_t *table_link(struct space *s, vaddr_t addr)
{
	return descend(s, addr, false);
}

pte_t *table_make_link(struct space *s, vaddr_t addr)
{
	return descend(s, addr, true);
}

/* A link without the write bit: the table is absent, or shared. */
static slow_path bool make_leaf(struct space *s, vaddr_t addr, pte_t *link)
{
	return *link ? table_own(s, addr, link) : table_add(s, link);
}

pte_t *table_make(struct space *s, vaddr_t addr)
{
	pte_t *link = descend(s, addr, true);

	if (unlikely(!link || (!(*link & PTE_WRITE) && !make_leaf(s, addr, link))))
		return NULL;
	return &table_of(*link)[pt_index(addr, 0)];
}

bool table_move_leaf(struct space *s, vaddr_t from, vaddr_t to)
{
	pte_t *source = table_link(s, from), *target = table_link(s, to);

	if (*target)
		return false;
	spin_lock(&s->links);
	__atomic_store_n(target, *source, __ATOMIC_RELEASE);
	*source = 0;
	spin_unlock(&s->links);
	return true;
}

pte_t pte_make(paddr_t pa, uint32_t prot, bool writable, pte_t software)
{
	pte_t e = pa | software | PTE_HELD | PTE_ACCESSED;

	if (prot & (PROT_READ | PROT_WRITE | PROT_EXEC))
		e |= PTE_PRESENT | PTE_USER;
	if (!(prot & PROT_EXEC))
		e |= PTE_NX;
	if (writable)
		e |= PTE_WRITE | PTE_DIRTY;
	return e;
}

void zap_init(struct zap *z, struct space *s)
{
	z->space = s;
	z->for_others = false;
	z->start = ~0ul;
	z->end = 0;
	z->open = false;
	z->count = 0;
}

void zap_open(struct zap *z)
{
	if (!z->open)
		__atomic_add_fetch(&z->space->unflushed, 1, __ATOMIC_SEQ_CST);
	z->open = true;
	z->space->peak_resident = MAX(z->space->peak_resident, z->space->resident);
}

/* Somebody else's shootdown in this space is still to come. */
static bool zap_is_not_alone(const struct zap *z)
{
	return z->space->unflushed > z->open;
}

/* The TLB no longer knows the entries: what they counted can be given back. */
static void zap_release(struct zap *z)
{
	assert(z->start >= z->end);
	for (unsigned i = 0; i < z->count; i++) {
		struct page *p = phys_to_page(pte_paddr(z->entry[i]));
		if (!(z->entry[i] & PTE_PRIVATE))
			__atomic_sub_fetch(&p->maps, 1, __ATOMIC_RELEASE);
		page_put(p);
	}
	z->count = 0;
}

static void zap_flush(struct zap *z)
{
	/* Who else has the table is not known, but that they all have it at this address. */
	if (z->start < z->end)
		tlb_shootdown(unlikely(z->for_others) ? NULL : &z->space->arch, z->start, (z->end - z->start) >> PAGE_SHIFT);
	z->for_others = false;
	z->start = ~0ul;
	z->end = 0;
}

void zap_finish(struct zap *z)
{
	zap_flush(z);
	if (z->open)
		__atomic_sub_fetch(&z->space->unflushed, 1, __ATOMIC_RELEASE);
	z->open = false;
	zap_release(z);
}

void zap_add(struct zap *z, struct page *table, vaddr_t addr, pte_t old)
{
	z->for_others |= table->refs > 1;
	if (old & PTE_PRESENT || unlikely(zap_is_not_alone(z))) {
		z->start = MIN(z->start, addr);
		z->end = MAX(z->end, addr + PAGE_SIZE);
	}
	if (old & PTE_UNCOUNTED)
		return;
	if (unlikely(table->shared)) {
		table->gone++;
	} else {
		table->resident--;
		__atomic_sub_fetch(&z->space->resident, 1, __ATOMIC_RELAXED);
	}
	/*
	 * No truncation finds it through this entry any more: one that comes now may not free it before the count has
	 * fallen.
	 */
	if (!(old & PTE_PRIVATE))
		page_get(phys_to_page(pte_paddr(old)));
	z->entry[z->count++] = old;
	if (z->count == BATCH_MAX) {
		zap_flush(z);
		zap_release(z);
	}
}

static void zap_leaf(struct zap *z, pte_t *pte, vaddr_t addr, vaddr_t end, bool cache_only)
{
	struct page *table = table_page(pte);
	unsigned n = (end - addr) >> PAGE_SHIFT;

	zap_open(z);
	spin_lock(&table->lock);
	for (unsigned i = 0; (i = pte_skip(pte, i, n)) < n; i++) {
		pte_t old = pte[i];
		if (cache_only && old & (PTE_PRIVATE | PTE_UNCOUNTED))
			continue;
		pte[i] = 0;
		zap_add(z, table, addr + i * PAGE_SIZE, old);
	}
	spin_unlock(&table->lock);
}

/* Absent upper entries are stepped over whole, so a sparse terabyte costs what was touched. */
pte_t *table_next_link(struct space *s, vaddr_t *addr, vaddr_t end)
{
	while (*addr < end) {
		pte_t *table = phys_to_virt(s->arch.root);
		unsigned level = PT_LEVELS - 1;
		while (level > 1 && table[pt_index(*addr, level)]) {
			table = table_of(table[pt_index(*addr, level)]);
			level--;
		}
		if (level == 1 && table[pt_index(*addr, 1)])
			return &table[pt_index(*addr, 1)];
		unsigned index = pt_index(*addr, level), last = pt_index(end - 1, level) + 1;
		if (end - 1 - ALIGN_DOWN(*addr, pt_span(level + 1)) >= pt_span(level + 1))
			last = PT_ENTRIES;
		*addr = ALIGN_DOWN(*addr, pt_span(level)) + (uint64_t)(pte_skip(table, index, last) - index) * pt_span(level);
	}
	return NULL;
}

pte_t *table_next(struct space *s, vaddr_t *addr, vaddr_t end, vaddr_t *stop)
{
	const pte_t *link = table_next_link(s, addr, end);

	if (!link)
		return NULL;
	*stop = MIN(end, ALIGN_DOWN(*addr, pt_span(1)) + pt_span(1));
	return &table_of(*link)[pt_index(*addr, 0)];
}

void table_zap(struct zap *z, vaddr_t start, vaddr_t end, bool cache_only)
{
	vaddr_t addr = start, stop;

	for (pte_t *pte; (pte = table_next(z->space, &addr, end, &stop)); addr = stop)
		zap_leaf(z, pte, addr, stop, cache_only);
	if (unlikely(zap_is_not_alone(z))) { /* what it found absent may be in a TLB */
		z->start = MIN(z->start, start);
		z->end = MAX(z->end, end);
	}
}

static void table_release(struct space *s, pte_t e)
{
	struct page *p = phys_to_page(pte_paddr(e));

	__atomic_sub_fetch(&s->tables, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&vm_stat.table_pages, 1, __ATOMIC_RELAXED);
	page_put(p);
}

/*
 * Free the tables below `table` (at `level`) that lie wholly within [floor, ceiling) and cover part of [start, end). A
 * table is unlinked, the paging-structure caches are flushed, then its frame is freed.
 */
static void free_below(struct space *s, pte_t *table, unsigned level, vaddr_t start, vaddr_t end, vaddr_t floor,
                       vaddr_t ceiling)
{
	unsigned last = pt_index(end - 1, level) + 1;
	vaddr_t whole = ALIGN_DOWN(start, pt_span(level + 1));

	for (unsigned i = pt_index(start, level); (i = pte_skip(table, i, last)) < last; i++) {
		vaddr_t base = whole + i * pt_span(level);
		pte_t old = table[i];
		if (level > 1)
			free_below(s, table_of(old), level - 1, MAX(start, base), MIN(end, base + pt_span(level)), floor, ceiling);
		if (base < floor || base + pt_span(level) > ceiling)
			continue;
		table[i] = 0;
		tlb_shootdown(&s->arch, base, pt_span(level) >> PAGE_SHIFT);
		table_release(s, old);
	}
}

void table_free(struct space *s, vaddr_t start, vaddr_t end, vaddr_t floor, vaddr_t ceiling)
{
	/*
	 * Most unmappings leave every table in use: when not even one leaf table fits in the hole there is nothing to do.
	 */
	if (ALIGN_UP(floor, pt_span(1)) + pt_span(1) > ceiling)
		return;
	free_below(s, phys_to_virt(s->arch.root), PT_LEVELS - 1, start, end, floor, ceiling);
}

static void destroy_below(struct space *s, pte_t *table, unsigned level, unsigned entries)
{
	for (unsigned i = 0; (i = pte_skip(table, i, entries)) < entries; i++) {
		if (level > 1)
			destroy_below(s, table_of(table[i]), level - 1, PT_ENTRIES);
		table_release(s, table[i]);
		table[i] = 0;
	}
}

void table_destroy(struct space *s)
{
	destroy_below(s, phys_to_virt(s->arch.root), PT_LEVELS - 1, PT_ENTRIES / 2);
}
