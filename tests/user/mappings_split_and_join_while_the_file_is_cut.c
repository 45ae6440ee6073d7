/* SPDX-License-Identifier: MIT */
/*
 * A truncation finds every page of a file mapping, also while the mapping is split and joined by mprotect: otherwise a
 * page that is free is still mapped. Each cutter's sign that it was here is a byte that only its truncation can take
 * away.
 */
#include "check.h"
#include <sys/syscall.h>

#ifdef __has_include
#if __has_include(<atlas/system.h>)
#include <atlas/system.h>
#define AUDIT() CHECK(vm_audit() <= 0) /* less: a system that does not know the call */
#endif
#endif
#ifndef AUDIT
#define AUDIT() ((void)0)
#endif

#define PAGES 8ul

/* Splits and joins for ever; the accesses may be cut off. */
static sigjmp_buf back;

static void cut_off(int signo)
{
	(void)signo;
	siglongjmp(back, 1);
}

static void split_and_join(unsigned char *p)
{
	CHECK(signal(SIGBUS, cut_off) != SIG_ERR);
	for (;;) {
		if (!sigsetjmp(back, 1))
			for (size_t i = 0; i < PAGES; i++)
				STORE(p + i * PAGE + 1, 1);
		for (size_t i = 1; i < PAGES - 1; i++) {
			CHECK(mprotect(p + i * PAGE, PAGE, PROT_READ) == 0);
			CHECK(mprotect(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE) == 0);
		}
	}
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 300;
	int fd = make_file("f", PAGES * PAGE);
	unsigned char *p = map(PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unsigned char *q = map(PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	pid_t pid[2];

	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (!pid[i])
			split_and_join(i ? q : p);
	}
	for (int r = 0; r < rounds; r++) {
		CHECK(ftruncate(fd, 0) == 0 && ftruncate(fd, PAGES * PAGE) == 0);
		if (r % 10 == 0)
			AUDIT();
	}
	AUDIT();
	for (int i = 0; i < 2; i++)
		CHECK(kill(pid[i], SIGKILL) == 0 && waitpid(pid[i], NULL, 0) == pid[i]);
	return 0;
}
