/* SPDX-License-Identifier: MIT */
/*
 * The system call table and its entry.
 *
 * The table is made from calls.h, indexed by the numbers of abi/syscall.h and abi/atlas.h; what is not in it returns
 * ENOSYS, and is named in the log the first time, so that a program which needs a missing call says so. entry.S has
 * put the registers into the frame; arguments are rdi rsi rdx r10 r8 r9, the number is in frame->error, the result
 * goes to rax.
 *
 * A wait that a signal broke off ends with EINTR in the layers below, which know nothing of restarting. Here the
 * calls that Linux restarts are told from those that it does not (signal(7)): the former's EINTR becomes ERESTARTSYS,
 * which thread_exit_work resolves. The plain path pays one comparison.
 *
 * No locks: a bit of `logged` may be set twice in a race, and a line be printed twice.
 */
#include "sys/sys.h"

#include <abi/atlas.h>
#include <abi/errno.h>
#include <abi/syscall.h>

#include "lib/log.h"
#include "sys/calls.h"
#include "task/task_impl.h"

#define CALLS_END 1056

#define DECLARE(name) syscall_fn sys_##name;
CALLS_ALL(DECLARE)
#undef DECLARE

#define ENTRY(name) [SYS_##name] = sys_##name,
static syscall_fn *const table[CALLS_END] = { CALLS_ALL(ENTRY) };
#undef ENTRY

/* Made by the Makefile from the same two headers: [0] = "read", ... */
static const char *const names[CALLS_END] = {
#include <syscall_names.h>
};

bool syscall_exists(uint64_t nr)
{
	return nr < CALLS_END && table[nr];
}

static uint64_t logged[CALLS_END / 64 + 1];

static int64_t unknown_call(uint64_t nr)
{
	const char *name = nr < CALLS_END && names[nr] ? names[nr] : "no such number";
	uint64_t slot = nr < CALLS_END ? nr : CALLS_END;
	if (!(logged[slot / 64] & 1ull << slot % 64)) {
		logged[slot / 64] |= 1ull << slot % 64;
		klog(LOG_WARN, "%s[%d]: system call %lu (%s) does not exist here", proc_current()->name, proc_current()->pid,
		     nr, name);
	}
	return -ENOSYS;
}

/* Calls that a handler with SA_RESTART does not make fail. */
static bool restarts(uint64_t nr)
{
	switch (nr) {
	case SYS_read: case SYS_write: case SYS_readv: case SYS_writev: case SYS_pread64: case SYS_pwrite64:
	case SYS_preadv: case SYS_pwritev: case SYS_preadv2: case SYS_pwritev2: case SYS_open: case SYS_openat:
	case SYS_creat: case SYS_ioctl: case SYS_sendfile: case SYS_sendto: case SYS_sendmsg: case SYS_recvfrom:
	case SYS_recvmsg: case SYS_fcntl: case SYS_flock: case SYS_fsync: case SYS_fdatasync: case SYS_close:
	case SYS_connect: case SYS_accept: case SYS_accept4: case SYS_sendmmsg: case SYS_recvmmsg:
		return true;
	default:
		return false;
	}
}

/* A result that says that a signal broke the call off is settled on the way out; any other error is what it is. */
static __attribute__((noinline)) int64_t failed(uint64_t nr, int64_t result)
{
	struct thread *t = thread_current();
	bool interrupted = result == -EINTR || result == -ERESTARTSYS || result == -ERESTARTNOINTR ||
	                   result == -ERESTARTNOHAND || result == -ERESTARTBLOCK;
	if (!interrupted || nr == SYS_rt_sigreturn) /* sigreturn's result is the program's own rax */
		return result;
	if (result == -EINTR && restarts(nr))
		result = -ERESTARTSYS;
	if (result != -EINTR)
		__atomic_or_fetch(&t->pending, PENDING_SIGNAL, __ATOMIC_SEQ_CST);
	return result;
}

void syscall_entry(struct trap_frame *f)
{
	uint64_t nr = f->error;
	int64_t result;
	if (likely(syscall_exists(nr)))
		result = table[nr](f->rdi, f->rsi, f->rdx, f->r10, f->r8, f->r9);
	else
		result = unknown_call(nr);
	if (unlikely(result < 0))
		result = failed(nr, result);
	f->rax = result;
}
