/* SPDX-License-Identifier: MIT */
/* SSE registers are each process's own, across many switches and across a signal handler. */
#include "check.h"

static void on_usr1(int signo)
{
	(void)signo;
	__asm__ volatile("pxor %%xmm7, %%xmm7" ::: "xmm7");
}

static int spin(uint64_t mark)
{
	uint64_t seen = 0;

	__asm__ volatile("movq %0, %%xmm7" ::"r"(mark) : "xmm7");
	for (int i = 0; i < 300; i++) {
		long n;
		__asm__ volatile("syscall" : "=a"(n) : "a"(24L) : "rcx", "r11", "memory"); /* sched_yield */
		__asm__ volatile("movq %%xmm7, %0" : "=r"(seen));
		if (seen != mark)
			return 1;
	}
	return 0;
}

int main(void)
{
	pid_t pid[4];
	uint64_t seen;

	for (int i = 0; i < 4; i++)
		if ((pid[i] = fork()) == 0)
			_exit(spin(0x1234567890ul + (unsigned)i));
	for (int i = 0; i < 4; i++) {
		int status;
		CHECK(waitpid(pid[i], &status, 0) == pid[i] && status == 0);
	}
	signal(SIGUSR1, on_usr1);
	long self = getpid(), result;
	__asm__ volatile("movq %2, %%xmm7\n\tsyscall\n\tmovq %%xmm7, %1"
	                 : "=a"(result), "=&r"(seen)
	                 : "r"(77ul), "a"(62L), "D"(self), "S"((long)SIGUSR1)
	                 : "rcx", "r11", "memory", "xmm7");
	CHECK(result == 0 && seen == 77);
	return 0;
}
