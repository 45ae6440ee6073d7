/* SPDX-License-Identifier: MIT */
/*
 * What write() puts into a file and what mappings put there is one: every order of two changes and a look, by every
 * way.
 */
#include "show.h"

enum { WRITE, STORE_SHARED, STORE_PRIVATE, STORE_OTHER, APPEND, CHILD, WAYS };

static const char *const names[] = { "write", "shared", "private", "second mapping", "append", "child" };
static int fd, appending;

static void change(int way, long page, unsigned char byte)
{
	if (way == WRITE)
		CALL(pwrite64, fd, &byte, 1, page * PAGE);
	else if (way == APPEND)
		CALL(write, appending, &byte, 1);
	else if (way == CHILD)
		IN_CHILD(*at(page) = byte);
	else
		*at(page + (way == STORE_SHARED ? 0 : way == STORE_PRIVATE ? 10 : 20)) = byte;
}

static void look(const char *when)
{
	unsigned char bytes[3] = { 0 };
	struct stat st;

	for (long i = 0; i < 3; i++)
		CALL(pread64, fd, &bytes[i], 1, i * PAGE);
	fstat(fd, &st);
	printf(" %s: shared %s", when, bytes_text(0, 4));
	printf(", private %s", bytes_text(10, 4));
	printf(", second %s", bytes_text(20, 4));
	printf(", read %02x %02x %02x, size %ld\n", bytes[0], bytes[1], bytes[2], (long)st.st_size);
}

static void orders(void)
{
	for (int a = 0; a < WAYS; a++) {
		for (int b = 0; b < WAYS; b++) {
			for (int touched = 0; touched < 2; touched++) {
				CALL(ftruncate, fd, 0);
				CALL(ftruncate, fd, 2 * PAGE + 100);
				map_at(0, 3, RW, MAP_SHARED, fd, 0);
				map_at(10, 3, RW, MAP_PRIVATE, fd, 0);
				map_at(20, 3, RW, MAP_SHARED, fd, 0);
				if (touched)
					bytes_text(10, 3);
				printf("%s then %s%s\n", names[a], names[b], touched ? ", touched" : "");
				change(a, 1, 0xaa);
				look("first");
				change(b, 1, 0xbb);
				change(a, 2, 0xcc);
				look("then");
				CALL(msync, at(0), 3 * PAGE, MS_SYNC);
				CALL(madvise, at(10), 3 * PAGE, MADV_DONTNEED);
				look("anew");
				clear_arena();
			}
		}
	}
}

/* Reading a file into its own mapping, and writing a file from it. */
static void own_pages(void)
{
	unsigned char page[PAGE];

	for (long from = 0; from < 3; from++) {
		for (long to = 0; to < 3; to++) {
			for (int i = 0; i < 3; i++) {
				memset(page, 0x11 * (i + 1), PAGE);
				CALL(pwrite64, fd, page, PAGE, i * PAGE);
			}
			map_at(0, 3, RW, MAP_SHARED, fd, 0);
			map_at(10, 3, RW, MAP_PRIVATE, fd, 0);
			printf("read page %ld into page %ld: %s", from, to,
			       shown(CALL(pread64, fd, at(to) + 5, PAGE, from * PAGE)));
			look("");
			printf("write page %ld from page %ld: %s", from, to,
			       shown(CALL(pwrite64, fd, at(to) + 9, PAGE, from * PAGE)));
			look("");
			printf("read page %ld into a private one: %s", from,
			       shown(CALL(pread64, fd, at(10 + to), PAGE, from * PAGE)));
			look("");
			clear_arena();
		}
	}
}

int main(void)
{
	for (int kind = 0; kind < 2; kind++) {
		char path[64];
		fd = kind ? make_memfd("m", 3, 0) : make_file("file", 3);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		appending = open(kind ? path : "file", O_WRONLY | O_APPEND);
		catch_faults();
		orders();
		own_pages();
	}
	return 0;
}
