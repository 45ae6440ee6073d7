/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/stat, status, statm, cmdline, comm: what a process is and uses. Formats: proc(5), Linux 6.1.
 *
 * First the facts are copied out under the process tree's mutex and the process's own lock (struct facts), then, with no lock
 * but the space's, the sizes; printing comes last. A process that ends in between shows the facts of before and no memory.
 * Fields that have no counterpart here are 0.
 */
#include "file/procfs.h"

#define KB(pages) ((unsigned long long)(pages) * (PAGE_SIZE / 1024))
#define TICK_NS 10000000ull /* USER_HZ is 100 */

struct facts {
	char name[16], state;
	int pid, ppid, pgid, sid, exit_signal;
	uint32_t uid, euid, suid, gid, egid, sgid, umask;
	unsigned threads;
	uint64_t pending, thread_pending, blocked, ignored, caught;
	uint64_t utime, stime, cutime, cstime, start, minflt, majflt, cminflt, cmajflt;
	/* of its space; all 0 for a zombie */
	uint64_t pages, resident, tables, text, data, stack, file_pages, anon;
	vaddr_t code_start, code_end, stack_start, brk_start, arg_start, arg_end, env_start, env_end;
};

static char state_of(const struct proc *p)
{
	char state = 'S';

	if (p->zombie)
		return 'Z';
	if (p->stopped)
		return 'T';
	list_for_each(link, &p->threads) {
		const struct thread *t = list_entry(link, struct thread, proc_link);
		if (t->state == THREAD_RUNNING || t->state == THREAD_READY)
			state = 'R';
	}
	return state;
}

static void copy_signals(struct facts *x, const struct proc *p)
{
	x->pending = p->sigpending;
	if (!list_empty(&p->threads)) {
		const struct thread *t = list_first(&p->threads, struct thread, proc_link);
		x->thread_pending = t->sigpending;
		x->blocked = t->sigmask;
	}
	for (unsigned i = 0; i < ABI_NSIG; i++) {
		uint64_t handler = (uint64_t)p->actions[i].handler, bit = 1ul << i;
		x->ignored |= handler == 1 ? bit : 0;
		x->caught |= handler > 1 ? bit : 0;
	}
}

static void copy_facts(struct facts *x, struct proc *p)
{
	memcpy(x->name, p->name, sizeof x->name);
	x->pid = p->pid;
	x->ppid = p->ppid;
	x->pgid = p->pgid;
	x->sid = p->sid;
	x->exit_signal = p->exit_signal;
	x->uid = p->uid, x->euid = p->euid, x->suid = p->suid;
	x->gid = p->gid, x->egid = p->egid, x->sgid = p->sgid;
	x->umask = p->umask;
	x->utime = p->utime_ns, x->stime = p->stime_ns, x->cutime = p->cutime_ns, x->cstime = p->cstime_ns;
	x->start = p->start_ns;
	x->minflt = p->minflt, x->majflt = p->majflt, x->cminflt = p->cminflt, x->cmajflt = p->cmajflt;
	spin_lock(&p->lock);
	x->state = state_of(p);
	x->threads = p->nthreads;
	list_for_each(link, &p->threads) /* the living ones' time is not yet in the process's */
		x->utime += list_entry(link, struct thread, proc_link)->ticks_ns;
	copy_signals(x, p);
	spin_unlock(&p->lock);
}

static bool add_vma(struct vma *v, const struct vma_usage *u, void *arg)
{
	struct facts *x = arg;
	uint64_t pages = (v->end - v->start) >> PAGE_SHIFT;

	x->file_pages += u->resident - u->anon;
	x->anon += u->anon;
	if (v->flags & VMA_EXEC)
		x->text += pages;
	else if (v->start < v->space->stack_start && v->end >= v->space->stack_start)
		x->stack += pages;
	else if (!vma_is_shared(v) && v->flags & VMA_WRITE)
		x->data += pages;
	return true;
}

static void copy_space(struct facts *x, struct space *s)
{
	x->pages = s->total_pages;
	x->resident = s->resident;
	x->tables = s->tables;
	x->code_start = s->code_start, x->code_end = s->code_end;
	x->stack_start = s->stack_start;
	x->brk_start = s->brk_start;
	x->arg_start = s->arg_start, x->arg_end = s->arg_end;
	x->env_start = s->env_start, x->env_end = s->env_end;
	space_visit(s, add_vma, x, true);
}

static int gather(struct facts *x, int pid)
{
	memset(x, 0, sizeof *x);
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(pid);
	if (p)
		copy_facts(x, p);
	mutex_unlock(&proc_tree_lock);
	if (!p)
		return -ENOENT;
	struct space *s = proc_space_of(pid);
	if (s && !is_err(s)) {
		copy_space(x, s);
		space_put(s);
	}
	return 0;
}

int proc_make_pid_stat(struct text *t, int pid)
{
	struct facts x;
	int err = gather(&x, pid);

	if (err)
		return err;
	text_printf(t, "%d (%s) %c %d %d %d 0 -1 0", x.pid, x.name, x.state, x.ppid, x.pgid, x.sid);
	text_printf(t, " %llu %llu %llu %llu", (unsigned long long)x.minflt, (unsigned long long)x.cminflt,
	            (unsigned long long)x.majflt, (unsigned long long)x.cmajflt);
	text_printf(t, " %llu %llu %llu %llu 20 0 %u 0", x.utime / TICK_NS, x.stime / TICK_NS, x.cutime / TICK_NS,
	            x.cstime / TICK_NS, x.threads);
	text_printf(t, " %llu %llu %llu 18446744073709551615", x.start / TICK_NS, (unsigned long long)x.pages << PAGE_SHIFT,
	            (unsigned long long)x.resident);
	text_printf(t, " %llu %llu %llu 0 0", (unsigned long long)x.code_start, (unsigned long long)x.code_end,
	            (unsigned long long)x.stack_start);
	text_printf(t, " %llu %llu %llu %llu 0 0 0 %d 0 0 0 0 0 0", (unsigned long long)x.pending, (unsigned long long)x.blocked,
	            (unsigned long long)x.ignored, (unsigned long long)x.caught, x.exit_signal);
	text_printf(t, " 0 0 %llu %llu %llu %llu %llu 0\n", (unsigned long long)x.brk_start, (unsigned long long)x.arg_start,
	            (unsigned long long)x.arg_end, (unsigned long long)x.env_start, (unsigned long long)x.env_end);
	return 0;
}

static void kb_row(struct text *t, const char *name, uint64_t pages)
{
	text_printf(t, "%s:\t%8llu kB\n", name, KB(pages));
}

static const char *state_name(char state)
{
	switch (state) {
	case 'R':
		return "R (running)";
	case 'T':
		return "T (stopped)";
	case 'Z':
		return "Z (zombie)";
	}
	return "S (sleeping)";
}

static void memory_rows(struct text *t, const struct facts *x)
{
	kb_row(t, "VmPeak", x->pages);
	kb_row(t, "VmSize", x->pages);
	kb_row(t, "VmLck", 0);
	kb_row(t, "VmPin", 0);
	kb_row(t, "VmHWM", x->resident);
	kb_row(t, "VmRSS", x->resident);
	kb_row(t, "RssAnon", x->anon);
	kb_row(t, "RssFile", x->file_pages);
	kb_row(t, "RssShmem", 0);
	kb_row(t, "VmData", x->data);
	kb_row(t, "VmStk", x->stack);
	kb_row(t, "VmExe", x->text);
	kb_row(t, "VmLib", 0);
	kb_row(t, "VmPTE", x->tables);
	kb_row(t, "VmSwap", 0);
}

int proc_make_pid_status(struct text *t, int pid)
{
	struct facts x;
	int err = gather(&x, pid);

	if (err)
		return err;
	text_printf(t, "Name:\t%s\nUmask:\t0%u%u%u\nState:\t%s\n", x.name, x.umask >> 6 & 7, x.umask >> 3 & 7, x.umask & 7,
	            state_name(x.state));
	text_printf(t, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", x.pid, x.pid, x.ppid);
	text_printf(t, "Uid:\t%u\t%u\t%u\t%u\n", x.uid, x.euid, x.suid, x.euid);
	text_printf(t, "Gid:\t%u\t%u\t%u\t%u\n", x.gid, x.egid, x.sgid, x.egid);
	text_printf(t, "FDSize:\t%d\nGroups:\t \n", MAX_FDS);
	if (x.state != 'Z')
		memory_rows(t, &x);
	text_printf(t, "Threads:\t%u\nSigQ:\t0/0\nSigPnd:\t%016llx\nShdPnd:\t%016llx\n", x.threads,
	            (unsigned long long)x.thread_pending, (unsigned long long)x.pending);
	text_printf(t, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n", (unsigned long long)x.blocked,
	            (unsigned long long)x.ignored, (unsigned long long)x.caught);
	return 0;
}

int proc_make_pid_statm(struct text *t, int pid)
{
	struct facts x;
	int err = gather(&x, pid);

	if (!err)
		text_printf(t, "%llu %llu %llu %llu 0 %llu 0\n", (unsigned long long)x.pages, (unsigned long long)x.resident,
		            (unsigned long long)x.file_pages, (unsigned long long)x.text, (unsigned long long)(x.data + x.stack));
	return err;
}

int proc_make_pid_cmdline(struct text *t, int pid)
{
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(pid);
	if (p) {
		spin_lock(&p->lock);
		if (!p->zombie && p->cmdline)
			text_append(t, p->cmdline, p->cmdline_len);
		spin_unlock(&p->lock);
	}
	mutex_unlock(&proc_tree_lock);
	return p ? 0 : -ENOENT;
}

int proc_make_pid_comm(struct text *t, int pid)
{
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(pid);
	if (p)
		text_printf(t, "%s\n", p->name);
	mutex_unlock(&proc_tree_lock);
	return p ? 0 : -ENOENT;
}
