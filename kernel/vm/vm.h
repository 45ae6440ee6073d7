/* SPDX-License-Identifier: MIT */
/*
 * Virtual memory: address spaces, VM objects, faults. docs/life-of-a-fault.md walks through it.
 *
 * Who owns what: a space owns its VMAs and tables; a VMA owns one reference to its object and one to its file; an
 * object owns its cache pages (one reference each) and one reference to its pager; a private page belongs to the PTEs
 * that map it. Lock order: space -> object -> page table -> page queues -> frames. No lock is held while a pager is
 * asked.
 */
#ifndef VM_VM_H
#define VM_VM_H

#include <abi/mman.h>
#include <abi/personality.h>

#include "ipc/ipc.h"
#include "lib/pageindex.h"
#include "lib/rbtree.h"
#include "task/task.h"

struct file;
struct node;
struct vma;

/* ---- space.c: address spaces and their VMAs ---- */

/* Guards: (m) lock, (a) atomic, (c) constant after creation. */
struct space {
	struct arch_space arch;
	struct mutex lock;         /* RANK_SPACE */
	volatile uint32_t refs;    /* (a) processes (vfork) and others that look inside */
	struct rb_tree vmas;       /* (m) by address, augmented with the largest gap */
	struct vma *recent;        /* (m) last VMA a lookup found */
	struct vma *highest;       /* (m) NULL: there is none */
	uint64_t nvmas;            /* (m) */
	uint32_t def_flags;        /* (m) VMA_LOCKED, VMA_LOCKONFAULT: what every new mapping gets (mlockall) */
	/*
	 * (m) pages mapped, as the VMAs' ranges and flags say: all (RLIMIT_AS), private writable (RLIMIT_DATA), code,
	 * stacks, locked
	 */
	uint64_t total_pages, data_pages, exec_pages, stack_pages, locked_pages;
	uint64_t peak_pages;       /* (m) the most that total_pages was */
	struct spinlock links;     /* RANK_LINKS: links to leaf tables change under (m) and this */
	uint32_t shared_links;     /* (m) of them, those to tables that other spaces (may) have too */
	volatile uint64_t resident;/* (a) pages mapped, and those that have gone from shared tables: see space_resident */
	volatile bool lazy;        /* there may be PTE_LAZY entries */
	uint64_t peak_resident;    /* the most it was when pages went; about right without a lock */
	volatile uint64_t tables;  /* (a) frames of page tables */
	volatile uint32_t unflushed; /* (a) who has taken rights from entries and has yet to shoot them down, see table.c */
	vaddr_t brk_start, brk;    /* (m) */
	vaddr_t stack_start;       /* top of the initial stack, for /proc */
	vaddr_t arg_start, arg_end, env_start, env_end, code_start, code_end;
	vaddr_t data_start, data_end; /* of the initialised data, for RLIMIT_DATA */
	uint64_t stack_limit;      /* bytes, RLIMIT_STACK */
	vaddr_t mmap_top;          /* mmap without a hint searches downwards from here */
	vaddr_t auxv_start;        /* of the auxiliary vector on the initial stack */
	uint32_t barriers;         /* kinds of memory barriers it has announced (sys/membarrier.c) */
	bool undumpable;           /* not open to others of its user (PR_SET_DUMPABLE, a change of user): no core either */
	struct list all_link;      /* every space: the audit walks them */
};

/*
 * What a VMA is, in one word: neighbours whose words differ are never merged. The first three are PROT_READ, PROT_WRITE
 * and PROT_EXEC; four bits above each stands the right to ask for it. The names are those of Linux's VM_*.
 */
enum vma_flags {
	VMA_READ        = 1 << 0,
	VMA_WRITE       = 1 << 1,
	VMA_EXEC        = 1 << 2,
	VMA_PROT        = VMA_READ | VMA_WRITE | VMA_EXEC,
	VMA_SHARED      = 1 << 3,  /* MAP_SHARED of something that may be written to through this mapping's descriptor */
	VMA_MAYREAD     = 1 << 4,  /* mprotect may add VMA_READ, ... */
	VMA_MAYWRITE    = 1 << 5,
	VMA_MAYEXEC     = 1 << 6,
	VMA_MAYSHARE    = 1 << 7,  /* MAP_SHARED, whatever the descriptor allows */
	VMA_GROWSDOWN   = 1 << 8,
	VMA_PFNMAP      = 1 << 10, /* device memory: no struct pages behind it */
	VMA_LOCKED      = 1 << 13, /* mlock */
	VMA_IO          = 1 << 14, /* device registers */
	VMA_SEQ_READ    = 1 << 15, /* madvise */
	VMA_RAND_READ   = 1 << 16,
	VMA_DONTCOPY    = 1 << 17,
	VMA_DONTEXPAND  = 1 << 18,
	VMA_LOCKONFAULT = 1 << 19, /* mlock2, MCL_ONFAULT */
	VMA_ACCOUNT     = 1 << 20, /* its pages are charged, commit.c */
	VMA_NORESERVE   = 1 << 21,
	VMA_HUGETLB     = 1 << 22, /* of huge pages: begins, ends and is cut where one does; object->huge_shift says how large */
	VMA_SYNC        = 1 << 23, /* MAP_SYNC was asked for; it means nothing without DAX */
	VMA_WIPEONFORK  = 1 << 25,
	VMA_DONTDUMP    = 1 << 26,
	VMA_HUGEPAGE    = 1 << 29,
	VMA_NOHUGEPAGE  = 1 << 30,
	VMA_MERGEABLE   = 1u << 31,
	VMA_SPECIAL     = VMA_IO | VMA_DONTEXPAND | VMA_PFNMAP, /* never merged, never locked */
};
#define VMA_MAY_SHIFT 4

struct vma {
	struct rb_node node;       /* (m) */
	struct vma *prev, *next;   /* (m) by address; NULL at the ends */
	struct list object_link;   /* in object->vmas (object lock) */
	struct space *space;
	vaddr_t start, end;        /* (m + object lock) bytes, page aligned; end exclusive */
	vaddr_t gap, max_gap;      /* free bytes before start; the largest gap in the subtree */
	uint32_t flags;            /* (m) enum vma_flags */
	uint64_t anon;             /* (m) anonymous identity, merge.c; 0: none yet */
	struct object *object;     /* (c) NULL: private anonymous */
	pgoff_t pgoff;             /* (m + object lock) page of the object at start; for anonymous start >> PAGE_SHIFT */
	struct file *file;         /* (c) what was mapped; NULL for anonymous memory */
};

static inline bool vma_is_shared(const struct vma *v) { return v->flags & VMA_MAYSHARE; }

struct space *space_create(void);               /* empty; NULL without memory */
static inline void space_get(struct space *s) { __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED); }
/* for whoever found it in a list: fails when the last reference has gone */
static inline bool space_try_get(struct space *s)
{
	uint32_t refs = s->refs;
	while (refs)
		if (__atomic_compare_exchange_n(&s->refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}
void space_put(struct space *s);                /* last reference: everything is unmapped and freed; may sleep */
struct space *space_fork(struct space *parent); /* copy-on-write copy; NULL without memory */
void space_load(struct space *s);               /* on this CPU; NULL: the kernel's tables */

/* ---- map.c: mmap(2) and brk(2) ---- */

/* What mmap(2) is to map, once its descriptor is resolved. */
struct mapping {
	uint32_t prot, flags;  /* PROT_*, MAP_*; the type is MAP_SHARED or MAP_PRIVATE */
	struct object *object; /* NULL: zeros of its own. The callee takes its own references to object and file */
	struct file *file;     /* what /proc shows; NULL */
	pgoff_t pgoff;         /* of object or file */
	uint32_t denied;       /* VMA_* bits the descriptor does not grant */
	uint32_t special;      /* VMA_* bits it adds */
	bool by_size;          /* shared anonymous memory: the object is fresh and is charged now */
	bool counted;          /* object_begin_map has counted it */
	int refused;           /* what the descriptor's check said; told only when a place has been found, as Linux does */
	int too_late;          /* what is told only when MAP_FIXED has unmapped what was there */
};
/*
 * space_mmap: maps len bytes (> 0, page aligned).
 * -> *addr: hint in, address out
 * -> -ENOMEM (no room, a limit), -EEXIST, -EINVAL, -EPERM, -EAGAIN (mmap(2)), m->refused; MAP_FIXED may have unmapped
 * already
 */
int space_mmap(struct space *s, vaddr_t *addr, size_t len, const struct mapping *m);
/* space_map: the same for the kernel's own mappings; may_write: stores may reach a shared object. */
int space_map(struct space *s, vaddr_t *addr, size_t len, uint32_t prot, uint32_t flags, struct object *object,
              pgoff_t pgoff, struct file *file, bool may_write);
/*
 * space_bring_in: touches every page of the VMAs that have all the flags `wanted`: for writing where that makes a
 * private copy. An error ends the VMA's part only, or, when all pages are needed (mlock), the call. -EFAULT, -ENOMEM,
 * -EINTR (killed)
 * -> no lock held; may sleep
 */
int space_bring_in(struct space *s, vaddr_t start, vaddr_t end, uint32_t wanted, bool all);
static inline void space_populate(struct space *s, vaddr_t start, vaddr_t end, uint32_t wanted)
{
	(void)space_bring_in(s, start, end, wanted, false);
}
vaddr_t space_brk(struct space *s, vaddr_t want);                            /* brk(2): the resulting break */

/* ---- protect.c ---- */
static inline bool reads_imply_exec(void) /* personality(2): what is mapped to be read may be executed too */
{
	return proc_current() && unlikely(proc_current()->personality & READ_IMPLIES_EXEC);
}
/*
 * mprotect(2) of a page-aligned range that is not empty; prot with PROT_GROWSDOWN or PROT_GROWSUP. -ENOMEM, -EACCES,
 * -EINVAL
 */
int space_protect(struct space *s, vaddr_t start, size_t len, uint32_t prot);

/* ---- space.c ---- */
int space_unmap(struct space *s, vaddr_t addr, size_t len);                  /* munmap(2) */
int space_sync(struct space *s, vaddr_t addr, size_t len, int flags);        /* msync(2) */
int space_advise(struct space *s, vaddr_t addr, size_t len, int advice);     /* madvise(2) */
/* mlock(2), mlock2(2), ... (lock.c): -EPERM, -ENOMEM, -EAGAIN, -EINVAL, -EINTR (killed) */
int space_mlock(struct space *s, vaddr_t addr, size_t len, bool on_fault);
int space_munlock(struct space *s, vaddr_t addr, size_t len);
int space_mlockall(struct space *s, int flags);
int space_munlockall(struct space *s);
/* mremap(2), remap.c: the address, or -EINVAL, -EFAULT, -ENOMEM */
int64_t space_remap(struct space *s, vaddr_t old, size_t old_len, size_t new_len, uint64_t flags, vaddr_t new);
/* remap_file_pages(2), remap_file.c: page-aligned, len > 0. -EINVAL, and what space_mmap refuses */
int space_remap_file(struct space *s, vaddr_t start, size_t len, pgoff_t pgoff, bool nonblock);
/*
 * mincore(2), mincore.c: vec[i] is 1 when page i can be touched without waiting. How many pages were looked at, which
 * is not past the end of the VMA at addr; -ENOMEM: there is none
 */
int space_mincore(struct space *s, vaddr_t addr, size_t npages, uint8_t *vec);

/* ---- usage.c: for /proc ---- */
uint64_t space_resident(struct space *s); /* pages mapped, exactly; takes the lock */
/*
 * space_visit: calls visit for each VMA that ends above `from`, in order, until it returns false; lock held meanwhile.
 */
void space_visit(struct space *s, vaddr_t from, bool (*visit)(struct vma *v, void *arg), void *arg);
/* Pages; pss*: bytes << USAGE_SHIFT, each page divided by how many map it. */
#define USAGE_SHIFT 12
struct vma_usage {
	uint64_t resident, referenced, anon, lazy, shmem, locked, shared_clean, shared_dirty, private_clean, private_dirty;
	uint64_t pss, pss_dirty, pss_anon, pss_file, pss_shmem, pss_locked;
};
void vma_usage(struct vma *v, struct vma_usage *u); /* adds to u; the space's lock is held */
/* vma_entry: what the page tables say of addr (pte.h), and how many entries show its page; false: nothing is there. */
bool vma_entry(struct vma *v, vaddr_t addr, uint64_t *entry, uint32_t *mappers);
void space_forget_use(struct space *s, bool anon, bool files); /* as if no page of those had been used of late */
/*
 * What the frames hold now: private pages; pages of files and how many of them were used of late; of server-less
 * objects.
 */
struct frame_census { uint64_t anon, file, accessed, shmem, mapped, writeback; };
void frame_census(struct frame_census *c);
uint64_t vm_locked_pages(void);                     /* entries present under VMA_LOCKED; takes each space's lock */

/* ---- word.c: what names a word of memory (futexes) ---- */
struct word_name { uint64_t owner, off; }; /* an object's id, or the address of a space; then the offset or address */
/* space_word_name: of a mapped word. -EFAULT: nothing there, or nobody may change it. -> no lock held, may sleep. */
int space_word_name(struct space *s, vaddr_t addr, struct word_name *name);

/* ---- remote.c ---- */
/*
 * space_copy: bytes between memory of s at addr and the current program's at buf; write: to s. How many were copied:
 * fewer when either side may not be accessed so. -> no lock held, may sleep
 */
size_t space_copy(struct space *s, vaddr_t addr, vaddr_t buf, size_t len, bool write);

/* ---- usercopy.c: user memory of the current space; resolves faults, so no lock may be held ---- */
must_check int copy_from_user(void *dst, vaddr_t src, size_t len); /* 0 or -EFAULT */
must_check int copy_to_user(vaddr_t dst, const void *src, size_t len);
must_check int zero_user(vaddr_t dst, size_t len);
/* As far as it goes: bytes done, a prefix. */
size_t copy_to_user_prefix(vaddr_t dst, const void *src, size_t len);
size_t zero_user_prefix(vaddr_t dst, size_t len);
/* length; -EFAULT; -ENAMETOOLONG when cap is reached */
must_check long copy_string_from_user(char *dst, vaddr_t src, size_t cap);
/* The same with page faults off, under locks: bytes done (a prefix). */
size_t copy_from_user_nofault(void *dst, vaddr_t src, size_t len);
size_t copy_to_user_nofault(vaddr_t dst, const void *src, size_t len);
size_t space_read(struct space *s, vaddr_t addr, void *buf, size_t len); /* of any space: bytes copied, a prefix */
must_check int user_fault_in(vaddr_t addr, bool write); /* bring the page in; 0, -EFAULT */

/* ---- object.c: VM objects and their page index, which is the page cache ---- */

/* Who fills and cleans the pages of an object. */
enum pager_kind {
	PAGER_ZERO,   /* no server: anonymous shared memory; pages never leave */
	PAGER_SERVER, /* a port that speaks abi/pager.h */
	PAGER_BOOT,   /* the boot archive: copied from memory, read-only */
	PAGER_DEVICE, /* device registers: no pages, a physical range */
};

/* Guards: (o) lock, (a) atomic, (c) constant. */
struct object {
	struct spinlock lock;      /* RANK_OBJECT */
	volatile uint32_t refs;    /* (a) */
	uint64_t id;               /* (c) never that of another object */
	enum pager_kind pager;     /* (c) */
	bool blocks;               /* (c) dirty by sector, cleaned only on demand (a disk) */
	bool unsynced;             /* (o) something was sent to the pager since its last SYNC began */
	bool cut_untold;           /* (o) the file was cut short and the pager may not know */
	bool extending;            /* (o) somebody holds the token to change the size */
	bool tail_dirty;           /* (o) a writable shared mapping may have stored past the end of the last page */
	uint64_t size;             /* (o) bytes; the kernel's idea is the authority */
	struct page_index pages;   /* (o) marked: dirty */
	struct list vmas;          /* (o) mappings of it */
	uint32_t shared_writable;  /* (o) how many of them are shared and may write */
	uint32_t seals;            /* (o) F_SEAL_*, see seal.c */
	pgoff_t read_next;         /* (o) where a sequential reader would go on */
	uint32_t read_window;      /* (o) pages the next READ asks for */
	uint32_t writing;          /* (o) WRITEs under way */
	uint32_t syncing;          /* (o) SYNCs under way: what they cover is not durable yet */
	pgoff_t held_first, held_end; /* (o) a hole is being made here: no page may come in, see hole.c */
	int write_error;           /* (o) errno to report once by the next sync */
	struct wait_queue wait;    /* for BUSY to clear, `writing` to fall */
	/* PAGER_SERVER: (c) its pager; others: (o) the driver's port it was offered through, or NULL */
	struct port *port;
	uint64_t key;              /* (c) of the pager's messages */
	uint64_t charged;          /* (o) pages charged for it, commit.c: its size when it was mapped, or as they come */
	bool by_page;              /* (c) as they come: memory files, MAP_NORESERVE */
	uint8_t huge_shift;        /* (c) of huge pages, this large; there are none, so it never has a page. 0: ordinary */
	struct quota *quota;       /* (c) the filesystem's that its pages count in; referenced; NULL: none */
	struct node *node;         /* (c) the file it caches; not counted (the node owns the object); NULL */
	int64_t mtime_sec, mtime_nsec; /* (o) to be sent with the next WRITE, RESIZE, SYNC; sec -1: unchanged */
	const void *boot_data;     /* (c) PAGER_BOOT */
	paddr_t device_base;       /* (c) PAGER_DEVICE */
	bool device_cached;        /* (c) PAGER_DEVICE: ordinary memory (DMA buffers), not registers */
	struct list all_link;      /* every object with a server pager: write-back and audit walk it */
};

struct object *object_create(enum pager_kind pager, uint64_t size); /* refs 1; NULL */
/* takes a port reference */
struct object *object_create_server(struct port *port, uint64_t key, uint64_t size, bool blocks);
static inline void object_get(struct object *o) { __atomic_add_fetch(&o->refs, 1, __ATOMIC_RELAXED); }
/* the last reference drops every page; dirty ones must have been written (node layer) */
void object_put(struct object *o);

/*
 * Reading and writing by system call. buf is a user address of the current space, or (kernel = true) a kernel pointer.
 * -> no lock held, may sleep. off + len may pass the end: reads are cut short, writes grow the object (server objects
 * ask
 *    the pager for space first).
 * -> bytes done (>= 0) if any, else -EFAULT, -EIO, -ENOSPC, -ENOMEM, -EINTR (killed).
 */
int64_t object_read(struct object *o, uint64_t off, uint64_t buf, size_t len, bool kernel);
int64_t object_write(struct object *o, uint64_t off, uint64_t buf, size_t len, bool kernel);
/* object_append: O_APPEND: at whatever the end is then; *end is the position after. */
int64_t object_append(struct object *o, uint64_t buf, size_t len, bool kernel, uint64_t *end);
/*
 * object_adopt: npages contiguous frames from page_alloc become pages 0.. of a fresh PAGER_ZERO object (DMA memory);
 * they are freed one by one when the object goes. 0, -ENOMEM with the frames still the caller's.
 */
must_check int object_adopt(struct object *o, struct page *first, size_t npages);
/* object_cover: the size is `end` at least: of an object of huge pages, mapped so far for writing. */
void object_cover(struct object *o, uint64_t end);
/* object_resize: truncate(2). Pages past the end vanish from every mapping, the tail is zeroed, the pager is told. */
must_check int object_resize(struct object *o, uint64_t size);
/*
 * object_punch (hole.c): the bytes [off, off + len) become zeros; whole pages leave the index and every mapping, but
 * copies of private mappings stay, and the pager frees what was behind them. The size stays; past it nothing happens.
 * -> no lock held, may sleep. 0, -EOPNOTSUPP (device, boot archive), -EIO, -ENOSPC, -ENOMEM, -EINTR (killed)
 */
must_check int object_punch(struct object *o, uint64_t off, uint64_t len);
/*
 * seal.c. object_add_seals: F_ADD_SEALS. -EPERM: sealed against it; -EBUSY: F_SEAL_WRITE and somebody maps or writes;
 * -EINTR
 * object_sealed: 0, or -EPERM when seals forbid a write up to `end`.
 * object_begin_map: a shared mapping that may write is about to be made; *counted: it stands against F_SEAL_WRITE from
 * now on;
 *     if not, it may not write. -EPERM: and it wants to (`write`). object_end_map: of a counted one, when it is made, or not
 * object_allocate: fallocate(2) of an object without a server: pages for [off, off + len). -EPERM, -ENOSPC, -ENOMEM,
 * -EINTR
 */
#define SEALS_WRITE (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
int object_add_seals(struct object *o, uint32_t seals);
int object_sealed(const struct object *o, uint64_t end);
int object_begin_map(struct object *o, bool write, bool *counted);
void object_end_map(struct object *o);
must_check int object_allocate(struct object *o, uint64_t off, uint64_t len, bool keep_size);
/*
 * object_offer: it is memory that the driver behind `port` gives others to map, from now on. -EINVAL: a server's or the
 * boot archive's; -EBUSY: another driver's. object_revoke: the driver is gone: all it offered has no pages any more, in
 * no mapping.
 */
must_check int object_offer(struct object *o, struct port *port);
void object_revoke(struct port *port);
/* object_seek: SEEK_DATA, SEEK_HOLE: the first byte from off on that lies in data (in a hole). -ENXIO: none. */
int64_t object_seek(struct object *o, uint64_t off, bool hole);
/*
 * object_sync: write the dirty pages of [off, off+len) and wait; durable: PAGER_SYNC too, unless nothing has changed
 * since the last one. A failed WRITE is reported once.
 */
must_check int object_sync(struct object *o, uint64_t off, uint64_t len, bool durable);
int object_freeze(struct object *o); /* its pager dirties no page of it any more: write it, and let every store ask again */
void object_changed(struct object *o); /* the file's attributes changed on the server: the next object_sync has work */
int object_clean(struct object *o, uint64_t off, uint64_t len, int how); /* block objects, abi/atlas.h */
/* as far as memory is not low; errors are ignored */
void object_read_ahead(struct object *o, pgoff_t first, size_t npages);
void object_drop_pages(struct object *o, pgoff_t first, pgoff_t last);   /* clean and unmapped ones nobody is using */
int object_sync_all(void);                  /* sync(2): every server object with dirty pages; first error */

/* ---- fault.c ---- */
enum fault_access { FAULT_READ, FAULT_WRITE, FAULT_EXEC };
enum fault_result { FAULT_DONE, FAULT_SEGV_MAPERR, FAULT_SEGV_ACCERR, FAULT_SIGBUS, FAULT_OOM, FAULT_KILLED };
/* vm_fault: make addr accessible in s. -> may sleep; no lock held. Counts minflt/majflt of the current process. */
enum fault_result vm_fault(struct space *s, vaddr_t addr, enum fault_access access);

/* ---- reclaim.c: reclaim and write-back ---- */
/*
 * vm_page_alloc: a frame for user memory or cache, after reclaiming if memory is low. -> no lock held, may sleep; NULL.
 */
struct page *vm_page_alloc(bool zero);
void vm_rest(uint64_t ns); /* sleeps, or is killed: others give memory back meanwhile */
void reclaim_start(void); /* the write-back and reclaim threads */
void writeback_now(void); /* the former writes what is dirty, and from now on as often as vm_tunable says */

/* ---- audit.c ---- */
/* vm_audit: recompute reference counts, map counts, cache indexes and dirty marks from the page tables and compare. The
 * number of differences, each logged. -> no lock held; other processes are held off by their locks, one after another.
 */
unsigned vm_audit(void);
/* audit_complain: a difference, logged. For the checks of other parts, which vm_audit calls with every other CPU parked. */
void audit_complain(const char *what, uint64_t where, uint64_t have, uint64_t want);

/* ---- commit.c: limits and promises ---- */
/* What /proc/sys/vm sets. Read and written without a lock: each is a single word. */
struct vm_tunables {
	uint32_t max_map_count;      /* VMAs of a process */
	uint32_t overcommit_memory;  /* 0, 1, 2: see commit.c */
	uint32_t overcommit_ratio;   /* percent of memory that may be promised in mode 2 */
	uint64_t overcommit_kbytes;  /* the same in KiB; 0: the ratio counts */
	uint64_t admin_reserve_kbytes, user_reserve_kbytes;
	uint64_t mmap_min_addr;      /* bytes: below it only root may map */
	uint32_t legacy_va_layout;   /* place mappings upwards */
	uint32_t dirty_ratio, dirty_background_ratio; /* percent of memory; 0: the bytes count */
	uint64_t dirty_bytes, dirty_background_bytes;
	uint32_t dirty_writeback_centisecs, dirty_expire_centisecs;
	uint32_t min_free_kbytes, swappiness;
};
extern struct vm_tunables vm_tunable;
/* commit_charge: npages more are promised, to a mapping of s (NULL: to nobody's). -ENOMEM: nothing is charged. */
must_check int commit_charge(const struct space *s, uint64_t npages);
void commit_release(uint64_t npages);
void commit_take(uint64_t npages);   /* a charge that is not refused: of what is about to be released and is kept */
/* A quota: so many pages for all objects that name it. A page that is too many is refused with ENOSPC. */
struct quota {
	volatile uint32_t refs;      /* (a) */
	volatile uint64_t used;      /* (a) pages */
	volatile uint64_t limit;     /* 0: none */
	uint64_t counted;            /* the audit's */
	struct list all_link;        /* every quota: for the audit */
};
struct quota *quota_create(uint64_t limit); /* refs 1; NULL */
static inline void quota_get(struct quota *q) { __atomic_add_fetch(&q->refs, 1, __ATOMIC_RELAXED); }
void quota_put(struct quota *q);
bool commit_reserves(void);          /* mode 2: MAP_NORESERVE is not honoured */
uint64_t vm_committed(void);         /* pages: Committed_AS, CommitLimit */
uint64_t vm_commit_limit(void);
/* May the current process map npages more with these VMA_* flags (RLIMIT_AS, RLIMIT_DATA)? */
bool space_may_expand(const struct space *s, uint32_t flags, uint64_t npages);
bool space_may_lock(void);           /* at all: RLIMIT_MEMLOCK is not 0, or root */
bool space_lock_fits(const struct space *s, uint64_t npages); /* that many more, RLIMIT_MEMLOCK */

void vm_init(void);
/* Counts since boot, changed by vm_count; and of pages that are so now. */
struct vm_statistics {
	volatile uint64_t faults, major, cow;           /* resolved; with waiting for a pager; with copying */
	volatile uint64_t read, written, dirtied;       /* pages filled and cleaned by pagers; that became dirty */
	/* by reclaim; of these, by who wanted memory */
	volatile uint64_t scanned, scanned_direct, stolen, stolen_direct, stalls;
	volatile uint64_t lazy, lazy_dropped;           /* pages freed lazily; and then really */
	volatile uint64_t drop_pagecache, drop_slab, oom_kills;
	volatile uint64_t cached_pages, dirty_pages, table_pages; /* now */
};
extern struct vm_statistics vm_stat;
static inline void vm_count(volatile uint64_t *counter, uint64_t n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}
uint64_t writeback_threshold(bool background);  /* dirty pages at which write-back begins, or writers have to wait */
void vm_drop_caches(bool pages, bool nodes);    /* what is clean and not in use */

#endif
