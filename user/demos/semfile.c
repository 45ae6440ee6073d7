/* SPDX-License-Identifier: MIT */
/*
 * semfile FILE post COUNT [MILLISECONDS] | wait COUNT - a semaphore that lies in a mapped file
 *
 * Two programs that know nothing of each other but the name of a file. Both map it; in it lies a semaphore. One posts,
 * after each interval, the other waits. A waiter sleeps in a futex, which the kernel knows by the file's object and the
 * offset in it: so it does not matter that the two programs map the file at different addresses.
 *
 * The poster makes the file and the semaphore; the waiter waits for it to be there. What it is told is counted: a
 * waiter that comes late finds the posts that it has missed.
 */
#include <err.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct shared {
	sem_t sem;
	atomic_int made;
};

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

static struct shared *shared_map(const char *path, int flags)
{
	int fd = open(path, flags, 0666);

	if (fd < 0 || ((flags & O_CREAT) && ftruncate(fd, sizeof(struct shared)) < 0))
		err(1, "%s", path);
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		err(1, "%s: mmap", path);
	close(fd);
	return shared;
}

static int post(const char *path, int count, long ms)
{
	struct shared *shared = shared_map(path, O_RDWR | O_CREAT | O_TRUNC);

	if (sem_init(&shared->sem, 1, 0) < 0)
		err(1, "sem_init");
	shared->made = 1;
	for (int i = 1; i <= count; i++) {
		pause_ms(ms);
		printf("post %d\n", i);
		fflush(stdout);
		sem_post(&shared->sem);
	}
	return 0;
}

static int wait_for(const char *path, int count)
{
	struct stat st;

	while (stat(path, &st) < 0 || st.st_size < (off_t)sizeof(struct shared))
		pause_ms(10);
	struct shared *shared = shared_map(path, O_RDWR);
	while (!shared->made)
		pause_ms(10);
	for (int i = 1; i <= count; i++) {
		if (sem_wait(&shared->sem) < 0)
			err(1, "sem_wait");
		printf("got %d\n", i);
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if ((argc == 4 || argc == 5) && strcmp(argv[2], "post") == 0)
		return post(argv[1], atoi(argv[3]), argc == 5 ? atol(argv[4]) : 1000);
	if (argc == 4 && strcmp(argv[2], "wait") == 0)
		return wait_for(argv[1], atoi(argv[3]));
	fprintf(stderr, "usage: semfile FILE post COUNT [MILLISECONDS]\n       semfile FILE wait COUNT\n");
	return 2;
}
