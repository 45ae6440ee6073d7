/* SPDX-License-Identifier: MIT */
/*
 * Answers at the edges of the family: reads that imply execution (personality), protection keys that do not exist,
 * zeros shared by who may only read, files as large as can be, ids that a write takes away, what may not be executed.
 */
#include "show.h"
#include <sys/personality.h>


static void zeros(void)
{
	static const int modes[] = { O_RDONLY, O_RDWR };

	for (size_t i = 0; i < COUNT(modes); i++) {
		int fd = open("/dev/zero", modes[i]);
		printf("zeros, mode %d: %s", modes[i], shown(map_at(0, 2, PROT_READ, MAP_SHARED, fd, 0)));
		printf(" to write %s", shown(CALL(mprotect, at(0), PAGE, RW)));
		printf(" load %s", probe(at(1), LOAD));
		printf(" remap %s", shown(CALL(mremap, at(0), 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(8))));
		printf(" pages %s", shown(CALL(remap_file_pages, at(0), PAGE, 0, 1, 0)));
		printf(" sync %s", shown(CALL(msync, at(0), PAGE, MS_SYNC)));
		const char *line = strstr(file_text("/proc/self/maps"), "100000000000-");
		printf(" %.4s\n", line ? strchr(line, ' ') + 1 : "none");
		clear_arena();
		close(fd);
	}
}

/* The rights of the first line of the arena. */
static const char *rights(void)
{
	const char *line = strstr(file_text("/proc/self/maps"), "100000000000-");
	char *text = spare_text();

	snprintf(text, 96, "%.4s", line ? strchr(line, ' ') + 1 : "none");
	return text;
}

static void implied(void)
{
	int fd = make_file("f", 4);

	printf("personality %lx", CALL(personality, 0xffffffff));
	printf(" set %lx", CALL(personality, READ_IMPLIES_EXEC | 0x0001000));
	printf(" is %lx: %.9s\n", CALL(personality, -1), file_text("/proc/self/personality"));
	for (int prot = 0; prot < 8; prot++) {
		map_at(0, 2, prot, PRIVATE, -1, 0);
		printf(" %d private %s", prot, rights());
		map_at(0, 2, prot, MAP_SHARED, fd, 0);
		printf(" file %s", rights());
		CALL(remap_file_pages, at(0), 2 * PAGE, 0, 1, 0);
		printf(" remapped %s", rights());
		map_at(0, 2, PROT_NONE, PRIVATE, -1, 0);
		CALL(mprotect, at(0), 2 * PAGE, prot);
		printf(" mprotect %s\n", rights());
		clear_arena();
	}
	char *end = (char *)CALL(brk, 0);
	CALL(brk, end + 64 * PAGE);
	const char *heap = strstr(file_text("/proc/self/maps"), "x");
	int executable = 0;
	for (const char *line = file_text("/proc/self/maps"); *line; line = heap ? heap + 1 : "") {
		heap = strchr(line, '\n');
		executable += heap && !strncmp(heap - 6, "[heap]", 6) && strchr(line, ' ')[3] == 'x';
	}
	printf(" executable heaps %d\n", executable);
	IN_CHILD({ printf(" in a child %lx\n", CALL(personality, 0xffffffff)); });
	CALL(personality, 0);
}

static void keys(void)
{
	static const unsigned long rights_[] = { 0, 1, 3, 4, -1ul };

	for (size_t i = 0; i < COUNT(rights_); i++)
		printf("alloc %ld %s %s\n", (long)rights_[i], shown(CALL(pkey_alloc, 0, rights_[i])),
		       shown(CALL(pkey_alloc, 1, rights_[i])));
	for (int key = -2; key < 17; key += 3) {
		map_at(0, 2, RW, PRIVATE, -1, 0);
		printf("key %d free %s", key, shown(CALL(pkey_free, key)));
		printf(" mprotect %s", shown(CALL(pkey_mprotect, at(0), PAGE, PROT_READ, key)));
		printf(" nothing %s", shown(CALL(pkey_mprotect, at(0), 0, PROT_READ, key)));
		printf(" not mapped %s", shown(CALL(pkey_mprotect, at(4), PAGE, PROT_READ, key)));
		printf(" unaligned %s", shown(CALL(pkey_mprotect, at(0) + 1, PAGE, PROT_READ, key)));
		printf(" wrapped %s", shown(CALL(pkey_mprotect, at(0), -PAGE, PROT_READ, key)));
		printf(" odd %s: %s\n", shown(CALL(pkey_mprotect, at(0), PAGE, 0x100, key)), arena_text());
	}
	clear_arena();
}

static void sizes(void)
{
	int fd = make_file("f", 1);

	for (int shift = 45; shift < 63; shift += 3) {
		printf("size 2^%d: allocate %s", shift, shown(CALL(fallocate, fd, 0, 0, 1ul << shift)));
		printf(" punch %s", shown(CALL(fallocate, fd, 3, 0, 1ul << shift)));
		printf(" seek %s", shown(CALL(lseek, fd, 1ul << shift, SEEK_SET)));
		printf(" mmap %s\n", shown_ok(CALL(mmap, 0, PAGE, PROT_READ, MAP_SHARED, fd, 1ul << shift)));
	}
	close(fd);
}

static void ids_of_a_file(void)
{
	static const int modes[] = { 06777, 06767, 02767, 04767, 06707, 02777 };
	static const int groups[] = { 7, 1000 };

	for (size_t i = 0; i < COUNT(modes) * 2; i++) {
		int fd = make_file("ids", 1);
		struct stat st;
		CALL(fchown, fd, 0, groups[i % 2]);
		CALL(fchmod, fd, modes[i / 2]);
		IN_CHILD({
			CALL(setgroups, 0, 0);
			CALL(setgid, 1000);
			CALL(setuid, 1000);
			CALL(pwrite64, fd, "x", 1, 0);
		});
		CALL(fstat, fd, &st);
		printf("mode %o of group %d: %o\n", modes[i / 2], groups[i % 2], st.st_mode);
		close(fd);
	}
}

static void not_to_be_executed(void)
{
	static const char *const names[] = { "/proc", "/proc/self/maps", "/proc/self/fd", "/", "/dev/null", "/dev/zero" };

	for (size_t i = 0; i < COUNT(names); i++) {
		int fd = open(names[i], O_RDONLY);
		printf("%s:", names[i]);
		for (int prot = 0; prot < 8; prot += 1 + (prot == 5))
			printf(" %s", shown_ok(CALL(mmap, 0, PAGE, prot, MAP_PRIVATE, fd, 0)));
		printf("\n");
		close(fd);
	}
	struct stat st;
	printf("link of a descriptor: %d size %ld\n", lstat("/proc/self/fd/0", &st), (long)st.st_size);
}

static void set_file_max(const char *text)
{
	int fd = open("/proc/sys/fs/file-max", O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror("file-max");
	close(fd);
}

/* No file more for who is not root: what makes one, and what does not. */
static void too_many_files(void)
{
	char before[32] = "";
	int fds[2], fd = open("/proc/sys/fs/file-max", O_RDONLY);

	if (fd < 0 || read(fd, before, sizeof before - 1) <= 0)
		perror("file-max");
	set_file_max("0");
	printf("root opens: %s", CALL(open, "/dev/null", O_RDONLY) >= 0 ? "ok" : "no");
	IN_CHILD({
		printf(", another is %s:", shown(CALL(setuid, 1000)));
		printf(" open %s", shown(CALL(open, "/dev/null", O_RDONLY)));
		printf(" of nothing %s", shown(CALL(open, "/nothing", O_RDONLY)));
		printf(" pipe %s", shown(CALL(pipe2, fds, 0)));
		printf(" memfd %s", shown(CALL(memfd_create, "m", 0)));
		printf(" dup %s", CALL(dup, fd) >= 0 ? "ok" : "no");
		printf(" private %s", shown(map_at(0, 1, RW, PRIVATE, -1, 0)));
		printf(" shared %s", shown(map_at(2, 1, RW, SHARED, -1, 0)));
		printf(" over another %s\n", shown(map_at(0, 1, RW, SHARED, -1, 0)));
		printf("left: %s\n", arena_text());
	});
	set_file_max(before);
	close(fd);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	catch_faults();
	zeros();
	implied();
	keys();
	sizes();
	ids_of_a_file();
	not_to_be_executed();
	too_many_files();
	return 0;
}
