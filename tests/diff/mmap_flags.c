/* SPDX-License-Identifier: MIT */
/* What mmap answers to every kind of file, type of mapping, protection and flag, and the permissions it then shows. */
#include "show.h"

static const struct {
	const char *name;
	int bits;
} extras[] = {
	{ "-", 0 }, { "ANON", MAP_ANONYMOUS }, { "32BIT", MAP_32BIT }, { "0x80", 0x80 }, { "GROWSDOWN", MAP_GROWSDOWN },
	{ "0x200", 0x200 }, { "0x400", 0x400 }, { "DENYWRITE", MAP_DENYWRITE }, { "EXECUTABLE", MAP_EXECUTABLE },
	{ "LOCKED", MAP_LOCKED }, { "NORESERVE", MAP_NORESERVE }, { "POPULATE", MAP_POPULATE },
	{ "NONBLOCK", MAP_NONBLOCK }, { "STACK", MAP_STACK }, { "HUGETLB", MAP_HUGETLB }, { "SYNC", MAP_SYNC },
	{ "NOREPLACE", MAP_FIXED_NOREPLACE }, { "1<<21", 1 << 21 }, { "1<<24", 1 << 24 }, { "1<<25", 1 << 25 },
	{ "UNINIT", 1 << 26 }, { "1<<30", 1 << 30 }, { "1<<31", (int)(1u << 31) },
	{ "GROWSDOWN+ANON", MAP_GROWSDOWN | MAP_ANONYMOUS },
	{ "HUGETLB+ANON", MAP_HUGETLB | MAP_ANONYMOUS }, { "HUGE1G+ANON", MAP_HUGETLB | MAP_ANONYMOUS | (30 << 26) },
	{ "HUGE3+ANON", MAP_HUGETLB | MAP_ANONYMOUS | (3 << 26) },
	{ "POPULATE+NONBLOCK", MAP_POPULATE | MAP_NONBLOCK }, { "SYNC+ANON", MAP_SYNC | MAP_ANONYMOUS },
};

struct kind {
	const char *name;
	int fd;
};

static void row(const struct kind *k, int type, size_t extra)
{
	printf("%s type %d %s:", k->name, type, extras[extra].name);
	for (int prot = 0; prot < 8; prot++) {
		long result = map_at(0, 2, prot, type | extras[extra].bits, k->fd, 0);
		if (result != (long)ARENA) {
			printf(" %s", shown(result));
			continue;
		}
		const char *text = arena_text();
		const char *perms = strchr(text, ' ');
		printf(" %.4s", perms ? perms + 1 : text);
		clear_arena();
	}
	printf("\n");
}

int main(void)
{
	int ends[2];

	close(make_file("file", 3));
	if (pipe(ends) < 0 || symlink("file", "link") < 0 || mkdir("folder", 0755) < 0)
		perror("files");
	struct kind kinds[] = {
		{ "nothing", -1 }, { "closed", 99 }, { "ro", open("file", O_RDONLY) }, { "wo", open("file", O_WRONLY) },
		{ "rw", open("file", O_RDWR) }, { "append", open("file", O_RDWR | O_APPEND) }, { "path", open("file", O_PATH) },
		{ "access3", open("file", 3) }, { "folder", open("folder", O_RDONLY | O_DIRECTORY) }, { "pipe", ends[0] },
		{ "pipe-w", ends[1] }, { "memfd", make_memfd("m", 3, 0) }, { "zero-rw", open("/dev/zero", O_RDWR) },
		{ "zero-ro", open("/dev/zero", O_RDONLY) }, { "null", open("/dev/null", O_RDWR) },
		{ "proc", open("/proc/self/maps", O_RDONLY) },
	};

	for (size_t k = 0; k < COUNT(kinds); k++) {
		for (int type = 0; type < 16; type++) {
			for (size_t extra = 0; extra < (type < 5 ? COUNT(extras) : 2); extra++)
				row(&kinds[k], type, extra);
		}
	}
	return 0;
}
