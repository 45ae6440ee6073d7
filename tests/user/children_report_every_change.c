/* SPDX-License-Identifier: MIT */
/*
 * waitid and wait4 tell of ends, stops and continuations, each once unless WNOWAIT is given, and SIGCHLD's siginfo
 * tells the same; SA_NOCLDSTOP, SA_NOCLDWAIT and SIG_IGN do what their names say.
 */
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "check.h"

#define WALL 0x40000000
#define WCLONE 0x80000000u

static struct { int code, status; pid_t pid; uid_t uid; } seen[16];
static volatile int count;

static void note(int signo, siginfo_t *info, void *context)
{
	(void)signo, (void)context;
	seen[count].code = info->si_code;
	seen[count].status = info->si_status;
	seen[count].pid = info->si_pid;
	seen[count].uid = info->si_uid;
	count++;
}

static void catch_children(int flags)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO | SA_RESTART | flags };

	action.sa_sigaction = note;
	count = 0;
	CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void waited(idtype_t type, id_t id, int options, pid_t pid, int code, int status)
{
	siginfo_t info;

	memset(&info, 0xff, sizeof(info));
	CHECK(waitid(type, id, &info, options) == 0);
	CHECK(info.si_pid == pid);
	if (!pid) {
		CHECK(info.si_signo == 0 && info.si_code == 0);
		return;
	}
	CHECK(info.si_signo == SIGCHLD && info.si_errno == 0 && info.si_code == code && info.si_status == status &&
	      info.si_uid == getuid());
}

/* The signal may come a little later than waitid knows. */
static void told(int n, pid_t pid, int code, int status)
{
	for (int i = 0; i < 30000 && count == n; i++)
		usleep(1000);
	CHECK(count == n + 1);
	CHECK(seen[n].pid == pid && seen[n].code == code && seen[n].status == status && seen[n].uid == getuid());
}

static void changes(void)
{
	int status;

	catch_children(0);
	pid_t pid = sleeper();
	waited(P_PID, pid, WEXITED | WSTOPPED | WCONTINUED | WNOHANG, 0, 0, 0);
	CHECK(kill(pid, SIGSTOP) == 0);
	waited(P_PID, pid, WSTOPPED | WNOWAIT, pid, CLD_STOPPED, SIGSTOP);
	told(0, pid, CLD_STOPPED, SIGSTOP);
	waited(P_ALL, 0, WSTOPPED, pid, CLD_STOPPED, SIGSTOP);
	waited(P_PID, pid, WSTOPPED | WNOHANG, 0, 0, 0);
	CHECK(kill(pid, SIGCONT) == 0);
	waited(P_PGID, getpgrp(), WCONTINUED | WNOWAIT, pid, CLD_CONTINUED, SIGCONT);
	told(1, pid, CLD_CONTINUED, SIGCONT);
	CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status) && status == 0xffff);
	CHECK(waitpid(pid, &status, WCONTINUED | WUNTRACED | WNOHANG) == 0);
	CHECK(kill(pid, SIGTSTP) == 0);
	CHECK(waitpid(-1, &status, WUNTRACED) == pid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
	CHECK(kill(pid, SIGTERM) == 0); /* a stopped process takes it when it goes on */
	CHECK(waitpid(pid, &status, WNOHANG) == 0);
	CHECK(kill(pid, SIGCONT) == 0);
	waited(P_PID, pid, WEXITED | WNOWAIT, pid, CLD_KILLED, SIGTERM);
	/* a zombie can be sent to */
	CHECK(kill(pid, 0) == 0 && kill(pid, SIGUSR1) == 0 && syscall(SYS_tgkill, pid, pid, 0) == 0);
	FAILS(waitid(P_PID, pid, NULL, WSTOPPED | WCONTINUED | WNOHANG), ECHILD); /* nothing else will come of it */
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM && !WCOREDUMP(status));
	FAILS(waitpid(pid, &status, 0), ECHILD);
	FAILS(syscall(SYS_tgkill, pid, pid, 0), ESRCH);
	pid = fork();
	if (pid == 0)
		_exit(0x1234);
	waited(P_ALL, 77, WEXITED, pid, CLD_EXITED, 0x34);
	CHECK(seen[count - 1].code == CLD_EXITED && seen[count - 1].status == 0x34);
}

static void quiet(void)
{
	int status;

	catch_children(SA_NOCLDSTOP);
	pid_t pid = sleeper();
	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	CHECK(kill(pid, SIGCONT) == 0);
	CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	CHECK(count == 0);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	told(0, pid, CLD_KILLED, SIGKILL);
}

static void no_zombies(bool ignore)
{
	if (ignore)
		signal(SIGCHLD, SIG_IGN);
	else
		catch_children(SA_NOCLDWAIT);
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			_exit(i);
	}
	FAILS(wait(NULL), ECHILD);
	if (!ignore)
		CHECK(count >= 1 && seen[0].code == CLD_EXITED);
	signal(SIGCHLD, SIG_DFL);
}

/* What was cloned with another signal, or none, is a child of another kind. */
static void kinds(void)
{
	static volatile int usr1;
	int status;

	(void)usr1;
	pid_t pid = (pid_t)syscall(SYS_clone, 0, NULL, NULL, NULL, NULL);
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(3);
	FAILS(waitpid(pid, &status, 0), ECHILD);
	CHECK(waitpid(pid, &status, (int)WCLONE) == pid && WEXITSTATUS(status) == 3);
	pid = (pid_t)syscall(SYS_clone, SIGURG, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(4);
	CHECK(waitpid(pid, &status, WALL) == pid && WEXITSTATUS(status) == 4);
	pid = fork();
	if (pid == 0)
		_exit(5);
	FAILS(waitpid(pid, &status, (int)WCLONE), ECHILD);
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 5);
}

static void refused(void)
{
	siginfo_t info;

	FAILS(waitid(P_ALL, 0, &info, 0), EINVAL);
	FAILS(waitid(P_ALL, 0, &info, WNOHANG), EINVAL);
	FAILS(waitid(P_ALL, 0, &info, WEXITED | 0x100), EINVAL);
	FAILS(waitid((idtype_t)7, 0, &info, WEXITED), EINVAL);
	FAILS(waitid(P_PID, 0, &info, WEXITED), EINVAL);
	FAILS(waitid(P_PGID, (id_t)-1, &info, WEXITED), EINVAL);
	FAILS(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
	FAILS(wait4(-1, NULL, WEXITED, NULL), EINVAL);
	FAILS(wait4((pid_t)0x80000000, NULL, 0, NULL), ESRCH);
	FAILS(wait4(-1, NULL, 0, NULL), ECHILD);
}

/* rusage of a child is its own and that of those it waited for. */
static void usage(void)
{
	struct rusage of_child, children;
	int status;

	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHILD_PASSES({
			unsigned char *p = map_anon(400 * PAGE);
			for (int i = 0; i < 400; i++)
				STORE(p + i * PAGE, 1);
		});
		_exit(0);
	}
	CHECK(wait4(pid, &status, 0, &of_child) == pid && status == 0);
	CHECK(of_child.ru_minflt >= 20 && of_child.ru_maxrss >= 400 * 4);
	CHECK(getrusage(RUSAGE_CHILDREN, &children) == 0);
	CHECK(children.ru_minflt >= of_child.ru_minflt && children.ru_maxrss >= of_child.ru_maxrss);
}

int main(void)
{
	refused();
	changes();
	quiet();
	no_zombies(true);
	no_zombies(false);
	kinds();
	usage();
	return 0;
}
