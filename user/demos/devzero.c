/* SPDX-License-Identifier: MIT */
/*
 * devzero - two ways to memory that parent and child share, and that they are one
 *
 * An anonymous shared mapping and a shared mapping of /dev/zero are the same thing: each gets an object of its own,
 * full of zeros, with no file behind it. fork() copies the mapping and not the object, so what one process stores the
 * other sees, without any call. The older way is for systems that have no MAP_ANONYMOUS.
 *
 * Look at:  the fourth line: the child prints what the parent stored after they had parted
 * Try:      MAP_PRIVATE for both: the child keeps seeing "first"
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 4096

static char *anon, *zero;

static void show(const char *who)
{
	printf("%s: anonymous %s, zero %s\n", who, anon, zero);
	fflush(stdout); /* before a fork, or both would print it */
}

static void store(const char *text)
{
	strcpy(anon, text);
	strcpy(zero, text);
}

int main(void)
{
	int fd = open("/dev/zero", O_RDWR), told[2], seen[2];
	char byte;

	if (fd < 0 || pipe(told) < 0 || pipe(seen) < 0)
		err(1, "/dev/zero");
	anon = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	zero = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (anon == MAP_FAILED || zero == MAP_FAILED)
		err(1, "mmap");
	close(fd); /* the mapping needs no descriptor */
	store("first");
	show("parent");
	pid_t child = fork();
	if (child < 0)
		err(1, "fork");
	if (child == 0) {
		show("child");
		write(seen[1], "", 1);
		read(told[0], &byte, 1);
		show("child");
		return 0;
	}
	read(seen[0], &byte, 1);
	store("second");
	show("parent");
	write(told[1], "", 1);
	return waitpid(child, NULL, 0) != child;
}
