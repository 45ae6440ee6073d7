/* SPDX-License-Identifier: MIT */
/* Starting a program in a new process in one call (POSIX.1-2008, posix_spawn). */
#ifndef SPAWN_H
#define SPAWN_H

#include <bits/types.h>
#include <sched.h>
#include <signal.h>
#include <sys/cdefs.h>

#define POSIX_SPAWN_RESETIDS      0x01
#define POSIX_SPAWN_SETPGROUP     0x02
#define POSIX_SPAWN_SETSIGDEF     0x04
#define POSIX_SPAWN_SETSIGMASK    0x08
#define POSIX_SPAWN_SETSCHEDPARAM 0x10
#define POSIX_SPAWN_SETSCHEDULER  0x20
#define POSIX_SPAWN_USEVFORK      0x40 /* always so */
#define POSIX_SPAWN_SETSID        0x80

typedef struct {
	short flags;
	pid_t group;
	sigset_t defaults, mask;
	int policy;
	struct sched_param param;
} posix_spawnattr_t;

struct __spawn_action;
typedef struct {
	int used, room;
	struct __spawn_action *list;
} posix_spawn_file_actions_t;

__BEGIN_DECLS
/* 0, or an error number; errno is left alone. 0 says the program runs: an error of the child before that comes back here. */
int posix_spawn(pid_t *__restrict child, const char *__restrict path, const posix_spawn_file_actions_t *actions,
		const posix_spawnattr_t *__restrict attr, char *const argv[], char *const envp[]);
int posix_spawnp(pid_t *__restrict child, const char *__restrict file, const posix_spawn_file_actions_t *actions,
		 const posix_spawnattr_t *__restrict attr, char *const argv[], char *const envp[]);

/* What the child does with its descriptors, in the order of these calls. 0 or an error number. */
int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions);
int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions);
int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *__restrict actions, int fd, const char *__restrict path,
				     int flags, mode_t mode);
int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd);
int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd, int to);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *__restrict actions, const char *__restrict path);
int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t *actions, int fd);

int posix_spawnattr_init(posix_spawnattr_t *attr);
int posix_spawnattr_destroy(posix_spawnattr_t *attr);
int posix_spawnattr_getflags(const posix_spawnattr_t *__restrict attr, short *__restrict flags);
int posix_spawnattr_setflags(posix_spawnattr_t *attr, short flags);
int posix_spawnattr_getpgroup(const posix_spawnattr_t *__restrict attr, pid_t *__restrict group);
int posix_spawnattr_setpgroup(posix_spawnattr_t *attr, pid_t group);
int posix_spawnattr_getsigdefault(const posix_spawnattr_t *__restrict attr, sigset_t *__restrict set);
int posix_spawnattr_setsigdefault(posix_spawnattr_t *__restrict attr, const sigset_t *__restrict set);
int posix_spawnattr_getsigmask(const posix_spawnattr_t *__restrict attr, sigset_t *__restrict set);
int posix_spawnattr_setsigmask(posix_spawnattr_t *__restrict attr, const sigset_t *__restrict set);
int posix_spawnattr_getschedpolicy(const posix_spawnattr_t *__restrict attr, int *__restrict policy);
int posix_spawnattr_setschedpolicy(posix_spawnattr_t *attr, int policy);
int posix_spawnattr_getschedparam(const posix_spawnattr_t *__restrict attr, struct sched_param *__restrict param);
int posix_spawnattr_setschedparam(posix_spawnattr_t *__restrict attr, const struct sched_param *__restrict param);
__END_DECLS

#endif
