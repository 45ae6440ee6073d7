/* SPDX-License-Identifier: MIT */
/*
 * What the files of vm/ share among themselves.
 *
 * The order in which locks are taken (enum lock_rank numbers it):
 *
 *      space->lock (mutex)      VMAs, break, everything a system call changes
 *        object->lock (spin)    page index, VMA list, page flags
 *          space->links (spin)  which leaf tables hang in the space: for walks from an object
 *            table lock (spin)  the entries of one leaf table and its count of spaces, in the struct page of the table
 *              queue lock (spin)  the reclaim queue
 *                heap, frames   leaves
 *
 * A VMA's start, end, pgoff and membership change only under space->lock and object->lock together, so a walk from an
 * object to the PTEs of a page needs the object's lock alone. A VMA leaves its object before its upper tables are
 * freed; a leaf table may leave the space before (share.c), so such a walk holds space->links as well while it uses
 * one.
 */
#ifndef VM_IMPL_H
#define VM_IMPL_H

#include <abi/errno.h>
#include <abi/pager.h>

#include "file/file.h"
#include "lib/log.h"
#include "lib/string.h"
#include "pte.h"
#include "vm/vm.h"

extern struct cache *vma_cache;
extern struct list all_spaces, all_objects, all_quotas; /* for the audit and write-back */
extern struct spinlock registry_lock;       /* RANK_QUEUES: guards these lists */
extern struct page *zero_page;

static inline size_t pages_of(uint64_t bytes) { return (bytes + PAGE_MASK) >> PAGE_SHIFT; }

/* ---- vma.c: the tree of one space. Callers hold the space's lock. ---- */
static inline struct vma *vma_of(const struct rb_node *n) { return n ? container_of(n, struct vma, node) : NULL; }
static inline struct vma *vma_next(const struct vma *v) { return v->next; }
static inline struct vma *vma_prev(const struct vma *v) { return v->prev; }
struct vma *vma_find(struct space *s, vaddr_t addr);       /* the first VMA that ends above addr; NULL */
void vma_tree_init(struct space *s);
void vma_insert(struct space *s, struct vma *v);           /* range must be free */
void vma_remove(struct space *s, struct vma *v);           /* from the tree; not freed */
/* takes the object's lock; keeps the tree right */
void vma_set_range(struct vma *v, vaddr_t start, vaddr_t end, pgoff_t pgoff);
void vma_move_boundary(struct vma *low, struct vma *high, vaddr_t at); /* between neighbours of one object */
/* v keeps [start, at); returns the upper part, NULL: no memory */
struct vma *vma_split(struct space *s, struct vma *v, vaddr_t at);
void vma_set_flags(struct vma *v, uint32_t flags);          /* keeps the space's page counts right */
void vma_attach(struct vma *v);                            /* into its object's list, references taken */
void vma_detach(struct vma *v);                            /* out of it; references stay until vma_free */
void vma_free(struct vma *v);                              /* puts file and object: no lock held, may sleep */
vaddr_t vma_find_gap(struct space *s, size_t len, vaddr_t low, vaddr_t high); /* highest fit; 0: none */
vaddr_t vma_find_low_gap(struct space *s, size_t len, vaddr_t low, vaddr_t high); /* lowest fit; 0: none */
const char *vma_check(struct space *s);                    /* audit: NULL or what is wrong */
/* vma_may_end: v may be cut at the address; -EINVAL: in the middle of a huge page. */
static inline int vma_may_end(const struct vma *v, vaddr_t at)
{
	return v->flags & VMA_HUGETLB && at & ((1ul << v->object->huge_shift) - 1) ? -EINVAL : 0;
}
static inline uint32_t vma_prot(const struct vma *v) { return v->flags & VMA_PROT; } /* PROT_* */
/* kept free below */
static inline vaddr_t vma_guard(const struct vma *v) { return v->flags & VMA_GROWSDOWN ? STACK_GAP : 0; }
static inline pgoff_t vma_pgoff(const struct vma *v, vaddr_t addr)
{
	return v->pgoff + ((addr - v->start) >> PAGE_SHIFT);
}

/* ---- merge.c: which neighbours become one. Callers hold the space's lock; what was swallowed goes to `dead`. ---- */
/* A range that is, or is about to be, mapped so. */
struct piece {
	vaddr_t start, end;
	pgoff_t pgoff;
	uint32_t flags; /* enum vma_flags */
	uint64_t anon;
	struct object *object;
	struct file *file;
};
/*
 * vma_edit: [start, end), which lies within v, gets other flags: swallowed by a neighbour that already has them, or cut
 * out of v. The way of every change of rights, advice and locks.
 * -> *vp: v in, the VMA that holds the range now out. Equal flags: nothing happens, nothing is merged.
 * -> -ENOMEM: no memory, or too many VMAs; -EINVAL: huge pages; v may have been split at start, its flags are as before
 */
int vma_edit(struct space *s, struct vma **vp, vaddr_t start, vaddr_t end, uint32_t flags, struct list *dead);
/*
 * vma_merge: the neighbours before and behind p's range take it in, if flags, file, offsets and identity allow. The
 * range is free, or belongs to one VMA: the whole of it, its beginning or its end.
 * -> prev: the last VMA that starts before p->start (it may be the one that the range is the end of); NULL: none
 * -> what holds the range now; NULL: nothing has changed
 */
struct vma *vma_merge(struct space *s, struct vma *prev, const struct piece *p, struct list *dead);
/* vma_grow_up: low alone takes in p, which follows it; false: it may not. */
bool vma_grow_up(struct space *s, struct vma *low, const struct piece *p);
/* vma_settle: v, as it lies in the tree, with its neighbours; what survives. */
struct vma *vma_settle(struct space *s, struct vma *v, struct list *dead);
/* vma_grow_into: for a new mapping over free addresses: like vma_merge, but mmap prefers the VMA behind. */
struct vma *vma_grow_into(struct space *s, struct vma *prev, const struct piece *p, struct list *dead);
/* vma_make_anon: v is about to get its first private page: it takes a neighbour's identity or a new one. */
void vma_make_anon(struct vma *v);
uint64_t anon_fork(uint64_t parent);                       /* the child's identity over the parent's */

/* ---- commit.c ---- */
void commit_init(void);
/* A page comes into an object, or leaves it: charged where pages are charged as they come, and counted in its quota. */
must_check bool commit_take_page(struct object *o);
void commit_drop_page(struct object *o);

/* ---- space.c ---- */
/*
 * munmap with the lock held; what died is gathered for space_free_dead, which needs it let go. -ENOMEM, -EINVAL:
 * nothing is unmapped.
 */
int space_unmap_locked(struct space *s, vaddr_t start, vaddr_t end, struct list *dead);
void space_free_dead(struct list *dead);

/* ---- map.c ---- */
/*
 * space_place: where a mapping goes: *addr as asked for (m->flags: MAP_FIXED, ...) becomes the answer. As space_mmap's
 * errors.
 */
int space_place(struct space *s, vaddr_t *addr, size_t len, const struct mapping *m);
/* space_grow_stack: v, the first VMA above addr (NULL: none), grows down to it; false: it may not. -> lock held */
bool space_grow_stack(struct space *s, struct vma *v, vaddr_t addr);
/*
 * space_touch: a fault of one of many pages: between two others may run, and a kill ends it. 0, -EFAULT, -ENOMEM, -EINTR
 * -> no lock held, may sleep
 */
int space_touch(struct space *s, vaddr_t addr, enum fault_access access);

/* ---- table.c: page tables ---- */
/*
 * pte_skip: the first entry in use of table[i..end), else end. Empty stretches are passed eight entries (a cache line)
 * at a time: a table that holds one page costs 80 steps rather than 512, which is most of what unmapping sparse memory
 * costs. Bits that say which entries are in use would make it cheaper still, but every fault would have to keep them.
 */
static inline unsigned pte_skip(const pte_t *table, unsigned i, unsigned end)
{
	while (i < end && !table[i]) {
		const pte_t *line = &table[++i];
		while ((uint64_t)line % 64 == 0 && i + 8 <= end &&
		       !(line[0] | line[1] | line[2] | line[3] | line[4] | line[5] | line[6] | line[7]))
			line = &table[i += 8];
	}
	return i;
}
pte_t *table_find(struct space *s, vaddr_t addr);          /* the leaf entry, NULL when its table is absent */
/* table_make: the same, to be changed: tables are made on the way, and a shared one becomes s's own. NULL: no memory */
pte_t *table_make(struct space *s, vaddr_t addr);
/* the upper entry that is the leaf table's; NULL: it has no place */
pte_t *table_link(struct space *s, vaddr_t addr);
pte_t *table_make_link(struct space *s, vaddr_t addr);     /* the same, upper tables made on the way; NULL: no memory */
pte_t *table_of(pte_t upper);                              /* what an upper entry leads to */
struct page *table_alloc(void);                            /* an empty table, in no space and not counted; NULL */
void table_hang(struct space *s, pte_t *upper, struct page *table); /* it is s's own from now on */
/*
 * table_move_leaf: the leaf table of `from` becomes that of `to`, with everything in it. -> both begin a leaf table's
 * range, from's exists, to's upper tables exist, the caller shoots down. False, and nothing done: `to` has a leaf
 * table.
 */
bool table_move_leaf(struct space *s, vaddr_t from, vaddr_t to);
/*
 * table_next: the leaf entry of the first address in [*addr, end) whose table exists; *addr becomes that address, *stop
 * where the table (or the range) ends. NULL: no more. Loop: for (...; pte = table_next(s, &addr, end, &stop); addr =
 * stop).
 */
pte_t *table_next(struct space *s, vaddr_t *addr, vaddr_t end, vaddr_t *stop);
/* table_next_link: the same for the link to that table. */
pte_t *table_next_link(struct space *s, vaddr_t *addr, vaddr_t end);
struct page *table_page(pte_t *pte);                       /* the frame of the table an entry lies in: has its lock */
void table_destroy(struct space *s);                       /* every user table of a space that no CPU has loaded */
pte_t pte_make(paddr_t pa, uint32_t prot, bool writable, pte_t software);

/*
 * A batch collects what unmapped PTEs pointed at until the TLB entries are gone: only then may a frame be reused, or a
 * cache page's map count fall.
 */
#define BATCH_MAX 64
struct zap {
	struct space *space;
	bool for_others;    /* a table was edited that others have too: everybody's TLB is flushed */
	vaddr_t start, end; /* range to flush, empty when start >= end */
	bool open;          /* counted in space->unflushed */
	unsigned count;
	pte_t entry[BATCH_MAX];
};
void zap_init(struct zap *z, struct space *s);
void zap_open(struct zap *z);                              /* before entries are changed that are then added */
/* zap_add: `old` has been taken from `table`, which is locked. Flushes by itself when full. */
void zap_add(struct zap *z, struct page *table, vaddr_t addr, pte_t old);
void zap_finish(struct zap *z);                            /* flush, then give frames back */
/*
 * table_zap: clears the PTEs of the range. Of tables that are the space's own, see table_leave; or shared ones for all
 * who have them, in a walk from their object, which is locked.
 */
void table_zap(struct zap *z, vaddr_t start, vaddr_t end, bool cache_only);
/* empty tables of a hole */
void table_free(struct space *s, vaddr_t start, vaddr_t end, vaddr_t floor, vaddr_t ceiling);

/* ---- share.c: leaf tables that several spaces have. Callers hold the space's lock. ---- */
/* table_own: the table at *link, which covers addr, becomes s's own, by a copy if others have it. False: no memory. */
bool table_own(struct space *s, vaddr_t addr, pte_t *link);
/*
 * table_adopt: the table that covers addr is s's own, or nobody else has it any more and it becomes so. Never
 * allocates.
 */
bool table_adopt(struct space *s, vaddr_t addr);
/* table_own_range: every table with entries in the range becomes s's own. -ENOMEM: some have. */
int table_own_range(struct space *s, vaddr_t start, vaddr_t end);
/*
 * table_leave: the pages of [start, end) are about to go, and the space keeps nothing else in [floor, ceiling), which
 * is larger: it lets go of the shared tables within that, and the rest with entries to go become its own.
 * -> -ENOMEM: nothing has changed. Never when [floor, ceiling) is the whole space
 */
int table_leave(struct space *s, vaddr_t start, vaddr_t end, vaddr_t floor, vaddr_t ceiling);
bool table_any_shared(struct space *s, vaddr_t start, vaddr_t end);
/* nobody may store through its entries */
static inline bool table_is_shared(pte_t *pte) { return table_page(pte)->shared; }

/* ---- object.c, pager.c: caches made at boot ---- */
void object_init(void);
void pager_init(void);

/* object_page: page at pgoff, locked lookups. */
static inline struct page *object_page_locked(struct object *o, pgoff_t at) { return page_index_get(&o->pages, at); }
void object_mark_dirty_locked(struct object *o, struct page *p);
void object_touch_locked(struct object *o);            /* its file was modified now */
bool object_dirty_locked(struct object *o, struct page *p);
int object_insert_locked(struct object *o, struct page *p, pgoff_t at, uint16_t flags); /* takes over p's reference */
void object_remove_locked(struct object *o, struct page *p); /* unmapped already; drops the index's reference */
void object_unmap_locked(struct object *o, pgoff_t first, pgoff_t last, bool cache_only);
void object_protect_locked(struct object *o, pgoff_t at);  /* no PTE of the page may store any more */
void object_zero_tail_locked(struct object *o);
bool object_try_get(struct object *o);
/* object_held_locked: a hole is being made there, no page may come into the index. */
static inline bool object_held_locked(const struct object *o, pgoff_t at)
{
	return at - o->held_first < o->held_end - o->held_first;
}

/* ---- object_io.c, object_size.c: no lock held, all may sleep ---- */
/*
 * object_pin: the valid page at `at`, pinned by a reference. The pager fills it if need be; a page of an object without
 * a server is made of zeros. -> 0; -EIO and the pager's other errors; -ENOMEM; -EINTR; -ENXIO past the end.
 */
int object_pin(struct object *o, pgoff_t at, struct page **out);
/* object_is_hole: without a server what is not in the index is a hole, and need not be filled to be read. */
bool object_is_hole(struct object *o, pgoff_t at);
int object_reserve(struct object *o, pgoff_t first, pgoff_t last, uint64_t size); /* DIRTY, unless they are RESERVED */
/* object_extend: token held: the size grows, or stays. -EPERM: sealed meanwhile, without the token (object_revoke) */
int object_extend(struct object *o, uint64_t size);
int object_extend_begin(struct object *o);                 /* the token to change the size; -EINTR */
void object_extend_end(struct object *o);
int object_wait_writes(struct object *o);                  /* until no WRITE is under way; -EINTR */
/* token held: the pager hears of a cut it has not heard of */
int object_tell_cut(struct object *o);
int object_settle_size(struct object *o);                  /* the same, taking the token */
int object_prepare_growth(struct object *o);               /* token held: what lies behind the old end reads as zeros */

/* ---- pager.c: asking servers. No lock held; all may sleep. ---- */
enum read_hint { READ_NORMAL, READ_RANDOM, READ_SEQUENTIAL };
/* 0: the page is there or was (look again); -EIO, -ENOMEM, -EINTR, ... */
int pager_read(struct object *o, pgoff_t at, enum read_hint hint);
int pager_reserve(struct object *o, pgoff_t first, size_t npages, uint64_t size); /* DIRTY */
int pager_write(struct object *o, uint64_t off, uint64_t end); /* WRITE what is dirty in the bytes [off, end), wait */
int pager_simple(struct object *o, uint32_t op);           /* SYNC, RESIZE with size and mtime */
int pager_punch(struct object *o, pgoff_t first, size_t npages); /* PUNCH */
int pager_seek(struct object *o, uint64_t off, bool hole, uint64_t *found); /* SEEK */
int pager_wait_page(struct object *o, pgoff_t at);         /* until it is not BUSY */

/* ---- lock.c, advise.c ---- */
bool object_is_locked_locked(struct object *o, pgoff_t at); /* mapped by a VMA under VMA_LOCKED */
int fault_errno(enum fault_result result);
/* frees what was freed lazily and not stored to since; pages */
uint64_t space_drop_lazy(struct space *s);

/* ---- reclaim.c ---- */
void reclaim_range(struct object *o, pgoff_t first, pgoff_t last); /* pages that are clean and at most once mapped */
void queue_insert(struct page *p);
void queue_remove(struct page *p);
void reclaim_poke(void);                                   /* the cache has grown: look at the marks */
/* A thread that has dirtied pages of o: when dirty pages are many it cleans some before it goes on. No lock held. */
void writeback_throttle(struct object *o);

#endif
