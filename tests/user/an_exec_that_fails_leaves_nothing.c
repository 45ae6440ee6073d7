/* SPDX-License-Identifier: MIT */
/*
 * A program whose headers are good but whose segments cannot be mapped: execve returns an errno, or, where the old
 * program was given up before that was found, a signal ends the process; its parent sees which. It is so for a
 * process with threads, for one that shares its parent's memory, and for one at its limits; nothing is left behind.
 */
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <atlas/thread.h>

#include "check.h"
#include "elf.h"

enum { READS = 4, WRITES = 2, RUNS = 1 };
enum { PASSED = 42, NOT_STARTED = 100 }; /* plus the errno */

#define BASE 0x400000ul
#define DATA 0x600000ul
#define TOP 0x7ffffffff000ul
#define LATE (64ul << 20) /* more than the limit of those that are to exceed it */

/* A program of two segments, a third unused: looks at its data, exit(42). */
static struct image {
	struct header h;
	struct segment code, data, third;
	unsigned char text[32];
	char interpreter[32];
	unsigned char rest[3 * PAGE];
} image;

static void reset(void)
{
	static const unsigned char exits[] = { 0x8a, 0x04, 0x25, 0, 0, DATA >> 16, 0, /* mov DATA, %al */
	                                       0xbf, PASSED, 0, 0, 0, 0xb8, 60, 0, 0, 0, 0x0f, 0x05 };

	memset(&image, 0, sizeof image);
	image.h = (struct header){
		.ident = { 0x7f, 'E', 'L', 'F', 2, 1, 1 }, .type = 2, .machine = 62, .version = 1,
		.entry = BASE + offsetof(struct image, text), .phoff = offsetof(struct image, code), .ehsize = 64,
		.phentsize = 56, .phnum = 2,
	};
	image.code = (struct segment){ LOAD, READS | RUNS, 0, BASE, BASE, PAGE, PAGE, PAGE };
	image.data = (struct segment){ LOAD, READS | WRITES, PAGE, DATA, DATA, 100, 2 * PAGE, PAGE };
	memcpy(image.text, exits, sizeof exits);
}

static void put(const char *name, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);

	CHECK(fd >= 0 && write(fd, &image, len) == (ssize_t)len && close(fd) == 0);
}

static void start(void)
{
	char *argv[] = { "bad", NULL }, *envp[] = { NULL };

	execve("bad", argv, envp);
}

static void limit(int resource, unsigned long most)
{
	struct rlimit r = { most, most };

	CHECK(setrlimit(resource, &r) == 0);
}

static void *idles(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *starts(void *arg)
{
	start();
	_exit(NOT_STARTED + errno);
	return arg;
}

enum how { ALONE, AMONG_THREADS, BY_A_THREAD, SHARING_MEMORY, HOW_COUNT };

/* A child that starts the program; -> its status. */
static int run(enum how how, int resource, unsigned long most)
{
	int status;
	pid_t pid = how == SHARING_MEMORY && resource < 0 ? vfork() : fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		if (how == AMONG_THREADS || how == BY_A_THREAD)
			for (int i = 0; i < 3; i++)
				CHECK(thread_create(idles, NULL, 0) > 0);
		if (resource >= 0)
			limit(resource, most);
		if (how == BY_A_THREAD)
			CHECK(thread_create(starts, NULL, 0) > 0 && !idles(NULL));
		start();
		_exit(NOT_STARTED + errno);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static void ends_badly(int status, int line)
{
	int error = WIFEXITED(status) ? WEXITSTATUS(status) - NOT_STARTED : 0;
	int signo = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (error != ENOEXEC && error != ENOMEM && error != EINVAL && error != E2BIG && error != ELIBBAD &&
	    error != EIO && signo != SIGSEGV && signo != SIGKILL && signo != SIGBUS) {
		fprintf(stderr, "%s:%d: status 0x%x\n", __FILE__, line, status);
		exit(1);
	}
}

#define FAILS_TO_START(...) \
	do { \
		reset(); \
		__VA_ARGS__; \
		put("bad", sizeof image); \
		for (enum how how = ALONE; how < HOW_COUNT; how++) \
			ends_badly(run(how, -1, 0), __LINE__); \
	} while (0)

static void third(uint64_t at, uint64_t filesz, uint64_t memsz)
{
	image.third = (struct segment){ LOAD, READS | WRITES, 2 * PAGE, at, at, filesz, memsz, PAGE };
	image.h.phnum = 3;
}

static void segments_without_a_place(void)
{
	FAILS_TO_START(third(0xffff800000000000, PAGE, PAGE));
	FAILS_TO_START(third(0xffffffff80000000, 0, PAGE));
	FAILS_TO_START(third(1ul << 47, PAGE, PAGE));
	FAILS_TO_START(third(TOP, PAGE, PAGE));
	FAILS_TO_START(third(DATA + (1ul << 30), PAGE, 1ul << 47)); /* too large for any place */
	FAILS_TO_START(third(DATA + (1ul << 30), PAGE, TOP - DATA - (1ul << 30) + PAGE));
	FAILS_TO_START(third(DATA + (1ul << 30), PAGE, ~0ul - DATA));
	FAILS_TO_START(third(DATA + (1ul << 30), 1ul << 46, 1ul << 46));
	FAILS_TO_START(image.data.offset = 1ul << 50);
	FAILS_TO_START(image.data.vaddr = 0; image.data.memsz = 1ul << 46);
}

/* The interpreter is opened and read at first, and mapped last of all. */
static void interpreters_without_a_place(void)
{
	static const uint64_t places[] = { 0xffff800000000000, 1ul << 47, TOP };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		reset();
		image.data.vaddr = places[i];
		put("interpreter", sizeof image);
		FAILS_TO_START({
			image.third = (struct segment){ .type = INTERP, .flags = READS, .filesz = sizeof "interpreter",
			                                .offset = offsetof(struct image, interpreter), .align = 1 };
			strcpy(image.interpreter, "interpreter");
			image.h.phnum = 3;
		});
	}
	CHECK(unlink("interpreter") == 0);
}

/* Behind its headers nothing is left: not the code, not the data that is to be cleared up to its page's end. */
static void cut_behind_the_headers(void)
{
	static const size_t sizes[] = { offsetof(struct image, text), PAGE };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		reset();
		if (i == 0) {
			image.code.offset = PAGE, image.code.vaddr = BASE + PAGE;
			image.h.entry = BASE + PAGE;
		}
		put("bad", sizes[i]);
		for (enum how how = ALONE; how < HOW_COUNT; how++)
			ends_badly(run(how, -1, 0), __LINE__);
	}
}

/* A good program, for which its process has no room. */
static void beyond_a_limit(void)
{
	reset();
	third(DATA + (1ul << 30), PAGE, LATE);
	put("bad", sizeof image);
	for (enum how how = ALONE; how < SHARING_MEMORY; how++) {
		CHECK(run(how, -1, 0) == PASSED << 8);
		ends_badly(run(how, RLIMIT_AS, LATE / 2), __LINE__);
		ends_badly(run(how, RLIMIT_DATA, LATE / 2), __LINE__);
	}
	ends_badly(run(ALONE, RLIMIT_AS, PAGE), __LINE__); /* not even the stack */
	ends_badly(run(ALONE, RLIMIT_AS, 0), __LINE__);
}

int main(void)
{
	reset();
	put("bad", sizeof image);
	for (enum how how = ALONE; how < HOW_COUNT; how++)
		CHECK(run(how, -1, 0) == PASSED << 8);
	segments_without_a_place();
	interpreters_without_a_place();
	cut_behind_the_headers();
	beyond_a_limit();
	reset();
	put("bad", sizeof image);
	CHECK(run(ALONE, -1, 0) == PASSED << 8);
	return 0;
}
