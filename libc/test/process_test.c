/* SPDX-License-Identifier: MIT */
/*
 * Processes, signals, jumps and the ends of programs: fork, vfork, exec, wait, handlers with
 * their context, sigsetjmp, exit in order.
 */
#include "check.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static char **arguments;

static int status_of(pid_t child)
{
	int status = -1;

	CHECK(waitpid(child, &status, 0) == child);
	return status;
}

static void forks(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(getppid() > 0 ? 5 : 1);
	CHECK(WEXITSTATUS(status_of(child)) == 5);
	child = vfork();
	if (child == 0)
		_exit(6);
	CHECK(child > 0 && WEXITSTATUS(status_of(child)) == 6);
	child = fork();
	if (child == 0) {
		raise(SIGKILL);
		_exit(0);
	}
	CHECK(WTERMSIG(status_of(child)) == SIGKILL);
	CHECK(wait(NULL) == -1 && errno == ECHILD);
}

static void filesystems(void)
{
	struct statvfs v = { 0 }, open_v = { 0 };
	struct statfs s;
	int fd = open("/", O_RDONLY);

	CHECK(statvfs("/", &v) == 0 && fstatvfs(fd, &open_v) == 0 && fstatfs(fd, &s) == 0 && close(fd) == 0);
	CHECK(v.f_blocks == s.f_blocks && v.f_namemax == (unsigned long)s.f_namelen && v.f_favail == v.f_ffree);
	CHECK(v.f_blocks == open_v.f_blocks && v.f_fsid == open_v.f_fsid && v.f_flag == open_v.f_flag);
	CHECK(statvfs("/proc", &v) == 0 && (v.f_flag & 0x20) == 0 && v.f_frsize == 4096);
	CHECK(statvfs("/no such name", &v) == -1 && errno == ENOENT);
	CHECK(fstatvfs(-1, &v) == -1 && errno == EBADF);
}

static void sleeps(void)
{
	struct timespec t = { 0, 1 }, none = { 0, -1 };

	CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL) == 0);
	CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &none, NULL) == EINVAL);
	CHECK(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL) == EINVAL);
}

static void futexes(void)
{
	unsigned int word = 1;

	CHECK(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0) == -1 && errno == EAGAIN);
	CHECK(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 0);
}

/* This program runs itself again with an argument that says which part to play. */
static void execs(void)
{
	char *env[] = { (char *)"GREETING=hello", NULL };
	pid_t child = vfork();

	if (child == 0) {
		execle(arguments[0], "self", "greet", "two words", (char *)NULL, env);
		_exit(1);
	}
	CHECK(WEXITSTATUS(status_of(child)) == 42);
	CHECK(execv("/absent", arguments) == -1 && errno == ENOENT);
	CHECK(execlp("no-such-program", "x", (char *)NULL) == -1 && errno == ENOENT);
}

static int greet(int argc, char **argv)
{
	const char *greeting = getenv("GREETING");

	return argc == 3 && strcmp(argv[2], "two words") == 0 && greeting &&
	       strcmp(greeting, "hello") == 0 ? 42 : 1;
}

static volatile sig_atomic_t caught;

static void catch_signal(int sig)
{
	caught = sig;
}

static void signals(void)
{
	struct sigaction action, old;
	sigset_t set, pending;

	memset(&action, 0, sizeof(action));
	action.sa_handler = catch_signal;
	CHECK(sigaction(SIGUSR1, &action, &old) == 0 && old.sa_handler == SIG_DFL);
	raise(SIGUSR1);
	CHECK(caught == SIGUSR1);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	caught = 0;
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	kill(getpid(), SIGUSR1);
	CHECK(caught == 0 && sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) == 1);
	sigemptyset(&pending);
	CHECK(sigsuspend(&pending) == -1 && errno == EINTR && caught == SIGUSR1);
	CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0);
	CHECK(signal(SIGKILL, SIG_IGN) == SIG_ERR && errno == EINVAL);
	CHECK(signal(SIGUSR1, SIG_DFL) == catch_signal);
}

static sigjmp_buf recovery;
static char *fault_addr;
static long fault_rip;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	fault_addr = info->si_addr;
	fault_rip = (long)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	siglongjmp(recovery, 3);
}

/* The handler runs twice: sigsetjmp must have put the mask back, or the second fault would kill. */
static void faults(void)
{
	char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_fault;
	action.sa_flags = SA_SIGINFO;
	CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
	for (volatile int i = 0; i < 2; i++) {
		int jumped = sigsetjmp(recovery, 1);

		if (jumped == 0) {
			*(volatile char *)(page + 10 + i) = 1;
			CHECK(!"the store should have faulted");
		}
		CHECK(jumped == 3 && fault_addr == page + 10 + i && fault_rip != 0);
	}
	signal(SIGSEGV, SIG_DFL);
	munmap(page, 4096);
}

static jmp_buf place;

static int deep(int n)
{
	if (n == 0)
		longjmp(place, 0);
	return n > 100 ? 0 : deep(n - 1);
}

static void jumps(void)
{
	volatile int kept = 1;
	int got = setjmp(place);

	if (got == 0) {
		kept = 2;
		deep(10);
	}
	CHECK(got == 1 && kept == 2);
}

static int fds[2];

static void say_b(void)
{
	CHECK(write(fds[1], "b", 1) == 1);
}

static void say_a(void)
{
	CHECK(write(fds[1], "a", 1) == 1);
}

static void exits(void)
{
	char said[8] = "";
	pid_t child;

	CHECK(pipe(fds) == 0);
	child = fork();
	if (child == 0) {
		atexit(say_b);
		atexit(say_a);
		dup2(fds[1], STDOUT_FILENO);
		printf("c");
		exit(9);
	}
	CHECK(WEXITSTATUS(status_of(child)) == 9);
	CHECK(read(fds[0], said, sizeof(said)) == 3);
	CHECK_TEXT(said, "abc");
	close(fds[0]);
	close(fds[1]);
}

static void directories(void)
{
	char name[16];
	struct dirent *e, **list;
	int seen = 0;
	DIR *d;

	CHECK(mkdir("many", 0755) == 0);
	for (int i = 0; i < 300; i++) {
		sprintf(name, "many/f%03d", i);
		close(open(name, O_CREAT | O_WRONLY, 0644));
	}
	d = opendir("many");
	CHECK(d != NULL);
	while ((e = readdir(d)))
		seen += e->d_name[0] == 'f';
	CHECK(seen == 300);
	rewinddir(d);
	CHECK(readdir(d) != NULL && closedir(d) == 0);
	CHECK(scandir("many", &list, NULL, alphasort) == 302);
	CHECK_TEXT(list[0]->d_name, ".");
	CHECK_TEXT(list[301]->d_name, "f299");
	for (int i = 0; i < 302; i++)
		free(list[i]);
	free(list);
	for (int i = 0; i < 300; i++) {
		sprintf(name, "many/f%03d", i);
		unlink(name);
	}
	CHECK(rmdir("many") == 0 && opendir("many") == NULL && errno == ENOENT);
}

static void calendar(void)
{
	char text[64];
	struct tm tm;
	time_t t = 951782400; /* 29 February 2000 */

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %a %j %U %V %e", &tm);
	CHECK_TEXT(text, "2000-02-29 00:00:00 Tue 060 09 09 29");
	for (t = -3000000000l; t < 6000000000l; t += 12345677) {
		gmtime_r(&t, &tm);
		CHECK(timegm(&tm) == t);
	}
	memset(&tm, 0, sizeof(tm));
	tm.tm_year = 124;
	tm.tm_mon = 13;
	tm.tm_mday = 32;
	CHECK(timegm(&tm) == 1740873600 + 86400 * 2 && tm.tm_mon == 2 && tm.tm_mday == 4);
}

/* Users and groups in full, and calls by one file or two. */
static void identities(void)
{
	uid_t real, effective, saved;
	gid_t group = getgid(), groups[3];

	CHECK(getresuid(&real, &effective, &saved) == 0 && real == getuid() && effective == geteuid());
	CHECK(setresuid(-1, effective, -1) == 0 && setfsuid(-1) == (int)effective);
	CHECK(getresgid(&groups[0], &groups[1], &groups[2]) == 0 && groups[0] == group && groups[1] == getegid());
	CHECK(setresgid(-1, group, -1) == 0 && setfsgid(-1) == (int)group);
	CHECK(setgroups(1, &group) == 0 || errno == EPERM);
}

static void files(void)
{
	char name[] = "/tmp/processXXXXXX", other[] = "/tmp/processXXXXXX";
	int from = mkstemp(name), to = mkstemp(other);
	struct statx x;
	off_t off = 1;

	CHECK(write(from, "abcd", 4) == 4 && sendfile(to, from, &off, 2) == 2 && off == 3);
	CHECK(statx(AT_FDCWD, other, 0, 0x7ff, &x) == 0 && x.stx_size == 2 && x.stx_nlink == 1);
	CHECK(renameat2(AT_FDCWD, name, AT_FDCWD, other, RENAME_NOREPLACE) == -1 && errno == EEXIST);
	CHECK(unlink(name) == 0 && unlink(other) == 0);
	CHECK(close_range((unsigned)to, (unsigned)to, 0) == 0 && fcntl(to, F_GETFD) == -1 && errno == EBADF);
	close(from);
}

static void numbers_of_the_system(void)
{
	CHECK(sysconf(_SC_THREADS) == _POSIX_VERSION && sysconf(_SC_MAPPED_FILES) == _POSIX_VERSION);
	CHECK(sysconf(_SC_SEM_VALUE_MAX) == SEM_VALUE_MAX && sysconf(_SC_RTSIG_MAX) == SIGRTMAX - SIGRTMIN + 1);
	CHECK(sysconf(_SC_THREAD_KEYS_MAX) == PTHREAD_KEYS_MAX && sysconf(_SC_PAGESIZE) == 4096);
	errno = 0;
	CHECK(sysconf(_SC_TIMER_MAX) == -1 && errno == 0);
	CHECK(sysconf(9999) == -1 && errno == EINVAL);
}

int main(int argc, char **argv)
{
	arguments = argv;
	if (argc > 1 && strcmp(argv[1], "greet") == 0)
		return greet(argc, argv);
	forks();
	filesystems();
	futexes();
	sleeps();
	execs();
	signals();
	faults();
	jumps();
	exits();
	directories();
	calendar();
	identities();
	numbers_of_the_system();
	files();
	return 0;
}
