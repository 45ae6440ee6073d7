/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals and sessions: names, locks and ends of the pair; which terminal controls whom; the foreground, the
 * background and what signals they get; what remains when either side, or the session's leader, is gone.
 */
#include <dirent.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "show.h"

#define RUN(fd, cmd, arg) shown(CALL(ioctl, fd, cmd, arg))

static int counts[65];

static void count(int signo) { counts[signo]++; }

static void count_all(void)
{
	static const int which[] = { SIGHUP, SIGCONT, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH };

	memset(counts, 0, sizeof(counts));
	for (size_t i = 0; i < COUNT(which); i++)
		sigaction(which[i], &(struct sigaction){ .sa_handler = count }, NULL);
}

static void show_counts(const char *who)
{
	usleep(50000);
	printf("  %s got", who);
	for (int i = 1; i < 65; i++)
		if (counts[i])
			printf(" %d", i);
	printf("\n");
	memset(counts, 0, sizeof(counts));
}

static int open_master(void)
{
	int m = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	if (m < 0 || unlockpt(m) < 0)
		perror("no pseudo-terminal");
	return m;
}

static int open_slave(int m, int flags) { return (int)CALL(open, ptsname(m), flags); }

static const char *polled(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLPRI, 0 };
	char *text = spare_text();

	usleep(30000);
	poll(&p, 1, 0);
	snprintf(text, 96, "%x", p.revents);
	return text;
}

static const char *which(int result, int is)
{
	return result < 0 ? error_name(errno) : result == is ? "mine" : result == 0 ? "none" : "another's";
}

static void pairs(void)
{
	int m = open("/dev/ptmx", O_RDWR | O_NOCTTY), n = -1, m2;
	char byte, path[32];
	struct stat st;

	printf("locked: open %s", shown(CALL(open, ptsname(m), O_RDWR)));
	printf(" TIOCGPTLCK %s %d", RUN(m, TIOCGPTLCK, &n), n);
	n = 0;
	printf(" unlock %s", RUN(m, TIOCSPTLCK, &n));
	n = 7;
	printf(" TIOCGPTLCK %s %d TIOCGPTN %s\n", RUN(m, TIOCGPTLCK, &n), n, RUN(m, TIOCGPTN, &n));
	snprintf(path, sizeof(path), "/dev/pts/%d", n);
	stat(path, &st);
	printf("the name: %s mode %o uid %d gid %d rdev %s links %d\n", strcmp(path, ptsname(m)) ? "no" : "yes", st.st_mode,
	       st.st_uid, st.st_gid, (int)st.st_rdev == (136 << 8 | n) ? "right" : "wrong", (int)st.st_nlink);
	printf("chmod %s chown %s utimes %s unlink %s rename %s", shown(chmod(path, 0600)), shown(chown(path, 3, 4)),
	       shown(CALL(utimensat, AT_FDCWD, path, NULL, 0)), shown(CALL(unlink, path)),
	       shown(CALL(rename, path, "/dev/pts/99")));
	stat(path, &st);
	printf(": mode %o uid %d gid %d", st.st_mode, st.st_uid, st.st_gid);
	printf(" create %s\n", shown(CALL(open, "/dev/pts/zz", O_CREAT | O_RDWR, 0600)));
	printf("before a slave: master %s", polled(m));
	CALL(write, m, "early\n", 6);
	printf(" %s\n", polled(m));
	int s = open_slave(m, O_RDWR | O_NOCTTY);
	char name[64] = "", text[64];
	ttyname_r(s, name, sizeof(name));
	printf("slave: ttyname %s, isatty %d %d, peek %ld", strcmp(name, path) ? name : "the same", isatty(s), isatty(m),
	       (long)read(s, text, 64));
	printf(" TIOCGPTN %s %s\n", RUN(s, TIOCGPTN, &n), RUN(s, TIOCSPTLCK, &n));
	int s2 = (int)CALL(ioctl, m, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	printf("peer: %s flags %d", shown_ok(s2), fcntl(s2, F_GETFD));
	printf(" lseek %s pread %s\n", shown(CALL(lseek, s, 0, 0)), shown(CALL(pread64, s, &byte, 1, 0)));
	close(s);
	printf("one slave closed: master %s", polled(m));
	while (polled(m)[0] == '5' && read(m, text, 64) > 0)
		;
	close(s2);
	printf(" both: %s read %s write %s", polled(m), shown(CALL(read, m, &byte, 1)), shown(CALL(write, m, "late\n", 5)));
	s = open_slave(m, O_RDWR | O_NOCTTY);
	printf(" again: %s\n", polled(m));
	while (polled(m)[0] == '5' && read(m, text, 64) > 0)
		;
	printf("left for it: %s\n", polled(s));
	tcflush(s, TCIOFLUSH);
	CALL(write, s, "last words", 10);
	close(s);
	printf("closed behind a write: %s", polled(m));
	printf(" read %s %s", shown(CALL(read, m, text, 64)), shown(CALL(read, m, text, 64)));
	printf(" %s\n", polled(m));
	s = open_slave(m, O_RDWR | O_NOCTTY);
	CALL(write, m, "never\n", 6);
	usleep(30000);
	m2 = dup(m);
	close(m);
	printf("a copy of the master: %s", polled(s));
	close(m2);
	printf(" none: %s", polled(s));
	printf(" read %s write %s TCGETS %s TIOCGWINSZ %s TIOCSPGRP %s TCFLSH %s FIONREAD %s", shown(CALL(read, s, text, 64)),
	       shown(CALL(write, s, "x", 1)), RUN(s, TCGETS, text), RUN(s, TIOCGWINSZ, text), RUN(s, TIOCSPGRP, &n),
	       RUN(s, TCFLSH, 0), RUN(s, FIONREAD, &n));
	printf(" open %s stat %s\n", shown(CALL(open, path, O_RDWR)), shown(stat(path, &st) ? -errno : 0));
	close(s);
}

/* A session of its own; its leader runs the body with the pair, of which the slave may be its terminal. */
#define SESSION(...) \
	do { \
		int m = open_master(); \
		IN_CHILD(setsid(); count_all(); __VA_ARGS__); \
		close(m); \
	} while (0)

static void controlling(void)
{
	SESSION({
		int s = open_slave(m, O_RDWR | O_NOCTTY), n = -1;
		printf("O_NOCTTY: /dev/tty %s", shown(CALL(open, "/dev/tty", O_RDWR)));
		printf(" tcgetpgrp %s tcgetsid %s", RUN(s, TIOCGPGRP, &n), RUN(s, TIOCGSID, &n));
		printf(" tcsetpgrp %s", RUN(s, TIOCSPGRP, &n));
		printf(" master: tcgetpgrp %s", RUN(m, TIOCGPGRP, &n));
		printf(" %d tcgetsid %s TIOCNOTTY %s\n", n, RUN(m, TIOCGSID, &n), RUN(s, TIOCNOTTY, 0));
		printf("TIOCSCTTY %s %s", RUN(s, TIOCSCTTY, 0), RUN(s, TIOCSCTTY, 0));
		printf(" tcgetpgrp %s", which(tcgetpgrp(s), getpgrp()));
		printf(" tcgetsid %s", which(tcgetsid(s), getsid(0)));
		printf(" master: %s", which(tcgetpgrp(m), getpgrp()));
		printf(" %s\n", which(tcgetsid(m), getsid(0)));
	});
	SESSION({
		int s = open_slave(m, O_WRONLY);
		printf("opened for writing: %s", which(tcgetpgrp(s), getpgrp()));
		s = open_slave(m, O_RDWR);
		printf(" for both: %s", which(tcgetpgrp(s), getpgrp()));
		int t = (int)CALL(open, "/dev/tty", O_RDWR);
		printf(" /dev/tty %s", which(tcgetpgrp(t), getpgrp()));
		int m2 = open_master();
		int s2 = open_slave(m2, O_RDWR);
		printf(" a second: %s", which(tcgetpgrp(s2), getpgrp()));
		printf(" %s", RUN(s2, TIOCSCTTY, 0));
		printf(" setpgrp %s", RUN(m2, TIOCSPGRP, &s));
		IN_CHILD(printf("; a child: %s\n", which(tcgetpgrp(s), getsid(0))));
	});
	SESSION({
		int s = open_slave(m, O_RDWR);
		int bad[] = { -1, 1 << 20, 1, getppid(), getpgrp() };
		printf("tcsetpgrp:");
		for (size_t i = 0; i < COUNT(bad); i++)
			printf(" %s", RUN(s, TIOCSPGRP, &bad[i]));
		printf(" %s %s\n", RUN(s, TIOCSPGRP, 8), RUN(s, TIOCGPGRP, 8));
		IN_CHILD(setsid(); printf("another session: %s", RUN(s, TIOCSPGRP, &bad[4]));
			 printf(" %s", RUN(s, TIOCGPGRP, &bad[4])); printf(" TIOCSCTTY %s", RUN(s, TIOCSCTTY, 0));
			 printf(" /dev/tty %s", shown(CALL(open, "/dev/tty", O_RDWR)));
			 printf(" steals %s", RUN(s, TIOCSCTTY, 1)); printf(" %s\n", which(tcgetsid(s), getpid())));
		printf("it is gone: %s %s\n", RUN(s, TIOCGPGRP, &bad[0]), shown(CALL(open, "/dev/tty", O_RDWR)));
	});
	SESSION({
		int s = open_slave(m, O_RDWR);
		IN_CHILD(printf("no leader: TIOCSCTTY %s", RUN(s, TIOCSCTTY, 0)); printf(" TIOCNOTTY %s", RUN(s, TIOCNOTTY, 0));
			 printf(" /dev/tty %s", shown(CALL(open, "/dev/tty", O_RDWR)));
			 printf(" %s\n", RUN(s, TIOCNOTTY, 0)));
		printf("leader: %s TIOCNOTTY %s", which(tcgetpgrp(s), getpgrp()), RUN(s, TIOCNOTTY, 0));
		printf(" %s\n", RUN(s, TIOCNOTTY, 0));
		show_counts("the foreground");
	});
}

static void keys(void)
{
	SESSION({
		int s = open_slave(m, O_RDWR);
		struct termios t;
		struct winsize w = { 5, 6, 7, 8 };
		CALL(write, m, "\3", 1);
		show_counts("^C");
		CALL(write, m, "\34", 1);
		show_counts("^\\");
		CALL(write, m, "\32", 1);
		show_counts("^Z");
		CALL(ioctl, m, TIOCSWINSZ, &w);
		show_counts("a new size");
		CALL(ioctl, s, TIOCSWINSZ, &w);
		show_counts("the same");
		w.ws_xpixel++;
		CALL(ioctl, s, TIOCSWINSZ, &w);
		show_counts("another");
		tcgetattr(s, &t);
		CALL(write, m, "before\n\3behind\n", 15);
		usleep(30000);
		char text[64];
		printf("  flushed: %ld\n", (long)CALL(read, s, text, 64));
		t.c_lflag |= NOFLSH;
		tcsetattr(s, TCSANOW, &t);
		CALL(write, m, "before\n\3behind\n", 15);
		usleep(30000);
		printf("  NOFLSH: %ld\n", (long)CALL(read, s, text, 64));
		printf("  TIOCSTI %s", RUN(s, TIOCSTI, "z"));
		printf(" %s", RUN(s, TIOCSTI, "\n"));
		usleep(30000);
		printf(" %ld", (long)CALL(read, s, text, 64));
		printf(" %ld\n", (long)CALL(read, s, text, 64));
	});
}

/* Runs the body in a group of its own, in the background; shows how it ended or was stopped, then kills it. */
#define BACKGROUND(name, ...) \
	do { \
		fflush(NULL); \
		int status_; \
		pid_t pid_ = fork(); \
		if (pid_ == 0) { \
			setpgid(0, 0); \
			signal(SIGTTIN, SIG_DFL), signal(SIGTTOU, SIG_DFL); \
			long r_ = ({ __VA_ARGS__; }); \
			printf("  %s: %s\n", name, shown(r_)); \
			fflush(NULL); \
			_exit(0); \
		} \
		while (waitpid(pid_, &status_, WUNTRACED) < 0) /* a new size interrupts it */ \
			; \
		if (WIFSTOPPED(status_)) { \
			printf("  %s: stopped by %d\n", name, WSTOPSIG(status_)); \
			kill(pid_, SIGKILL); \
			waitpid(pid_, NULL, 0); \
		} \
	} while (0)

static void background(void)
{
	SESSION({
		int s = open_slave(m, O_RDWR), group = getpgrp();
		struct termios t;
		struct winsize w = { 1, 2, 3, 4 };
		char byte;
		tcgetattr(s, &t);
		printf("in the background:\n");
		BACKGROUND("read", CALL(read, s, &byte, 1));
		BACKGROUND("read nothing", CALL(read, s, &byte, 0));
		BACKGROUND("read, SIGTTIN ignored", signal(SIGTTIN, SIG_IGN); CALL(read, s, &byte, 1));
		BACKGROUND("read, SIGTTIN caught", signal(SIGTTIN, count); siginterrupt(SIGTTIN, 1); CALL(read, s, &byte, 1));
		BACKGROUND("write", CALL(write, s, "x", 1));
		BACKGROUND("TCGETS", CALL(ioctl, s, TCGETS, &t));
		BACKGROUND("TCSETS", CALL(ioctl, s, TCSETS, &t));
		BACKGROUND("TCSETSW", CALL(ioctl, s, TCSETSW, &t));
		BACKGROUND("TCSETSF", CALL(ioctl, s, TCSETSF, &t));
		BACKGROUND("TCSETA", CALL(ioctl, s, 0x5406, &t));
		BACKGROUND("TCSBRK", CALL(ioctl, s, TCSBRK, 1));
		BACKGROUND("TCXONC", CALL(ioctl, s, TCXONC, TCOON));
		BACKGROUND("TCFLSH", CALL(ioctl, s, TCFLSH, 0));
		BACKGROUND("TIOCSPGRP", CALL(ioctl, s, TIOCSPGRP, &group));
		BACKGROUND("TIOCSPGRP of the master", CALL(ioctl, m, TIOCSPGRP, &group));
		BACKGROUND("TIOCGPGRP", CALL(ioctl, s, TIOCGPGRP, &group));
		BACKGROUND("TIOCSWINSZ", CALL(ioctl, s, TIOCSWINSZ, &w));
		BACKGROUND("FIONREAD", CALL(ioctl, s, FIONREAD, &group));
		BACKGROUND("TIOCSTI", CALL(ioctl, s, TIOCSTI, "x"));
		BACKGROUND("TCSETS of the master", CALL(ioctl, m, TCSETS, &t));
		BACKGROUND("TCSETS, SIGTTOU ignored", signal(SIGTTOU, SIG_IGN); CALL(ioctl, s, TCSETS, &t));
		BACKGROUND("TCSETS, SIGTTOU caught", signal(SIGTTOU, count); siginterrupt(SIGTTOU, 1);
			   CALL(ioctl, s, TCSETS, &t));
		t.c_lflag |= TOSTOP;
		tcsetattr(s, TCSANOW, &t);
		BACKGROUND("write, TOSTOP", CALL(write, s, "x", 1));
		BACKGROUND("write, TOSTOP, ignored", signal(SIGTTOU, SIG_IGN); CALL(write, s, "x", 1));
		BACKGROUND("write, TOSTOP, caught", signal(SIGTTOU, count); siginterrupt(SIGTTOU, 1); CALL(write, s, "x", 1));
		BACKGROUND("read, orphaned", int p[2]; pipe(p); if (fork() == 0) {
			setpgid(0, 0);
			while (getppid() == getsid(0) || getppid() != 1)
				usleep(1000);
			long r = CALL(read, s, &byte, 1);
			long w_ = CALL(write, s, "x", 1);
			printf("  orphaned: read %s write %s", shown(r), shown(w_));
			printf(" TCSETS %s", RUN(s, TCSETS, &t));
			printf(" TIOCSPGRP %s\n", RUN(s, TIOCSPGRP, &group));
			fflush(NULL);
			_exit(0);
		} if (fork() == 0) { usleep(300000); _exit(0); } 0);
		usleep(200000);
	});
}

/* Who is told when the master goes, or the leader. */
static void ends(void)
{
	int m = open_master(), ready[2];
	char byte;

	pipe(ready);
	fflush(NULL);
	pid_t leader = fork();
	if (leader == 0) {
		setsid();
		count_all();
		int s = open_slave(m, O_RDWR);
		close(m);
		pid_t job = fork();
		if (job == 0) {
			setpgid(0, 0);
			signal(SIGTTOU, SIG_IGN);
			tcsetpgrp(s, getpid());
			write(ready[1], "x", 1);
			sleep(1);
			show_counts("the foreground, when the leader has ended,");
			_exit(0);
		}
		sleep(2);
		show_counts("the leader");
		printf("  read %s write %s /dev/tty %s\n", shown(CALL(read, s, &byte, 1)), shown(CALL(write, s, "x", 1)),
		       shown(CALL(open, "/dev/tty", O_RDWR)));
		fflush(NULL);
		_exit(0);
	}
	read(ready[0], &byte, 1);
	printf("the master is closed:\n");
	fflush(NULL);
	close(m);
	waitpid(leader, NULL, 0);
	usleep(1200000);

	m = open_master();
	fflush(NULL);
	leader = fork();
	if (leader == 0) {
		setsid();
		count_all();
		int s = open_slave(m, O_RDWR);
		close(m);
		if (fork() == 0) { /* in the leader's group */
			write(ready[1], "x", 1);
			usleep(300000);
			show_counts("the foreground");
			printf("  then: read %s write %s", shown(CALL(read, s, &byte, 1)), shown(CALL(write, s, "x", 1)));
			printf(" tcgetpgrp %s /dev/tty %s\n", RUN(s, TIOCGPGRP, &byte), shown(CALL(open, "/dev/tty", O_RDWR)));
			fflush(NULL);
			_exit(0);
		}
		_exit(0);
	}
	read(ready[0], &byte, 1);
	printf("the leader ends:\n");
	fflush(NULL);
	waitpid(leader, NULL, 0);
	CALL(write, m, "a\n", 2);
	usleep(500000);
	close(m);

	m = open_master();
	fflush(NULL);
	leader = fork();
	if (leader == 0) { /* a stopped job loses its shell */
		setsid();
		int s = open_slave(m, O_RDWR);
		(void)s;
		pid_t shell = fork();
		if (shell == 0) {
			setpgid(0, 0);
			if (fork() == 0) {
				setpgid(0, 0);
				count_all();
				raise(SIGSTOP);
				show_counts("a stopped job without its shell");
				fflush(NULL);
				_exit(0);
			}
			usleep(200000);
			_exit(0);
		}
		waitpid(shell, NULL, 0);
		usleep(300000);
		_exit(0);
	}
	printf("the shell ends:\n");
	fflush(NULL);
	waitpid(leader, NULL, 0);
	close(m);
}

static void many(void)
{
	int masters[20], n, opened = 0;
	struct dirent *e;

	for (int i = 0; i < 20; i++)
		masters[i] = open_master();
	DIR *dir = opendir("/dev/pts");
	while ((e = readdir(dir)))
		opened += e->d_name[0] >= '0' && e->d_name[0] <= '9';
	closedir(dir);
	printf("%d names", opened);
	for (int i = 0; i < 20; i++)
		close(masters[i]);
	n = 0;
	dir = opendir("/dev/pts");
	while ((e = readdir(dir)))
		n += e->d_name[0] >= '0' && e->d_name[0] <= '9';
	closedir(dir);
	printf(", then %d\n", n);
}

static void alone(void)
{
	int m = open_master(), s = open_slave(m, O_RDWR | O_NOCTTY), n = -1;

	printf("TIOCEXCL %s", RUN(s, TIOCEXCL, 0));
	printf(" %s %d root opens %s", RUN(s, TIOCGEXCL, &n), n, shown_ok(open_slave(m, O_RDWR | O_NOCTTY)));
	chmod(ptsname(m), 0666);
	IN_CHILD(CALL(setuid, 1000); printf(" a user %s", shown(open_slave(m, O_RDWR | O_NOCTTY))));
	printf(" TIOCNXCL %s", RUN(s, TIOCNXCL, 0));
	IN_CHILD(CALL(setuid, 1000); printf(" a user %s\n", shown_ok(open_slave(m, O_RDWR | O_NOCTTY))));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	pairs();
	controlling();
	keys();
	background();
	ends();
	many();
	alone();
	return 0;
}
