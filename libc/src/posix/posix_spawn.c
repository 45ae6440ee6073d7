/* SPDX-License-Identifier: MIT */
/*
 * posix_spawn: a program in a new process, without a copy of this one.
 *
 * The child is made by vfork and borrows this process's memory until it runs the program, while the caller waits. So it may do
 * system calls and write to its own frame, no more: no lock, no allocation. What it writes to `failed` the parent reads. Two
 * things would leak from the child into the parent's memory and are prevented:
 *  - handlers of signals: all signals are blocked around the vfork, and the child gives every caught signal its default action
 *    before it unblocks any;
 *  - errno, which belongs to the thread that both are: it is put back.
 *
 * The alternative, fork and a close-on-exec pipe that carries the error, works as well and copies page tables for nothing.
 *
 * Source: POSIX.1-2008, posix_spawn, for the order: session and group, scheduling, ids, descriptors, signal actions, mask.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct __spawn_action {
	enum { OPEN, CLOSE, DUP, CHDIR, FCHDIR } kind;
	int fd, to, flags;
	mode_t mode;
	char *path; /* ours; OPEN and CHDIR */
};

typedef int exec_fn(const char *, char *const[], char *const[]);

/* ---- in the child ---- */

static int move_to(int fd, int to)
{
	if (fd < 0 || fd == to)
		return fd;
	int moved = dup2(fd, to);

	close(fd);
	return moved;
}

/* dup2 of a descriptor onto itself makes it one that the program inherits. */
static int duplicate(int fd, int to)
{
	if (fd != to)
		return dup2(fd, to);
	int flags = fcntl(fd, F_GETFD);

	return flags < 0 ? -1 : fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
}

static int act(const struct __spawn_action *a)
{
	switch (a->kind) {
	case OPEN:
		return move_to(open(a->path, a->flags, a->mode), a->fd);
	case CLOSE:
		close(a->fd); /* one that is not open is as good as closed */
		return 0;
	case DUP:
		return duplicate(a->fd, a->to);
	case CHDIR:
		return chdir(a->path);
	case FCHDIR:
		return fchdir(a->fd);
	}
	return 0;
}

static int settle_process(const posix_spawnattr_t *attr)
{
	int flags = attr->flags;

	if (flags & POSIX_SPAWN_SETSID && setsid() < 0)
		return -1;
	if (flags & POSIX_SPAWN_SETPGROUP && setpgid(0, attr->group) < 0)
		return -1;
	if (flags & POSIX_SPAWN_SETSCHEDULER && sched_setscheduler(0, attr->policy, &attr->param) < 0)
		return -1;
	if (flags & POSIX_SPAWN_SETSCHEDPARAM && !(flags & POSIX_SPAWN_SETSCHEDULER) && sched_setparam(0, &attr->param) < 0)
		return -1;
	return flags & POSIX_SPAWN_RESETIDS && (setegid(getgid()) < 0 || seteuid(getuid()) < 0) ? -1 : 0;
}

/* No handler of this process may run in the child; the attributes say which actions are the default besides. */
static void settle_actions(const posix_spawnattr_t *attr)
{
	struct sigaction usual = { .sa_handler = SIG_DFL }, is;

	for (int sig = 1; sig < NSIG; sig++) {
		bool wanted = attr->flags & POSIX_SPAWN_SETSIGDEF && sigismember(&attr->defaults, sig) == 1;

		if (sigaction(sig, NULL, &is) == 0 && is.sa_handler != SIG_DFL && (wanted || is.sa_handler != SIG_IGN))
			sigaction(sig, &usual, NULL);
	}
}

static int become(const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr, exec_fn *exec,
		  char *const argv[], char *const envp[])
{
	settle_actions(attr);
	if (settle_process(attr) < 0)
		return errno;
	for (int i = 0; actions && i < actions->used; i++)
		if (act(&actions->list[i]) < 0)
			return errno;
	sigprocmask(SIG_SETMASK, &attr->mask, NULL);
	exec(path, argv, envp);
	return errno;
}

/* ---- in the parent ---- */

static int spawn(pid_t *child, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *wanted,
		 exec_fn *exec, char *const argv[], char *const envp[])
{
	posix_spawnattr_t attr = wanted ? *wanted : (posix_spawnattr_t){ 0 };
	volatile int failed = 0;
	int error = errno;
	sigset_t all, old;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	if (!(attr.flags & POSIX_SPAWN_SETSIGMASK))
		attr.mask = old;
	pid_t pid = vfork();
	if (pid == 0) {
		failed = become(path, actions, &attr, exec, argv, envp);
		_exit(127);
	}
	int result = pid < 0 ? errno : failed;
	if (pid > 0 && failed)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = error;
	if (!result && child)
		*child = pid;
	return result;
}

int posix_spawn(pid_t *restrict child, const char *restrict path, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *restrict attr, char *const argv[], char *const envp[])
{
	return spawn(child, path, actions, attr, execve, argv, envp);
}

int posix_spawnp(pid_t *restrict child, const char *restrict file, const posix_spawn_file_actions_t *actions,
		 const posix_spawnattr_t *restrict attr, char *const argv[], char *const envp[])
{
	return spawn(child, file, actions, attr, execvpe, argv, envp);
}

/* ---- file actions ---- */

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
	*actions = (posix_spawn_file_actions_t){ 0 };
	return 0;
}

int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
{
	for (int i = 0; i < actions->used; i++)
		free(actions->list[i].path);
	free(actions->list);
	return posix_spawn_file_actions_init(actions);
}

static int append(posix_spawn_file_actions_t *actions, struct __spawn_action action, const char *path)
{
	if (action.fd < 0 || action.to < 0)
		return EBADF;
	if (actions->used == actions->room) {
		int room = actions->room ? 2 * actions->room : 8;
		struct __spawn_action *more = realloc(actions->list, (size_t)room * sizeof(*more));

		if (!more)
			return ENOMEM;
		actions->list = more;
		actions->room = room;
	}
	if (path && !(action.path = strdup(path)))
		return ENOMEM;
	actions->list[actions->used++] = action;
	return 0;
}

int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict actions, int fd, const char *restrict path, int flags,
				     mode_t mode)
{
	return append(actions, (struct __spawn_action){ .kind = OPEN, .fd = fd, .flags = flags, .mode = mode }, path);
}

int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd)
{
	return append(actions, (struct __spawn_action){ .kind = CLOSE, .fd = fd }, NULL);
}

int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd, int to)
{
	return append(actions, (struct __spawn_action){ .kind = DUP, .fd = fd, .to = to }, NULL);
}

int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *restrict actions, const char *restrict path)
{
	return append(actions, (struct __spawn_action){ .kind = CHDIR }, path);
}

int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t *actions, int fd)
{
	return append(actions, (struct __spawn_action){ .kind = FCHDIR, .fd = fd }, NULL);
}

/* ---- attributes ---- */

#define SPAWN_FLAGS (POSIX_SPAWN_RESETIDS | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | \
		     POSIX_SPAWN_SETSCHEDPARAM | POSIX_SPAWN_SETSCHEDULER | POSIX_SPAWN_USEVFORK | POSIX_SPAWN_SETSID)

int posix_spawnattr_init(posix_spawnattr_t *attr)
{
	*attr = (posix_spawnattr_t){ 0 };
	return 0;
}

int posix_spawnattr_destroy(posix_spawnattr_t *attr)
{
	(void)attr;
	return 0;
}

int posix_spawnattr_setflags(posix_spawnattr_t *attr, short flags)
{
	if (flags & ~SPAWN_FLAGS)
		return EINVAL;
	attr->flags = flags;
	return 0;
}

int posix_spawnattr_getflags(const posix_spawnattr_t *restrict attr, short *restrict flags)
{
	*flags = attr->flags;
	return 0;
}

int posix_spawnattr_getpgroup(const posix_spawnattr_t *restrict attr, pid_t *restrict group)
{
	*group = attr->group;
	return 0;
}

int posix_spawnattr_setpgroup(posix_spawnattr_t *attr, pid_t group)
{
	attr->group = group;
	return 0;
}

int posix_spawnattr_getsigdefault(const posix_spawnattr_t *restrict attr, sigset_t *restrict set)
{
	*set = attr->defaults;
	return 0;
}

int posix_spawnattr_setsigdefault(posix_spawnattr_t *restrict attr, const sigset_t *restrict set)
{
	attr->defaults = *set;
	return 0;
}

int posix_spawnattr_getsigmask(const posix_spawnattr_t *restrict attr, sigset_t *restrict set)
{
	*set = attr->mask;
	return 0;
}

int posix_spawnattr_setsigmask(posix_spawnattr_t *restrict attr, const sigset_t *restrict set)
{
	attr->mask = *set;
	return 0;
}

int posix_spawnattr_getschedpolicy(const posix_spawnattr_t *restrict attr, int *restrict policy)
{
	*policy = attr->policy;
	return 0;
}

int posix_spawnattr_setschedpolicy(posix_spawnattr_t *attr, int policy)
{
	attr->policy = policy;
	return 0;
}

int posix_spawnattr_getschedparam(const posix_spawnattr_t *restrict attr, struct sched_param *restrict param)
{
	*param = attr->param;
	return 0;
}

int posix_spawnattr_setschedparam(posix_spawnattr_t *restrict attr, const struct sched_param *restrict param)
{
	attr->param = *param;
	return 0;
}
