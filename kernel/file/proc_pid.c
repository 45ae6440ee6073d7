/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/stat, status, statm: what a process is and uses. Formats: proc(5), Linux 6.1.
 *
 * First the facts are copied out under the process tree's mutex and the process's own lock (struct facts), then, with
 * no lock but the space's, the sizes; printing comes last. A process that ends in between shows the facts of before and
 * no memory. Below /proc/PID/task the name, state and signals are the thread's, all else the process's. Fields that
 * have no counterpart here are what Linux shows where its own have no use: 0.
 */
#include "file/procfs.h"
#include "file/terminal.h"

#define KB(pages) ((unsigned long long)(pages) * (PAGE_SIZE / 1024))
#define TICK_NS 10000000ull /* USER_HZ is 100 */
#define OLD_SIGNALS 0x7fffffffull /* stat shows 31 of them */

struct facts {
	char name[16], state;
	bool no_new_privs;
	int nice, terminal, foreground, pid, tid, ppid, pgid, sid, exit_signal;
	uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid, umask;
	struct caps caps;
	unsigned threads, cpu, fds;
	unsigned queued;
	uint64_t queue_limit, pending, thread_pending, blocked, ignored, caught, rss_limit;
	uint64_t start, nvcsw, nivcsw; /* how often the thread left a CPU of its own accord, and not */
	struct spent used, children_used;
	bool zombie;
	/* of its space; all 0 for a zombie */
	uint64_t pages, peak_pages, resident, peak_resident, tables, text, exec, data, stack, locked;
	struct vma_usage usage;
	vaddr_t code_start, code_end, data_start, data_end, stack_start, brk_start, arg_start, arg_end, env_start, env_end;
};

static char thread_state(const struct thread *t)
{
	return t->state == THREAD_RUNNING || t->state == THREAD_READY ? 'R' : 'S';
}

/* The thread that is asked for (0: the first). -ESRCH: it is gone. */
static int copy_thread_locked(struct facts *x, const struct proc *p, int tid)
{
	const struct thread *found = NULL;

	list_for_each(link, &p->threads) {
		const struct thread *t = list_entry(link, struct thread, proc_link);
		if (!tid && thread_state(t) == 'R')
			x->state = 'R';
		if (!found && (!tid || t->tid == tid))
			found = t;
	}
	if (!found)
		return tid && tid != p->pid ? -ESRCH : 0;
	if (tid) {
		memcpy(x->name, found->name, sizeof x->name);
		x->state = thread_state(found);
	}
	x->thread_pending = found->sigpending.set;
	x->blocked = found->sigmask;
	x->cpu = found->cpu;
	x->umask = cwd_umask(found->cwd);
	x->nvcsw = found->switches - found->preempted;
	x->nivcsw = found->preempted;
	return 0;
}

/* The first thread has ended while others live: what is asked for is a zombie until they have. */
static bool found_leader_left(const struct proc *p, int tid)
{
	list_for_each(link, &p->threads)
		if (list_entry(link, struct thread, proc_link)->tid == (tid ? tid : p->pid))
			return false;
	return true;
}

static void copy_signals(struct facts *x, const struct proc *p)
{
	x->pending = p->sigpending.set;
	for (unsigned i = 0; i < ABI_NSIG; i++) {
		uint64_t handler = (uint64_t)p->actions->of[i].handler, bit = 1ul << i;
		x->ignored |= handler == 1 ? bit : 0;
		x->caught |= handler > 1 ? bit : 0;
	}
}

static int copy_facts(struct facts *x, struct proc *p, int tid)
{
	memcpy(x->name, p->name, sizeof x->name);
	x->pid = p->pid;
	x->tid = tid ? tid : p->pid;
	x->ppid = p->ppid;
	x->pgid = p->pgid;
	x->sid = p->sid;
	x->exit_signal = p->exit_signal;
	x->uid = p->uid, x->euid = p->euid, x->suid = p->suid, x->fsuid = p->fsuid;
	x->gid = p->gid, x->egid = p->egid, x->sgid = p->sgid, x->fsgid = p->fsgid;
	x->caps = p->caps;
	x->terminal = terminal_numbers(p, &x->foreground);
	x->nice = p->nice;
	x->no_new_privs = p->no_new_privs;
	x->start = p->start_ns;
	x->used = proc_spent(p);
	x->children_used = p->children_used;
	x->rss_limit = p->rlimit[RLIMIT_RSS].rlim_cur;
	x->queue_limit = p->rlimit[RLIMIT_SIGPENDING].rlim_cur;
	x->queued = signal_charged(p->uid);
	x->zombie = p->zombie;
	spin_lock(&p->lock);
	x->state = 'S';
	int err = copy_thread_locked(x, p, tid);
	bool leader_left = found_leader_left(p, tid);
	if (p->zombie || leader_left || p->stopped)
		x->state = p->zombie || leader_left ? 'Z' : 'T';
	x->threads = p->nthreads;
	x->fds = p->files ? fdtable_room(p->files) : 0;
	copy_signals(x, p);
	spin_unlock(&p->lock);
	return err;
}

static bool add_vma(struct vma *v, void *arg)
{
	vma_usage(v, arg);
	return true;
}

static void copy_space(struct facts *x, struct space *s, bool usage)
{
	x->pages = s->total_pages;
	x->peak_pages = MAX(s->peak_pages, s->total_pages);
	x->resident = space_resident(s);
	x->peak_resident = MAX(s->peak_resident, x->resident);
	x->tables = s->tables;
	x->exec = s->exec_pages;
	x->text = (ALIGN_UP(s->code_end, PAGE_SIZE) - ALIGN_DOWN(s->code_start, PAGE_SIZE)) >> PAGE_SHIFT;
	x->data = s->data_pages;
	x->stack = s->stack_pages;
	x->locked = s->locked_pages;
	x->code_start = s->code_start, x->code_end = s->code_end;
	x->stack_start = s->stack_start;
	x->brk_start = s->brk_start;
	x->data_start = s->data_start, x->data_end = s->data_end;
	x->arg_start = s->arg_start, x->arg_end = s->arg_end;
	x->env_start = s->env_start, x->env_end = s->env_end;
	if (usage)
		space_visit(s, 0, add_vma, &x->usage);
}

static int gather(struct facts *x, const struct proc_ref *of, bool usage)
{
	memset(x, 0, sizeof *x);
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(of->pid);
	int err = p ? copy_facts(x, p, of->tid) : -ESRCH;
	mutex_unlock(&proc_tree_lock);
	if (err)
		return err;
	struct space *s = proc_space_of(of->pid);
	if (s && !is_err(s)) {
		copy_space(x, s, usage);
		space_put(s);
	}
	return 0;
}

static void number(struct text *t, uint64_t n)
{
	text_printf(t, " %llu", (unsigned long long)n);
}

static void zeros(struct text *t, unsigned n)
{
	while (n--)
		number(t, 0);
}

/* Addresses are for those who may look at its memory. */
static void hide_addresses(struct facts *x)
{
	x->code_start = x->code_start != 0;
	x->code_end = x->code_end != 0;
	x->data_start = x->data_end = x->stack_start = x->brk_start = x->arg_start = x->arg_end = x->env_start = x->env_end = 0;
}

int proc_make_pid_stat(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	struct facts x;
	int err = gather(&x, of, false);
	(void)next;

	if (err)
		return err;
	if (proc_may_look(of->pid))
		hide_addresses(&x);
	text_printf(t, "%d (%s) %c %d %d %d %d %d 0", x.tid, x.name, x.state, x.ppid, x.pgid, x.sid, x.terminal,
	            x.foreground);
	number(t, x.used.minflt), number(t, x.children_used.minflt), number(t, x.used.majflt),
		number(t, x.children_used.majflt);
	number(t, x.used.user_ns / TICK_NS), number(t, x.used.system_ns / TICK_NS);
	number(t, x.children_used.user_ns / TICK_NS), number(t, x.children_used.system_ns / TICK_NS);
	text_printf(t, " %d %d %u 0", 20 + x.nice, x.nice, x.threads);
	number(t, x.start / TICK_NS), number(t, x.pages << PAGE_SHIFT), number(t, x.resident), number(t, x.rss_limit);
	number(t, x.code_start), number(t, x.code_end), number(t, x.stack_start), zeros(t, 2);
	number(t, x.thread_pending & OLD_SIGNALS), number(t, x.blocked & OLD_SIGNALS);
	number(t, x.ignored & OLD_SIGNALS), number(t, x.caught & OLD_SIGNALS), zeros(t, 3);
	text_printf(t, " %d %u", of->tid && of->tid != of->pid ? -1 : x.exit_signal, x.cpu);
	zeros(t, 5);
	number(t, x.data_start), number(t, x.data_end), number(t, x.brk_start);
	number(t, x.arg_start), number(t, x.arg_end), number(t, x.env_start), number(t, x.env_end);
	text_puts(t, " 0\n");
	return 0;
}

int proc_make_pid_statm(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	struct facts x;
	int err = gather(&x, of, true);
	(void)next;

	if (!err)
		text_printf(t, "%llu %llu %llu %llu 0 %llu 0\n", (unsigned long long)x.pages, (unsigned long long)x.resident,
		            (unsigned long long)(x.usage.resident - x.usage.anon), (unsigned long long)x.text,
		            (unsigned long long)(x.data + x.stack));
	return err;
}

/* ---- status ---- */

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

static void identity_rows(struct text *t, const struct facts *x)
{
	text_printf(t, "Name:\t%s\nUmask:\t0%u%u%u\nState:\t%s\n", x->name, x->umask >> 6 & 7, x->umask >> 3 & 7,
	            x->umask & 7, state_name(x->state));
	text_printf(t, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n", x->pid, x->tid, x->ppid);
	text_printf(t, "Uid:\t%u\t%u\t%u\t%u\n", x->uid, x->euid, x->suid, x->fsuid);
	text_printf(t, "Gid:\t%u\t%u\t%u\t%u\n", x->gid, x->egid, x->sgid, x->fsgid);
	text_printf(t, "FDSize:\t%u\nGroups:\t \n", x->fds);
	text_printf(t, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", x->pid, x->tid, x->pgid, x->sid);
}

static void memory_rows(struct text *t, const struct facts *x)
{
	const struct vma_usage *u = &x->usage;
	uint64_t text = MIN(x->text, x->exec);

	kb_row(t, "VmPeak", x->peak_pages);
	kb_row(t, "VmSize", x->pages);
	kb_row(t, "VmLck", x->locked);
	kb_row(t, "VmPin", 0);
	kb_row(t, "VmHWM", x->peak_resident);
	kb_row(t, "VmRSS", x->resident);
	kb_row(t, "RssAnon", u->anon);
	kb_row(t, "RssFile", u->resident - u->anon - u->shmem);
	kb_row(t, "RssShmem", u->shmem);
	kb_row(t, "VmData", x->data);
	kb_row(t, "VmStk", x->stack);
	kb_row(t, "VmExe", text);
	kb_row(t, "VmLib", x->exec - text);
	kb_row(t, "VmPTE", x->tables);
	kb_row(t, "VmSwap", 0);
	kb_row(t, "HugetlbPages", 0);
	text_puts(t, "CoreDumping:\t0\nTHP_enabled:\t1\n");
}

static void signal_row(struct text *t, const char *name, uint64_t set)
{
	text_printf(t, "%s:\t%016llx\n", name, (unsigned long long)set);
}

static void rights_rows(struct text *t, const struct facts *x)
{
	signal_row(t, "CapInh", x->caps.inheritable);
	signal_row(t, "CapPrm", x->caps.permitted);
	signal_row(t, "CapEff", x->caps.effective);
	signal_row(t, "CapBnd", x->caps.bounding);
	signal_row(t, "CapAmb", x->caps.ambient);
	text_printf(t, "NoNewPrivs:\t%d\n", x->no_new_privs);
	text_puts(t, "Seccomp:\t0\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\tnot vulnerable\n"
	             "SpeculationIndirectBranch:\talways enabled\n");
}

static void cpu_rows(struct text *t, const struct facts *x)
{
	text_printf(t, "Cpus_allowed:\t%x\nCpus_allowed_list:\t0", (1u << cpu_count) - 1);
	if (cpu_count > 1)
		text_printf(t, "-%u", cpu_count - 1);
	text_printf(t, "\nMems_allowed:\t00000000,00000001\nMems_allowed_list:\t0\n"
	            "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n", x->nvcsw, x->nivcsw);
}

int proc_make_pid_status(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	struct facts x;
	int err = gather(&x, of, true);
	(void)next;

	if (err)
		return err;
	identity_rows(t, &x);
	if (!x.zombie)
		memory_rows(t, &x);
	text_printf(t, "Threads:\t%u\nSigQ:\t%u/%llu\n", x.threads, x.queued, (unsigned long long)x.queue_limit);
	signal_row(t, "SigPnd", x.thread_pending);
	signal_row(t, "ShdPnd", x.pending);
	signal_row(t, "SigBlk", x.blocked);
	signal_row(t, "SigIgn", x.ignored);
	signal_row(t, "SigCgt", x.caught);
	rights_rows(t, &x);
	cpu_rows(t, &x);
	return 0;
}
