/* SPDX-License-Identifier: MIT */
/*
 * The handler behind try_copy: a fault inside the copy becomes its return value.
 *
 * A filesystem server reads its metadata through a mapping of the disk. When a block cannot be read
 * the kernel sends SIGBUS to the thread that touched it. The handler looks where the thread was: in
 * the copy's few instructions it moves the saved rip to the recovery label, and returning from
 * the handler returns -1 from try_copy. Anywhere else the fault is a bug of the server; the default
 * action is restored and the instruction runs again, so that the kernel reports the fault and
 * ends the process as if there were no handler.
 *
 * setjmp and longjmp would do as well, but need a jump buffer for each thread and a system call
 * to restore the mask in each recovery. Here there is no state, so any number of threads may copy
 * at once.
 */
#include "../internal.h"
#include <atlas/try_copy.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

extern char __try_copy_start[], __try_copy_end[], __try_copy_recover[];

static void on_fault(int sig, siginfo_t *info, void *context)
{
	greg_t *rip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)info;
	if (*rip >= (greg_t)__try_copy_start && *rip < (greg_t)__try_copy_end)
		*rip = (greg_t)__try_copy_recover;
	else
		signal(sig, SIG_DFL);
}

int try_copy_init(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_fault;
	action.sa_flags = SA_SIGINFO;
	if (sigaction(SIGBUS, &action, NULL) < 0 || sigaction(SIGSEGV, &action, NULL) < 0)
		return -errno;
	return 0;
}
