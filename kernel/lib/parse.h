/* SPDX-License-Identifier: MIT */
/* Pure parsers of what comes from outside: the cpio boot archive, ELF64 headers, the kernel command line. */
#ifndef LIB_PARSE_H
#define LIB_PARSE_H

#include "lib/types.h"

/* One entry of a "newc" archive (cpio(5)). Pointers go into the archive. */
struct cpio_entry {
	const char *name; /* NUL-terminated, no leading slash */
	uint32_t mode, uid, gid, mtime, nlink, ino;
	const void *data;
	size_t size;
};
/* cpio_next: the entry at *pos, which moves on. 1: entry, 0: end of archive, -EINVAL: malformed. */
int cpio_next(const void *archive, size_t len, size_t *pos, struct cpio_entry *out);

struct elf_segment { uint64_t off, vaddr, filesz, memsz; uint32_t prot; /* PROT_* */ };
#define ELF_MAX_SEGMENTS 16
struct elf_image {
	uint64_t entry, phdr_vaddr;
	uint16_t phnum, phentsize;
	unsigned nsegments; /* PT_LOAD, ascending, not overlapping, inside user space */
	struct elf_segment segment[ELF_MAX_SEGMENTS];
	bool exec_stack;    /* PT_GNU_STACK asks for it */
	bool dynamic;       /* ET_DYN: position-independent, loaded at a base */
	uint64_t align;     /* the largest power of two a segment asks for; a page at least */
	uint64_t interp_off, interp_len; /* PT_INTERP: the interpreter's path in the file, NUL included; 0: none */
};
/*
 * elf_parse: checks the first `len` bytes of a file of file_size bytes. 0 or -ENOEXEC: not ELF64 x86-64, truncated,
 * segments or the interpreter's path out of range, segments overlapping, entry outside every executable segment.
 */
must_check int elf_parse(const void *head, size_t len, uint64_t file_size, struct elf_image *out);

/* cmdline_get: value of "key=value" among blank-separated words, copied to buf; false when absent or too long. */
bool cmdline_get(const char *cmdline, const char *key, char *buf, size_t cap);

#endif
