/* SPDX-License-Identifier: MIT */
/*
 * A file is cut to nothing and grown again while threads store to a private mapping of it: what the private copy shows
 * besides the stored bytes is zeros from then on, never what the file held before.
 *
 *     a_cut_page_never_comes_back [ROUNDS]     without an argument: as many as there is time for
 */
#include <limits.h>
#include <time.h>

#include <atlas/thread.h>

#include "check.h"

#define STORERS 2
#define OLD     0xaa
#define SECONDS 10 /* each round waits for all CPUs several times: on a busy host that takes milliseconds */

static volatile unsigned char *window;
static volatile int stop;

static void again(int signo) { (void)signo; }

static void *storer(void *arg)
{
	while (!stop)
		window[(uintptr_t)arg] = 1;
	return NULL;
}

static void one_round(int fd, const unsigned char *old, int n)
{
	CHECK(pwrite(fd, old, PAGE, 0) == (ssize_t)PAGE);
	CHECK(madvise((void *)window, PAGE, MADV_DONTNEED) == 0);
	for (volatile int spin = 0; spin < n % 64; spin++)
		;
	CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, PAGE) == 0);
	CHECK(window[PAGE - 1] == 0);
}

int main(int argc, char **argv)
{
	static unsigned char old[PAGE];
	int rounds = argc > 1 ? atoi(argv[1]) : 5000, tid[STORERS];
	time_t end = argc > 1 ? LONG_MAX : time(NULL) + SECONDS;
	int fd = memfd_create("f", 0); /* cut much more often than a file on a disk could be */

	CHECK(fd >= 0);
	memset(old, OLD, PAGE);
	signal(SIGBUS, again);
	window = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	for (uintptr_t i = 0; i < STORERS; i++)
		CHECK((tid[i] = thread_create(storer, (void *)i, 0)) > 0);
	for (int n = 0; n < rounds && time(NULL) < end; n++)
		one_round(fd, old, n);
	stop = 1;
	for (int i = 0; i < STORERS; i++)
		CHECK(thread_join(tid[i], NULL) == 0);
	return 0;
}
