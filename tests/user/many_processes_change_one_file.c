/* SPDX-License-Identifier: MIT */
/*
 * Processes store to one file through mappings, split and merge them, sync them, write and truncate, all at once. Each
 * owns a word of each page; of the lower half, which nobody cuts off, no store is ever lost.
 */
#include "check.h"

#define PROCS 4
#define PAGES 8

static void cut_off(int signo) { (void)signo; _exit(9); }

static sigjmp_buf back;
static void past_end(int signo) { (void)signo; siglongjmp(back, 1); }

/* A store to the upper half may meet the end of the file. */
static void store_upper(volatile uint64_t *word, uint64_t value)
{
	if (sigsetjmp(back, 1) == 0)
		*word = value;
}

static void worker(int me, int rounds)
{
	int fd = open("file", O_RDWR);
	uint64_t last[PAGES] = { 0 }, got;
	uint32_t seed = 12345u + (uint32_t)me * 77777u;

	signal(SIGBUS, past_end);
	signal(SIGALRM, cut_off);
	CHECK(fd >= 0);
	unsigned char *m = map(2 * PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (int r = 1; r <= rounds; r++) {
		seed = seed * 1103515245 + 12345;
		unsigned p = seed >> 16 & (PAGES - 1), op = seed >> 24 & 7;
		volatile uint64_t *word = (volatile uint64_t *)(m + p * PAGE) + me;
		CHECK(*word == last[p]);
		*word = last[p] = (uint64_t)r;
		store_upper((volatile uint64_t *)(m + (PAGES + p) * PAGE) + me, (uint64_t)r);
		if (op == 0)
			CHECK(msync(m, 2 * PAGES * PAGE, MS_SYNC) == 0 || errno == EIO);
		else if (op == 1)
			CHECK(ftruncate(fd, (off_t)((PAGES + (seed >> 8) % PAGES) * PAGE + seed % PAGE)) == 0);
		else if (op == 2)
			CHECK(pwrite(fd, &last[p], 8, (off_t)(p * PAGE + (unsigned)me * 8)) == 8);
		else if (op == 3) /* splits the VMA; the next one merges it */
			CHECK(mprotect(m + p * PAGE, PAGE, PROT_READ) == 0 &&
			      mprotect(m + p * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
		else if (op == 4)
			CHECK(madvise(m, PAGES * PAGE, MADV_DONTNEED) == 0);
		CHECK(pread(fd, &got, 8, (off_t)(p * PAGE + (unsigned)me * 8)) == 8 && got == last[p]);
	}
	CHECK(fsync(fd) == 0);
	for (unsigned p = 0; p < PAGES; p++)
		CHECK(((volatile uint64_t *)(m + p * PAGE))[me] == last[p]);
	_exit(0);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 200;
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && ftruncate(fd, 2 * PAGES * PAGE) == 0);
	for (int i = 0; i < PROCS; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			worker(i, rounds);
	}
	for (int i = 0, status; i < PROCS; i++)
		CHECK(wait(&status) > 0 && status == 0);
	return 0;
}
