/* SPDX-License-Identifier: MIT */
/* The parser of program headers: what it accepts has the properties that parse.h promises to exec. */
#include "fuzz.h"

#include <abi/errno.h>
#include <abi/mman.h>
#include <elf.h>

#undef PT_LOAD /* as a number below; elf.c has its own */
#include "lib/parse.h"

#define LOAD 1

struct sample { Elf64_Ehdr h; Elf64_Phdr p[4]; };

static struct sample sample(void)
{
	struct sample s = { 0 };

	memcpy(s.h.e_ident, "\177ELF\2\1\1", 7);
	s.h.e_type = ET_EXEC;
	s.h.e_machine = EM_X86_64;
	s.h.e_version = 1;
	s.h.e_entry = 0x401010;
	s.h.e_phoff = s.h.e_ehsize = sizeof(s.h);
	s.h.e_phentsize = sizeof(s.p[0]);
	s.h.e_phnum = 4;
	s.p[0] = (Elf64_Phdr){ LOAD, PF_R, 0, 0x400000, 0, 0x200, 0x200, 0x1000 };
	s.p[1] = (Elf64_Phdr){ LOAD, PF_R | PF_X, 0x1000, 0x401000, 0, 0x2345, 0x2345, 0x1000 };
	s.p[2] = (Elf64_Phdr){ LOAD, PF_R | PF_W, 0x3f00, 0x404f00, 0, 0x100, 0x3000, 0x1000 };
	s.p[3] = (Elf64_Phdr){ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16 };
	return s;
}

static void check(const struct elf_image *image, uint64_t file_size)
{
	uint64_t end = image->dynamic ? 0 : MMAP_MIN;
	bool entry_ok = false;

	HOLDS(image->nsegments > 0 && image->nsegments <= ELF_MAX_SEGMENTS);
	for (unsigned i = 0; i < image->nsegments; i++) {
		const struct elf_segment *s = &image->segment[i];
		HOLDS(s->vaddr >= end && s->memsz > 0 && s->filesz <= s->memsz);
		HOLDS(s->vaddr + s->memsz > s->vaddr && s->vaddr + s->memsz <= USER_END);
		HOLDS(s->off + s->filesz >= s->off && s->off + s->filesz <= file_size);
		HOLDS(s->off % PAGE_SIZE == s->vaddr % PAGE_SIZE);
		HOLDS(!(s->prot & ~(uint32_t)(PROT_READ | PROT_WRITE | PROT_EXEC)));
		end = s->vaddr + s->memsz;
		entry_ok |= (s->prot & PROT_EXEC) && image->entry >= s->vaddr && image->entry < end;
	}
	HOLDS(entry_ok);
}

/* The first two bytes are the file's size in units of 256, 0: that of the sample. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sample good = sample();
	uint64_t file_size = 0x5000;
	struct elf_image image;
	size_t size;

	if (len >= 2) {
		file_size = ((uint64_t)(data[0] | data[1] << 8) << 8) ^ 0x5000;
		data += 2;
		len -= 2;
	}
	char *head = fuzz_over(&good, sizeof(good), data, len, &size);
	int err = elf_parse(head, size, file_size, &image);
	HOLDS(err == 0 || err == -ENOEXEC);
	if (!err)
		check(&image, file_size);
	free(head);
	return 0;
}
