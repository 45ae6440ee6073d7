/* SPDX-License-Identifier: MIT */
/* A SIGSEGV handler sees the exact address and code, repairs the mapping, and the store goes through. */
#include "check.h"

static unsigned char *p;
static volatile int caught;

static void on_segv(int signo, siginfo_t *info, void *context)
{
	(void)context;
	if (signo != SIGSEGV || info->si_addr != p + 123 || info->si_code != SEGV_ACCERR)
		_exit(2);
	caught++;
	mprotect(p, PAGE, PROT_READ | PROT_WRITE);
}

int main(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_sigaction = on_segv;
	sa.sa_flags = SA_SIGINFO;
	CHECK(sigaction(SIGSEGV, &sa, NULL) == 0);
	p = map(PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	STORE(p + 123, 9);
	CHECK(caught == 1 && p[123] == 9);
	return 0;
}
