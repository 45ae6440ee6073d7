/* SPDX-License-Identifier: MIT */
/*
 * memory.c: the kernel half of the address space.
 *
 *     slot 256  PHYSMAP_BASE   every range of the firmware's map below MAX_MEMORY, 2 MiB pages, writable, never executable
 *     slot 257  KSTACK_BASE    filled by kmap
 *     slot 258  MMIO_BASE      filled by mmio_map, uncached
 *     slot 511  KERNEL_BASE    the image, 4 KiB pages: text R-X, rodata R--, data RW-
 *
 * All four top-level entries exist before the first address space is made and never change, so a space copies the
 * upper half of its root once (space.c) and no kernel mapping needs to be told to anybody. Everything here is global
 * (CR4.PGE): it survives a change of CR3.
 *
 * The physmap must be whole before the frame allocator hands out its first frame, because a frame is reached only
 * through it; so physmap_init runs from boot.c with pages claimed from the memory map. Ranges that are not RAM are in
 * it too, for ACPI tables lie there; device memory among them is uncached by the MTRRs. Rounding to 2 MiB may cover a
 * little more; nobody follows a physical address that is not in the map, see physmap_view.
 *
 * Lock: kmap_lock (RANK_KMAP) guards the tables below slots 257 and 258 and the MMIO cursor. Frames rank below it, so
 * a missing table is allocated before the lock is taken. Tables of kmap are never given back: stacks reuse their slots.
 * Rejected: 1 GiB pages, which qemu64 has not; a guard page under the boot stack, which only the idle loop uses later.
 */
#include <abi/errno.h>

#include "arch_impl.h"
#include "lib/log.h"
#include "lib/string.h"
#include "pte.h"
#include "x86.h"

#define LARGE_SIZE (1ul << 21)
#define GIB (1ul << 30)
#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITE)

paddr_t kernel_root;

static pte_t *physmap_pdpt;
static struct spinlock kmap_lock = SPINLOCK_INIT(RANK_KMAP);
static vaddr_t mmio_next = MMIO_BASE;

static pte_t *table_of(pte_t entry)
{
	return phys_to_virt(pte_paddr(entry));
}

/* ---- the physmap ---- */

static paddr_t range_end(const struct memory_range *r)
{
	return MIN(ALIGN_UP(MIN(r->base + r->len, MAX_MEMORY), LARGE_SIZE), MAX_MEMORY);
}

static unsigned physmap_count_tables(void)
{
	uint64_t seen = 1; /* a bit per GiB; the first is always there */

	_Static_assert(MAX_MEMORY / GIB <= 64, "one bit per GiB");
	for (unsigned i = 0; i < boot_info.ranges; i++)
		for (paddr_t pa = ALIGN_DOWN(boot_info.range[i].base, GIB); pa < range_end(&boot_info.range[i]); pa += GIB)
			seen |= 1ul << pa / GIB;
	unsigned n = 1;
	for (; seen; seen &= seen - 1)
		n++;
	return n;
}

static void physmap_add(paddr_t from, paddr_t to, paddr_t *pool)
{
	for (paddr_t pa = ALIGN_DOWN(from, LARGE_SIZE); pa < to; pa += LARGE_SIZE) {
		pte_t *upper = &physmap_pdpt[pt_index(pa, 2)];
		if (!*upper) {
			*upper = *pool | TABLE_FLAGS;
			*pool += PAGE_SIZE;
		}
		table_of(*upper)[pt_index(pa, 1)] = pa | PTE_PRESENT | PTE_WRITE | PTE_LARGE | PTE_GLOBAL | PTE_NX;
	}
}

void physmap_init(void)
{
	size_t len = physmap_count_tables() * PAGE_SIZE;
	paddr_t pool = boot_claim(len, 1ul << 20, 4 * GIB);

	if (!pool)
		panic("boot: no %zu bytes of memory for page tables in the loader's map of %u ranges", len, boot_info.ranges);
	memset(phys_to_virt(pool), 0, len);
	physmap_pdpt = phys_to_virt(pool);
	paddr_t pdpt = pool;
	pool += PAGE_SIZE;
	physmap_add(0, LARGE_SIZE, &pool);
	for (unsigned i = 0; i < boot_info.ranges; i++)
		physmap_add(boot_info.range[i].base, range_end(&boot_info.range[i]), &pool);
	boot_pml4[pt_index(PHYSMAP_BASE, 3)] = pdpt | TABLE_FLAGS;
	write_cr3(read_cr3());
}

void *physmap_view(paddr_t pa, size_t len)
{
	if (!len || pa + len < pa || pa + len > MAX_MEMORY)
		return NULL;
	for (paddr_t at = ALIGN_DOWN(pa, LARGE_SIZE); at < pa + len; at += LARGE_SIZE) {
		pte_t upper = physmap_pdpt[pt_index(at, 2)];
		if (!upper || !table_of(upper)[pt_index(at, 1)])
			return NULL;
	}
	return phys_to_virt(pa);
}

/* ---- the image, and the root of all kernel halves ---- */

static pte_t *boot_table(pte_t *entry)
{
	if (!*entry) {
		struct page *page = page_alloc(0, ALLOC_ZERO);
		if (!page)
			panic("boot: no memory for the kernel's page tables");
		*entry = page_to_phys(page) | TABLE_FLAGS;
	}
	return table_of(*entry);
}

static void image_map(pte_t *root, const char *start, const char *end, pte_t flags)
{
	for (vaddr_t va = (vaddr_t)start; va < (vaddr_t)end; va += PAGE_SIZE) {
		pte_t *table = root;
		for (unsigned level = PT_LEVELS - 1; level; level--)
			table = boot_table(&table[pt_index(va, level)]);
		table[pt_index(va, 0)] = image_to_phys((void *)va) | PTE_PRESENT | PTE_GLOBAL | flags;
	}
}

void arch_memory_init(void)
{
	pte_t anchor = 0;
	pte_t *root = boot_table(&anchor);

	root[pt_index(PHYSMAP_BASE, 3)] = boot_pml4[pt_index(PHYSMAP_BASE, 3)];
	boot_table(&root[pt_index(KSTACK_BASE, 3)]);
	boot_table(&root[pt_index(MMIO_BASE, 3)]);
	image_map(root, text_start, text_end, 0);
	image_map(root, rodata_start, rodata_end, PTE_NX);
	image_map(root, data_start, data_end, PTE_NX | PTE_WRITE);
	kernel_root = pte_paddr(anchor);
	write_cr3(kernel_root);
}

/* ---- kmap ---- */

/*
 * The leaf entry of va, with lock held. NULL: a table is missing and *spare, if any, was used up; the caller lets the
 * lock go, allocates another and walks again.
 */
static pte_t *leaf_locked(vaddr_t va, struct page **spare)
{
	pte_t *table = phys_to_virt(kernel_root);

	for (unsigned level = PT_LEVELS - 1; level; level--) {
		pte_t *entry = &table[pt_index(va, level)];
		if (!*entry) {
			if (!*spare)
				return NULL;
			*entry = page_to_phys(*spare) | TABLE_FLAGS;
			*spare = NULL;
		}
		table = table_of(*entry);
	}
	return &table[pt_index(va, 0)];
}

int kmap(vaddr_t va, paddr_t pa, unsigned flags)
{
	pte_t pte = pa | PTE_PRESENT | PTE_GLOBAL | PTE_NX;
	struct page *spare = NULL;
	pte_t *leaf;

	if (flags & KMAP_WRITE)
		pte |= PTE_WRITE;
	if (flags & KMAP_UNCACHED)
		pte |= PTE_UNCACHED;
	for (;;) {
		spin_lock(&kmap_lock);
		leaf = leaf_locked(va, &spare);
		if (leaf)
			*leaf = pte;
		spin_unlock(&kmap_lock);
		if (leaf)
			break;
		spare = page_alloc(0, ALLOC_ZERO);
		if (!spare)
			return -ENOMEM;
	}
	if (spare)
		page_free(spare, 0);
	return 0;
}

void kunmap(vaddr_t va, size_t npages)
{
	struct page *spare = NULL;

	spin_lock(&kmap_lock);
	for (size_t i = 0; i < npages; i++) {
		pte_t *leaf = leaf_locked(va + i * PAGE_SIZE, &spare);
		if (leaf)
			*leaf = 0;
	}
	spin_unlock(&kmap_lock);
	if (npages)
		tlb_shootdown(NULL, va, npages);
}

void *mmio_map(paddr_t pa, size_t len)
{
	paddr_t first = ALIGN_DOWN(pa, PAGE_SIZE);
	size_t npages = (ALIGN_UP(pa + len, PAGE_SIZE) - first) >> PAGE_SHIFT;

	spin_lock(&kmap_lock);
	vaddr_t va = mmio_next;
	mmio_next += npages * PAGE_SIZE;
	spin_unlock(&kmap_lock);
	for (size_t i = 0; i < npages; i++)
		if (kmap(va + i * PAGE_SIZE, first + i * PAGE_SIZE, KMAP_WRITE | KMAP_UNCACHED) < 0)
			return NULL;
	return (void *)(va + (pa - first));
}
