/* SPDX-License-Identifier: MIT */
/*
 * membarrier(2): a full memory barrier in all threads of this process that run now, or in all threads there are, so that
 * those who pass often need none of their own.
 *
 * A TLB shootdown of no pages is just that: it returns when every other CPU that has the space loaded has taken an
 * interrupt (or answered from inside the kernel) and returned from it, which serialises. A thread that does not run passes
 * a barrier when it is switched to. So all kinds are one mechanism, and those for instructions (SYNC_CORE) the same as
 * those for memory.
 *
 * Private barriers must be announced, which belongs to the space: fork hands it down, execve begins anew. There are no
 * barriers for restartable sequences, which are refused altogether (rseq).
 */
#include <abi/errno.h>
#include <abi/misc.h>

#include "sys/calls.h"
#include "sys/sys.h"
#include "task/task.h"
#include "vm/vm.h"

#define KNOWN \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED | MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED | \
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED | \
	 MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

/* announced: by this command */
static int private_barrier(struct space *s, uint32_t announced)
{
	if (!(s->barriers & announced))
		return -EPERM;
	tlb_shootdown(&s->arch, 0, 0);
	return 0;
}

SYSCALL(membarrier)
{
	struct space *s = thread_current()->space;
	int cmd = a;

	if (b)
		return -EINVAL;
	switch (cmd) {
	case MEMBARRIER_CMD_QUERY:
		return KNOWN;
	case MEMBARRIER_CMD_GLOBAL:
	case MEMBARRIER_CMD_GLOBAL_EXPEDITED:
		tlb_shootdown(NULL, 0, 0);
		return 0;
	case MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED:
		return 0;
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		__atomic_or_fetch(&s->barriers, (uint32_t)cmd, __ATOMIC_RELAXED);
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		return private_barrier(s, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE:
		return private_barrier(s, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
	default:
		return -EINVAL;
	}
}
