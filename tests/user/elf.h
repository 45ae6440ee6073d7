/* SPDX-License-Identifier: MIT */
/* The headers of a program, for tests that make or spoil them: ELF-64, chapters 1 and 2. */
#ifndef TESTS_USER_ELF_H
#define TESTS_USER_ELF_H

#include <stdint.h>

struct header {
	unsigned char ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

enum { LOAD = 1, INTERP = 3 };

#endif
