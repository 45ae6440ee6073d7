/* SPDX-License-Identifier: MIT */
/*
 * Job control as a program in the foreground of a terminal sees it: background groups that read, write with TOSTOP or
 * change settings are stopped or refused, the foreground is given away and taken back, a session without a terminal has
 * none; and raw reads end by VMIN and VTIME. Needs a terminal on standard input: tests/host/terminal types its name at
 * the shell.
 */
#include <sys/ioctl.h>
#include <termios.h>

#include "check.h"

static struct termios before;

/* Runs body in a group of its own, in the background; the wait status, stops included. The child is then killed. */
#define IN_BACKGROUND(body) \
	({ \
		int s_, fd_[2]; \
		char c_; \
		CHECK(pipe(fd_) == 0); \
		pid_t pid_ = fork(); \
		CHECK(pid_ >= 0); \
		if (pid_ == 0) { \
			CHECK(setpgid(0, 0) == 0 && close(fd_[1]) == 0 && read(fd_[0], &c_, 1) == 0); \
			body; \
			_exit(0); \
		} \
		(void)setpgid(pid_, pid_); \
		close(fd_[1]); \
		close(fd_[0]); \
		CHECK(waitpid(pid_, &s_, WUNTRACED) == pid_); \
		if (WIFSTOPPED(s_)) \
			CHECK(kill(pid_, SIGKILL) == 0 && waitpid(pid_, NULL, 0) == pid_); \
		s_; \
	})
#define STOPS_BY(signo, body) CHECK(({ int t_ = IN_BACKGROUND(body); WIFSTOPPED(t_) && WSTOPSIG(t_) == (signo); }))
#define BACKGROUND_PASSES(body) CHECK(IN_BACKGROUND(body) == 0)

static void foreground(void)
{
	int group;

	CHECK(isatty(0));
	CHECK(tcgetpgrp(0) == getpgrp());
	CHECK(ioctl(0, TIOCGSID, &group) == 0 && group == getsid(0));
	int fd = open("/dev/tty", O_RDWR);
	CHECK(fd >= 0 && isatty(fd) && tcgetpgrp(fd) == getpgrp());
	CHECK(close(fd) == 0);
	FAILS(tcsetpgrp(0, -1), EINVAL);
	FAILS(tcsetpgrp(0, 4194304 /* nobody */), ESRCH);
	FAILS(tcsetpgrp(0, 1), EPERM);
	CHECK(tcsetpgrp(0, getpgrp()) == 0);
}

static void background(void)
{
	char c;
	struct termios now = before;

	STOPS_BY(SIGTTIN, read(0, &c, 1));
	BACKGROUND_PASSES({ signal(SIGTTIN, SIG_IGN); FAILS(read(0, &c, 1), EIO); });
	BACKGROUND_PASSES({
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, SIGTTIN);
		sigprocmask(SIG_BLOCK, &set, NULL);
		FAILS(read(0, &c, 1), EIO);
	});
	BACKGROUND_PASSES(CHECK(write(1, "", 0) == 0 && tcgetattr(0, &now) == 0 && tcgetpgrp(0) == getppid()));
	STOPS_BY(SIGTTOU, tcsetattr(0, TCSANOW, &before));
	STOPS_BY(SIGTTOU, tcflush(0, TCIFLUSH));
	STOPS_BY(SIGTTOU, tcsetpgrp(0, getpgrp()));
	BACKGROUND_PASSES({ signal(SIGTTOU, SIG_IGN); CHECK(tcsetattr(0, TCSANOW, &before) == 0); });
	BACKGROUND_PASSES({
		signal(SIGTTOU, SIG_IGN);
		CHECK(tcsetpgrp(0, getpgrp()) == 0 && tcgetpgrp(0) == getpgrp());
		CHECK(tcsetpgrp(0, getpgid(getppid())) == 0);
	});
	now.c_lflag |= TOSTOP;
	CHECK(tcsetattr(0, TCSANOW, &now) == 0);
	STOPS_BY(SIGTTOU, write(1, ".", 1));
	BACKGROUND_PASSES({ signal(SIGTTOU, SIG_IGN); CHECK(write(1, ".", 1) == 1); });
	CHECK(tcsetattr(0, TCSANOW, &before) == 0);
	/* A group without anybody to set it going is not stopped: the reader is told so. */
	BACKGROUND_PASSES({
		int fd[2];
		CHECK(pipe(fd) == 0);
		if (fork() == 0) {
			setpgid(0, 0);
			while (getppid() != 1)
				usleep(1000);
			char result = read(0, &c, 1) == -1 && errno == EIO ? 'y' : 'n';
			CHECK(write(fd[1], &result, 1) == 1);
			_exit(0);
		}
		if (fork() == 0) {
			CHECK(read(fd[0], &c, 1) == 1 && c == 'y');
			_exit(0);
		}
	});
}

static void another_session(void)
{
	int group;

	CHILD_PASSES({
		CHECK(setsid() == getpid());
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		FAILS(tcgetpgrp(0), ENOTTY);
		FAILS(ioctl(0, TIOCGSID, &group), ENOTTY);
		FAILS(tcsetpgrp(0, getpid()), ENOTTY);
		FAILS(ioctl(0, TIOCSCTTY, 0), EPERM);
		FAILS(ioctl(0, TIOCNOTTY), ENOTTY);
		CHECK(write(1, "", 0) == 0);
	});
	CHILD_PASSES({
		FAILS(ioctl(0, TIOCSCTTY, 0), EPERM); /* no leader */
		CHECK(ioctl(0, TIOCNOTTY) == 0);
		FAILS(tcgetpgrp(0), ENOTTY);
		FAILS(open("/dev/tty", O_RDWR), ENXIO);
		CHILD_PASSES(FAILS(tcgetpgrp(0), ENOTTY));
	});
	CHECK(tcgetpgrp(0) == getpgrp());
}

static volatile int winches;

static void count_winch(int signo)
{
	(void)signo;
	winches++;
}

static void size(void)
{
	struct winsize old, new;

	CHECK(ioctl(0, TIOCGWINSZ, &old) == 0);
	new = old;
	new.ws_row++;
	signal(SIGWINCH, count_winch);
	CHECK(ioctl(0, TIOCSWINSZ, &new) == 0);
	for (int i = 0; i < 1000 && winches == 0; i++)
		usleep(1000);
	CHECK(winches == 1);
	CHECK(ioctl(0, TIOCSWINSZ, &old) == 0);
	signal(SIGWINCH, SIG_DFL);
}

/* Nothing is typed while this runs. */
static void raw_reads(void)
{
	struct termios raw = before;
	char bytes[8];
	int n;

	raw.c_lflag &= ~(unsigned)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	CHECK(tcsetattr(0, TCSAFLUSH, &raw) == 0);
	CHECK(read(0, bytes, 8) == 0);
	raw.c_cc[VTIME] = 1;
	CHECK(tcsetattr(0, TCSANOW, &raw) == 0);
	CHECK(read(0, bytes, 8) == 0);
	raw.c_cc[VMIN] = 3;
	CHECK(tcsetattr(0, TCSANOW, &raw) == 0);
	CHECK(fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK) == 0);
	FAILS(read(0, bytes, 8), EAGAIN);
	CHECK(fcntl(0, F_SETFL, fcntl(0, F_GETFL) & ~O_NONBLOCK) == 0);
	CHECK(ioctl(0, FIONREAD, &n) == 0 && n == 0);
	CHECK(ioctl(0, TIOCOUTQ, &n) == 0 && n >= 0);
	FAILS(tcflush(0, 3), EINVAL);
	FAILS(tcflow(0, 4), EINVAL);
	CHECK(tcsetattr(0, TCSANOW, &before) == 0);
}

/* tty_nr and tpgid. */
static void in_proc(void)
{
	int pgrp, session, tty, tpgid;
	FILE *f = fopen("/proc/self/stat", "r");

	CHECK(f);
	CHECK(fscanf(f, "%*d (%*[^)]) %*c %*d %d %d %d %d", &pgrp, &session, &tty, &tpgid) == 4);
	fclose(f);
	CHECK(pgrp == getpgrp() && session == getsid(0) && tty != 0 && tpgid == pgrp);
}

int main(void)
{
	if (!isatty(0)) {
		fprintf(stderr, "standard input is no terminal\n");
		return 77;
	}
	CHECK(tcgetattr(0, &before) == 0);
	foreground();
	background();
	another_session();
	size();
	raw_reads();
	in_proc();
	printf("terminals belong to sessions\n");
	return 0;
}
