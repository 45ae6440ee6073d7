/* SPDX-License-Identifier: MIT */
/*
 * A named pipe that two processes open and close all the time can always be opened, and a pipe keeps its bytes while
 * its size is changed from two sides.
 */
#include "check.h"

#ifndef F_SETPIPE_SZ
#define F_SETPIPE_SZ 1031
#endif

#define OPENS 3000
#define MOVES 300

static void open_and_close(void)
{
	for (int i = 0; i < OPENS; i++) {
		int fd = open("fifo", O_RDWR);
		CHECK(fd >= 0);
		CHECK(close(fd) == 0);
	}
}

static void resize(int fd)
{
	for (;;) {
		fcntl(fd, F_SETPIPE_SZ, 4096);
		fcntl(fd, F_SETPIPE_SZ, 65536);
	}
}

static void move_bytes(int in, int out)
{
	static unsigned char page[3 * PAGE], back[3 * PAGE];

	for (int i = 0; i < MOVES; i++) {
		size_t done = 0;
		memset(page, i + 1, sizeof page);
		pid_t writer = fork();
		CHECK(writer >= 0);
		if (!writer)
			_exit(write(in, page, sizeof page) != (ssize_t)sizeof page);
		while (done < sizeof back) {
			ssize_t n = read(out, back + done, sizeof back - done);
			CHECK(n > 0);
			done += (size_t)n;
		}
		int status;
		CHECK(waitpid(writer, &status, 0) == writer && status == 0);
		CHECK(!memcmp(page, back, sizeof page));
	}
}

int main(void)
{
	int ends[2], status;

	CHECK(mkfifo("fifo", 0600) == 0);
	pid_t other = fork();
	CHECK(other >= 0);
	if (!other) {
		open_and_close();
		_exit(0);
	}
	open_and_close();
	CHECK(waitpid(other, &status, 0) == other && status == 0);

	CHECK(pipe(ends) == 0);
	pid_t resizer[2];
	for (int i = 0; i < 2; i++) {
		resizer[i] = fork();
		CHECK(resizer[i] >= 0);
		if (!resizer[i])
			resize(ends[i]);
	}
	move_bytes(ends[1], ends[0]);
	for (int i = 0; i < 2; i++) {
		CHECK(kill(resizer[i], SIGKILL) == 0);
		CHECK(waitpid(resizer[i], &status, 0) == resizer[i]);
	}
	return 0;
}
