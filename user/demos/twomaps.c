/* SPDX-License-Identifier: MIT */
/*
 * twomaps FILE - two processes and one file: what each sees of the other's stores
 *
 * The file (made, or cut to 4096 bytes of '.') is mapped three times: shared by the parent, shared by the
 * child, private by the child. The two shared mappings are windows onto the same page of the page cache,
 * so a store by one is there for the other at once, without msync or any system call. The private
 * mapping looks at that page as well, until it is stored to: then it has a copy of its own, which nobody
 * else sees and in which later changes of the file do not show.
 *
 * Look at:  the letters in each line; in the end, cat FILE: 'P' and 'S' are in the file, 'x' is not.
 * Note:     until the private mapping has its copy, POSIX leaves open whether it sees later stores.
 *           Atlas and Linux show them.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE 4096

static int to_child[2], to_parent[2];

/* Let the other process go on, or wait until it lets us. */
static void turn(int fd, int give)
{
	char c = '.';

	if ((give ? write(fd, &c, 1) : read(fd, &c, 1)) != 1)
		errx(1, "the other process is gone");
}

static char *map(int fd, int flags)
{
	char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

static void show(const char *who, const char *p)
{
	printf("%-34s %.4s\n", who, p);
	fflush(stdout);
}

static void child(int fd)
{
	char *shared = map(fd, MAP_SHARED), *private = map(fd, MAP_PRIVATE);

	show("child, shared:  at first", shared);
	turn(to_parent[1], 1);
	turn(to_child[0], 0);
	show("child, shared:  parent stored P", shared);
	show("child, private: the same page still", private);
	private[1] = 'x';
	show("child, private: stored x, own copy", private);
	shared[2] = 'S';
	show("child, shared:  stored S", shared);
	show("child, private: does not see S", private);
	turn(to_parent[1], 1);
	_exit(memcmp(shared, "P.S.", 4) == 0 && memcmp(private, "Px..", 4) == 0 ? 0 : 1);
}

int main(int argc, char **argv)
{
	char dots[SIZE], *shared;
	int fd, status;
	pid_t pid;

	if (argc != 2) {
		fprintf(stderr, "usage: twomaps FILE\n");
		return 2;
	}
	memset(dots, '.', sizeof(dots));
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0666);
	if (fd < 0 || write(fd, dots, SIZE) != SIZE)
		err(1, "%s", argv[1]);
	if (pipe(to_child) < 0 || pipe(to_parent) < 0)
		err(1, "pipe");
	shared = map(fd, MAP_SHARED);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0)
		child(fd);
	turn(to_parent[0], 0);
	shared[0] = 'P';
	show("parent, shared: stored P", shared);
	turn(to_child[1], 1);
	turn(to_parent[0], 0);
	show("parent, shared: sees S, not x", shared);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		errx(1, "the child saw something else");
	return memcmp(shared, "P.S.", 4) != 0;
}
