/* SPDX-License-Identifier: MIT */
/* Two processes that map the same file see each other's stores at once; a private mapping that was written does not. */
#include "check.h"
#include <time.h>

static void wait_for(volatile unsigned char *p, unsigned char value)
{
	struct timespec pause = { 0, 1000000 };
	for (int i = 0; i < 10000 && *p != value; i++)
		nanosleep(&pause, NULL);
	CHECK(*p == value);
}

int main(void)
{
	close(make_file("f", PAGE));
	pid_t pid = fork();
	int fd = open("f", O_RDWR);
	unsigned char *s = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unsigned char *p = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	STORE(p, 50);
	if (pid == 0) {
		STORE(s, 200);
		wait_for(s + 1, 201);
		CHECK(p[0] == 50);
		_exit(0);
	}
	wait_for(s, 200);
	CHECK(p[0] == 50);
	STORE(s + 1, 201);
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}
