/* SPDX-License-Identifier: MIT */
/*
 * The lock around the core, and one condition to wait for with it.
 *
 * The holder may wait for the disk, when metadata is not in memory; a waiter that spun would take the processor from
 * the very server it waits for. So waiters sleep on a futex word with the usual three values:
 *
 *     0 free      1 held, nobody waits      2 held, somebody may wait: wake one on leaving
 *
 * The condition is a counter that gate_broadcast raises: a waiter that reads it with the lock held and sleeps only
 * while it has that value cannot miss a broadcast. All waiters wake and look again; there is at most one for each
 * paging thread.
 *
 * What is never done with the lock held: waiting for file data (pages.c). Deadlock is excluded because the disk's
 * server, which the holder may wait for, asks nothing of this one.
 */
#include <abi/misc.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server.h"

static uint32_t state;
static uint32_t broadcasts;

static void sleep_while(uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, 0, 0, 0);
}

void gate_enter(void)
{
	uint32_t seen = 0;

	if (__atomic_compare_exchange_n(&state, &seen, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&state, 2, __ATOMIC_ACQUIRE) != 0)
		sleep_while(&state, 2);
}

void gate_leave(void)
{
	if (__atomic_exchange_n(&state, 0, __ATOMIC_RELEASE) == 2)
		syscall(SYS_futex, &state, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
}

void gate_wait(void)
{
	uint32_t seen = __atomic_load_n(&broadcasts, __ATOMIC_RELAXED);

	gate_leave();
	sleep_while(&broadcasts, seen);
	gate_enter();
}

void gate_broadcast(void)
{
	__atomic_add_fetch(&broadcasts, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &broadcasts, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, 0, 0, 0);
}
