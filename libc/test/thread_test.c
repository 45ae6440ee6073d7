/* SPDX-License-Identifier: MIT */
/*
 * What only Atlas's library has: threads with storage of their own, locks, and copies that survive a
 * fault. Needs clone and futex of the kernel.
 */
#include "check.h"
#include <atlas/lock.h>
#include <atlas/thread.h>
#include <atlas/try_copy.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 20000 };

static struct lock lock;
static long counter;
static __thread long own = 7;

static void *work(void *arg)
{
	own += (long)arg;
	for (int i = 0; i < ROUNDS; i++) {
		lock_acquire(&lock);
		counter++;
		lock_release(&lock);
		if (i % 16 == 0)
			free(malloc((size_t)i % 300));
	}
	errno = (int)own;
	CHECK(close(-1) == -1 && errno == EBADF);
	return (void *)own;
}

static void threads(void)
{
	int tid[THREADS];

	for (long i = 0; i < THREADS; i++) {
		tid[i] = thread_create(work, (void *)i, 0);
		CHECK(tid[i] > 0);
	}
	for (long i = 0; i < THREADS; i++) {
		void *result;

		CHECK(thread_join(tid[i], &result) == 0 && (long)result == 7 + i);
	}
	CHECK(counter == (long)THREADS * ROUNDS && own == 7);
	CHECK(thread_join(tid[0], NULL) == -ESRCH);
}

static void copies(void)
{
	int fd = open("mapped", O_CREAT | O_RDWR, 0600);
	char buffer[64], *map;

	CHECK(fd >= 0 && ftruncate(fd, 100) == 0);
	map = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED && try_copy_init() == 0);
	CHECK(try_copy(buffer, "hello", 6) == 0);
	CHECK_TEXT(buffer, "hello");
	CHECK(try_copy(buffer, map, 64) == 0);
	CHECK(try_copy(buffer, map + 4090, 20) == -1);
	CHECK(try_copy(buffer, map + 4096, 3) == -1);
	CHECK(try_copy(buffer, (void *)8, 5) == -1 && try_copy(map, buffer, 5) == -1);
	close(fd);
	unlink("mapped");
}

int main(void)
{
	threads();
	copies();
	return 0;
}
