/* SPDX-License-Identifier: MIT */
/*
 * latestore FILE TEXT [wait] - a store that nobody syncs
 *
 * TEXT is stored over the beginning of FILE through a shared mapping, and that is all: no msync, no munmap, no close.
 * The store has marked its page dirty in the page cache, and that is where it stays when the process ends. It reaches
 * the disk with the next write-back, which comes every few seconds (/proc/sys/vm/dirty_writeback_centisecs), or when
 * the machine is switched off in an orderly way. Only a power cut within those seconds loses it: who cannot have that
 * calls msync.
 *
 * wait:     stay, the mapping open, until no page in memory is dirty any more (Dirty in /proc/meminfo); say so; stay on
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of all files: what waits for write-back, or is on its way. */
static long dirty_kilobytes(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kb, sum = 0;

	if (!f)
		err(1, "/proc/meminfo");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Dirty: %ld", &kb) == 1 || sscanf(line, "Writeback: %ld", &kb) == 1)
			sum += kb;
	}
	fclose(f);
	return sum;
}

int main(int argc, char **argv)
{
	struct stat st;

	if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "wait") != 0)) {
		fprintf(stderr, "usage: latestore FILE TEXT [wait]\n");
		return 2;
	}
	int fd = open(argv[1], O_RDWR);
	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", argv[1]);
	if ((off_t)strlen(argv[2]) > st.st_size)
		errx(1, "%s has %lld bytes only", argv[1], (long long)st.st_size);
	char *file = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED)
		err(1, "%s: mmap", argv[1]);
	memcpy(file, argv[2], strlen(argv[2]));
	printf("stored; %s\n", dirty_kilobytes() > 0 ? "it is dirty" : "it has been written already");
	fflush(stdout);
	if (argc == 3)
		_exit(0);
	while (dirty_kilobytes() > 0)
		usleep(100000);
	printf("written back\n");
	fflush(stdout);
	for (;;)
		pause();
}
