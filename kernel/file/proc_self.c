/* SPDX-License-Identifier: MIT */
/*
 * What /proc/PID tells of a process's own: its arguments, environment, limits, name, and which frames its pages lie in
 * (pagemap). Arguments and environment are read from its memory, where it may have changed them.
 */
#include "file/procfs.h"
#include "pte.h"

#define READ_MAX (1024 * 1024) /* arguments and environment are never longer, see exec */

/* Append [start, end) of a process's memory, as far as it is there. */
static int append_memory(struct text *t, struct space *s, vaddr_t start, vaddr_t end)
{
	char part[256];

	end = MIN(end, start + READ_MAX);
	while (start < end) {
		size_t n = space_read(s, start, part, MIN(end - start, sizeof part));
		text_append(t, part, n);
		if (n < MIN(end - start, sizeof part))
			break;
		start += n;
	}
	return 0;
}

enum memory_part { PART_ARGS, PART_ENV, PART_AUXV };

static int make_memory(struct text *t, int pid, enum memory_part which)
{
	struct space *s = proc_space_of(pid);
	uint64_t pair[2] = { 1, 0 };

	if (is_err(s))
		return (int)ptr_err(s);
	if (!s)
		return 0;
	if (which == PART_ARGS)
		append_memory(t, s, s->arg_start, s->arg_end);
	if (which == PART_ENV)
		append_memory(t, s, s->env_start, s->env_end);
	for (vaddr_t at = s->auxv_start; which == PART_AUXV && at && pair[0]; at += sizeof pair) {
		if (space_read(s, at, pair, sizeof pair) < sizeof pair)
			break;
		text_append(t, (char *)pair, sizeof pair);
	}
	space_put(s);
	return 0;
}

int proc_make_pid_cmdline(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)next;
	return make_memory(t, of->pid, PART_ARGS);
}

int proc_make_pid_environ(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)next;
	return make_memory(t, of->pid, PART_ENV);
}

int proc_make_pid_auxv(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)next;
	return make_memory(t, of->pid, PART_AUXV);
}

/* ---- comm ---- */

static struct thread *thread_of_locked(struct proc *p, int tid)
{
	list_for_each(link, &p->threads) {
		struct thread *t = list_entry(link, struct thread, proc_link);
		if (t->tid == tid)
			return t;
	}
	return NULL;
}

int proc_make_pid_comm(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)next;
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(of->pid);
	if (p) {
		spin_lock(&p->lock);
		const struct thread *thread = of->tid ? thread_of_locked(p, of->tid) : NULL;
		text_printf(t, "%s\n", thread ? thread->name : p->name);
		spin_unlock(&p->lock);
	}
	mutex_unlock(&proc_tree_lock);
	return p ? 0 : -ESRCH;
}

/* A thread may rename itself and the other threads of its process. */
int64_t proc_store_pid_comm(const struct proc_ref *of, const char *bytes, size_t len, int64_t pos)
{
	char name[16] = "";
	(void)pos;

	memcpy(name, bytes, MIN(len, sizeof name - 1));
	if (!proc_current() || proc_current()->pid != of->pid)
		return -EINVAL;
	spin_lock(&proc_current()->lock);
	struct thread *t = thread_of_locked(proc_current(), of->tid ? of->tid : of->pid);
	if (t)
		strlcpy(t->name, name, sizeof t->name);
	if (!of->tid || of->tid == of->pid)
		strlcpy(proc_current()->name, name, sizeof proc_current()->name);
	spin_unlock(&proc_current()->lock);
	return (int64_t)len;
}

/* ---- limits ---- */

static void limit_column(struct text *t, uint64_t value)
{
	size_t start = t->len;

	if (value == RLIM_INFINITY)
		text_puts(t, "unlimited");
	else
		text_printf(t, "%llu", (unsigned long long)value);
	text_pad(t, start, 20);
	text_puts(t, " ");
}

int proc_make_pid_limits(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	static const struct { const char *name, *unit; } rows[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = { "Max cpu time", "seconds" }, [RLIMIT_FSIZE] = { "Max file size", "bytes" },
		[RLIMIT_DATA] = { "Max data size", "bytes" }, [RLIMIT_STACK] = { "Max stack size", "bytes" },
		[RLIMIT_CORE] = { "Max core file size", "bytes" }, [RLIMIT_RSS] = { "Max resident set", "bytes" },
		[RLIMIT_NPROC] = { "Max processes", "processes" }, [RLIMIT_NOFILE] = { "Max open files", "files" },
		[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" }, [RLIMIT_AS] = { "Max address space", "bytes" },
		[RLIMIT_LOCKS] = { "Max file locks", "locks" }, [RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
		[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" }, [RLIMIT_NICE] = { "Max nice priority", "" },
		[RLIMIT_RTPRIO] = { "Max realtime priority", "" }, [RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
	};
	struct abi_rlimit limits[RLIM_NLIMITS];
	(void)next;

	mutex_lock(&proc_tree_lock);
	const struct proc *p = proc_find_locked(of->pid);
	if (p)
		memcpy(limits, p->rlimit, sizeof limits);
	mutex_unlock(&proc_tree_lock);
	if (!p)
		return -ESRCH;
	text_puts(t, "Limit                     Soft Limit           Hard Limit           Units     \n");
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		size_t start = t->len;
		text_puts(t, rows[i].name);
		text_pad(t, start, 26);
		limit_column(t, limits[i].rlim_cur);
		limit_column(t, limits[i].rlim_max);
		start = t->len;
		text_puts(t, rows[i].unit);
		if (*rows[i].unit)
			text_pad(t, start, 10);
		text_puts(t, "\n");
	}
	return 0;
}

/* ---- who is killed first when memory ends ---- */

int proc_make_pid_oom_score(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	struct space *s = proc_space_of(of->pid);
	(void)next;

	if (is_err(s))
		return (int)ptr_err(s);
	/* Linux: a thousand is all of memory; this file shows two thirds of that, from two thirds of a thousand on. */
	uint64_t used = s ? (s->resident + s->tables) * 1000 / frames_total() : 0;
	text_printf(t, "%llu\n", (unsigned long long)((1000 + used) * 2 / 3));
	if (s)
		space_put(s);
	return 0;
}

int proc_make_pid_oom_score_adj(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)next;
	mutex_lock(&proc_tree_lock);
	const struct proc *p = proc_find_locked(of->pid);
	if (p)
		text_printf(t, "%d\n", p->oom_score_adj);
	mutex_unlock(&proc_tree_lock);
	return p ? 0 : -ESRCH;
}

/* Less than it has only who may use more (CAP_SYS_RESOURCE) gives it. */
int64_t proc_store_pid_oom_score_adj(const struct proc_ref *of, const char *bytes, size_t len, int64_t pos)
{
	int64_t value;
	int err = -ESRCH;
	(void)pos;

	if (!proc_parse_number(bytes, &value))
		return -EINVAL;
	if (value < -1000 || value > 1000)
		return -EINVAL;
	mutex_lock(&proc_tree_lock);
	struct proc *p = proc_find_locked(of->pid);
	if (p)
		err = value < p->oom_score_adj && !capable(CAP_SYS_RESOURCE) ? -EACCES : 0;
	if (!err)
		p->oom_score_adj = (int)value;
	mutex_unlock(&proc_tree_lock);
	return err ? err : (int64_t)len;
}

enum clear_refs { CLEAR_ALL = 1, CLEAR_ANON, CLEAR_MAPPED, CLEAR_SOFT_DIRTY, CLEAR_PEAK };

/* Forgets which pages were used (1 to 3), or how many there were at most (5). Soft-dirty marks (4) are not kept. */
int64_t proc_store_clear_refs(const struct proc_ref *of, const char *bytes, size_t len, int64_t pos)
{
	int64_t which;
	(void)pos;

	if (!proc_parse_number(bytes, &which) || which < CLEAR_ALL || which > CLEAR_PEAK)
		return -EINVAL;
	struct space *s = proc_space_of(of->pid);
	if (is_err(s))
		return ptr_err(s);
	if (!s)
		return (int64_t)len;
	if (which == CLEAR_PEAK)
		s->peak_resident = s->resident;
	else if (which != CLEAR_SOFT_DIRTY)
		space_forget_use(s, which != CLEAR_MAPPED, which != CLEAR_ANON);
	space_put(s);
	return (int64_t)len;
}

/* ---- pagemap ---- */

enum { PAGEMAP_RECORDS = 512 };
#define PM_SOFT_DIRTY (1ul << 55)
#define PM_EXCLUSIVE  (1ul << 56)
#define PM_FILE       (1ul << 61)
#define PM_PRESENT    (1ul << 63)

struct pagemap { uint64_t entry[PAGEMAP_RECORDS]; vaddr_t start, end; bool frames; };

static uint64_t pagemap_entry(const struct pagemap *m, struct vma *v, vaddr_t addr)
{
	pte_t e;
	uint32_t mappers;
	uint64_t entry = PM_SOFT_DIRTY;

	if (!vma_entry(v, addr, &e, &mappers))
		return entry;
	entry |= PM_PRESENT | (m->frames ? pte_paddr(e) >> PAGE_SHIFT : 0);
	if (e & PTE_UNCOUNTED)
		return entry;
	if (!(e & PTE_PRIVATE))
		entry |= PM_FILE;
	return mappers == 1 ? entry | PM_EXCLUSIVE : entry;
}

static bool map_vma(struct vma *v, void *arg)
{
	struct pagemap *m = arg;

	for (vaddr_t addr = MAX(v->start, m->start); addr < MIN(v->end, m->end); addr += PAGE_SIZE)
		m->entry[(addr - m->start) >> PAGE_SHIFT] = pagemap_entry(m, v, addr);
	return v->end < m->end;
}

/* Frame numbers are for CAP_SYS_ADMIN. */
int proc_make_pid_pagemap(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	uint64_t from = of->from, all = USER_END >> PAGE_SHIFT;

	if (from >= all)
		return 0;
	struct space *s = proc_space_of(of->pid);
	if (is_err(s) || !s)
		return (int)ptr_err(s);
	uint64_t n = MIN(all - from, (uint64_t)PAGEMAP_RECORDS);
	struct pagemap *m = kzalloc(sizeof *m);
	if (m) {
		m->start = from << PAGE_SHIFT;
		m->end = (from + n) << PAGE_SHIFT;
		m->frames = capable(CAP_SYS_ADMIN);
		space_visit(s, m->start, map_vma, m);
		text_append(t, (char *)m->entry, n * sizeof *m->entry);
		kfree(m);
	}
	space_put(s);
	*next = from + n;
	return m ? 0 : -ENOMEM;
}

int proc_make_pid_personality(struct text *t, const struct proc_ref *of, uint64_t *next)
{
	(void)next;
	mutex_lock(&proc_tree_lock);
	const struct proc *p = proc_find_locked(of->pid);
	if (p)
		text_printf(t, "%08x\n", p->personality);
	mutex_unlock(&proc_tree_lock);
	return p ? 0 : -ESRCH;
}
