/* SPDX-License-Identifier: MIT */
/*
 * Memory of the kernel: frames (buddy allocator), the heap (slabs), kernel stacks. Every allocation can fail; callers
 * cope. None of these sleeps. Locks taken: RANK_HEAP, RANK_FRAMES, RANK_KMAP, all leaves.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "lib/list.h"
#include "lib/spinlock.h"
#include "lib/types.h"

struct object;
struct cache;

/* ---- frames.c ---- */

enum page_kind {
	PAGE_FREE,   /* in the buddy allocator or a CPU's hot list */
	PAGE_FIXED,  /* never allocatable: firmware, the image, holes */
	PAGE_KERNEL, /* heap, stacks, kernel tables */
	PAGE_TABLE,  /* a user page table */
	PAGE_ANON,   /* private memory: belongs to the PTEs that map it */
	PAGE_CACHE,  /* in an object's page index */
};

/* Flags of a cache page; guarded by its object's lock. */
enum {
	PAGE_BUSY = 1,      /* lent, or being filled: wait for it, do not touch the bytes */
	PAGE_VALID = 2,     /* bytes are the object's bytes */
	PAGE_RESERVED = 4,  /* the pager has promised space: stores ask nothing */
	PAGE_WRITEBACK = 8, /* WRITE is under way (bytes may be read and stored to) */
	PAGE_ERROR = 16,    /* the last WRITE failed; still dirty */
	PAGE_ACCESSED = 32, /* used since reclaim last looked */
	PAGE_QUEUED = 64,   /* on the reclaim queue */
	PAGE_FRESH = 128,   /* added by an object_allocate that may still fail */
};

/* One of these for every frame: 56 bytes. Guards: (o) object lock, (a) atomic, (f) frames, (t) table lock. */
struct page {
	struct list link;         /* free list (f); a batch of its owner's; page queue */
	/* (a) 0: free. One each: a PTE (anon), the page index (cache), a space (leaf table), a pin */
	volatile uint32_t refs;
	volatile uint32_t maps;   /* (a) PTEs that map a cache page */
	uint8_t kind;             /* enum page_kind, set by the owner at allocation */
	uint8_t order;            /* (f) of the free block this frame heads; ORDER_NONE in every other frame */
	uint16_t flags;           /* (o) */
	uint16_t sectors;         /* (o) dirty 512-byte sectors of a block object's page */
	uint16_t pad;
	union {
		struct {                  /* PAGE_CACHE */
			struct object *object; /* (o) NULL once truncated away */
			pgoff_t pgoff;
		};
		struct {                  /* PAGE_TABLE */
			struct spinlock lock; /* guards the entries of a leaf table, its refs and what follows */
			uint16_t resident;    /* pages that its entries counted in each of its spaces, vm/share.c */
			uint16_t gone;        /* how many of them have gone since it came to be shared */
			bool shared;          /* its links lack the write bit */
		};
		struct {                  /* PAGE_KERNEL, of the heap: guarded by the cache's lock, but cache is constant */
			struct cache *cache;   /* in every frame of a slab; NULL: a block of whole pages */
			void *free_objects;    /* in the first frame: objects not in use, chained through their first word */
			uint32_t used;         /* in the first frame: objects handed out, to callers or to CPUs */
		};
	};
};

enum {
	ALLOC_ZERO = 1,    /* zeroed (512 string stores) */
	ALLOC_RESERVE = 2, /* the paging path: may take the last frames */
};

/* A range of physical memory as firmware reports it. */
struct memory_range { paddr_t base; uint64_t len; bool usable; };

extern struct page *page_array; /* indexed by pfn; lies in the physmap */

void frames_init(const struct memory_range *ranges, unsigned count, const struct memory_range *taken, unsigned ntaken);
/* page_alloc: 2^order contiguous frames, refs 1 in the head, kind PAGE_KERNEL, flags 0; NULL when there are none. */
struct page *page_alloc(unsigned order, unsigned flags);
void page_free(struct page *page, unsigned order); /* refs must be 0 or 1 */
static inline void page_get(struct page *p) { __atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED); }
void page_release(struct page *page); /* of order 0, refs reached 0 */
static inline void page_put(struct page *p)
{
	if (__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) == 0)
		page_release(p);
}
uint64_t frames_free(void);   /* frames, hot lists included */
uint64_t frames_total(void);  /* allocatable frames */
uint64_t frames_reserve(void); /* kept for ALLOC_RESERVE */
void frames_set_reserve(uint64_t frames); /* not less than at boot, not more than a quarter */
uint64_t frames_allocated(void), frames_freed(void); /* since boot */
pfn_t frames_end(void);        /* entries of page_array */
const char *frames_check(void); /* NULL or what is wrong: recounts every list */

static inline void *phys_to_virt(paddr_t pa) { return (void *)(PHYSMAP_BASE + pa); }
static inline paddr_t virt_to_phys(const void *va) { return (vaddr_t)va - PHYSMAP_BASE; } /* physmap addresses only */
static inline struct page *pfn_to_page(pfn_t pfn) { return &page_array[pfn]; }
static inline struct page *phys_to_page(paddr_t pa) { return &page_array[pa >> PAGE_SHIFT]; }
static inline paddr_t page_to_phys(const struct page *p) { return (paddr_t)(p - page_array) << PAGE_SHIFT; }
static inline void *page_to_virt(const struct page *p) { return phys_to_virt(page_to_phys(p)); }

/* The two loops whose cost the benchmarks show apart: 8-byte string instructions. */
static inline void page_zero(void *va)
{
	uint64_t n = PAGE_SIZE / 8;
	__asm__ volatile("rep stosq" : "+D"(va), "+c"(n) : "a"(0ul) : "memory");
}
static inline void page_copy(void *dst, const void *src)
{
	uint64_t n = PAGE_SIZE / 8;
	__asm__ volatile("rep movsq" : "+D"(dst), "+S"(src), "+c"(n) : : "memory");
}

/* ---- heap.c ---- */

/* struct cache: slabs of one size. Objects are aligned to 16 bytes, and to 64 when the size is a multiple of 64. */
void heap_init(void);
extern bool (*heap_on_paging_path)(void); /* set by vm: whether the running thread may take the last frames */
struct cache *cache_create(const char *name, size_t size); /* at boot, after heap_init; size at most 8192 */
void *cache_alloc(struct cache *cache);                    /* not zeroed; NULL */
void cache_free(struct cache *cache, void *obj);
void *kmalloc(size_t size);                                /* up to 4 MiB; NULL. From 64 bytes on aligned to 64 */
void *kzalloc(size_t size);
void kfree(void *ptr);                                     /* NULL is fine */
size_t heap_bytes(void);                                   /* bytes of frames the heap holds */
/* heap_live: objects allocated and not freed, for leak checks. heap_reclaim: give empty slabs back. */
size_t heap_live(void);
void heap_reclaim(void);

/* ---- failalloc.c: the n-th allocation (page, slab object or kmalloc) from now fails, once; 0 disarms ---- */
void failalloc_arm(uint64_t n);
uint64_t failalloc_count(void); /* allocations since boot */
extern volatile uint64_t failalloc_left;
bool failalloc_hit_slow(void);

/* ---- kstack.c ---- */
void *kstack_alloc(void); /* lowest address of KSTACK_PAGES * PAGE_SIZE bytes, guard page below; NULL */
void kstack_free(void *stack); /* not the one we run on */
uint64_t kstack_frames(void);  /* frames held by free stacks kept for reuse */

#endif
