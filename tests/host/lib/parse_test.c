/* SPDX-License-Identifier: MIT */
/*
 * The parsers of what comes from outside. Each gets well-formed input, wrong input of every kind we
 * thought of, and then thousands of random mutations in a block of exactly the input's length, so
 * that the address sanitizer sees one byte read too much. What a parser accepts must keep the
 * promises its header makes.
 */
#include "host.h"

#include <abi/errno.h>
#include <abi/mman.h>
#include <elf.h>

#undef PT_LOAD /* as a number below; elf.c has its own */
#include "lib/parse.h"
#include "pure.h"

#define LOAD 1

/* A copy in a block of its own, of exactly this length. */
static char *exact_copy(const char *data, size_t len)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, data, len);
	return copy;
}

static void mutate(char *data, size_t len)
{
	static const unsigned char favourite[] = { 0, 1, 0x7f, 0x80, 0xff, '0', 'f', '=', ' ', '/' };

	for (unsigned n = 1 + (unsigned)host_below(4); n > 0 && len > 0; n--) {
		size_t at = host_below(len);
		if (host_below(2))
			data[at] = (char)favourite[host_below(sizeof(favourite))];
		else
			data[at] ^= (char)(1u << host_below(8));
	}
}

/* ---- cpio ---- */

static size_t cpio_put(char *out, const char *name, const char *data, size_t size)
{
	size_t n = (size_t)sprintf(out, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x%s", 7, 0100644,
	                           1, 2, 1,
				   0x60000000, size, 0, 0, 0, 0, strlen(name) + 1, 0, name) + 1;

	while (n % 4)
		out[n++] = '\0';
	memcpy(out + n, data, size);
	n += size;
	while (n % 4)
		out[n++] = '\0';
	return n;
}

static size_t cpio_sample(char *out)
{
	size_t n = cpio_put(out, "./init", "hello", 5);

	n += cpio_put(out + n, "bin/sh", "", 0);
	n += cpio_put(out + n, "/etc/motd", "twelve bytes", 12);
	return n + cpio_put(out + n, "TRAILER!!!", "", 0);
}

void cpio_reads_an_archive(void)
{
	char archive[1024];
	size_t len = cpio_sample(archive), pos = 0;
	struct cpio_entry e;

	CHECK(cpio_next(archive, len, &pos, &e) == 1);
	CHECK(strcmp(e.name, "init") == 0 && e.size == 5 && memcmp(e.data, "hello", 5) == 0);
	CHECK(e.mode == 0100644 && e.uid == 1 && e.gid == 2 && e.mtime == 0x60000000 && e.ino == 7 && e.nlink == 1);
	CHECK(cpio_next(archive, len, &pos, &e) == 1 && strcmp(e.name, "bin/sh") == 0 && e.size == 0);
	CHECK(cpio_next(archive, len, &pos, &e) == 1 && strcmp(e.name, "etc/motd") == 0 && e.size == 12);
	CHECK(cpio_next(archive, len, &pos, &e) == 0);
	pos = 0;
	CHECK(cpio_next(archive, 50, &pos, &e) == -EINVAL);
}

static void cpio_walk(const char *archive, size_t len)
{
	struct cpio_entry e;
	size_t pos = 0;

	for (unsigned i = 0; cpio_next(archive, len, &pos, &e) == 1; i++) {
		CHECK(i <= len / 110);
		CHECK(strlen(e.name) < len && e.name[0] != '/');
		CHECK((const char *)e.data >= archive && e.size <= len);
		CHECK((const char *)e.data + e.size <= archive + len);
		unsigned sum = 0;
		for (size_t j = 0; j < e.size; j++)
			sum += ((const unsigned char *)e.data)[j];
		CHECK(sum <= 255 * e.size);
	}
}

void cpio_survives_mutation(void)
{
	char archive[1024];
	size_t len = cpio_sample(archive);

	for (unsigned i = 0; i < 50000; i++) {
		size_t cut = host_below(3) ? len : host_below(len + 1);
		char *copy = exact_copy(archive, cut);
		mutate(copy, cut);
		cpio_walk(copy, cut);
		free(copy);
	}
}

/* ---- ELF ---- */

#define ELF_LEN  (sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr))
#define ELF_SIZE 0x5000ul /* of the file */

struct elf_sample { Elf64_Ehdr h; Elf64_Phdr p[4]; };

static struct elf_sample elf_sample(void)
{
	struct elf_sample s = { 0 };

	memcpy(s.h.e_ident, "\177ELF\2\1\1", 7);
	s.h.e_type = ET_EXEC;
	s.h.e_machine = EM_X86_64;
	s.h.e_version = 1;
	s.h.e_entry = 0x401010;
	s.h.e_phoff = sizeof(s.h);
	s.h.e_ehsize = sizeof(s.h);
	s.h.e_phentsize = sizeof(s.p[0]);
	s.h.e_phnum = 4;
	s.p[0] = (Elf64_Phdr){ LOAD, PF_R, 0, 0x400000, 0, 0x200, 0x200, 0x1000 };
	s.p[1] = (Elf64_Phdr){ LOAD, PF_R | PF_X, 0x1000, 0x401000, 0, 0x2345, 0x2345, 0x1000 };
	s.p[2] = (Elf64_Phdr){ LOAD, PF_R | PF_W, 0x3f00, 0x404f00, 0, 0x100, 0x3000, 0x1000 };
	s.p[3] = (Elf64_Phdr){ PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16 };
	return s;
}

void elf_accepts_a_program(void)
{
	struct elf_sample s = elf_sample();
	struct elf_image image;

	CHECK(elf_parse(&s, sizeof(s), ELF_SIZE, &image) == 0);
	CHECK(image.nsegments == 3 && image.entry == 0x401010 && image.phdr_vaddr == 0x400040 && image.phnum == 4);
	CHECK(!image.dynamic && !image.exec_stack && image.phentsize == 56);
	CHECK(image.segment[1].prot == (PROT_READ | PROT_EXEC) && image.segment[2].prot == (PROT_READ | PROT_WRITE));
	CHECK(image.segment[2].memsz == 0x3000 && image.segment[2].filesz == 0x100);
	s.p[3].p_flags |= PF_X;
	CHECK(elf_parse(&s, sizeof(s), ELF_SIZE, &image) == 0 && image.exec_stack);
	s.h.e_type = ET_DYN;
	for (unsigned i = 0; i < 3; i++)
		s.p[i].p_vaddr -= 0x400000;
	s.h.e_entry -= 0x400000;
	CHECK(elf_parse(&s, sizeof(s), ELF_SIZE, &image) == 0 && image.dynamic && image.phdr_vaddr == 0x40);
}

#define REFUSED(change) do { \
	struct elf_sample s = elf_sample(); \
	struct elf_image image; \
	change; \
	CHECK(elf_parse(&s, sizeof(s), ELF_SIZE, &image) == -ENOEXEC); \
} while (0)

void elf_refuses_what_it_must(void)
{
	struct elf_sample good = elf_sample();
	struct elf_image out;

	REFUSED(s.h.e_ident[0] = '#');
	REFUSED(s.h.e_ident[EI_CLASS] = ELFCLASS32);
	REFUSED(s.h.e_ident[EI_DATA] = ELFDATA2MSB);
	REFUSED(s.h.e_machine = EM_AARCH64);
	REFUSED(s.h.e_type = ET_REL);
	REFUSED(s.h.e_phnum = 0);
	REFUSED(s.h.e_phnum = 5);
	REFUSED(s.h.e_phentsize = 32);
	REFUSED(s.h.e_phoff = UINT64_MAX - 8);
	REFUSED(s.h.e_entry = 0x400010);                 /* not executable */
	REFUSED(s.h.e_entry = 0x900000);
	REFUSED(s.p[3].p_type = PT_INTERP; s.p[3].p_offset = ELF_SIZE - 1; s.p[3].p_filesz = 2);
	REFUSED(s.p[3].p_type = PT_INTERP; s.p[3].p_offset = 0; s.p[3].p_filesz = 1);
	REFUSED(s.p[3].p_type = PT_INTERP; s.p[3].p_offset = 0; s.p[3].p_filesz = 4097);
	REFUSED(s.p[1].p_filesz = s.p[1].p_memsz + 1);
	REFUSED(s.p[1].p_offset = ELF_SIZE + 0x1000);
	REFUSED(s.p[1].p_offset = UINT64_MAX & ~0xffful);
	REFUSED(s.p[1].p_offset = 0x1010);               /* not congruent */
	REFUSED(s.p[2].p_memsz = UINT64_MAX);
	REFUSED(s.p[2].p_vaddr = 0x7ffffffff000 + 0xf00);
	REFUSED(s.p[2].p_vaddr = 0xffffffff80000f00);
	REFUSED(s.p[0].p_vaddr = 0);                     /* below MMAP_MIN */
	REFUSED(s.p[2].p_vaddr = 0x402f00);              /* overlaps */
	REFUSED(s.p[0].p_vaddr = 0x500000);              /* descending */
	CHECK(elf_parse(&good, ELF_LEN - 1, ELF_SIZE, &out) == -ENOEXEC);
	CHECK(elf_parse(&good, 10, ELF_SIZE, &out) == -ENOEXEC);
	CHECK(elf_parse(&good, sizeof(good), 0x3fff, &out) == -ENOEXEC);
}

static void elf_check_promises(const struct elf_image *image, uint64_t size)
{
	uint64_t end = image->dynamic ? 0 : MMAP_MIN;
	bool entry_ok = false;

	CHECK(image->nsegments <= ELF_MAX_SEGMENTS);
	for (unsigned i = 0; i < image->nsegments; i++) {
		const struct elf_segment *s = &image->segment[i];
		CHECK(s->vaddr >= end && s->memsz > 0 && s->filesz <= s->memsz);
		CHECK(s->vaddr + s->memsz > s->vaddr && s->vaddr + s->memsz <= USER_END);
		CHECK(s->off + s->filesz >= s->off && s->off + s->filesz <= size);
		CHECK(s->off % PAGE_SIZE == s->vaddr % PAGE_SIZE);
		end = s->vaddr + s->memsz;
		entry_ok |= (s->prot & PROT_EXEC) && image->entry >= s->vaddr && image->entry < end;
	}
	CHECK(entry_ok);
}

void elf_survives_mutation(void)
{
	struct elf_sample sample = elf_sample();
	unsigned accepted = 0;

	for (unsigned i = 0; i < 100000; i++) {
		size_t cut = host_below(4) ? sizeof(sample) : host_below(sizeof(sample) + 1);
		uint64_t size = host_below(4) ? ELF_SIZE : host_below(2 * ELF_SIZE);
		char *copy = exact_copy((const char *)&sample, cut);
		struct elf_image image;
		mutate(copy, cut);
		int err = elf_parse(copy, cut, size, &image);
		CHECK(err == 0 || err == -ENOEXEC);
		if (err == 0) {
			accepted++;
			elf_check_promises(&image, size);
		}
		free(copy);
	}
	CHECK(accepted > 1000);
}

/* ---- command line ---- */

void cmdline_finds_values(void)
{
	char buf[16];

	CHECK(cmdline_get("log=com1 run=/bin/ls", "run", buf, sizeof(buf)) && strcmp(buf, "/bin/ls") == 0);
	CHECK(cmdline_get("  log=com1\t run=a log=com2", "log", buf, sizeof(buf)) && strcmp(buf, "com2") == 0);
	CHECK(cmdline_get("empty= x", "empty", buf, sizeof(buf)) && strcmp(buf, "") == 0);
	CHECK(cmdline_get("env=K=V,L=W", "env", buf, sizeof(buf)) && strcmp(buf, "K=V,L=W") == 0);
	CHECK(!cmdline_get("catalog=1 log", "log", buf, sizeof(buf)));
	CHECK(!cmdline_get("logs=1", "log", buf, sizeof(buf)));
	CHECK(!cmdline_get("", "log", buf, sizeof(buf)));
	CHECK(!cmdline_get("k=0123456789abcdef", "k", buf, sizeof(buf)));
	CHECK(cmdline_get("k=0123456789abcde", "k", buf, sizeof(buf)));
}

void cmdline_survives_mutation(void)
{
	static const char line[] = "log=com1 control=com4 run=/bin/true,a,b test=vm.* k= =v panic=halt";

	for (unsigned i = 0; i < 20000; i++) {
		size_t cut = host_below(sizeof(line));
		char *copy = exact_copy(line, cut + 1);
		char buf[12];
		mutate(copy, cut);
		copy[cut] = '\0';
		if (cmdline_get(copy, host_below(2) ? "run" : "k", buf, sizeof(buf)))
			CHECK(strlen(buf) < sizeof(buf) && strstr(copy, buf));
		free(copy);
	}
}
