/* SPDX-License-Identifier: MIT */
/* /proc/self/maps and smaps show the mappings of now, at any read size, and pages divided among those who map them. */
#define _GNU_SOURCE
#include "check.h"

static char text[1 << 20];

static size_t read_all(const char *path, size_t piece)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	CHECK(fd >= 0);
	while ((n = read(fd, text + len, piece)) > 0)
		len += (size_t)n;
	CHECK(n == 0);
	text[len] = '\0';
	close(fd);
	return len;
}

/* The kB of one row of smaps for the VMA that begins at p. */
static long row(const void *p, const char *name)
{
	char head[32];

	read_all("/proc/self/smaps", 4096);
	snprintf(head, sizeof head, "%08lx-", (unsigned long)p);
	char *at = strstr(text, head);
	CHECK(at);
	snprintf(head, sizeof head, "\n%s:", name);
	at = strstr(at, head);
	CHECK(at);
	return strtol(strchr(at, ':') + 1, NULL, 10);
}

static int has_line(const void *start, const void *end, const char *rest)
{
	char line[128];

	snprintf(line, sizeof line, "%08lx-%08lx %s", (unsigned long)start, (unsigned long)end, rest);
	return strstr(text, line) != NULL;
}

int main(void)
{
	unsigned char *p = map(8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = make_file("a\nb", 2 * PAGE);

	CHECK(mprotect(p + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE) == 0);
	CHECK(mmap(p + 4 * PAGE, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd, PAGE) != MAP_FAILED);
	read_all("/proc/self/maps", 4096);
	CHECK(has_line(p + PAGE, p + 3 * PAGE, "rw-p 00000000 00:00 0 \n"));
	CHECK(has_line(p + 4 * PAGE, p + 5 * PAGE, "r-xs 00001000 "));
	CHECK(strstr(text, "a\\012b\n") && strstr(text, "[stack]\n"));
	/* Byte by byte it is the same; one byte of it at a place of its own too. */
	static char whole[sizeof text];
	size_t len = read_all("/proc/self/maps", 4096);
	strcpy(whole, text);
	CHECK(read_all("/proc/self/maps", 7) == len && !strcmp(text, whole));
	int maps = open("/proc/self/maps", O_RDONLY);
	char c;
	CHECK(pread(maps, &c, 1, 100) == 1 && c == whole[100]);
	CHECK(pread(maps, &c, 1, (off_t)len + 5) == 0);
	/* Read again from the start it shows what has changed. */
	CHECK(unlink("a\nb") == 0 && munmap(p + PAGE, PAGE) == 0);
	CHECK(lseek(maps, 0, SEEK_SET) == 0);
	ssize_t n = 0, got;
	while ((got = read(maps, text + n, 4096)) > 0)
		n += got;
	text[n] = '\0';
	CHECK(has_line(p + 2 * PAGE, p + 3 * PAGE, "rw-p") && strstr(text, "a\\012b (deleted)\n"));
	FAILS(lseek(maps, 0, SEEK_END), EINVAL);

	unsigned char *q = map_anon(4 * PAGE);
	for (int i = 0; i < 4; i++)
		STORE(q + i * PAGE, 1);
	CHECK(mprotect(q - PAGE, PAGE, PROT_READ) == 0 || errno == ENOMEM);
	CHECK(madvise(q, 4 * PAGE, MADV_DONTDUMP) == 0); /* a VMA of its own */
	CHECK(row(q, "Rss") == 16 && row(q, "Pss") == 16 && row(q, "Private_Dirty") == 16 && row(q, "Anonymous") == 16);
	int go[2];
	CHECK(pipe(go) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(go[1]);
		TOUCH(q);
		(void)!read(go[0], &c, 1);
		_exit(0);
	}
	CHECK(row(q, "Pss") == 8 && row(q, "Shared_Dirty") == 16 && row(q, "Private_Dirty") == 0);
	close(go[1]);
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(row(q, "Pss") == 16);
	return 0;
}
