/* SPDX-License-Identifier: MIT */
/*
 * cow - copy-on-write made visible
 *
 * The parent writes 64 pages and forks. Nothing is copied: both processes map the same frames, read-only,
 * and smaps calls them shared. When the child stores to 16 of them, each store faults, the kernel copies
 * that one page for the child, and 16 pages become private. The other 48 stay shared. When the child is
 * gone the parent owns all of its pages again, and a store there copies nothing any more.
 *
 * Look at:  "shared" and "private" in each line, and the faults: one for each page, never for one that
 *           was not stored to.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "smaps.h"

#define PAGE 4096l
#define NPAGES 64l
#define NWRITTEN 16l

static volatile char *area;

static long faults(void)
{
	struct rusage ru;

	getrusage(RUSAGE_SELF, &ru);
	return ru.ru_minflt + ru.ru_majflt;
}

/* Store to the first n pages; how many faults that took. */
static long write_pages(long n, char value)
{
	long before = faults();

	for (long i = 0; i < n; i++)
		area[i * PAGE] = value;
	return faults() - before;
}

static void show(const char *what, long nfaults)
{
	struct counts c = smaps_counts((void *)area);

	printf("%-42s %8ld %7ld %7ld ", what, c.rss, c.shared, c.private);
	printf(nfaults < 0 ? "\n" : "%7ld\n", nfaults);
	fflush(stdout);
}

static void child(int done, int go)
{
	char c;
	long n;

	write_pages(0, 0);		/* the code and the stack of the child are in place now */
	show("child: after fork", -1);
	n = write_pages(NWRITTEN, 2);
	show("child: 16 pages written", n);
	if (write(done, "x", 1) != 1 || read(go, &c, 1) < 0)
		err(1, "pipe");
	_exit(area[0] == 2 && area[NWRITTEN * PAGE] == 1 ? 0 : 1);
}

int main(void)
{
	int done[2], go[2], status;
	char c;
	long n;
	pid_t pid;

	area = mmap(NULL, NPAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || pipe(done) < 0 || pipe(go) < 0)
		err(1, "set-up");
	printf("%-42s %8s %7s %7s %7s\n", "", "resident", "shared", "private", "faults");
	n = write_pages(NPAGES, 1);
	show("parent: 64 pages written", n);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0)
		child(done[1], go[0]);
	if (read(done[0], &c, 1) != 1)
		errx(1, "the child is gone");
	show("parent: after the child wrote", -1);
	if (write(go[1], "x", 1) != 1 || waitpid(pid, &status, 0) != pid)
		err(1, "wait");
	show("parent: the child has ended", -1);
	n = write_pages(NWRITTEN, 3);
	show("parent: 16 pages written", n);
	if (!WIFEXITED(status) || WEXITSTATUS(status) || area[NWRITTEN * PAGE] != 1)
		errx(1, "a store went to the wrong process");
	return 0;
}
