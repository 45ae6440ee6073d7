/* SPDX-License-Identifier: MIT */
/*
 * What a thread owes to others when it lets go of its memory, by exit or execve: the locks that it still holds, and
 * the word by which they wait for its end (set_robust_list(2), set_tid_address(2)).
 *
 *   head (registered)                  an entry, inside a lock
 *   | list.next    | ───────────────►  | next | ──► ... ──► back to the head
 *   | futex_offset |                   the lock's word lies futex_offset bytes from the entry
 *   | list_op_pending | ─────────────► a lock that is just being taken or given back, in the list or not
 *
 * A word that has the thread's number in its lower 30 bits is a lock that it holds: it becomes OWNER_DIED, the mark
 * that others wait stays, and one of them is woken. All of it is the program's memory and may be nonsense: every
 * access may fail, which ends the walk, and a list longer than ROBUST_LIMIT is cut off, which also ends circles. Bit 0
 * of a pointer marks a lock with priority inheritance; there are none here, but the walk knows the bit.
 *
 * Runs as the thread itself, in its space, with no lock held; it may sleep for pages, for a lock may lie in a file.
 */
#include "task/task_impl.h"

#include <abi/errno.h>
#include <abi/misc.h>

#include "vm/vm.h"

#define ROBUST_LIMIT 2048
#define ROBUST_PI 1ull

/* Marks the lock as left behind if this thread holds it. -EFAULT: no such word. */
static int lock_leave(vaddr_t addr, bool pi, bool pending)
{
	uint32_t word, seen;
	if (addr & 3 || addr >= USER_END)
		return -EFAULT;
	for (;;) {
		if (copy_from_user(&word, addr, sizeof(word)) != 0)
			return -EFAULT;
		/* It was given back and nobody has been told yet. */
		if (pending && !pi && !(word & FUTEX_TID_MASK)) {
			futex_call(addr, FUTEX_WAKE, 1, 0, 0, 0);
			return 0;
		}
		if ((word & FUTEX_TID_MASK) != (uint32_t)thread_current()->tid)
			return 0;
		if (user_cmpxchg32(addr, word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED, &seen) != 0) {
			if (user_fault_in(addr, true) != 0)
				return -EFAULT;
		} else if (seen == word) {
			break;
		}
	}
	if (!pi && word & FUTEX_WAITERS)
		futex_call(addr, FUTEX_WAKE, 1, 0, 0, 0);
	return 0;
}

static void robust_walk(vaddr_t head)
{
	struct abi_robust_list_head h;
	if (copy_from_user(&h, head, sizeof(h)) != 0)
		return;
	uint64_t entry = h.next, pending = h.pending & ~ROBUST_PI;
	for (int i = 0; i < ROBUST_LIMIT && (entry & ~ROBUST_PI) != head; i++) {
		uint64_t at = entry & ~ROBUST_PI, next;
		/* First the link: whoever gets the lock may reuse its memory. */
		int err = copy_from_user(&next, at, sizeof(next));
		if (at != pending && lock_leave(at + h.futex_offset, entry & ROBUST_PI, false) != 0)
			return;
		if (err)
			return;
		entry = next;
	}
	if (pending)
		lock_leave(pending + h.futex_offset, h.pending & ROBUST_PI, true);
}

void thread_release_memory(struct thread *t)
{
	int zero = 0;
	if (t->robust_list)
		robust_walk(t->robust_list);
	t->robust_list = 0;
	/*
	 * C libraries wait for this store to learn that a thread's stack is free. Of a last thread nobody is left to see
	 * it.
	 */
	bool shared = t->space->refs > 1 || t->proc->nthreads > 1;
	if (t->clear_child_tid && shared && copy_to_user(t->clear_child_tid, &zero, sizeof(zero)) == 0)
		futex_call(t->clear_child_tid, FUTEX_WAKE, 1, 0, 0, 0);
	t->clear_child_tid = 0;
}
