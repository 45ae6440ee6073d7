/* SPDX-License-Identifier: MIT */
/*
 * Processes through the C library: fork, exec, posix_spawn, pipes, poll, signals with their information, timers,
 * memory and semaphores shared by name, walking a tree of files. Nothing printed depends on time or on numbers given
 * out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static volatile sig_atomic_t ticks, value, from, altstack;
static char *alternate;

static void need(int good, const char *what)
{
	if (!good) {
		printf("wrong: %s (%s)\n", what, strerror(errno));
		exit(1);
	}
}

static void on_tick(int sig) { ticks += sig == SIGALRM; }

static void on_info(int sig, siginfo_t *info, void *context)
{
	char here;

	(void)sig;
	(void)context;
	value = info->si_value.sival_int;
	from = info->si_pid == getpid();
	altstack = &here > alternate && &here < alternate + SIGSTKSZ;
}

static void signals(void)
{
	struct sigaction sa = { .sa_handler = on_tick };
	struct itimerval every = { { 0, 2000 }, { 0, 2000 } }, never = { 0 };
	sigset_t set, old;

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (ticks < 5)
		pause();
	setitimer(ITIMER_REAL, &never, NULL);
	alternate = malloc(SIGSTKSZ);
	need(sigaltstack(&(stack_t){ .ss_sp = alternate, .ss_size = SIGSTKSZ }, NULL) == 0, "sigaltstack");
	sa = (struct sigaction){ .sa_sigaction = on_info, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	sigaction(SIGRTMIN, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, &old);
	need(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = 77 }) == 0, "sigqueue");
	need(value == 0 && sigpending(&set) == 0 && sigismember(&set, SIGRTMIN), "blocked and pending");
	sigsuspend(&old);
	printf("value %d from %d alternate %d\n", (int)value, (int)from, (int)altstack);
}

static void spawning(void)
{
	posix_spawn_file_actions_t actions;
	char *argv[] = { "sh", "-c", "read x; echo got $x $V; exit 6", NULL },
		*env[] = { "V=variable", "PATH=/bin:/bb", NULL };
	char line[64] = "";
	int in[2], out[2], status;
	pid_t pid;

	need(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "pipe2");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	posix_spawn_file_actions_adddup2(&actions, out[1], 1);
	need((errno = posix_spawnp(&pid, "sh", &actions, NULL, argv, env)) == 0, "posix_spawnp");
	close(out[1]);
	need(write(in[1], "input\n", 6) == 6, "write");
	need(read(out[0], line, sizeof(line)) > 0 && waitpid(pid, &status, 0) == pid, "read");
	printf("%s%d %d\n", line, WEXITSTATUS(status), posix_spawn(&pid, "/nosuch", NULL, NULL, argv, environ));
	close(out[0]);
	close(in[0]);
	signal(SIGPIPE, SIG_IGN);
	need(write(in[1], "x", 1) == -1 && errno == EPIPE, "EPIPE");
	close(in[1]);
}

static void waiting(void)
{
	int fds[2], left = 0;
	struct rusage usage;
	char byte;

	need(pipe(fds) == 0, "pipe");
	need(poll(&(struct pollfd){ fds[0], POLLIN, 0 }, 1, 10) == 0, "poll times out");
	for (int i = 0; i < 20; i++) {
		if (fork() == 0) {
			nanosleep(&(struct timespec){ 0, (20 - i) * 1000000 }, NULL);
			_exit(write(fds[1], &(char){ (char)i }, 1) == 1 ? i : 99);
		}
	}
	close(fds[1]);
	struct pollfd p = { fds[0], POLLIN, 0 };
	while (poll(&p, 1, -1) == 1 && read(fds[0], &byte, 1) == 1)
		left += byte;
	for (int status; wait4(-1, &status, 0, &usage) > 0;)
		left -= WEXITSTATUS(status);
	need(errno == ECHILD, "no child is left");
	fd_set set;
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	printf("left %d, select %d, times %d\n", left, select(fds[0] + 1, &set, NULL, NULL, NULL),
	       times(&(struct tms){ 0 }) != -1);
}

static int files, folders;

static int visit(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)at;
	files += kind == FTW_F;
	folders += kind == FTW_D;
	return strlen(path) > 1000;
}

static void walking(void)
{
	char cwd[4096], real[4096], name[40];

	need(mkdir("top", 0755) == 0, "mkdir");
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "top/%d", i);
		need(mkdir(name, 0755) == 0, "mkdir");
		strcat(name, "/file");
		int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
		struct iovec v[3] = { { "one ", 4 }, { "two ", 4 }, { "three", 5 } };
		need(writev(fd, v, 3) == 13 && close(fd) == 0, "writev");
	}
	need(nftw("top", visit, 10, FTW_PHYS) == 0, "nftw");
	need(getcwd(cwd, sizeof(cwd)) && realpath("top/../top/./3", real), "realpath");
	printf("%d files %d folders, real %s\n", files, folders, real + strlen(cwd));
}

static void names(void)
{
	struct utsname u;
	char name[40];

	snprintf(name, sizeof(name), "/prog-names-%d", getpid());
	int fd = shm_open(name, O_RDWR | O_CREAT, 0600);

	need(fd >= 0 && ftruncate(fd, 8192) == 0, "shm_open");
	int *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	sem_t *sem = sem_open(name, O_CREAT, 0600, 0);
	need(shared != MAP_FAILED && sem != SEM_FAILED, "mmap and sem_open");
	if (fork() == 0) {
		shared[1000] = 4711;
		_exit(sem_post(sem));
	}
	need(sem_wait(sem) == 0 && wait(NULL) > 0, "sem_wait");
	int memory_gone = shm_unlink(name), sem_gone = sem_unlink(name),
		again = shm_unlink(name);
	printf("shared %d, removed %d %d, again %d\n", shared[1000], memory_gone, sem_gone, again);
	printf("%d %d %d\n", uname(&u) == 0 && strcmp(u.machine, "x86_64") == 0, getauxval(AT_PAGESZ) == 4096,
	       sysconf(_SC_NPROCESSORS_ONLN) > 0 && sysconf(_SC_PHYS_PAGES) > 1000);
}

int main(void)
{
	signals();
	spawning();
	waiting();
	walking();
	names();
	return 0;
}
