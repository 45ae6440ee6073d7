/* SPDX-License-Identifier: MIT */
/*
 * Thread-local storage, the static kind: every thread has a copy of the program's PT_TLS segment
 * right below its thread block, as the x86-64 ABI (variant II) lays it out.
 *
 *      room                                   %fs:0
 *      | slack | .tdata copy, .tbss zeros ....| struct thread_block |
 *                <---- tls_offset ----------->
 *
 * The linker has already turned variables into constants below %fs:0 (the local-exec model), so
 * the one thing to get right is tls_offset: the segment's size rounded up to its alignment.
 *
 * tls_describe reads the program headers (AT_PHDR) once, before any second thread, and sets up the
 * first thread: from a static reserve when the segment is small, which spares each process
 * a system call, otherwise from mmap. Later threads call tls_size and tls_layout. Nothing is
 * locked: after tls_describe the description never changes.
 *
 * Dynamic TLS (__tls_get_addr) is not provided, since there is no dynamic linking.
 */
#include "../internal.h"
#include <abi/auxv.h>
#include <abi/misc.h>
#include <abi/mman.h>
#include <string.h>
#include <sys/auxv.h>

#define PT_TLS 7
#define BLOCK_ALIGN 64
#define RESERVE 1024

struct program_header {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

static struct {
	const void *image;
	size_t filesz;
	size_t offset; /* from the start of the copy to the thread block */
	size_t align;
} tls = { .align = BLOCK_ALIGN };

static _Alignas(BLOCK_ALIGN) char reserve[RESERVE];

const unsigned long *__auxv;
uintptr_t __canary_seed;

static void find_segment(const unsigned long *auxv)
{
	const char *headers = NULL;
	size_t size = 0, count = 0;

	for (; auxv[0] != AT_NULL; auxv += 2) {
		if (auxv[0] == AT_PHDR)
			headers = (const char *)auxv[1];
		else if (auxv[0] == AT_PHENT)
			size = auxv[1];
		else if (auxv[0] == AT_PHNUM)
			count = auxv[1];
		else if (auxv[0] == AT_RANDOM)
			memcpy(&__canary_seed, (const void *)auxv[1], sizeof(__canary_seed));
	}
	for (size_t i = 0; headers && i < count; i++) {
		const struct program_header *h = (const void *)(headers + i * size);

		if (h->type != PT_TLS)
			continue;
		tls.image = (const void *)h->vaddr;
		tls.filesz = h->filesz;
		if (h->align > tls.align)
			tls.align = h->align;
		tls.offset = (h->memsz + h->align - 1) & ~(h->align - 1);
	}
}

/* Room for the copy, the block, and the slack that aligning the block may cost. */
size_t tls_size(void)
{
	return tls.offset + tls.align + sizeof(struct thread_block);
}

/* room must be zero and tls_size() bytes long. */
struct thread_block *tls_layout(void *room)
{
	uintptr_t top = (uintptr_t)room + tls.offset;
	struct thread_block *t = (void *)((top + tls.align - 1) & ~(tls.align - 1));

	memcpy((char *)t - tls.offset, tls.image, tls.filesz);
	t->self = t;
	/* A zero byte keeps a string overflow from copying the canary. */
	t->canary = __canary_seed & ~(uintptr_t)0xff;
	return t;
}

void tls_describe(const unsigned long *auxv)
{
	void *room = reserve;

	__auxv = auxv;
	find_segment(auxv);
	if (tls_size() > RESERVE)
		room = (void *)raw6(SYS_mmap, 0, tls_size(), PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if ((long)room < 0)
		raw1(SYS_exit_group, 127);
	raw2(SYS_arch_prctl, ARCH_SET_FS, tls_layout(room));
}

unsigned long getauxval(unsigned long type)
{
	for (const unsigned long *a = __auxv; a[0] != AT_NULL; a += 2)
		if (a[0] == type)
			return a[1];
	return 0;
}
