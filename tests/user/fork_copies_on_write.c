/* SPDX-License-Identifier: MIT */
/* After fork, private memory is each one's own, shared memory is common. */
#include "check.h"
#include <sys/syscall.h>

int main(void)
{
	unsigned char *p = map_anon(64 * PAGE);
	unsigned char *s = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (unsigned i = 0; i < 64; i++)
		STORE(p + i * PAGE, i);
	CHILD_PASSES({
		for (unsigned i = 0; i < 64; i++) {
			CHECK(p[i * PAGE] == i);
			STORE(p + i * PAGE, i + 100);
		}
		CHILD_PASSES(CHECK(p[5 * PAGE] == 105));
		STORE(s, 42);
	});
	for (unsigned i = 0; i < 64; i++)
		CHECK(p[i * PAGE] == i);
	CHECK(s[0] == 42);
	STORE(p, 9);
	CHECK(p[0] == 9);
	long top = syscall(SYS_brk, 0);
	CHILD_PASSES(CHECK(syscall(SYS_brk, 0) == top));
	return 0;
}
