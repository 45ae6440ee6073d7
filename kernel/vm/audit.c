/* SPDX-License-Identifier: MIT */
/*
 * The audit: every count the VM keeps is recomputed from the page tables and the page indexes, and compared.
 *
 *      frame counted by         must equal
 *      private PTEs             page->refs of a PAGE_ANON frame
 *      other PTEs               page->maps of a PAGE_CACHE frame
 *      links to leaf tables     page->refs of a PAGE_TABLE frame; more than one: all lack the write bit
 *      tables reached           space->tables; each of kind PAGE_TABLE; each once: vm_stat.table_pages
 *      PTEs in use              resident and gone of their table
 *      resident of the tables   space->resident
 *      indexes                  page->object and pgoff; marked = dirty; a writable PTE only to a marked page
 *      VMA trees                order, gaps, counts; every VMA on its object's list exactly once
 *      pages of objects         object->charged where they are charged as they come; used of their quota
 *      marks of VMAs, objects   vm_committed()
 *      frames_check()           the buddy lists
 *      proc_audit()             numbers, signals, actions, directories of processes, who is ending (task/proc.c)
 *
 * It runs with every other CPU parked where it holds no spin lock (smp_freeze), so what it sees is one moment. Threads
 * may be asleep in the middle of something: pins they hold (a frame lent, a page being copied) make refs larger, never
 * smaller, so for frames that are lent or pinned only the lower bound is checked; without sleepers the comparison is
 * exact.
 *
 * A shared table is seen once for each space: its entries are checked against every space's VMAs, and counted the first
 * time.
 *
 * The counts live in arrays of 4 MiB blocks of frames allocated beforehand; without memory for them the audit says so
 * and counts as failed. It takes no lock: nobody else runs.
 */
#include "vm/vm_impl.h"

#define BLOCK_ORDER 10
#define COUNTS_PER_BLOCK ((PAGE_SIZE << BLOCK_ORDER) / sizeof(uint32_t))
#define BLOCKS_MAX (MAX_MEMORY / PAGE_SIZE / COUNTS_PER_BLOCK + 1)
#define REPORT_MAX 20

struct audit {
	uint32_t *count[BLOCKS_MAX]; /* PTEs that refer to each frame, links that lead to each table */
	unsigned order[BLOCKS_MAX];
	pfn_t frames;
	uint64_t tables;  /* met so far, each once */
	uint64_t charged; /* pages that VMAs and objects are marked as charged with */
};

static unsigned wrong_so_far; /* of the audit that runs: there is one at a time */

void audit_complain(const char *what, uint64_t where, uint64_t have, uint64_t want)
{
	if (wrong_so_far++ < REPORT_MAX)
		klog(LOG_ERROR, "audit: %s: %lx: has %lu, counted %lu", what, where, have, want);
}

static uint32_t *count_of(struct audit *a, pfn_t pfn)
{
	return pfn < a->frames ? &a->count[pfn / COUNTS_PER_BLOCK][pfn % COUNTS_PER_BLOCK] : NULL;
}

static void audit_free(struct audit *a)
{
	for (unsigned i = 0; i < BLOCKS_MAX; i++)
		if (a->count[i])
			page_free(phys_to_page(virt_to_phys(a->count[i])), a->order[i]);
	kfree(a);
}

static struct audit *audit_create(void)
{
	struct audit *a = kzalloc(sizeof *a);

	if (!a)
		return NULL;
	a->frames = frames_end();
	for (pfn_t at = 0; at < a->frames; at += COUNTS_PER_BLOCK) {
		size_t bytes = MIN(a->frames - at, COUNTS_PER_BLOCK) * sizeof(uint32_t);
		unsigned order = 0;
		while (PAGE_SIZE << order < bytes)
			order++;
		struct page *p = page_alloc(order, ALLOC_RESERVE);
		if (!p) {
			audit_free(a);
			return NULL;
		}
		memset(page_to_virt(p), 0, PAGE_SIZE << order);
		a->count[at / COUNTS_PER_BLOCK] = page_to_virt(p);
		a->order[at / COUNTS_PER_BLOCK] = order;
	}
	return a;
}

/* ---- spaces ---- */

static void audit_cache_pte(struct vma *v, vaddr_t addr, pte_t e)
{
	struct page *p = phys_to_page(pte_paddr(e));

	if (!v->object || p->kind != PAGE_CACHE || p->object != v->object || p->pgoff != vma_pgoff(v, addr))
		audit_complain("PTE maps a page that is not its object's", addr, p->pgoff, vma_pgoff(v, addr));
	else if (e & PTE_WRITE && v->object->pager == PAGER_SERVER && !page_index_marked(&v->object->pages, p->pgoff))
		audit_complain("writable PTE to a clean page", addr, e, 0);
	if (e & PTE_WRITE && !vma_is_shared(v))
		audit_complain("private mapping can write to a cache page", addr, e, 0);
}

/* first: this entry has not been met in another space */
static void audit_pte(struct audit *a, struct vma *v, vaddr_t addr, pte_t e, bool first)
{
	uint32_t *count = count_of(a, pte_paddr(e) >> PAGE_SHIFT);

	if (!(e & PTE_HELD))
		audit_complain("PTE without its held bit", addr, e, 0);
	if (e & PTE_WRITE && !(v->flags & VMA_WRITE))
		audit_complain("PTE writable against its VMA", addr, e, v->flags);
	if (e & PTE_UNCOUNTED)
		return;
	if (!count) {
		audit_complain("PTE to no frame", addr, e, 0);
		return;
	}
	*count += first;
	if (!(e & PTE_PRIVATE))
		audit_cache_pte(v, addr, e);
	else if (phys_to_page(pte_paddr(e))->kind != PAGE_ANON)
		audit_complain("private PTE to a frame of another kind", addr, phys_to_page(pte_paddr(e))->kind, PAGE_ANON);
	if (e & PTE_PRIVATE && e & PTE_WRITE && phys_to_page(pte_paddr(e))->refs != 1)
		audit_complain("writable PTE to a shared private frame", addr, phys_to_page(pte_paddr(e))->refs, 1);
}

/* What the tables of one space add up to. */
struct sums { uint64_t tables, resident, shared; };

static unsigned counted_entries(const pte_t *table)
{
	unsigned n = 0;

	for (unsigned i = 0; (i = pte_skip(table, i, PT_ENTRIES)) < PT_ENTRIES; i++)
		n += !(table[i] & PTE_UNCOUNTED);
	return n;
}

static void audit_leaf(struct sums *sums, pte_t link)
{
	struct page *p = phys_to_page(pte_paddr(link));
	unsigned counted = counted_entries(page_to_virt(p));

	if (p->shared == !!(link & PTE_WRITE))
		audit_complain("link to a table that does not say whether it is shared", page_to_phys(p), link, p->shared);
	if (p->refs > 1 && !p->shared)
		audit_complain("table of several spaces that is not shared", page_to_phys(p), p->refs, 1);
	if (p->gone > (p->shared ? p->resident : 0) || p->resident - p->gone != (int)counted)
		audit_complain("resident pages of a table", page_to_phys(p), (uint64_t)p->resident - p->gone, counted);
	sums->resident += p->resident;
	sums->shared += p->shared;
}

static void audit_tables(struct audit *a, struct sums *sums, pte_t *table, unsigned level, unsigned entries)
{
	for (unsigned i = 0; i < entries; i++) {
		if (!table[i])
			continue;
		struct page *p = phys_to_page(pte_paddr(table[i]));
		sums->tables++;
		a->tables += ++*count_of(a, page_to_phys(p) >> PAGE_SHIFT) == 1;
		if (p->kind != PAGE_TABLE || (level > 1 && p->refs != 1))
			audit_complain("page table of another kind or shared", page_to_phys(p), p->kind, PAGE_TABLE);
		if (level > 1)
			audit_tables(a, sums, phys_to_virt(pte_paddr(table[i])), level - 1, PT_ENTRIES);
		else
			audit_leaf(sums, table[i]);
	}
}

static void audit_space(struct audit *a, struct space *s)
{
	const char *wrong = vma_check(s);
	struct sums sums = { 0 };
	uint64_t in_use = 0;
	vaddr_t addr = 0, stop;

	if (wrong)
		audit_complain(wrong, (uint64_t)s, 0, 0);
	audit_tables(a, &sums, phys_to_virt(s->arch.root), PT_LEVELS - 1, PT_ENTRIES / 2);
	for (struct rb_node *n = rb_first(&s->vmas); n; n = rb_next(n)) {
		struct vma *v = vma_of(n);
		if (v->flags & VMA_ACCOUNT)
			a->charged += (v->end - v->start) >> PAGE_SHIFT;
		for (pte_t *pte; addr = MAX(addr, v->start), (pte = table_next(s, &addr, v->end, &stop));) {
			bool first = *count_of(a, virt_to_phys(pte) >> PAGE_SHIFT) == 1;
			for (; addr < stop; addr += PAGE_SIZE, pte++)
				if (*pte) {
					in_use++;
					audit_pte(a, v, addr, *pte, first);
				}
		}
	}
	/* Entries in use outside of every VMA would be missed above: count them all. */
	addr = 0;
	for (pte_t *pte; (pte = table_next(s, &addr, USER_END, &stop));)
		for (; addr < stop; addr += PAGE_SIZE, pte++)
			in_use -= *pte != 0;
	if (in_use)
		audit_complain("PTEs outside of every VMA", (uint64_t)s, -in_use, 0);
	if (sums.resident != s->resident)
		audit_complain("resident pages of a space", (uint64_t)s, s->resident, sums.resident);
	if (sums.tables != s->tables)
		audit_complain("page tables of a space", (uint64_t)s, s->tables, sums.tables);
	if (sums.shared != s->shared_links)
		audit_complain("links of a space to shared tables", (uint64_t)s, s->shared_links, sums.shared);
}

/* ---- objects ---- */

static void audit_object(struct audit *a, struct object *o, uint64_t *cached, uint64_t *dirty)
{
	const char *wrong = page_index_check(&o->pages);
	uint64_t mapped = 0;
	pgoff_t at = 0;

	a->charged += o->charged;
	if (o->port && o->pager != PAGER_SERVER && !port_alive(o->port) && o->size)
		audit_complain("memory of a dead driver", o->id, o->size, 0);
	if (wrong)
		audit_complain(wrong, (uint64_t)o, 0, 0);
	for (struct page *p; (p = page_index_next(&o->pages, &at, ~0ul)); at++) {
		if (p->kind != PAGE_CACHE || p->object != o || p->pgoff != at)
			audit_complain("index entry that does not point back", (uint64_t)o, p->pgoff, at);
		if (p->maps != *count_of(a, page_to_phys(p) >> PAGE_SHIFT))
			audit_complain("map count of a cache page", page_to_phys(p), p->maps,
			         *count_of(a, page_to_phys(p) >> PAGE_SHIFT));
		if (p->refs < 1)
			audit_complain("cache page without a reference", page_to_phys(p), p->refs, 1);
		if (!(p->flags & (PAGE_VALID | PAGE_BUSY)))
			audit_complain("cache page neither valid nor busy", page_to_phys(p), p->flags, 0);
	}
	list_for_each(link, &o->vmas) {
		struct vma *v = list_entry(link, struct vma, object_link);
		mapped += v->flags & VMA_SHARED && v->flags & VMA_MAYWRITE;
		if (v->object != o)
			audit_complain("VMA on another object's list", (uint64_t)o, v->start, 0);
	}
	if (mapped != o->shared_writable)
		audit_complain("shared writable mappings of an object", (uint64_t)o, o->shared_writable, mapped);
	*cached += o->pages.count;
	*dirty += o->pages.marked;
}

/* ---- frames ---- */

static void audit_frames(struct audit *a)
{
	const char *wrong = frames_check();

	if (wrong)
		audit_complain(wrong, 0, 0, 0);
	for (pfn_t pfn = 0; pfn < a->frames; pfn++) {
		struct page *p = pfn_to_page(pfn);
		uint32_t counted = *count_of(a, pfn);
		if (p->kind == PAGE_ANON && p->refs < counted)
			audit_complain("references to a private frame", page_to_phys(p), p->refs, counted);
		else if (p->kind == PAGE_ANON && p->refs > counted)
			audit_complain("private frame that nothing maps", page_to_phys(p), p->refs, counted);
		else if (counted && p->kind == PAGE_TABLE && p->refs != counted)
			audit_complain("links to a page table", page_to_phys(p), p->refs, counted);
		else if (counted && p->kind != PAGE_ANON && p->kind != PAGE_CACHE && p->kind != PAGE_TABLE)
			audit_complain("mapped frame of another kind", page_to_phys(p), p->kind, counted);
	}
}

static void audit_quotas(void)
{
	list_for_each(link, &all_quotas) {
		struct quota *q = list_entry(link, struct quota, all_link);
		q->counted = 0;
	}
	list_for_each(link, &all_objects) {
		struct object *o = list_entry(link, struct object, all_link);
		if (o->by_page && o->charged != o->pages.count)
			audit_complain("pages charged as they came", (uint64_t)o, o->charged, o->pages.count);
		if (o->quota && o->by_page) /* System V segments are charged whole */
			o->quota->counted += o->pages.count;
	}
	list_for_each(link, &all_quotas) {
		const struct quota *q = list_entry(link, struct quota, all_link);
		if (q->used != q->counted)
			audit_complain("pages of a quota", (uint64_t)q, q->used, q->counted);
	}
}

static void audit_all(struct audit *a)
{
	uint64_t cached = 0, dirty = 0;

	list_for_each(link, &all_spaces)
		audit_space(a, list_entry(link, struct space, all_link));
	list_for_each(link, &all_objects)
		audit_object(a, list_entry(link, struct object, all_link), &cached, &dirty);
	audit_quotas();
	audit_frames(a);
	proc_audit();
	if (a->charged != vm_committed())
		audit_complain("charged pages", 0, vm_committed(), a->charged);
	if (cached != vm_stat.cached_pages)
		audit_complain("cached pages", 0, vm_stat.cached_pages, cached);
	if (a->tables != vm_stat.table_pages)
		audit_complain("frames of page tables", 0, vm_stat.table_pages, a->tables);
	if (dirty != vm_stat.dirty_pages)
		audit_complain("dirty pages", 0, vm_stat.dirty_pages, dirty);
}

unsigned vm_audit(void)
{
	struct audit *a = audit_create();

	if (!a) {
		klog(LOG_ERROR, "audit: no memory for its counts");
		return 1;
	}
	smp_freeze();
	wrong_so_far = 0;
	audit_all(a);
	unsigned wrong = wrong_so_far;
	smp_thaw();
	audit_free(a);
	if (wrong)
		klog(LOG_ERROR, "audit: %u inconsistencies", wrong);
	return wrong;
}
