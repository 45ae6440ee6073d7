/* SPDX-License-Identifier: MIT */
/*
 * Trees of processes change what they have from each other, all at the same time, while a file that all of them map is
 * cut and grown: each process sees its own stores and nobody else's.
 */
#include "check.h"

#define PAGES 1100 /* more than two leaf tables' worth */
#define ROOTS 3
#define ROUNDS 24
#define DEPTH 2
#define FILE_PAGES 16

static unsigned char *area;          /* private */
static unsigned char *shown;         /* the file, privately */
static unsigned char held[PAGES];    /* what page i of the area begins with */
static unsigned long seed;

static unsigned pick(unsigned below)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)(seed >> 33) % below;
}

static void store_some(void)
{
	for (unsigned i = 0; i < 12; i++) {
		unsigned p = pick(PAGES);
		held[p] = (unsigned char)pick(256);
		STORE(area + p * PAGE, held[p]);
	}
}

static void throw_away(unsigned first, unsigned n)
{
	CHECK(madvise(area + first * PAGE, n * PAGE, MADV_DONTNEED) == 0);
	memset(held + first, 0, n);
}

static void map_anew(unsigned first, unsigned n)
{
	CHECK(munmap(area + first * PAGE, n * PAGE) == 0);
	CHECK(mmap(area + first * PAGE, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	      area + first * PAGE);
	memset(held + first, 0, n);
}

static void protect_and_open(unsigned first, unsigned n)
{
	CHECK(mprotect(area + first * PAGE, n * PAGE, PROT_READ) == 0);
	TOUCH(area + first * PAGE);
	CHECK(mprotect(area + first * PAGE, n * PAGE, PROT_READ | PROT_WRITE) == 0);
}

/* There and back again; not across the borders of mappings, and some stay apart from what they inherited. */
static void move(unsigned first, unsigned n)
{
	void *away = mremap(area + first * PAGE, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
	                    area + 2 * PAGES * PAGE);
	if (away == MAP_FAILED && errno == EFAULT)
		return;
	CHECK(away == area + 2 * PAGES * PAGE);
	CHECK(mremap(away, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + first * PAGE) == area + first * PAGE);
}

/* The kernel looks at the byte: a page that has been cut off is an error, no signal. */
static void look_at_the_file(void)
{
	for (unsigned p = 0; p < FILE_PAGES; p++)
		(void)access((char *)shown + p * PAGE, F_OK);
	(void)access((char *)shown + pick(FILE_PAGES) * PAGE, F_OK);
}

static void change_something(void)
{
	unsigned first = pick(PAGES), n = 1 + pick(PAGES - first);

	switch (pick(8)) {
	case 0:
		throw_away(first, n > 20 ? 20 : n);
		break;
	case 1:
		map_anew(first, n > 600 ? 600 : n > 20 ? 20 : n);
		break;
	case 2:
		protect_and_open(first, n);
		break;
	case 3:
		move(first, n);
		break;
	case 4:
		look_at_the_file();
		break;
	default:
		store_some();
	}
}

static void look(void)
{
	for (unsigned p = 0; p < PAGES; p++)
		if (area[p * PAGE] != held[p]) {
			fprintf(stderr, "process %d: page %u begins with %u, not %u\n", getpid(), p, area[p * PAGE], held[p]);
			exit(1);
		}
}

static void live(unsigned depth, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		change_something();
		store_some();
		pid_t pid = depth ? fork() : 0;
		CHECK(pid >= 0);
		if (depth && !pid) {
			seed ^= (unsigned long)getpid() << 20;
			look();
			live(depth - 1, 3);
			_exit(0);
		}
		store_some(); /* while the child looks */
		int status = 0;
		if (depth && pick(4))
			look();
		CHECK(!depth || (waitpid(pid, &status, 0) == pid && status == 0));
	}
	look();
}

static void cut_and_grow(int fd)
{
	for (unsigned i = 0;; i++) {
		CHECK(ftruncate(fd, (off_t)(i * 7 % FILE_PAGES * PAGE)) == 0);
		CHECK(ftruncate(fd, FILE_PAGES * PAGE) == 0);
		CHECK(pwrite(fd, "", 1, (off_t)(i % FILE_PAGES * PAGE)) == 1);
		usleep(1000);
	}
}

int main(void)
{
	int fd = make_file("shown", FILE_PAGES * PAGE);
	pid_t cutter, root[ROOTS];

	area = map_anon(3 * PAGES * PAGE);
	CHECK(munmap(area + PAGES * PAGE, 2 * PAGES * PAGE) == 0);
	shown = map(FILE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	for (unsigned p = 0; p < PAGES; p += 1 + p % 3) {
		held[p] = (unsigned char)p;
		STORE(area + p * PAGE, held[p]);
	}
	CHECK((cutter = fork()) >= 0);
	if (!cutter)
		cut_and_grow(fd);
	for (unsigned i = 0; i < ROOTS; i++) {
		CHECK((root[i] = fork()) >= 0);
		if (root[i])
			continue;
		seed = i + 1;
		live(DEPTH, ROUNDS);
		_exit(0);
	}
	int failed = 0, status;
	for (unsigned i = 0; i < ROOTS; i++)
		failed |= waitpid(root[i], &status, 0) != root[i] || status;
	CHECK(kill(cutter, SIGKILL) == 0 && waitpid(cutter, &status, 0) == cutter);
	CHECK(WIFSIGNALED(status) && !failed);
	look();
	return 0;
}
