/* SPDX-License-Identifier: MIT */
/* A pipe passes bytes in order, ends when the writers are gone, and kills by SIGPIPE when the readers are. */
#include "check.h"

int main(void)
{
	int p[2];
	static char buf[200000];

	CHECK(pipe(p) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(p[0]);
		memset(buf, 'a', sizeof buf);
		for (size_t done = 0; done < sizeof buf;) {
			ssize_t n = write(p[1], buf + done, sizeof buf - done);
			if (n <= 0)
				_exit(1);
			done += (size_t)n;
		}
		_exit(0);
	}
	close(p[1]);
	size_t got = 0;
	for (ssize_t n; (n = read(p[0], buf, 3000)) > 0; got += (size_t)n)
		CHECK(buf[0] == 'a' && buf[n - 1] == 'a');
	CHECK(got == sizeof buf);
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(pipe(p) == 0 && close(p[0]) == 0);
	DIES_BY(SIGPIPE, { ssize_t n = write(p[1], "x", 1); (void)n; });
	signal(SIGPIPE, SIG_IGN);
	FAILS(write(p[1], "x", 1), EPIPE);
	return 0;
}
