/* SPDX-License-Identifier: MIT */
/* Page-table entries of x86-64 (Intel SDM vol. 3, 4.5), as inline functions. Policy is in kernel/vm/. */
#ifndef PTE_H
#define PTE_H

#include "lib/types.h"

typedef uint64_t pte_t;

#define PTE_PRESENT  (1ul << 0)
#define PTE_WRITE    (1ul << 1)
#define PTE_USER     (1ul << 2)
#define PTE_UNCACHED (1ul << 4 | 1ul << 3) /* PCD, PWT */
#define PTE_ACCESSED (1ul << 5)
#define PTE_DIRTY    (1ul << 6)
#define PTE_LARGE    (1ul << 7)
#define PTE_GLOBAL   (1ul << 8)
#define PTE_PRIVATE  (1ul << 9)  /* software: the frame belongs to this PTE (private layer), not to an object */
#define PTE_UNCOUNTED (1ul << 10) /* software: device memory or the zero page: no struct page counts this PTE */
#define PTE_HELD     (1ul << 11) /* software: set in every entry in use; alone (not PRESENT): kept under PROT_NONE */
#define PTE_LAZY     (1ul << 52) /* software, of a private frame: may be dropped while PTE_DIRTY is clear (MADV_FREE) */
#define PTE_NX       (1ul << 63)
#define PTE_ADDR     0x000ffffffffff000ul

#define PT_ENTRIES 512
#define PT_LEVELS  4 /* 3: PML4, 2: PDPT, 1: PD, 0: leaf */

static inline unsigned pt_index(vaddr_t va, unsigned level)
{
	return va >> (PAGE_SHIFT + 9 * level) & (PT_ENTRIES - 1);
}
static inline uint64_t pt_span(unsigned level) { return 1ul << (PAGE_SHIFT + 9 * level); } /* bytes one entry covers */
static inline paddr_t pte_paddr(pte_t e) { return e & PTE_ADDR; }

#endif
