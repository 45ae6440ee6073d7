/* SPDX-License-Identifier: MIT */
/*
 * Threads, waiting, processes, signals. The kernel is not preemptive: a thread runs until it sleeps or leaves to user
 * mode, so per-CPU data is stable between two points that may sleep.
 *
 * Who owns what: a process is owned by its parent's child list until waited for; it owns its descriptor table and one
 * reference to its space; a thread owns its kernel stack. A thread that ends is freed by the next thread to run.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include <abi/resource.h>
#include <abi/signal.h>
#include <abi/time.h>

#include "arch.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "lib/spinlock.h"
#include "task/cred.h"

struct space;
struct file;
struct fdtable;
struct node;
struct port;
struct call;
struct cwd;

struct held_locks { const void *lock[16]; uint8_t rank[16]; unsigned depth; };

enum thread_state {
	THREAD_READY,   /* on a run queue */
	THREAD_RUNNING, /* some CPU's current */
	THREAD_BLOCKED, /* on a wait queue, or only a timer */
	THREAD_DEAD,    /* will never run again */
	THREAD_MIGRATING, /* leaving its CPU, to be queued anew by whoever runs there next */
};

enum { /* bits of thread.pending: looked at before each return to user mode */
	PENDING_SIGNAL = 1, /* an unmasked signal may be deliverable */
	PENDING_KILL = 2,   /* the process is ending: die, and stop every wait */
};

/* ---- timer.c: one-shot callbacks; threads with deadlines use them ---- */
struct timer {
	struct rb_node node;
	uint64_t at_ns;
	void (*fire)(struct timer *);
	volatile bool armed;
	volatile uint8_t firing;   /* how many CPUs run `fire`: it may be set again, and be due, before that has ended */
	unsigned cpu;              /* whose tree it hangs in */
};
struct timer_setting { uint64_t value_ns, interval_ns; bool absolute; }; /* as a program sets one of its own */
void timer_init(struct timer *t, void (*fire)(struct timer *));
/*
 * timer_set: fire runs once, in interrupt context (user mode or idle interrupted), no lock held. Setting again moves
 * it.
 */
void timer_set(struct timer *t, uint64_t at_ns);
/* timer_cancel: after it fire neither runs nor will. -> no lock held that fire takes. */
void timer_cancel(struct timer *t);

/* Due at a time on its clock, and again after each interval (alarm.c). Guard: p->lock. */
/* since boot; the process's CPU time, the thread's */
enum alarm_clock { ALARM_TIME, ALARM_USER, ALARM_CPU, ALARM_THREAD };
struct alarm {
	struct timer timer;
	struct proc *proc;
	enum alarm_clock clock;
	int tid;                   /* ALARM_THREAD: whose */
	bool used;                 /* has been set once */
	bool rests;                /* due, and to be forwarded when its signal has been taken */
	uint64_t at_ns, interval_ns; /* at 0: off */
};

/* What is pending for a process or a thread (sigqueue.c). Guard: p->lock. */
struct signal_queue {
	uint64_t set;              /* bit signo-1 */
	struct list entries;       /* struct signal_entry, oldest first */
};
struct signal_entry {
	struct list link;
	struct abi_siginfo_head info;
	struct user_count *user;   /* whose RLIMIT_SIGPENDING it counts against */
	bool counts;               /* by itself, and not by way of something that it is part of */
	/* NULL: from the slab. Else it is part of something: called when it was taken, or dropped (info NULL). */
	void (*gone)(struct signal_entry *e, struct abi_siginfo *info);
};

/* What is done with each signal (actions.c); processes may share it. A handler or the flags alone are read without lock. */
struct actions {
	struct spinlock lock;      /* leaf */
	volatile uint32_t refs;    /* (a) */
	uint32_t counted;          /* the audit's */
	struct abi_sigaction of[ABI_NSIG]; /* bit signo-1 of a set is [signo-1] here */
};

enum wait_how {
	WAIT_ALWAYS,       /* only a wake ends it: short waits inside the kernel */
	WAIT_KILLABLE,     /* the process ending ends it: -EINTR */
	WAIT_SIGNALS,      /* any deliverable signal ends it: -EINTR */
};

/*
 * A wait ends by exactly one cause: whoever changes thread.wake from WAKE_WAITING (compare-and-exchange) makes the
 * thread ready. The thread takes itself off whatever list or tree it hangs in.
 */
enum wake_reason { WAKE_NONE, WAKE_WAITING, WAKE_NORMAL, WAKE_SIGNAL, WAKE_TIMEOUT };

/*
 * What was used: time on CPUs, faults, how often a CPU was left of one's own accord and not, pages read from and dirtied
 * for servers, the most pages that were resident at a time.
 */
struct spent {
	uint64_t user_ns, system_ns, minflt, majflt, nvcsw, nivcsw, read_pages, dirtied_pages, peak_resident;
};

/* Guards: (s) run queue, (p) proc->lock, (c) only the thread itself, (a) atomic. */
struct thread {
	struct arch_thread arch;   /* first: entry.S and switch.S know */
	volatile uint8_t pending;  /* (a) */
	bool pager;                /* (c) on the paging path: may use the reserve of frames */
	volatile bool on_cpu;      /* (a) running, or its registers are not yet saved */
	enum thread_state state;   /* (s) */
	volatile uint32_t wake;    /* (a) enum wake_reason */
	enum wait_how wait_how;    /* (c) of the wait that `wake` is about */
	int tid;
	struct proc *proc;         /* NULL: kernel thread */
	struct space *space;       /* proc's space; NULL for kernel threads. Changes at execve only, (c) */
	struct list run_link;      /* (s) */
	unsigned queue;            /* (s) the CPU whose queue it is in, or was last */
	struct list wait_link;     /* its wait queue's (or port's) lock */
	struct list proc_link;     /* (p) proc->threads */
	struct timer timer;        /* deadline of a timed wait */
	unsigned cpu;              /* last ran on */
	int64_t cycles;            /* (c) of the TSC on CPUs; negative on one: less the TSC's value when it came there */
	uint64_t system_cycles;    /* (c) the part of it that was the kernel's, up to its last return to user mode */
	uint64_t switches, preempted; /* (c) how often it left a CPU; how often it would have gone on */
	uint64_t minflt, majflt, read_pages, dirtied_pages; /* (c) */
	uint64_t sigmask;          /* (p) bit signo-1 */
	uint64_t sigwait;          /* (p) what sigtimedwait waits for, blocked or not; 0 otherwise */
	struct signal_queue sigpending; /* (p) directed at the thread */
	struct signal_entry fault_entry; /* (p) for a signal that it has caused itself: at most one is pending */
	uint64_t saved_sigmask; bool restore_sigmask; /* (c) sigsuspend */
	bool restarting; uint64_t restart_deadline;   /* (c) a timed wait goes on after a stop */
	uint64_t fault_trapno, fault_error, fault_cr2; /* (c) of the last fault, for the next signal frame */
	struct abi_stack altstack;
	vaddr_t clear_child_tid;   /* (c) set_tid_address */
	vaddr_t robust_list;       /* (c) set_robust_list */
	volatile uint32_t affinity; /* (a) bit per CPU that it may run on */
	int exit_status;           /* (c) of exit(2) */
	int policy;                /* (a) SCHED_*; remembered, not acted upon */
	uint64_t slack_ns, default_slack_ns; /* (c) of timers, prctl(2), and what its maker had: likewise */
	uint8_t mce_kill;          /* (c) PR_MCE_KILL_EARLY, ...: likewise */
	bool io_flusher;           /* (c) likewise */
	vaddr_t set_child_tid;     /* CLONE_CHILD_SETTID: where a new thread stores its tid first; 0 */
	struct cwd *cwd;           /* (p) a reference, set by the thread itself; NULL: a kernel thread, or it is leaving */
	const struct file_rights *judged_as; /* (c) NULL: as its process is. access(2) asks for the real user */
	struct list *ending_sockets; /* (c) file/socket.c: it is ending one, and others that fall with it go there; NULL */
	struct call *received; size_t receive_cap; /* in port_receive: a call handed over, referenced; room for its data */
	void (*kernel_fn)(void *); void *kernel_arg; /* kernel threads */
	struct held_locks held;    /* checked build */
	char name[16];
};

/* ---- wait.c ---- */
struct wait_queue { struct spinlock lock; struct list waiters; uint32_t wakes; }; /* wakes: of all, whoever waited */
void wait_queue_init(struct wait_queue *q);
/*
 * wait_on: put the current thread on q, release `held` (a spin lock that guards the condition), sleep, take `held`
 * again.
 * -> 0 woken (look at the condition again), -EINTR, -ETIMEDOUT. deadline_ns UINT64_MAX: none (CLOCK_MONOTONIC).
 * -> no other lock may be held.
 */
int wait_on(struct wait_queue *q, struct spinlock *held, enum wait_how how, uint64_t deadline_ns);
void wait_wake_one(struct wait_queue *q);
void wait_wake_all(struct wait_queue *q);

/* Sleeping lock. Uncontended: a compare-and-exchange. */
struct mutex { struct thread *volatile owner; uint8_t rank; struct wait_queue queue; };
void mutex_init(struct mutex *m, uint8_t rank);
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);
#define assert_mutex_held(m) assert_checked((m)->owner == thread_current())
int wait_on_mutex(struct wait_queue *q, struct mutex *held, enum wait_how how, uint64_t deadline_ns); /* like wait_on */
/*
 * The two halves of a wait without a queue: after wait_begin the caller puts itself where a waker will find it, lets go
 * of its locks and calls wait_end. next: a thread whose wait this one ended (thread_claim) and which runs at once on
 * this CPU; NULL.
 * -> wait_end: 0, -EINTR, -ETIMEDOUT
 */
static inline void wait_begin(enum wait_how how)
{
	struct thread *t = thread_current();
	t->wait_how = how;
	t->state = THREAD_BLOCKED;
	__atomic_store_n(&t->wake, WAKE_WAITING, __ATOMIC_SEQ_CST);
}
int wait_end(struct thread *next, uint64_t deadline_ns);
/* thread_claim: end its wait, without making it ready; false: another has done so. */
static inline bool thread_claim(struct thread *t, enum wake_reason why)
{
	uint32_t expect = WAKE_WAITING;
	return __atomic_compare_exchange_n(&t->wake, &expect, why, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}
bool thread_wake(struct thread *t, enum wake_reason why);  /* and make it ready */

/* ---- sched.c ---- */
void sched_init(void);                  /* first CPU: the boot context becomes its idle thread's */
noreturn void sched_start(void);        /* the boot context turns into the idle loop */
void sched_yield(void);
/* at least one bit of a CPU that there is; t's p->lock held */
/* sched_point: in the loop of a long call: lets interrupts in, and who waits for this CPU. -> no lock held; may sleep */
void sched_point(void);
void sched_set_affinity(struct thread *t, uint32_t mask);
void sched_migrate_if_must(void);       /* the current thread, if it may not run here. -> no lock held */
void sched_ready(struct thread *t);     /* BLOCKED -> READY; kicks an idle CPU */
void sched_hurry(struct thread *t);     /* if it is ready it is the next one: it is to end */
/* sched_switch_to: run t at once here; the current thread has been put where it will be woken. IPC's path. */
void sched_switch_to(struct thread *t);
void sched_block(void);                 /* current is where a waker finds it (or dead): run somebody else */

/* ---- thread.c ---- */
struct thread *thread_create_kernel(const char *name, void (*fn)(void *), void *arg); /* ready; NULL */

/* ---- proc.c ---- */
struct proc {
	struct spinlock lock;      /* RANK_PROC: threads, signals */
	int pid, pgid, sid;
	volatile int refs;
	struct proc *parent;       /* (T) the process tree's mutex */
	struct list children;      /* (T) */
	struct list sibling;       /* (T) */
	struct list pidfds;        /* (T) descriptors that mean it, file/pidfd.c */
	struct list all_link;      /* (T) */
	struct list threads;       /* (p) */
	unsigned nthreads;         /* (p) */
	struct space *space;       /* (p) one reference; NULL: none any more. Let go of only when it is not here any more */
	struct fdtable *files;
	struct file *exe;
	char *cmdline; size_t cmdline_len; /* argv strings with NULs, for ps */
	uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
	struct caps caps;          /* (a) */
	struct group_list *groups; /* (p) the groups besides gid, a reference; NULL: none */
	struct actions *actions;   /* (p) a reference; changed by its only thread (actions.c) */
	struct signal_queue sigpending; /* (p) process-directed */
	struct abi_rlimit rlimit[RLIM_NLIMITS];
	struct sem_undo *sem_undos; /* sysv/sem.c's lock; NULL: none */
	bool zombie;               /* (T) */
	bool stopped, continued, exiting; /* (p) continued: not yet told to the parent */
	bool counted_ending;       /* (p) in procs_ending */
	bool subreaper;            /* (a) orphans among its descendants become its children */
	int death_signal;          /* (a) sent to it when the thread ends that made it; 0 none */
	unsigned group_signals;    /* (T) how many were sent to it as one of several processes, see fork.c */
	bool joined_too_many;      /* (c) became a user who had too many threads then: execve asks once more */
	bool execed;               /* (T) execve since fork: its group is its own business */
	bool no_terminal;          /* (T) has given up its session's terminal */
	bool server;               /* (a) of devices or pages: kill(-1) does not mean it */
	bool stopping;             /* (p) a stop signal has been taken, and no SIGCONT sent since */
	struct thread *exec_thread; /* (p) in execve, past the point where it ends the others */
	int status;                /* (p) until zombie, then (T): as wait4 reports it */
	struct alarm itimer[ITIMERS], cpu_limit; /* (p) setitimer(2); RLIMIT_CPU */
	struct list timers;        /* (p) timer_create(2) */
	int next_timer;            /* (p) its number */
	int nice;                  /* (a) remembered, not acted upon */
	bool no_new_privs, no_huge_pages; /* (a) prctl(2) */
	int stop_report;           /* (p) status word of a stop or continue not yet waited for; 0 none */
	struct wait_queue stop_wait; /* threads of a stopped process; exec waits here for the last other thread */
	volatile int ppid;         /* changes under (T) */
	int parent_tid;            /* (T) the parent's thread that made it; 0: it has ended, the oldest stands in for it */
	int exit_signal;           /* SIGCHLD */
	struct wait_queue child_wait; /* parent waits here for children */
	struct wait_queue vfork_wait; bool vfork_done;
	uint64_t start_ns;
	struct spent used;         /* (p) by its threads that have ended */
	uint64_t user_shown_ns;    /* (p) the most user time that was told: it never shrinks */
	struct spent children_used; /* (T) by children that were waited for, and theirs */
	uint32_t personality;      /* (a) personality(2) */
	int oom_score_adj;         /* -1000 to 1000: thousandths of all memory that oom.c adds to what it has */
	char name[16];
};
extern struct mutex proc_tree_lock; /* RANK_PROC_TREE */
extern struct list proc_all;        /* (T) */
extern uint32_t pid_max;            /* numbers given out are below it */
extern volatile uint32_t procs_ending; /* (a) processes that are to end, or do, and have their space still */
static inline struct proc *proc_current(void) { return thread_current()->proc; }
/* capable: the current process has the capability CAP_X (cred.h). A kernel thread has all. */
static inline bool capable(unsigned cap)
{
	const struct proc *p = proc_current();
	return !p || p->caps.effective & CAP_BIT(cap);
}
struct proc *proc_find_locked(int pid); /* tree lock held; NULL */
struct proc *proc_of_thread_locked(int tid); /* the one with this number, or with such a thread; likewise */
void proc_init(void);
/* proc_start_init: pid 1 runs /boot/init with argv {"init"}; descriptors 0-2 on /dev/kmsg. 0 or -errno. */
int proc_start_init(const char *path);
extern void (*proc_init_started)(void); /* called once, when the first program is about to run its first instruction */
noreturn void proc_exit(int status);   /* the whole process; status as wait4 shows it */
/*
 * proc_space_get: p's space, referenced; NULL when it has none (zombie). -> p cannot go away (tree lock, or current).
 */
struct space *proc_space_get(struct proc *p);
bool proc_undumpable(struct proc *p);            /* not open to others of its user; false for a zombie */
struct fdtable *proc_files_get(struct proc *p); /* its descriptor table likewise */
/* Other groups of a process, shared after fork and never changed. */
struct group_list { volatile uint32_t refs, count; uint32_t gid[]; };
struct group_list *group_list_get(struct proc *p); /* NULL: none */
void group_list_put(struct group_list *list);      /* NULL is allowed */
bool proc_in_groups(struct proc *p, uint32_t gid); /* gid is among them */
/* Limits, see getrlimit(2). */
uint64_t proc_rlimit(unsigned which);
struct spent proc_spent(struct proc *p); /* by all its threads so far; peak_resident: in spaces it has left */

void proc_audit(void);                   /* numbers, signals, what is shared, and who is ending, for vm_audit */

/* ---- exec.c, fork.c ---- */
/*
 * proc_fork: what clone3(2) is asked for, its sizes and sums already checked; the child's or thread's number, or
 * -errno.
 */
struct fork_request { uint64_t flags; int exit_signal; vaddr_t stack, parent_tid, child_tid, tls, pidfd; };
int proc_fork(const struct fork_request *r);
/* Whether the current user has more threads, but for so many, than this process's RLIMIT_NPROC: whoever he is. */
bool proc_over_limit(unsigned not_counted);
/* Which file to execute: execveat(2)'s arguments, the path a kernel string. */
struct program_name { int dirfd; const char *path; unsigned flags; };
/* proc_exec: argv, envp are user arrays. On success the frame of the current thread is new. */
int proc_exec(const struct program_name *name, vaddr_t argv, vaddr_t envp);

/* ---- signal.c ---- */
bool thread_interrupted(void);          /* a deliverable signal or kill is pending for the current thread */
bool thread_killed(void);               /* PENDING_KILL */
/* signal_fault: force signo on the current thread for a fault at addr (blocked or ignored: the default action). */
void signal_fault(int signo, int code, vaddr_t addr, uint64_t trapno, uint64_t error);
/* the same for what is no exception: the frame shows the last one */
void signal_force(int signo, int code, vaddr_t addr);
int signal_send_proc(struct proc *p, int signo, const struct abi_siginfo *info);
/* signal_send_self: a standard one to the current thread, for what it has done (SIGPIPE, SIGXFSZ); it may block it. */
void signal_send_self(int signo);
/*
 * owner.c: whom a file's news are for, as fcntl(2) names him; kind: F_OWNER_*. number 0: nobody.
 * signal_owner_set: by the current process. -ESRCH. signal_owner_number: 0 when there is none any more.
 * signal_send_owner: news->si_signo 0: SIGIO alone. No lock held.
 */
struct signal_owner { int kind, number; uint32_t uid, euid; };
int signal_owner_set(struct signal_owner *o, int kind, int number);
int signal_owner_number(const struct signal_owner *o);
void signal_send_owner(const struct signal_owner *o, const struct abi_siginfo *news);
int signal_send_group(int pgid, int signo, const struct abi_siginfo *info);

/* ---- oom.c ---- */
/*
 * oom_kill: the current thread must have memory and there is none: the process that has most is killed, unless one is
 * ending already. Then it is worth another try, if it was not the current one. -> no lock held.
 */
void oom_kill(void);

/* ---- session.c; all but the first: tree lock held ---- */
bool session_group_orphaned(const struct proc *p); /* nobody could set p's group going again */
void session_signal_locked(int pgid, int signo);  /* from the kernel, to every process of the group */
int session_of_group_locked(int pgid);            /* -ESRCH */

/* ---- sigqueue.c ---- */
unsigned signal_charged(uint32_t uid);            /* how many signals are queued for the user */

/* ---- random.c ---- */
void random_bytes(void *buf, size_t len); /* ChaCha20, keyed by RDRAND, the time stamp counter and the clock */

#endif
