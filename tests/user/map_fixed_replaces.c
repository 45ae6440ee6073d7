/* SPDX-License-Identifier: MIT */
/* MAP_FIXED replaces what lies there; MAP_FIXED_NOREPLACE refuses with EEXIST. */
#include "check.h"

int main(void)
{
	unsigned char *p = map_anon(4 * PAGE);

	memset(p, 1, 4 * PAGE);
	CHECK(mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p + PAGE);
	CHECK(p[0] == 1 && p[PAGE] == 0 && p[2 * PAGE] == 1);
	FAILS(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	FAILS(mmap(p + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
	return 0;
}
