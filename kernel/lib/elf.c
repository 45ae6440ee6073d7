/* SPDX-License-Identifier: MIT */
/*
 * ELF64 program headers, checked. execve reads the head of the file (a page), has it parsed here,
 * and then maps what elf_parse promised; so every number in a struct elf_image is safe to use,
 * whatever the file says. The format is that of the System V ABI, chapter 4 and 5, and its x86-64
 * supplement.
 *
 * What elf_parse promises for each segment (a PT_LOAD with memory; others are skipped):
 *   - its bytes lie inside the file, and it has no more bytes in the file than in memory;
 *   - offset and address are equal modulo the page size, so that pages of the file can be mapped;
 *   - it ends at or below USER_END, and, unless the program is position-independent, starts at
 *     MMAP_MIN or above;
 *   - segments ascend and do not overlap, byte by byte. Two may share a page: the later one's
 *     mapping wins there, as it does on Linux;
 *   - the entry point lies in an executable one.
 *
 * A dynamically linked program names an interpreter (PT_INTERP), the dynamic linker: where its path
 * lies is told, the caller reads it. To a position-independent program the caller adds a base.
 *
 * The structures are read with memcpy: nothing says that the file's tables are aligned.
 *
 * Everything wrong is ENOEXEC, as on Linux; execve logs nothing, a shell may try such files every
 * day.
 */
#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/mman.h>

#include "lib/parse.h"
#include "lib/string.h"

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

enum { IDENT_CLASS = 4, IDENT_DATA = 5, IDENT_VERSION = 6 };
enum { CLASS_64 = 2, DATA_LITTLE_ENDIAN = 1, VERSION_CURRENT = 1 };
enum { TYPE_EXEC = 2, TYPE_DYN = 3, MACHINE_X86_64 = 62 };
enum { PT_LOAD = 1, PT_INTERP = 3, PT_PHDR = 6, PT_GNU_STACK = 0x6474e551 };
enum { FLAG_EXEC = 1, FLAG_WRITE = 2, FLAG_READ = 4 };

static bool header_valid(const struct elf_header *h, size_t len)
{
	return memcmp(h->ident, "\177ELF", 4) == 0 && h->ident[IDENT_CLASS] == CLASS_64 &&
	       h->ident[IDENT_DATA] == DATA_LITTLE_ENDIAN && h->ident[IDENT_VERSION] == VERSION_CURRENT &&
	       (h->type == TYPE_EXEC || h->type == TYPE_DYN) && h->machine == MACHINE_X86_64 &&
	       h->phentsize == sizeof(struct elf_phdr) && h->phnum > 0 &&
	       h->phoff <= len && h->phnum <= (len - h->phoff) / sizeof(struct elf_phdr);
}

static uint32_t flags_to_prot(uint32_t flags)
{
	return (flags & FLAG_READ ? PROT_READ : 0) | (flags & FLAG_WRITE ? PROT_WRITE : 0) |
	       (flags & FLAG_EXEC ? PROT_EXEC : 0);
}

/* One PT_LOAD, checked against the file and the segment before it. */
static int add_segment(struct elf_image *image, const struct elf_phdr *p, uint64_t file_size)
{
	uint64_t lowest = image->dynamic ? 0 : MMAP_MIN;

	if (p->memsz == 0)
		return p->filesz == 0 ? 0 : -ENOEXEC;
	if (p->filesz > p->memsz || p->offset > file_size || p->filesz > file_size - p->offset)
		return -ENOEXEC;
	if ((p->offset ^ p->vaddr) & PAGE_MASK)
		return -ENOEXEC;
	if (p->vaddr > USER_END || p->memsz > USER_END - p->vaddr)
		return -ENOEXEC;
	if (image->nsegments > 0) {
		const struct elf_segment *before = &image->segment[image->nsegments - 1];
		lowest = before->vaddr + before->memsz;
	}
	if (p->vaddr < lowest || image->nsegments == ELF_MAX_SEGMENTS)
		return -ENOEXEC;
	if (p->align && (p->align & (p->align - 1)) == 0)
		image->align = MAX(image->align, p->align);
	image->segment[image->nsegments++] = (struct elf_segment){
		.off = p->offset, .vaddr = p->vaddr, .filesz = p->filesz, .memsz = p->memsz,
		.prot = flags_to_prot(p->flags),
	};
	return 0;
}

/* The first PT_INTERP; a path has PATH_MAX bytes at most. */
static int add_interpreter(struct elf_image *image, const struct elf_phdr *p, uint64_t file_size)
{
	if (p->filesz < 2 || p->filesz > PATH_MAX || p->offset > file_size || p->filesz > file_size - p->offset)
		return -ENOEXEC;
	if (!image->interp_len) {
		image->interp_off = p->offset;
		image->interp_len = p->filesz;
	}
	return 0;
}

static bool entry_executable(const struct elf_image *image)
{
	for (unsigned i = 0; i < image->nsegments; i++) {
		const struct elf_segment *s = &image->segment[i];
		if (image->entry >= s->vaddr && image->entry - s->vaddr < s->memsz)
			return s->prot & PROT_EXEC;
	}
	return false;
}

/* Where the program headers lie in memory, for the auxiliary vector; 0 when no segment has them. */
static uint64_t find_phdr_vaddr(const struct elf_image *image, uint64_t phoff)
{
	uint64_t size = image->phnum * sizeof(struct elf_phdr);

	for (unsigned i = 0; i < image->nsegments; i++) {
		const struct elf_segment *s = &image->segment[i];
		if (phoff >= s->off && phoff - s->off <= s->filesz &&
		    size <= s->filesz - (phoff - s->off))
			return s->vaddr + (phoff - s->off);
	}
	return 0;
}

int elf_parse(const void *head, size_t len, uint64_t file_size, struct elf_image *out)
{
	struct elf_header h;

	if (len < sizeof(h))
		return -ENOEXEC;
	memcpy(&h, head, sizeof(h));
	if (!header_valid(&h, len))
		return -ENOEXEC;
	*out = (struct elf_image){
		.entry = h.entry, .phnum = h.phnum, .phentsize = h.phentsize,
		.dynamic = h.type == TYPE_DYN, .align = PAGE_SIZE,
	};
	for (unsigned i = 0; i < h.phnum; i++) {
		struct elf_phdr p;
		memcpy(&p, (const char *)head + h.phoff + i * sizeof(p), sizeof(p));
		int err = p.type == PT_LOAD     ? add_segment(out, &p, file_size)
		          : p.type == PT_INTERP ? add_interpreter(out, &p, file_size)
		                                : 0;
		if (p.type == PT_GNU_STACK)
			out->exec_stack = p.flags & FLAG_EXEC;
		if (err)
			return err;
	}
	out->phdr_vaddr = find_phdr_vaddr(out, h.phoff);
	return entry_executable(out) ? 0 : -ENOEXEC;
}
