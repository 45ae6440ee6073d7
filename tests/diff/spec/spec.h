/* SPDX-License-Identifier: MIT */
/*
 * The executable specification of mappings: what each call of the mmap family does to files, processes and memory, said
 * so that it can be run. It is the definition that Linux 6.1 and Atlas are both held to (docs/testing.md says how). It
 * is small because its world is small:
 *
 *      an arena of ARENA_PAGES pages, the same addresses in every process, nothing mapped around it
 *      at most PROCESSES processes, of which one is there from the start and the others are made by fork
 *      two files, reached through a few descriptors, and objects without a name behind shared anonymous memory
 *      memory seen at a resolution of a grain: of each GRAIN bytes only the first is looked at, and calls move whole grains
 *
 * Addresses are bytes from the start of the arena. There are no page tables here, no copy-on-write and no cache: a
 * process has areas (what /proc/PID/maps shows, one a line) and, page by page, the private copies that are its own.
 * Everything else a load sees comes from the object that the area shows at that page.
 *
 *      load at A ──► the area around A ──► a copy of the page, if the process has its own
 *                                      └─► otherwise the object's page, or zeros where there is no object
 *
 * Read in this order: area.c (how areas are cut and joined), fault.c (loads, stores, and what else brings a page in),
 * map.c (mmap and munmap), change.c (mprotect, madvise, mlock, msync), move.c (mremap, remap_file_pages), life.c (fork,
 * exit, and files). A call returns what the system call does: a value, or a negative errno.
 */
#ifndef SPEC_H
#define SPEC_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PAGE = 4096,
	GRAIN = 1024,
	GRAINS = PAGE / GRAIN,  /* of a page */
	ARENA_PAGES = 20,
	PROCESSES = 3,
	FILES = 2,              /* objects 0 and 1 are files: they have a size that can change */
	OBJECTS = FILES + PROCESSES * ARENA_PAGES + 1,
	OBJECT_PAGES = ARENA_PAGES, /* no object holds more */
	FILE_PAGES = 8,         /* how far the files are let grow */
	NOTHING = -1,           /* the object of private anonymous memory */
};

/* A mapping that ends up outside the arena counts as gone: whoever asked for it unmaps it at once. */
#define ELSEWHERE (1l << 40)

/* The descriptors a process has, made before the first call and inherited. */
enum { FD_A, FD_B, FD_A_READ_ONLY, FD_B_WRITE_ONLY, FD_CLOSED, FDS };

struct object {
	bool used;
	unsigned grains;                        /* size; past it a mapping of whole pages gives SIGBUS */
	uint8_t byte[OBJECT_PAGES * GRAINS];    /* zeros past the size */
};

/*
 * What an area is like. Two neighbours that differ in any of these stay two. The first three are PROT_READ, PROT_WRITE
 * and PROT_EXEC.
 */
enum {
	READ = 1 << 0,
	WRITE = 1 << 1,
	EXEC = 1 << 2,
	ACCESS = READ | WRITE | EXEC,
	SHARED = 1 << 3,     /* stores go to the object */
	NEVER_WRITE = 1 << 4, /* shared through a descriptor that cannot write: WRITE cannot be added */
	GROWSDOWN = 1 << 5,
	LOCKED = 1 << 6,
	ONFAULT = 1 << 7,    /* beside LOCKED: pages are locked as they come in */
	SEQUENTIAL = 1 << 8,
	RANDOM = 1 << 9,
	DONTFORK = 1 << 10,
	WIPEONFORK = 1 << 11,
	DONTDUMP = 1 << 12,
	HUGE = 1 << 13,
	NOHUGE = 1 << 14,
	NORESERVE = 1 << 15,
	CHARGED = 1 << 16,   /* counts against the memory that may be promised; once charged, always */
};

/*
 * The family of an area is the identity of its private pages. It is taken at the first private store and inherited by
 * every part the area is cut into; two areas of different families are never joined, since a page could not be found
 * from its family any more. A family is NONE, a positive number when a store founded it, or a negative one when a fork
 * did: areas of a forked family take no strangers in.
 */
enum { NONE = 0 };

struct area {
	int first, end;    /* pages [first, end) */
	unsigned flags;
	int object;        /* NOTHING: private anonymous memory */
	int fd;            /* the descriptor a file was mapped by, FD_CLOSED for none: one file opened twice is two */
	long offset;       /* page of the object shown at first; for NOTHING the page number where the area was born */
	int family;
};

struct copy {
	bool own;
	uint8_t byte[GRAINS];
};

struct process {
	bool alive;
	int areas;
	struct area area[ARENA_PAGES + 1]; /* in order of address; one to spare, so that a search may end there */
	struct copy copy[ARENA_PAGES];
};

struct world {
	struct process process[PROCESSES];
	struct object object[OBJECTS];
	int families;
};

/* What a load or store ends in: a value, or a signal with its si_code and si_addr. */
struct outcome {
	int signal, code;
	long address;
	uint8_t value;
};

/* ---- area.c ---- */
int area_find(const struct process *p, int page);   /* index of the first area that ends above page; p->areas: none */
bool area_covers(const struct process *p, int page);
void area_cut(struct process *p, int page);         /* an area that reaches across page becomes two */
void area_clear(struct process *p, int first, int end); /* nothing is mapped there any more */
void area_add_new(struct process *p, struct area a); /* the range is free; joined with its neighbours as mmap does */
void area_add(struct process *p, struct area a);     /* the same as every other call does */
/* the same; but alone if it would join the area at page */
void area_add_apart(struct process *p, struct area a, int page);
/* a part of area i; index of where it is now */
int area_change(struct process *p, int i, int first, int end, unsigned flags);
bool area_is_shared(const struct area *a);           /* "s" in maps, which a read-only descriptor's mapping is too */
long area_page(const struct area *a, int page);      /* page of the object seen there */

/* ---- object: area.c ---- */
void objects_sweep(struct world *w);                 /* those without a name go with their last area */
int object_new(struct world *w, int pages);

/* ---- fault.c ---- */
struct outcome spec_load(struct world *w, int who, long addr);
struct outcome spec_store(struct world *w, int who, long addr, uint8_t value);
int spec_populate(struct world *w, int who, int first, int end); /* 0 or -EFAULT */
void area_take_family(struct world *w, struct process *p, int i);
bool page_is_readable(const struct world *w, int who, int page); /* by a load, without signal or growth */
uint8_t page_byte(const struct world *w, int who, long addr);    /* of a readable page */

/* ---- map.c ---- */
long spec_mmap(struct world *w, int who, long addr, long len, int prot, int flags, int fd, long offset);
long spec_munmap(struct world *w, int who, long addr, long len);
int spec_place(const struct process *p, long hint, int pages);   /* the page where a mapping goes; -1: elsewhere */
long spec_map_object(struct world *w, int who, struct area a, bool populate);

/* ---- change.c ---- */
long spec_mprotect(struct world *w, int who, long addr, long len, int prot);
long spec_madvise(struct world *w, int who, long addr, long len, int advice);
long spec_mlock(struct world *w, int who, long addr, long len, int flags);
long spec_munlock(struct world *w, int who, long addr, long len);
long spec_msync(struct world *w, int who, long addr, long len, int flags);

/* ---- move.c ---- */
long spec_mremap(struct world *w, int who, long old, long old_len, long new_len, int flags, long to);
long spec_remap_file_pages(struct world *w, int who, long addr, long len, int prot, long offset, int flags);

/* ---- life.c ---- */
void spec_begin(struct world *w);                    /* one process, nothing mapped, empty files */
void spec_fork(struct world *w, int who, int child);
void spec_exit(struct world *w, int who);
long spec_ftruncate(struct world *w, int fd, long size);
long spec_pread(struct world *w, int who, int fd, long addr, long len, long offset);
long spec_pwrite(struct world *w, int who, int fd, long addr, long len, long offset);

static inline int pages_of(long bytes) { return (int)((bytes + PAGE - 1) / PAGE); }
int fd_object(int fd);                               /* NOTHING: not a descriptor */
bool fd_reads(int fd);
bool fd_writes(int fd);

#endif
