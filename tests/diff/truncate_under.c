/* SPDX-License-Identifier: MIT */
/*
 * A file cut and grown under its mappings: what each page then gives, shared, private and private with copies, the tail
 * of the last page, what read() says, what is there after growing again. On the disk and in memory.
 */
#include "show.h"

#define SHARED_AT  0l
#define PRIVATE_AT 10l
#define COPIED_AT  20l

static const long sizes[] = { 0, 1, 100, 4095, 4096, 4097, 6000, 8192, 12287, 12288 };

static void fill(int fd)
{
	unsigned char page[PAGE];

	for (long i = 0; i < 3; i++) {
		memset(page, 0x11 * ((int)i + 1), PAGE);
		CALL(pwrite64, fd, page, PAGE, i * PAGE);
	}
}

static void show_pages(const char *when, int fd)
{
	struct stat st;

	fstat(fd, &st);
	printf("  %s: size %ld, shared %s", when, (long)st.st_size, bytes_text(SHARED_AT, 4));
	printf(", private %s", bytes_text(PRIVATE_AT, 4));
	printf(", copied %s", bytes_text(COPIED_AT, 4));
	unsigned char bytes[4] = { 0xee, 0xee, 0xee, 0xee };
	for (long i = 0; i < 4; i++)
		CALL(pread64, fd, &bytes[i], 1, i * PAGE);
	printf(", read %02x %02x %02x %02x\n", bytes[0], bytes[1], bytes[2], bytes[3]);
}

/* The bytes around the end, through the mapping. */
static void show_tail(long size)
{
	long last = size / (long)PAGE;

	if (size % (long)PAGE == 0 || probe_letter(at(last), LOAD) != '.')
		return;
	unsigned char *end = at(0) + size;
	printf("  tail: %02x|%02x %02x\n", end[-1], end[0], *(at(last) + PAGE - 1));
	end[0] = 0x99; /* beyond the end of the file, in its last page */
	printf("  stored beyond: %02x, private %02x\n", end[0], end[(PRIVATE_AT - SHARED_AT) * (long)PAGE]);
}

static void cut(int fd, long to, long again, int touched)
{
	CALL(ftruncate, fd, 0);
	CALL(ftruncate, fd, 3 * PAGE);
	fill(fd);
	map_at(SHARED_AT, 4, RW, MAP_SHARED, fd, 0);
	map_at(PRIVATE_AT, 4, RW, MAP_PRIVATE, fd, 0);
	map_at(COPIED_AT, 4, RW, MAP_PRIVATE, fd, 0);
	for (long i = 0; i < 3; i++) {
		if (touched)
			probe(at(SHARED_AT + i), LOAD), probe(at(PRIVATE_AT + i), LOAD);
		*at(COPIED_AT + i) = (unsigned char)(0xa0 + i);
	}
	printf("to %ld, then %ld%s: %s\n", to, again, touched ? ", touched" : "", shown(CALL(ftruncate, fd, to)));
	show_pages("cut", fd);
	show_tail(to);
	printf("  store shared %s", probe(at(SHARED_AT + 2), STORE));
	printf(", private %s", probe(at(PRIVATE_AT + 1), STORE));
	printf(", copied %s\n", probe(at(COPIED_AT + 2) + 8, STORE));
	CALL(ftruncate, fd, again);
	show_pages("grown", fd);
	if (to % (long)PAGE && to < again) {
		unsigned char byte = 0xee;
		CALL(pread64, fd, &byte, 1, to);
		printf("  at the old end: mapped %02x, read %02x\n", *(at(0) + to), byte);
	}
	clear_arena();
}

/* In another process as well. */
static void two_processes(int fd)
{
	int talk[2], answer[2];
	char byte;

	CALL(ftruncate, fd, 3 * PAGE);
	fill(fd);
	map_at(SHARED_AT, 4, RW, MAP_SHARED, fd, 0);
	map_at(PRIVATE_AT, 4, RW, MAP_PRIVATE, fd, 0);
	map_at(COPIED_AT, 4, RW, MAP_PRIVATE, fd, 0);
	*at(COPIED_AT + 1) = 0x77;
	*at(COPIED_AT + 2) = 0x78;
	if (pipe(talk) < 0 || pipe(answer) < 0)
		return;
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		*at(COPIED_AT + 2) = 0x79;
		CALL(write, answer[1], "x", 1);
		CALL(read, talk[0], &byte, 1);
		show_pages("child", fd);
		fflush(stdout);
		_exit(0);
	}
	CALL(read, answer[0], &byte, 1);
	CALL(ftruncate, fd, PAGE + 10);
	CALL(write, talk[1], "x", 1);
	waitpid(pid, NULL, 0);
	show_pages("parent", fd);
	clear_arena();
}

int main(void)
{
	int fds[] = { make_file("file", 3), make_memfd("m", 3, 0) };

	catch_faults();
	for (size_t f = 0; f < COUNT(fds); f++) {
		printf("%s\n", f ? "memfd" : "file");
		for (size_t a = 0; a < COUNT(sizes); a++) {
			for (size_t b = 0; b < COUNT(sizes); b += 3) {
				cut(fds[f], sizes[a], sizes[b], 0);
				cut(fds[f], sizes[a], sizes[b], 1);
			}
		}
		two_processes(fds[f]);
	}
	static const long bad[] = { -1, -4096, 1l << 62, 1l << 44, 1l << 42, 1l << 41, INT64_MAX };
	for (size_t i = 0; i < COUNT(bad); i++) {
		for (size_t f = 0; f < COUNT(fds); f++)
			printf("ftruncate %#lx: %s\n", bad[i], shown(CALL(ftruncate, fds[f], bad[i])));
	}
	int ro = open("file", O_RDONLY), ends[2];
	if (pipe(ends) == 0)
		printf("read-only %s, pipe %s, closed %s, folder %s\n", shown(CALL(ftruncate, ro, 0)),
		       shown(CALL(ftruncate, ends[1], 0)), shown(CALL(ftruncate, 99, 0)), shown(CALL(truncate, ".", 0)));
	return 0;
}
