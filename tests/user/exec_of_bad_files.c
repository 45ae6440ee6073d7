/* SPDX-License-Identifier: MIT */
/*
 * execve of a program that is cut short, foreign or spoilt gives an errno or a process that a signal ends; never more.
 */
#include <time.h>

#include "check.h"
#include "elf.h"

enum { NOT_STARTED = 100 }; /* plus the errno: how a child says that execve failed */

static unsigned char good[256 * 1024], bad[sizeof good];
static size_t size;
static struct header *const h = (struct header *)bad;

static void read_program(void)
{
	int fd = open("/bin/true", O_RDONLY);

	CHECK(fd >= 0);
	for (ssize_t n; (n = read(fd, good + size, sizeof good - size)) > 0;)
		size += (size_t)n;
	CHECK(size > PAGE && size < sizeof good);
	close(fd);
}

static struct segment *segment(unsigned i)
{
	return (struct segment *)(bad + h->phoff) + i;
}

/* The i-th segment that is loaded. */
static struct segment *load(int i)
{
	for (unsigned k = 0; k < h->phnum; k++)
		if (segment(k)->type == LOAD && i-- == 0)
			return segment(k);
	CHECK(0);
	return NULL;
}

enum patience { ENDS, MAY_HANG };

/* Runs the first len bytes of bad; its wait status. A program that may hang is killed after a second. */
static int run(size_t len, enum patience patience)
{
	const struct timespec moment = { 0, 5000000 };
	char *argv[] = { "bad", NULL }, *envp[] = { NULL };
	int status = 0, fd = open("bad", O_RDWR | O_CREAT | O_TRUNC, 0755);

	CHECK(fd >= 0 && write(fd, bad, len) == (ssize_t)len);
	close(fd);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		execve("bad", argv, envp);
		_exit(NOT_STARTED + errno);
	}
	for (int i = 0; waitpid(pid, &status, patience == MAY_HANG ? WNOHANG : 0) == 0; i++) {
		if (i == 200)
			kill(pid, SIGKILL);
		nanosleep(&moment, NULL);
	}
	CHECK(unlink("bad") == 0);
	return status;
}

static void reset(void) { memcpy(bad, good, size); }

static void refused_with(int error, size_t len, int line)
{
	int status = run(len, ENDS);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != NOT_STARTED + error) {
		fprintf(stderr, "%s:%d: %zu bytes: status 0x%x, expected errno %d\n", __FILE__, line, len, status, error);
		exit(1);
	}
	reset();
}
#define REFUSED(change) do { change; refused_with(ENOEXEC, size, __LINE__); } while (0)

static void cut_short(void)
{
	static const size_t cuts[] = { 0, 1, 2, 3, 4, 5, 15, 16, 18, 20, 24, 31, 32, 52, 54, 56, 58, 63 };
	size_t tables = h->phoff + h->phnum * sizeof(struct segment), data_end = 0;

	for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
		refused_with(ENOEXEC, cuts[i], __LINE__);
	for (size_t len = 64; len < tables; len += 28)
		refused_with(ENOEXEC, len, __LINE__);
	refused_with(ENOEXEC, tables - 1, __LINE__);
	refused_with(ENOEXEC, tables, __LINE__);
	for (unsigned i = 0; i < h->phnum; i++)
		if (segment(i)->type == LOAD && segment(i)->offset + segment(i)->filesz > data_end)
			data_end = segment(i)->offset + segment(i)->filesz;
	for (size_t len = PAGE; len < data_end; len += PAGE)
		refused_with(ENOEXEC, len, __LINE__);
	refused_with(ENOEXEC, data_end - 1, __LINE__);
	CHECK(run(data_end, ENDS) == 0); /* what lies behind is for linkers and debuggers */
}

static void foreign(void)
{
	REFUSED(h->ident[0] = 'X');
	REFUSED(h->ident[4] = 1);   /* 32 bits */
	REFUSED(h->ident[4] = 0);
	REFUSED(h->ident[5] = 2);   /* big-endian */
	REFUSED(h->type = 1);       /* an object file */
	REFUSED(h->type = 4);       /* a core file */
	REFUSED(h->machine = 3);    /* i386 */
	REFUSED(h->machine = 183);  /* arm64 */
	REFUSED(h->machine = 0xffff);
	REFUSED(h->phnum = 0);
	REFUSED(h->phnum = 0xffff);
	REFUSED(h->phentsize = 32);
	REFUSED(h->phentsize = 0);
	REFUSED(h->phoff = size);
	REFUSED(h->phoff = ~0ul);
	REFUSED(h->phoff = ~0ul - 55);
	REFUSED(h->phoff = 1ul << 63);
}

static void bad_segments(void)
{
	REFUSED(load(0)->offset = 1ul << 40);
	REFUSED(load(0)->offset = ~0xffful);
	REFUSED(load(0)->filesz = ~0ul);
	REFUSED(load(0)->filesz = load(0)->memsz + 1);
	REFUSED(load(0)->filesz = load(0)->memsz = size + PAGE);
	REFUSED(load(0)->memsz = ~0ul);
	REFUSED(load(0)->memsz = 1ul << 63);
	REFUSED(load(0)->memsz = 1ul << 47);
	REFUSED(load(0)->vaddr += 8);
	REFUSED(load(0)->vaddr = 0);
	REFUSED(load(0)->vaddr = ~0xffful);
	REFUSED(load(0)->vaddr = 0xffffffff80000000);
	REFUSED(load(0)->vaddr = 0x7ffffffff000);
	REFUSED(load(0)->vaddr = 1ul << 47);
	REFUSED(load(1)->vaddr = load(0)->vaddr); /* one over the other */
	REFUSED(load(0)->memsz += 64 * PAGE);     /* into the next */
	REFUSED(h->entry = 0);
	REFUSED(h->entry = ~0ul);
	REFUSED(h->entry = 0xffffffff80000000);
	REFUSED(h->entry = 0x800000000000);
	REFUSED(for (unsigned i = 0; i < h->phnum; i++) segment(i)->flags &= ~1u); /* nothing executable */
}

/* The program names an interpreter; the words of its segment that is not loaded are used for that. */
static void name_interpreter(const char *path, size_t len)
{
	unsigned k = 0;

	while (k < h->phnum && segment(k)->type == LOAD)
		k++;
	CHECK(k < h->phnum && size + len <= sizeof bad);
	memcpy(bad + size, path, len);
	*segment(k) = (struct segment){ .type = INTERP, .offset = size, .filesz = len };
}

static void bad_interpreters(void)
{
	close(open("text", O_WRONLY | O_CREAT, 0755));
	name_interpreter("x", 1);
	refused_with(ENOEXEC, size + 1, __LINE__);
	name_interpreter("/bin/true", 9); /* no NUL */
	refused_with(ENOEXEC, size + 9, __LINE__);
	name_interpreter("/bin/true", 10); /* past the end of the file */
	refused_with(ENOEXEC, size + 5, __LINE__);
	name_interpreter("nothing", 8);
	refused_with(ENOENT, size + 8, __LINE__);
	name_interpreter("/", 2);
	refused_with(EACCES, size + 2, __LINE__);
	name_interpreter("text", 5);
	refused_with(ELIBBAD, size + 5, __LINE__);
	CHECK(unlink("text") == 0);
}

static uint32_t random_state = 1;

static uint32_t random_number(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8;
}

/* Any change to the tables: the outcome is whatever it is, and the kernel outlives it. */
static void spoilt_at_random(int count)
{
	static const uint64_t values[] = { 0, 1, 7, 0xff, 0xfff, 0x1000, 0x7fff, 0x10000, 0x400000, 0x7fffffff, 0xffffffff,
	                                   1ul << 32, 0x7fffffff0000, 0x7ffffffff000, 1ul << 47, 1ul << 63,
	                                   ~0xffful, ~0ul };
	size_t tables = h->phoff + h->phnum * sizeof(struct segment);

	for (int i = 0; i < count; i++) {
		for (uint32_t changes = random_number() % 3 + 1; changes; changes--) {
			uint64_t value = values[random_number() % (sizeof values / sizeof *values)];
			size_t at = 16 + random_number() % (tables - 16 - 8);
			memcpy(bad + at, &value, random_number() % 2 ? 8 : random_number() % 4 + 1);
		}
		run(size, MAY_HANG);
		reset();
	}
}

int main(int argc, char **argv)
{
	if (argc > 2)
		random_state = (uint32_t)atoi(argv[2]);
	read_program();
	reset();
	CHECK(run(size, ENDS) == 0);
	cut_short();
	foreign();
	bad_segments();
	bad_interpreters();
	spoilt_at_random(argc > 1 ? atoi(argv[1]) : 150);
	CHECK(run(size, ENDS) == 0);
	return 0;
}
