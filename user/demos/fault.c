/* SPDX-License-Identifier: MIT */
/*
 * fault HOW - break a rule of memory and be ended for it
 *
 * The kernel looks up the address, finds that nothing there permits the access, and sends SIGSEGV, or SIGBUS
 * where a mapping is in order but the file behind it ends. Whoever has no handler dies, and the log gets a
 * report: the access, what is mapped there or lies nearest, and which rule refused it.
 *
 * Look at:  fault null; fault code; ... and then   maps $$   for what such an address space looks like.
 * Try:      to say beforehand which signal it will be.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

static int deepest(int depth)
{
	volatile char frame[PAGE];

	frame[0] = depth;
	return depth < 0 ? 0 : deepest(depth + 1) + frame[0];
}

static void store(void *at)
{
	*(volatile char *)at = 1;
}

static void store_past_the_file(void)
{
	int fd = open("/tmp/empty", O_RDWR | O_CREAT | O_TRUNC, 0666);
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		err(1, "/tmp/empty");
	store(p);
}

static void store_after_munmap(void)
{
	char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	store(p + PAGE);
	munmap(p + PAGE, PAGE);
	store(p + PAGE);
}

int main(int argc, char **argv)
{
	static char data[] = "\xc3"; /* the instruction "ret": data is no code all the same */
	const char *how = argc == 2 ? argv[1] : "";

	if (strcmp(how, "null") == 0)
		store(NULL);
	else if (strcmp(how, "code") == 0)
		store((void *)main);
	else if (strcmp(how, "data") == 0)
		((void (*)(void))(void *)data)();
	else if (strcmp(how, "stack") == 0)
		return deepest(0);
	else if (strcmp(how, "file") == 0)
		store_past_the_file();
	else if (strcmp(how, "unmapped") == 0)
		store_after_munmap();
	fprintf(stderr, "usage: fault null|code|data|stack|file|unmapped\n");
	return 2;
}
