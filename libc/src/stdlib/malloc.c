/* SPDX-License-Identifier: MIT */
/*
 * malloc: size classes over brk, and mmap for what is large.
 *
 *      | size or class | tag | the caller's bytes ...        a block; the header is 16 bytes
 *
 * Small blocks come in classes, four to each doubling (16 32 48 64 | 80 96 112 128 | 160 ...), so at
 * most a quarter is lost to rounding. A freed block goes to the front of its class's list and is
 * handed out again as it is; blocks are neither split nor merged. That wastes memory when a program
 * changes its mind about sizes, and costs a handful of instructions in exchange for any free-list
 * search. Fresh blocks are cut from the end of the current chunk, which grows by brk, or comes from
 * mmap where brk is refused; pages of it cost nothing until they are touched.
 *
 * Blocks above LARGE bytes are mappings of their own: they go back to the system when freed, and
 * realloc moves them by mremap where the kernel has it. calloc does not clear what is fresh from
 * the kernel.
 *
 * The tag is the block's address mixed with its state. A free of something that is not a live
 * block (freed twice, an address inside a block, a header that was overwritten) ends the program
 * with a sentence. That is no defence against an attacker, but it finds most students' bugs.
 *
 * ALIGNED blocks are a header before the aligned address that says how far back the real one lies.
 *
 * One lock guards the lists and the chunk. It is not held across mmap of large blocks.
 */
#include "../internal.h"
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEADER sizeof(struct block)
#define LARGE ((size_t)128 * 1024)
#define CLASSES 49
#define GROW ((size_t)64 * 1024)
#define PAGE ((size_t)4096)
#define TOO_MUCH ((size_t)PTRDIFF_MAX - 2 * PAGE)

enum state { SMALL = 0x51a11, MAPPED = 0x3a99e, ALIGNED = 0xa119e, FREED = 0xf5eed, DAMAGED = 0 };

struct block {
	size_t size; /* SMALL: class; MAPPED: length of the mapping; ALIGNED: distance back */
	uintptr_t tag;
};

struct free_block {
	struct block header;
	struct free_block *next;
};

static struct lock lock; /* guards all that follows */
static struct free_block *lists[CLASSES];
static char *fresh, *fresh_end;

void __malloc_fork(int begin)
{
	if (begin)
		lock_acquire(&lock);
	else
		lock_release(&lock);
}

static _Noreturn void die(const char *why)
{
	raw3(SYS_write, STDERR_FILENO, why, strlen(why));
	abort();
}

static uintptr_t tag_of(const struct block *b, enum state state)
{
	return (uintptr_t)b ^ (uintptr_t)state << 44;
}

static void *block_use(struct block *b, size_t size, enum state state)
{
	b->size = size;
	b->tag = tag_of(b, state);
	return b + 1;
}

static enum state block_state(const struct block *b)
{
	uintptr_t mixed = b->tag ^ (uintptr_t)b;

	/* The bits below the state are zero in every tag that we wrote. */
	return mixed << 20 ? DAMAGED : (enum state)(mixed >> 44);
}

/* The whole size of a class: 64, 80, 96, 112, 128, 160, ... with 16, 32, 48 before them. */
static size_t class_size(unsigned int class)
{
	unsigned int shift = class / 4;

	return shift ? (size_t)(4 + class % 4) << (shift + 3) : (size_t)class << 4;
}

static unsigned int class_of(size_t size)
{
	unsigned int class, shift;

	if (size <= 64)
		return size <= 16 ? 1 : (unsigned int)((size + 15) >> 4);
	shift = 63 - (unsigned int)__builtin_clzl(size - 1);
	class = (shift - 5) * 4 + (unsigned int)((size - 1) >> (shift - 2) & 3) + 1;
	return class;
}

static int chunk_grow(size_t need)
{
	size_t len = (need + GROW - 1) & ~(GROW - 1);
	char *at = (char *)raw1(SYS_brk, 0);
	size_t pad = -(uintptr_t)at & 15;

	if (raw1(SYS_brk, at + pad + len) != (long)(at + pad + len)) {
		at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED)
			return -1;
		pad = 0;
	}
	/* What is left of the old chunk is kept if the new one follows it, and lost if not. */
	if (at != fresh_end || pad)
		fresh = at + pad;
	fresh_end = at + pad + len;
	return 0;
}

/* Returns a block of the class; *clean tells that it holds only zeros. */
static struct block *small_take(unsigned int class, int *clean)
{
	size_t size = class_size(class) + HEADER;
	struct block *b = NULL;

	lock_acquire(&lock);
	if (lists[class]) {
		b = &lists[class]->header;
		if (b->tag != tag_of(b, FREED))
			die("malloc: a freed block was overwritten\n");
		lists[class] = lists[class]->next;
		*clean = 0;
	} else if ((size_t)(fresh_end - fresh) >= size || chunk_grow(size) == 0) {
		b = (struct block *)fresh;
		fresh += size;
		*clean = 1;
	}
	lock_release(&lock);
	return b;
}

static void *large_alloc(size_t size)
{
	size_t len = (size + HEADER + PAGE - 1) & ~(PAGE - 1);
	struct block *b;

	b = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return b == MAP_FAILED ? NULL : block_use(b, len, MAPPED);
}

static void *allocate(size_t size, int *clean)
{
	struct block *b;
	unsigned int class;
	void *p = NULL;

	*clean = 1;
	if (size > TOO_MUCH) {
		errno = ENOMEM;
		return NULL;
	}
	if (size > LARGE) {
		p = large_alloc(size);
	} else {
		class = class_of(size);
		b = small_take(class, clean);
		if (b)
			p = block_use(b, class, SMALL);
	}
	if (!p)
		errno = ENOMEM;
	return p;
}

void *malloc(size_t size)
{
	int clean;

	return allocate(size, &clean);
}

void *calloc(size_t count, size_t size)
{
	size_t total;
	int clean;
	void *p;

	if (__builtin_mul_overflow(count, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	p = allocate(total, &clean);
	if (p && !clean)
		memset(p, 0, total);
	return p;
}

static _Noreturn void misuse(const struct block *b)
{
	if (block_state(b) == FREED)
		die("free: the block was freed before\n");
	die("free: not an allocated block, or the bytes before it were overwritten\n");
}

void free(void *p)
{
	struct block *b = (struct block *)p - 1;
	struct free_block *f;

	if (!p)
		return;
	if ((uintptr_t)p % 16)
		die("free: not an allocated block\n");
	switch (block_state(b)) {
	case SMALL:
		if (b->size >= CLASSES)
			misuse(b);
		lock_acquire(&lock);
		f = (struct free_block *)b;
		b->tag = tag_of(b, FREED);
		f->next = lists[b->size];
		lists[b->size] = f;
		lock_release(&lock);
		break;
	case MAPPED:
		/* free must not change errno, so that error paths may call it. */
		raw2(SYS_munmap, b, b->size);
		break;
	case ALIGNED:
		b->tag = tag_of(b, FREED);
		free((char *)p - b->size);
		break;
	default:
		misuse(b);
	}
}

size_t malloc_usable_size(void *p)
{
	struct block *b = (struct block *)p - 1;

	if (!p)
		return 0;
	switch (block_state(b)) {
	case SMALL:
		return class_size((unsigned int)b->size);
	case MAPPED:
		return b->size - HEADER;
	case ALIGNED:
		return malloc_usable_size((char *)p - b->size) - b->size;
	default:
		misuse(b);
	}
}

/* Null if the kernel cannot; the block is then as it was. */
static void *large_resize(struct block *b, size_t size)
{
	size_t len = (size + HEADER + PAGE - 1) & ~(PAGE - 1);
	long at;

	if (len == b->size)
		return b + 1;
	at = raw4(SYS_mremap, b, b->size, len, MREMAP_MAYMOVE);
	if (at < 0 && at > -(long)PAGE)
		return NULL;
	return block_use((struct block *)at, len, MAPPED);
}

void *realloc(void *p, size_t size)
{
	size_t old;
	void *q;

	if (!p)
		return malloc(size);
	if (size == 0) {
		free(p);
		return NULL;
	}
	if (size > TOO_MUCH) {
		errno = ENOMEM;
		return NULL;
	}
	old = malloc_usable_size(p);
	if (block_state((struct block *)p - 1) == MAPPED && size > LARGE) {
		q = large_resize((struct block *)p - 1, size);
		if (q)
			return q;
	}
	if (size <= old && size >= old / 2)
		return p;
	q = malloc(size);
	if (!q)
		return size <= old ? p : NULL;
	memcpy(q, p, size < old ? size : old);
	free(p);
	return q;
}

void *reallocarray(void *p, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, total);
}

/* Rounds up inside a larger block, with room for the header of an ALIGNED one. */
void *memalign(size_t alignment, size_t size)
{
	char *p, *q;

	if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
		errno = EINVAL;
		return NULL;
	}
	if (alignment <= 16)
		return malloc(size);
	if (alignment > TOO_MUCH / 2 || size > TOO_MUCH - alignment - HEADER) {
		errno = ENOMEM;
		return NULL;
	}
	p = malloc(size + alignment + HEADER);
	if (!p)
		return NULL;
	if ((uintptr_t)p % alignment == 0)
		return p;
	q = (char *)(((uintptr_t)p + HEADER + alignment - 1) & ~(alignment - 1));
	return block_use((struct block *)q - 1, (size_t)(q - p), ALIGNED);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

void *valloc(size_t size)
{
	return memalign(PAGE, size);
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
	int saved = errno;
	void *q;

	if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
		return EINVAL;
	q = memalign(alignment, size);
	errno = saved;
	if (!q)
		return ENOMEM;
	*p = q;
	return 0;
}
