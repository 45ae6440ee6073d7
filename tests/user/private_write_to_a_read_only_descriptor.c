/* SPDX-License-Identifier: MIT */
/* O_RDONLY allows a writable private mapping, and refuses a writable shared one with EACCES, now and by mprotect. */
#include "check.h"

int main(void)
{
	close(make_file("f", PAGE));
	int fd = open("f", O_RDONLY), w = open("f", O_WRONLY);

	STORE(map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), 1);
	FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	FAILS(mprotect(map(PAGE, PROT_READ, MAP_SHARED, fd, 0), PAGE, PROT_READ | PROT_WRITE), EACCES);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, w, 0), EACCES);
	return 0;
}
