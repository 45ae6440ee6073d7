/* SPDX-License-Identifier: MIT */
/* A server that dies leaves errors to its clients, and nothing waits for ever. Skips without arguments: it ends the
 * system's use.
 *
 *     server_dies ext2|disk FILE   FILE: 16 pages, page i full of the i-th letter */
#include "check.h"
#include <stdbool.h>
#include <time.h>

/* The process of that name, if it lives; all that is read here lies in memory. */
static pid_t find(const char *name)
{
	char path[40], text[200], want[40];

	snprintf(want, sizeof want, "(%s)", name);
	for (pid_t pid = 1; pid < 50; pid++) {
		snprintf(path, sizeof path, "/proc/%d/stat", pid);
		int fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		ssize_t n = read(fd, text, sizeof text - 1);
		close(fd);
		text[n > 0 ? n : 0] = '\0';
		if (strstr(text, want) && !strstr(text, ") Z"))
			return pid;
	}
	return -1;
}

int main(int argc, char **argv)
{
	const struct timespec moment = { 0, 10000000 };
	unsigned char buf[PAGE];
	bool is_filesystem;

	if (argc < 3)
		return 77;
	is_filesystem = strcmp(argv[1], "ext2") == 0;
	int fd = open(argv[2], O_RDWR), dir = open("/home", O_RDONLY);
	CHECK(fd >= 0 && dir >= 0);
	CHECK(pread(fd, buf, PAGE, 0) == (ssize_t)PAGE && buf[0] == 'a');
	unsigned char *p = map(16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	STORE(p, 'A');
	void *stack[16];
	memset(stack, 0, sizeof stack); /* our own pages are here before the server goes */

	pid_t server = find(argv[1]);
	CHECK(server > 1);
	CHECK(kill(server, SIGKILL) == 0);
	while (find(argv[1]) == server)
		nanosleep(&moment, NULL);

	CHECK(p[0] == 'A'); /* what is in memory stays readable */
	FAILS(pread(fd, buf, PAGE, 9 * (off_t)PAGE), EIO);
	DIES_BY(SIGBUS, TOUCH(p + 10 * PAGE));
	FAILS(msync(p, PAGE, MS_SYNC), EIO);
	FAILS(fsync(fd), EIO);
	if (is_filesystem) {
		FAILS(open("/home/new", O_RDWR | O_CREAT, 0600), EIO);
		FAILS(open("/nowhere", O_RDONLY), EIO);
		FAILS(mkdir("/home/d", 0700), EIO);
		FAILS(unlink(argv[2]), EIO);
	}
	CHECK(open("/dev/null", O_RDWR) >= 0);
	int boot = open("/boot/bin/true", O_RDONLY);
	CHECK(boot >= 0 && read(boot, buf, 4) == 4 && memcmp(buf, "\177ELF", 4) == 0);
	CHILD_PASSES(execl("/boot/bin/true", "true", NULL); _exit(1));
	return 0;
}
