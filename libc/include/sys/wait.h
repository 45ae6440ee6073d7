/* SPDX-License-Identifier: MIT */
/* Waiting for children. */
#ifndef SYS_WAIT_H
#define SYS_WAIT_H

#include <abi/wait.h>
#include <bits/types.h>
#include <signal.h>
#include <sys/cdefs.h>
#include <sys/resource.h>

typedef enum { P_ALL, P_PID, P_PGID, P_PIDFD } idtype_t;

#define WAIT_ANY (-1)
#define WAIT_MYPGRP 0

__BEGIN_DECLS
pid_t wait(int *status);
pid_t waitpid(pid_t pid, int *status, int options);
pid_t wait3(int *status, int options, struct rusage *usage);
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage);
int waitid(idtype_t type, id_t id, siginfo_t *info, int options);
__END_DECLS

#endif
