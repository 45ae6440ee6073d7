/* SPDX-License-Identifier: MIT */
/* What runs out ends in an errno or in the end of one process; afterwards there is as much as before.
 *
 *     resources_run_out memory|stack|processes|descriptors|mappings|disk    without a name: descriptors and mappings */
#include "check.h"
#include <stdbool.h>
#include <sys/resource.h>
#include <time.h>

/* Private memory is touched until there is no more: mmap fails, or the process is killed; another one then has room. */
static void memory(void)
{
	for (int round = 0; round < 3; round++) {
		int status = IN_CHILD({
			oom_score_adj("0");
			for (;;) {
				unsigned char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
				if (p == MAP_FAILED)
					_exit(errno == ENOMEM ? 0 : 1);
				for (size_t i = 0; i < 256; i++)
					STORE(p + i * PAGE, 1);
			}
		});
		CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
		      (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS));
		CHILD_PASSES({
			unsigned char *p = map_anon(16 << 20);
			for (size_t i = 0; i < 4096; i++)
				STORE(p + i * PAGE, 1);
		});
	}
	FAILS(mmap(NULL, 1ul << 46, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
	int status = IN_CHILD(oom_score_adj("0"); while (malloc(1 << 20)) continue; _exit(errno == ENOMEM ? 0 : 1););
	CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
}

static int deeper(int n)
{
	volatile char frame[2000];

	frame[0] = (char)n;
	return n < 1 << 30 ? deeper(n + 1) + frame[0] : 0;
}

static void stack(void)
{
	DIES_BY(SIGSEGV, deeper(0));
	CHILD_PASSES(;);
}

/*
 * Children are forked and wait until fork fails or their parent is killed for memory; all are ended then, and forking
 * works.
 */
static void processes(volatile pid_t *group)
{
	int bomb = IN_CHILD({
		oom_score_adj("0");
		setpgid(0, 0);
		*group = getpid();
		int alive = 0;
		int failed = 0;
		for (int i = 0; i < 20000 && !failed; i++) {
			pid_t pid = fork();
			if (pid == 0)
				for (;;)
					pause();
			if (pid < 0)
				failed = errno;
			else
				alive++;
		}
		signal(SIGTERM, SIG_IGN);
		kill(0, SIGTERM);
		for (int i = 0; i < alive; i++)
			wait(NULL);
		_exit(failed == ENOMEM || failed == EAGAIN ? 0 : 1);
	});
	CHECK(bomb == 0 || WIFSIGNALED(bomb));
	for (kill(-*group, SIGKILL); kill(-*group, 0) == 0;)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	for (int i = 0; i < 20; i++)
		CHILD_PASSES(;);
}

static void processes_again(void)
{
	volatile pid_t *group = (pid_t *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int round = 0; round < 5; round++)
		processes(group);
}

static void descriptors(void)
{
	struct rlimit limit = { 100, 100 };
	int pipes[2], fd = -1, n = 0;

	CHILD_PASSES({
		CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
		while ((fd = open("/dev/null", O_RDONLY)) >= 0)
			n++;
		CHECK(errno == EMFILE && n <= 97);
		FAILS(dup(0), EMFILE);
		FAILS(pipe(pipes), EMFILE);
		FAILS(fcntl(0, F_DUPFD, 0), EMFILE);
		FAILS(dup2(0, 100), EBADF);
		close(50);
		FAILS(pipe(pipes), EMFILE); /* room for one is not enough, and is not taken */
		CHECK(dup(0) == 50);
	});
	CHILD_PASSES({
		while (dup(2) >= 0)
			n++;
		CHECK(errno == EMFILE && n >= 200);
	});
}

/* Every second page of a region is made a mapping of its own. */
static void mappings(void)
{
	CHILD_PASSES({
		size_t npages = 2 * 65530 + 1000;
		unsigned char *p = map(npages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		size_t i = 0;
		while (i < npages && mprotect(p + i * PAGE, PAGE, PROT_READ) == 0)
			i += 2;
		CHECK(i < npages && errno == ENOMEM);
		CHECK(i > 20000);
		FAILS(munmap(p + (i - 4) * PAGE + 4 * PAGE + PAGE, PAGE), ENOMEM); /* would cut one in two */
		CHECK(munmap(p, PAGE) == 0);
		CHECK(munmap(p, npages * PAGE) == 0);
		CHECK(munmap(map_anon(PAGE), PAGE) == 0);
	});
}

static void disk(void)
{
	static char block[65536];
	int fd = open("fill", O_RDWR | O_CREAT, 0600), hole = open("hole", O_RDWR | O_CREAT, 0600);
	size_t written = 0;
	ssize_t n;

	CHECK(fd >= 0 && hole >= 0 && ftruncate(hole, 64 << 20) == 0);
	memset(block, 'x', sizeof block);
	unsigned char *p = map(64 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, hole, 0);
	errno = 0;
	while ((n = write(fd, block, sizeof block)) > 0)
		written += (size_t)n;
	CHECK(n == -1 && errno == ENOSPC && written > 1 << 20);
	while ((n = write(fd, block, 1)) > 0)
		written += (size_t)n;
	CHECK(n == -1 && errno == ENOSPC);
	CHECK(p[123 * PAGE] == 0);
	DIES_BY(SIGBUS, for (size_t i = 0; i < 16384; i++) STORE(p + i * PAGE, 1));
	FAILS(mkdir("d", 0700), ENOSPC);
	CHECK(fsync(fd) == 0 && fsync(hole) == 0);
	struct stat st;
	CHECK(fstat(fd, &st) == 0 && (size_t)st.st_size == written);
	CHECK(ftruncate(fd, 0) == 0 && close(fd) == 0 && unlink("fill") == 0);
	sync();
	STORE(p + 8000 * PAGE, 1); /* there is room again */
	CHECK(mkdir("d", 0700) == 0 && rmdir("d") == 0);
	CHECK(unlink("hole") == 0);
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); bool always; } parts[] = {
		{ "memory", memory, false }, { "stack", stack, true }, { "processes", processes_again, false },
		{ "descriptors", descriptors, true }, { "mappings", mappings, true }, { "disk", disk, false },
	};

	oom_score_adj("-1000"); /* memory may end its children, not this one */
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (argc > 1 ? strcmp(argv[1], parts[i].name) == 0 : parts[i].always)
			parts[i].run();
	return 0;
}
