/* SPDX-License-Identifier: MIT */
/*
 * When memory is gone: which process must end so that the others can go on.
 *
 * A system call that finds no memory says so by an errno. A page fault of a program, or of a copy from or to its memory,
 * cannot. The process that ends then is not the one that happened to fault but the one whose end gives most back, as
 * Linux chooses:
 *
 *      points = pages mapped + frames of page tables + oom_score_adj thousandths of all memory
 *
 * The most points lose, among equals the youngest. oom_score_adj (/proc/PID/oom_score_adj) of -1000 protects; init and
 * the servers are never chosen, for without them nobody goes on. Whoever shares the memory of the chosen one ends too,
 * or nothing would come free.
 *
 * One at a time: while somebody is ending, his memory is on its way, and vm_page_alloc waits for it. Only when that has
 * taken too long, because he waits for somebody himself, does a second one have to go.
 *
 * What is in files of memory that nobody maps counts against nobody: on a filesystem its size bounds it; memfds go with
 * the last process that has them. Rejected: ending whoever faults, which is as likely an innocent one as the cause of it
 * all.
 *
 * Locks: the tree lock, and each process's for a look.
 */
#include "task/task_impl.h"

#include <arch.h>
#include "lib/log.h"
#include "mm/mm.h"
#include "vm/vm.h"

#define PROTECTED (-1000) /* oom_score_adj */
#define ENOUGH 512 /* frames, more than the CPUs keep for themselves */
#define PATIENCE_NS 10000000000ul
#define REST_NS 50000000ul /* thousands may wait, and must not keep the CPU from who ends */

static uint64_t chosen_at_ns; /* (T) */

/* INT64_MIN: not to be chosen. */
static int64_t points_of(struct proc *p)
{
	int64_t points = INT64_MIN, adjust = p->oom_score_adj;

	spin_lock(&p->lock);
	if (p->space && !p->exiting && p != proc_one && !p->server && adjust != PROTECTED)
		points = (int64_t)(p->space->resident + p->space->tables) + adjust * (int64_t)frames_total() / 1000;
	spin_unlock(&p->lock);
	return points;
}

static struct proc *choose_locked(void)
{
	struct proc *chosen = NULL;
	int64_t most = INT64_MIN + 1;

	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		int64_t points = points_of(p);
		if (points >= most) {
			chosen = p;
			most = points;
		}
	}
	return chosen;
}

static void end_locked(struct proc *chosen, struct space *s)
{
	klog(LOG_ERROR, "out of memory: killing %s (pid %d), which has %llu KiB", chosen->name, chosen->pid,
	     (unsigned long long)(s->resident + s->tables) * (PAGE_SIZE / 1024));
	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		if (p->space == s && p != proc_one)
			(void)signal_send_proc(p, SIGKILL, NULL);
	}
	chosen_at_ns = clock_now_ns();
	vm_count(&vm_stat.oom_kills, 1);
}

/*
 * Somebody may have given memory back meanwhile, and a test may have made one allocation fail (mm/failalloc.c). A few
 * frames are not enough: who faults may need several things, and would find the first and miss the second for ever.
 */
static bool memory_is_there(void)
{
	return frames_free() > frames_reserve() + ENOUGH;
}

void oom_kill(void)
{
	struct space *s = NULL;

	if (memory_is_there())
		return;
	mutex_lock(&proc_tree_lock);
	bool ending = procs_ending;
	if (!ending || clock_now_ns() - chosen_at_ns >= PATIENCE_NS) {
		struct proc *chosen = choose_locked();
		if (!chosen && !ending)
			chosen = proc_current(); /* protected as it may be */
		if (chosen == proc_one)
			panic("out of memory, and there is no process to end");
		s = chosen ? proc_space_get(chosen) : NULL; /* NULL: it has just ended */
		if (s)
			end_locked(chosen, s);
	}
	mutex_unlock(&proc_tree_lock);
	if (s)
		space_put(s);
	vm_rest(REST_NS);
}
