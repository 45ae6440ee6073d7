/* SPDX-License-Identifier: MIT */
/*
 * The process table: numbers, the tree of parents and children, and what a process consists of.
 *
 * A struct proc is counted. One reference is the tree's (from fork until the parent has waited), one is each thread's
 * (until it is freed), and vfork's parent holds one while it waits. What a process owns (space, files, working
 * directory, program) is let go when its last thread ends (exit.c); the zombie that stays has only numbers in it.
 *
 * Numbers of processes and threads come from one table, rising and wrapping at pid_max, so that a number is not used
 * again soon. The number of a process is that of its first thread. It is in use as long as the process is, and as long
 * as another has it for the number of its group or session: kill(-7) must not meet a stranger because group 7 has
 * outlived process 7. Who is called by it is found in a second table: a process while it is in the tree, a thread while it
 * is on its process' list. (Rejected: to search the lists. A kill would pay for every process there is.)
 *
 * Locks: proc_tree_lock (a mutex, RANK_PROC_TREE, taken before everything else) guards the lists of all processes and
 * of children, and who is a zombie; it makes "the process with this number" safe to use while it is held, also of a
 * thread's number, for no process leaves the tree before its threads have left its list. proc->lock (spin) guards threads
 * and signals. The table of numbers has a lock of its own.
 */
#include "task/task_impl.h"

#include <abi/errno.h>

#include "file/file.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "vm/vm.h"

#define PID_MAX 32768
#define PID_RESERVED 300 /* given out once, at boot */

struct mutex proc_tree_lock;
struct list proc_all = LIST_INIT(proc_all);
struct proc *proc_one;
void (*proc_init_started)(void);

static struct cache *proc_cache;
static struct spinlock pid_lock = SPINLOCK_INIT(RANK_TIMER);
static uint16_t pid_users[PID_MAX]; /* 0: free. At most three for each process and one for each thread */
static struct proc *volatile pid_owner[PID_MAX]; /* the process in the tree that is so called, or has a thread that is */
static int pid_last;
uint32_t pid_max = PID_MAX;

void proc_init(void)
{
	mutex_init(&proc_tree_lock, RANK_PROC_TREE);
	proc_cache = cache_create("proc", sizeof(struct proc));
	signal_queue_init_all();
	actions_init_all();
}

/* The first free number in [from, end), or end. */
static int pid_find_locked(int from, int end)
{
	while (from < end && pid_users[from])
		from++;
	return MIN(from, end);
}

int pid_alloc(void)
{
	int end = MIN(pid_max, (uint32_t)PID_MAX);
	spin_lock(&pid_lock);
	int pid = pid_find_locked(pid_last + 1, end);
	if (pid == end) /* after a whole round: not init's, nor those of its first children */
		pid = pid_find_locked(pid_last >= PID_RESERVED ? PID_RESERVED : 1, end);
	if (pid < end) {
		pid_users[pid] = 1;
		pid_last = pid;
	}
	spin_unlock(&pid_lock);
	return pid < end ? pid : -EAGAIN;
}

void pid_get(int pid)
{
	spin_lock(&pid_lock);
	pid_users[pid]++;
	spin_unlock(&pid_lock);
}

void pid_put(int pid)
{
	spin_lock(&pid_lock);
	pid_users[pid]--;
	spin_unlock(&pid_lock);
}

void pid_set_owner(int pid, struct proc *p)
{
	pid_owner[pid] = p;
}

/* A number that somebody has is in use. More uses than have been found are numbers of what is being made or freed. */
static uint64_t audit_number(int number, bool has)
{
	if (has && !pid_users[number])
		audit_complain("number in use that is free", number, 0, 1);
	return has;
}

/* -> 1 */
static uint64_t audit_owner(int number, const struct proc *p)
{
	if (pid_owner[number] != p)
		audit_complain("owner of number", number, (uint64_t)pid_owner[number], (uint64_t)p);
	return 1;
}

void proc_audit(void)
{
	uint64_t found = 0, uses = 0, names = 0, owned = 0, ending = 0;
	list_for_each(n, &proc_all) {
		const struct proc *p = list_entry(n, struct proc, all_link);
		ending += p->counted_ending;
		found += audit_number(p->pid, true) + audit_number(p->pgid, p->pgid) + audit_number(p->sid, p->sid);
		names += audit_owner(p->pid, p);
		list_for_each(tn, &p->threads) {
			const struct thread *t = list_entry(tn, struct thread, proc_link);
			found += audit_number(t->tid, t->tid != p->pid);
			names += t->tid == p->pid ? 0 : audit_owner(t->tid, p);
		}
	}
	for (int i = 0; i < PID_MAX; i++) {
		uses += pid_users[i];
		owned += pid_owner[i] != NULL;
	}
	if (uses < found)
		audit_complain("uses of numbers", 0, uses, found);
	if (owned != names)
		audit_complain("owners of numbers", 0, owned, names);
	if (procs_ending != ending)
		audit_complain("processes that are ending", 0, procs_ending, ending);
	signal_audit();
	actions_audit();
	cwd_audit();
}

void proc_join_locked(struct proc *p, int pgid, int sid)
{
	assert_mutex_held(&proc_tree_lock);
	pid_get(pgid);
	pid_get(sid);
	if (p->pgid)
		pid_put(p->pgid);
	if (p->sid)
		pid_put(p->sid);
	p->pgid = pgid;
	p->sid = sid;
}

/* What the first process may use, and all others after it: Linux's defaults. */
static void limits_default(struct proc *p)
{
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		p->rlimit[i] = (struct abi_rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	p->rlimit[RLIMIT_STACK].rlim_cur = STACK_LIMIT;
	p->rlimit[RLIMIT_NOFILE] = (struct abi_rlimit){ FDS_SOFT, FDS_HARD };
	p->rlimit[RLIMIT_CORE].rlim_cur = 0;
	p->rlimit[RLIMIT_MEMLOCK] = (struct abi_rlimit){ MEMLOCK_LIMIT, MEMLOCK_LIMIT };
	p->rlimit[RLIMIT_MSGQUEUE] = (struct abi_rlimit){ MSGQUEUE_LIMIT, MSGQUEUE_LIMIT };
	/* As many threads as would fill an eighth of the memory with their stacks, halved: Linux's rule. */
	uint64_t threads = frames_total() / (8 * KSTACK_PAGES) / 2;
	p->rlimit[RLIMIT_SIGPENDING] = p->rlimit[RLIMIT_NPROC] = (struct abi_rlimit){ threads, threads };
	p->rlimit[RLIMIT_NICE] = p->rlimit[RLIMIT_RTPRIO] = (struct abi_rlimit){ 0, 0 };
}

struct proc *proc_alloc(void)
{
	struct proc *p = cache_alloc(proc_cache);
	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	signal_queue_init(&p->sigpending);
	spin_init(&p->lock, RANK_PROC);
	p->refs = 1;
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->pidfds);
	list_init(&p->all_link);
	list_init(&p->threads);
	wait_queue_init(&p->child_wait);
	wait_queue_init(&p->vfork_wait);
	wait_queue_init(&p->stop_wait);
	list_init(&p->timers);
	proc_alarms_init(p);
	limits_default(p);
	p->caps = (struct caps){ .effective = CAPS_ALL, .permitted = CAPS_ALL, .bounding = CAPS_ALL };
	p->exit_signal = SIGCHLD;
	p->start_ns = clock_now_ns();
	return p;
}

void proc_put(struct proc *p)
{
	if (__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	const int numbers[] = { p->pid, p->pgid, p->sid };
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i])
			pid_put(numbers[i]);
	group_list_put(p->groups);
	kfree(p->cmdline);
	if (p->actions)
		actions_put(p->actions);
	cache_free(proc_cache, p);
}

void proc_add_thread(struct proc *p, struct thread *t)
{
	proc_get(p);
	t->proc = p;
	t->space = p->space;
	spin_lock(&p->lock);
	list_push_back(&p->threads, &t->proc_link);
	p->nthreads++;
	spin_unlock(&p->lock);
}

void proc_link_locked(struct proc *p, struct proc *parent)
{
	assert_mutex_held(&proc_tree_lock);
	p->parent = parent;
	p->ppid = parent ? parent->pid : 0;
	if (parent)
		list_push_back(&parent->children, &p->sibling);
	list_push_back(&proc_all, &p->all_link);
	pid_set_owner(p->pid, p);
}

void proc_unlink_locked(struct proc *p)
{
	assert_mutex_held(&proc_tree_lock);
	pidfds_forget_locked(p);
	list_remove(&p->sibling);
	list_remove(&p->all_link);
	pid_set_owner(p->pid, NULL);
}

struct proc *proc_of_thread_locked(int tid)
{
	assert_mutex_held(&proc_tree_lock);
	return (unsigned)tid < PID_MAX ? pid_owner[tid] : NULL;
}

struct proc *proc_find_locked(int pid)
{
	struct proc *p = proc_of_thread_locked(pid);
	return p && p->pid == pid ? p : NULL;
}

struct thread *thread_find_locked(struct proc *p, int tid)
{
	assert_spin_held(&p->lock);
	list_for_each(n, &p->threads)
		if (list_entry(n, struct thread, proc_link)->tid == tid)
			return list_entry(n, struct thread, proc_link);
	return NULL;
}

struct space *proc_space_get(struct proc *p)
{
	spin_lock(&p->lock);
	struct space *s = p->space;
	if (s)
		space_get(s);
	spin_unlock(&p->lock);
	return s;
}

bool proc_undumpable(struct proc *p)
{
	spin_lock(&p->lock);
	bool closed = p->space && p->space->undumpable;
	spin_unlock(&p->lock);
	return closed;
}

struct fdtable *proc_files_get(struct proc *p)
{
	spin_lock(&p->lock);
	struct fdtable *t = p->files;
	if (t)
		fdtable_get(t);
	spin_unlock(&p->lock);
	return t;
}

void proc_name_set(struct proc *p, const char *path)
{
	const char *last = path;
	for (const char *c = path; *c; c++)
		if (*c == '/' && c[1])
			last = c + 1;
	strlcpy(p->name, last, sizeof(p->name));
	strlcpy(thread_current()->name, last, sizeof(p->name));
}

struct group_list *group_list_get(struct proc *p)
{
	spin_lock(&p->lock);
	struct group_list *list = p->groups;
	if (list)
		__atomic_add_fetch(&list->refs, 1, __ATOMIC_RELAXED);
	spin_unlock(&p->lock);
	return list;
}

void group_list_put(struct group_list *list)
{
	if (list && __atomic_sub_fetch(&list->refs, 1, __ATOMIC_ACQ_REL) == 0)
		kfree(list);
}

bool proc_in_groups(struct proc *p, uint32_t gid)
{
	struct group_list *list = p->groups ? group_list_get(p) : NULL;
	bool found = false;
	for (uint32_t i = 0; list && i < list->count && !found; i++)
		found = list->gid[i] == gid;
	group_list_put(list);
	return found;
}

uint64_t proc_rlimit(unsigned which)
{
	struct proc *p = proc_current();
	return p ? p->rlimit[which].rlim_cur : RLIM_INFINITY;
}

uint64_t thread_cpu_ns(const struct thread *t)
{
	int64_t cycles = __atomic_load_n(&t->cycles, __ATOMIC_RELAXED);
	return clock_cycles_ns(cycles < 0 ? cycles + (int64_t)rdtsc() : cycles);
}

/* Of a thread on another CPU, without the call it may be in: that still counts as user time. */
static uint64_t thread_system_ns(const struct thread *t)
{
	uint32_t in_this_call = t == thread_current() ? (uint32_t)rdtsc() - cpu_this()->entered : 0;
	return clock_cycles_ns(t->system_cycles + in_this_call);
}

void spent_add_thread(struct spent *sum, const struct thread *t)
{
	uint64_t system = thread_system_ns(t), all = MAX(thread_cpu_ns(t), system);
	sum->user_ns += all - system;
	sum->system_ns += system;
	sum->minflt += t->minflt;
	sum->majflt += t->majflt;
	sum->nvcsw += t->switches - t->preempted;
	sum->nivcsw += t->preempted;
	sum->read_pages += t->read_pages;
	sum->dirtied_pages += t->dirtied_pages;
}

void spent_add(struct spent *sum, const struct spent *u)
{
	sum->user_ns += u->user_ns;
	sum->system_ns += u->system_ns;
	sum->minflt += u->minflt;
	sum->majflt += u->majflt;
	sum->nvcsw += u->nvcsw;
	sum->nivcsw += u->nivcsw;
	sum->read_pages += u->read_pages;
	sum->dirtied_pages += u->dirtied_pages;
	sum->peak_resident = MAX(sum->peak_resident, u->peak_resident);
}

struct spent proc_spent_locked(struct proc *p)
{
	struct spent sum = p->used;
	list_for_each(n, &p->threads)
		spent_add_thread(&sum, list_entry(n, struct thread, proc_link));
	uint64_t all = sum.user_ns + sum.system_ns;
	p->user_shown_ns = MIN(MAX(p->user_shown_ns, sum.user_ns), all);
	sum.user_ns = p->user_shown_ns;
	sum.system_ns = all - sum.user_ns;
	return sum;
}

struct spent proc_spent(struct proc *p)
{
	spin_lock(&p->lock);
	struct spent sum = proc_spent_locked(p);
	spin_unlock(&p->lock);
	return sum;
}

uint64_t proc_cpu_ns(struct proc *p)
{
	struct spent own = proc_spent(p);
	return own.user_ns + own.system_ns;
}

/* The first process: open descriptors, root directory, then the program. */
static void init_main(void *arg)
{
	struct path root;
	sched_finish_switch();
	if (path_walk(AT_FDCWD, "/", PATH_DIRECTORY, &root, NULL) != 0)
		panic("no root directory: the boot archive is missing");
	thread_current()->cwd = cwd_create(&root);
	if (!thread_current()->cwd)
		panic("no memory for the first working directory");
	struct file *log = file_open(AT_FDCWD, "/dev/kmsg", O_RDWR, 0);
	if (is_err(log))
		panic("cannot open /dev/kmsg: error %ld", -ptr_err(log));
	for (int i = 0; i < 3; i++) {
		file_get(log);
		if (fd_install(log, 0, false) != i)
			panic("no descriptor %d for init", i);
	}
	file_put(log);
	int err = proc_exec_init(arg);
	if (err)
		panic("cannot start %s: error %d (is it in the boot archive?)", (const char *)arg, -err);
	if (proc_init_started)
		proc_init_started();
	arch_return_to_user();
}

int proc_start_init(const char *path)
{
	struct proc *p = proc_alloc();
	struct thread *t = p ? thread_alloc("init") : NULL;
	if (!t)
		return -ENOMEM;
	p->files = fdtable_create();
	p->actions = actions_create();
	if (!p->files || !p->actions)
		return -ENOMEM;
	pid_last = 0; /* kernel tests may have used numbers */
	p->pid = t->tid = pid_alloc();
	assert(p->pid == 1);
	strlcpy(p->name, "init", sizeof(p->name));
	fpu_init(t->arch.fpu);
	arch_thread_init(&t->arch, t->arch.stack, init_main, (void *)path);
	mutex_lock(&proc_tree_lock);
	proc_join_locked(p, p->pid, p->pid);
	proc_link_locked(p, NULL);
	proc_one = p;
	mutex_unlock(&proc_tree_lock);
	proc_add_thread(p, t);
	sched_ready(t);
	return 0;
}
