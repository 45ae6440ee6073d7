/* SPDX-License-Identifier: MIT */
/* The stack grows by being used, to its limit, where the program dies of SIGSEGV. */
#include "check.h"

static int deep(int n);
static int (*volatile again)(int) = deep; /* a call the compiler must make */

static int deep(int n)
{
	volatile char frame[PAGE];

	frame[0] = frame[PAGE - 1] = (char)n;
	return (n ? again(n - 1) : 0) + frame[0] - frame[PAGE - 1];
}

int main(void)
{
	CHECK(deep(1000) == 0); /* 4 MiB */
	DIES_BY(SIGSEGV, deep(100000));
	return 0;
}
