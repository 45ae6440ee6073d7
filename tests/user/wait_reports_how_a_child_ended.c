/* SPDX-License-Identifier: MIT */
/* wait4 tells exit status from signal, WNOHANG does not wait, and there is ECHILD when nobody is left. */
#include "check.h"

int main(void)
{
	int status;

	CHECK(({ int s = IN_CHILD(_exit(37)); WIFEXITED(s) && WEXITSTATUS(s) == 37; }));
	DIES_BY(SIGTERM, { kill(getpid(), SIGTERM); pause(); });
	DIES_BY(SIGABRT, abort());
	pid_t pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, WNOHANG) == 0);
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitpid(-1, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	FAILS(waitpid(-1, &status, 0), ECHILD);
	FAILS(kill(pid, 0), ESRCH);
	return 0;
}
