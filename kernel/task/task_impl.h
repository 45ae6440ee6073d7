/* SPDX-License-Identifier: MIT */
/* What the files of kernel/task/ share with each other and with sys/process.c, sys/signal.c. */
#ifndef TASK_TASK_IMPL_H
#define TASK_TASK_IMPL_H

#include "task/task.h"

#define SLICE_NS 10000000ull /* how long a thread runs while another one waits for its CPU */
#define NO_DEADLINE UINT64_MAX
#define NSEC_PER_SEC 1000000000ull
#define CLOCK_TICKS 100      /* sysconf(_SC_CLK_TCK) */

/* Results of an interrupted call that the way out to user mode turns into a restart or EINTR; no program sees them. */
#define ERESTARTSYS 512     /* again, unless a handler without SA_RESTART ran */
#define ERESTARTNOINTR 513  /* again, whatever the signal does */
#define ERESTARTNOHAND 514  /* again, unless any handler ran */
#define ERESTARTBLOCK 516   /* like 514; the thread's restart_deadline says until when */

#define SIGBIT(signo) (1ull << ((signo) - 1))
#define HANDLER_DEFAULT 0
#define HANDLER_IGNORE 1
#define SIGMASK_UNBLOCKABLE (SIGBIT(SIGKILL) | SIGBIT(SIGSTOP))

/* ---- sched.c ---- */
extern const char *const thread_state_name[];
void sched_arm_slice(void);                /* the timer interrupt came: is the slice over? */
uint64_t sched_slice_end(void);            /* this CPU's; UINT64_MAX none */
void sched_resched(void);                  /* at the way out to user mode with cpu->resched set */
void sched_finish_switch(void);            /* first thing a thread does when it runs again */

/* ---- timer.c ---- */
void timer_init_all(void);
void timer_arm_before(uint64_t at_ns);     /* this CPU wants a timer interrupt at or before that time */

/* ---- thread.c ---- */
extern volatile uint64_t thread_count;          /* that exist, idle ones included; a dead one until it is freed */
void thread_init_all(void);
struct thread *thread_alloc(const char *name);  /* with kernel stack; not yet runnable; NULL */
struct thread *thread_adopt(const char *name);  /* the code that runs now becomes a thread (idle) */
void thread_free(struct thread *t);             /* never runs again; drops its process */
noreturn void thread_exit(void);                /* the current thread ends; the last of its process ends that too */
void thread_start_user(void *arg);              /* entry of threads whose frame is ready */

/* ---- proc.c ---- */
int pid_alloc(void);                            /* one use of it is the caller's; -EAGAIN */
void pid_get(int pid);
void pid_set_owner(int pid, struct proc *p);    /* who is found by it from now on, or whose thread is; NULL nobody */
void pid_put(int pid);                          /* the last use: it may be given out again */
/* proc_join_locked: pgid and sid become p's, which uses them until it has been waited for; tree lock held. */
void proc_join_locked(struct proc *p, int pgid, int sid);
struct proc *proc_alloc(void);                  /* refs 1, no pid, no threads; NULL */
static inline void proc_get(struct proc *p) { __atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED); }
void proc_put(struct proc *p);
void proc_add_thread(struct proc *p, struct thread *t);
struct thread *thread_find_locked(struct proc *p, int tid); /* one of p's, p->lock held; NULL */
void proc_link_locked(struct proc *p, struct proc *parent); /* tree lock held: into the lists */
void proc_unlink_locked(struct proc *p);
void proc_name_set(struct proc *p, const char *path);       /* comm: the last component */
uint64_t thread_cpu_ns(const struct thread *t);             /* time on a CPU so far */
uint64_t proc_cpu_ns(struct proc *p);                       /* time on CPUs so far, all threads */
struct spent proc_spent_locked(struct proc *p);             /* proc_spent with p->lock held */
void spent_add_thread(struct spent *sum, const struct thread *t);
void spent_add(struct spent *sum, const struct spent *u);
extern struct proc *proc_one;                               /* init */

/* ---- alarm.c ---- */
void alarm_init(struct alarm *a, struct proc *p, enum alarm_clock clock, int tid, void (*fire)(struct timer *));
void alarm_set_locked(struct alarm *a, uint64_t at_ns, uint64_t interval_ns); /* on its clock; 0: off */
bool alarm_due_locked(struct alarm *a);                     /* for its fire function: is it really time? */
/*
 * alarm_forward_locked: after it was due: the next time. unheard: nobody took its signal, so a short interval may wait.
 * -> how many times have passed; off counts as 1
 */
uint64_t alarm_forward_locked(struct alarm *a, bool unheard);
uint64_t alarm_now_locked(const struct alarm *a);
void alarm_end(struct alarm *a);                            /* its memory may go. -> no lock held */
void proc_alarms_init(struct proc *p);
void proc_alarms_end(struct proc *p);
void proc_alarm_taken_locked(struct proc *p);               /* a SIGALRM for the process has been taken */
void proc_cpu_limit_locked(struct proc *p);                 /* RLIMIT_CPU is new */

/* ---- posix_timer.c: of the current process ---- */
/*
 * posix_timer_create: its number; -EAGAIN, -EINVAL. by_id: it sends its number as the value; base_ns: what its clock
 * showed at boot.
 */
int posix_timer_create(enum alarm_clock clock, int tid, const struct abi_sigevent *ev, bool by_id, uint64_t base_ns);
int posix_timer_delete(int id);                             /* these: -EINVAL, there is none */
int posix_timer_get(int id, uint64_t *left_ns, uint64_t *interval_ns);
int posix_timer_set(int id, const struct timer_setting *new, uint64_t *old_left_ns, uint64_t *old_interval_ns);
int posix_timer_overrun(int id);
void posix_timers_end(struct proc *p);
void posix_timers_visit(struct proc *p, void (*visit)(struct user_count *u)); /* whom each counts against */

/* ---- session.c ---- */
/* session_group_left_locked: p's group has lost a connection to `parent`; except does not count any more. */
void session_group_left_locked(const struct proc *p, const struct proc *parent, const struct proc *except);
int session_set_group(int pid, int pgid);                   /* setpgid(2) */
int session_create(void);                                   /* setsid(2) */
/* the session of pid (0: the caller), and its group; -ESRCH */
int session_numbers(int pid, int *pgid);

/* ---- exit.c ---- */
void proc_kill_threads_locked(struct proc *p, int status);  /* p->lock held: the process ends with status */
void proc_release_vfork(struct proc *p);                    /* the child let go of its parent's memory */

/* ---- child.c ---- */
/* p is a zombie, or gone, after this; its children have a new parent */
void child_end(struct proc *p);
void child_thread_ends(struct proc *p, int tid);            /* a thread of p that is not the last */
#define STOP_REPORT_CONTINUED 0xffff /* in proc.stop_report, as in the status word of wait4 */
void child_tell_stopped(struct proc *p, int signo);
void child_tell_continued(struct proc *p);
enum usage_of { USAGE_SELF, USAGE_CHILDREN, USAGE_BOTH };
void proc_usage(struct proc *p, enum usage_of of, struct abi_rusage *usage);
void thread_usage(struct abi_rusage *usage);                /* of the current thread */
struct wait_query { enum { WAIT_ANY, WAIT_PID, WAIT_GROUP } who; int id, options; }; /* group 0: the caller's */
struct wait_found {
	int pid;                   /* 0: nobody (WNOHANG) */
	uint32_t uid;
	int word, code, status;    /* as wait4 and as SIGCHLD's siginfo tell it */
	struct abi_rusage usage;
	struct proc *dead;         /* proc_wait's own */
};
int proc_wait(const struct wait_query *q, struct wait_found *found); /* 0, -ECHILD, -ERESTARTSYS */

/* ---- fork.c ---- */
#define CLONE_NAMESPACES (CLONE_NEWTIME | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
                          CLONE_NEWPID | CLONE_NEWNET)
int namespaces_check(uint64_t flags);                       /* the answer to who wants new ones: 0 only without */

/* ---- exec.c ---- */
int proc_exec_init(const char *path);

/* ---- sigqueue.c: all but the first and the counters with p->lock held ---- */
void signal_queue_init_all(void);
void signal_queue_init(struct signal_queue *q);
/* signal_queue_add: pending from now on; info NULL: from the kernel. -EAGAIN: what must be queued cannot be. */
int signal_queue_add(struct signal_queue *q, struct proc *p, int signo, const struct abi_siginfo *info);
/* an entry of the caller's, not queued now */
void signal_queue_entry(struct signal_queue *q, struct signal_entry *e, int signo);
/* the oldest signo, which is pending */
void signal_queue_take(struct signal_queue *q, int signo, struct abi_siginfo *info);
void signal_queue_drop(struct signal_queue *q, uint64_t bits);
/* one more is queued for the user; NULL: too many, no memory */
struct user_count *signal_charge(uint32_t uid, uint64_t limit);
void signal_uncharge(struct user_count *u);
void signal_audit(void);                                    /* how many are queued for each user, see proc_audit */

/* ---- signal.c ---- */
void signal_recompute(struct thread *t);                    /* p->lock held: pending bit after mask or set changed */
void signal_set_mask(uint64_t mask);                        /* current thread */
/*
 * signal_hand_over_locked: the current thread was to take these of the process's signals and will not: another is told.
 */
void signal_hand_over_locked(struct proc *p, uint64_t bits);
/* signal_check: may the current process send it? 0 also for signal 0; -EINVAL, -EPERM */
int signal_check(const struct proc *p, int signo, const struct abi_siginfo *info);
int signal_send_thread_locked(struct thread *t, int signo, const struct abi_siginfo *info); /* its p->lock held */
/* signal_send_kernel_locked: a standard one, which `prefer` (NULL: nobody) takes before others; p->lock held. */
void signal_send_kernel_locked(struct proc *p, struct thread *prefer, int signo);
/* signal_send_proc_at: as signal_send_proc; the thread with this number takes it before others. */
int signal_send_proc_at(struct proc *p, int tid, int signo, const struct abi_siginfo *info);
/* signal_send_entry_locked: an entry that is part of something; only: the thread, NULL: the process; p->lock held. Not
 * to be sent
   twice before its `gone` has been called, which may be at once. */
void signal_send_entry_locked(struct proc *p, struct thread *only, int signo, struct signal_entry *e);
/* signal_send_checked: to p, which is current or the tree lock held, with the sender's permission; a thread's number or 0 */
int signal_send_checked(struct proc *p, int tid, int signo, const struct abi_siginfo *info);
/* kill(2)'s idea of pid, permissions checked */
int signal_send_pid(int pid, int signo, const struct abi_siginfo *info);
/* signal_set_action: the current process's new action (NULL: none), the old one to *old. */
void signal_set_action(int signo, const struct abi_sigaction *sa, struct abi_sigaction *old);
void signal_kick_all_locked(struct proc *p);                /* every thread is to look at its signals */
/* What the signal does if it is taken now. */
enum signal_effect { SIGNAL_NOTHING, SIGNAL_HANDLED, SIGNAL_STOPS, SIGNAL_KILLS };
enum signal_effect signal_effect_locked(const struct proc *p, int signo);
void thread_kick(struct thread *t);                         /* it has something to look at before user mode */

/* ---- actions.c ---- */
void actions_init_all(void);
struct actions *actions_create(void);                       /* all by default; NULL */
struct actions *actions_copy(struct actions *from);         /* NULL */
static inline void actions_get(struct actions *a) { __atomic_add_fetch(&a->refs, 1, __ATOMIC_RELAXED); }
void actions_put(struct actions *a);
int actions_unshare(void);                                  /* the current process, of one thread, has its own; -ENOMEM */
void actions_reset(struct actions *a);                      /* for a new program: what is ignored stays ignored */
void actions_exchange(struct actions *a, int signo, const struct abi_sigaction *new, struct abi_sigaction *old);
void actions_audit(void);

/* ---- sigforce.c ---- */
void signal_log_death(const struct thread *t, int signo, vaddr_t addr, vaddr_t rip);

extern volatile uint32_t signal_files; /* how many are open (file/signalfd.c): their pollers are told of each signal */

/* ---- sigwork.c ---- */
/* signal_take_locked: the next of these signals that is pending for the thread, taken from its set; 0 none. */
int signal_take_locked(struct thread *t, uint64_t these, struct abi_siginfo *info);
/*
 * signal_wait: the current thread takes one of these signals, blocked or not. wait: until one is there, or the deadline.
 * -> its number; -EAGAIN: none came; -EINTR: another did
 */
int signal_wait(uint64_t these, bool wait, uint64_t deadline, struct abi_siginfo *info);

/* ---- sigframe.c ---- */
/* frame_push: 0, or -EFAULT when the user's stack cannot take it. */
int signal_frame_push(struct trap_frame *f, int signo, const struct abi_sigaction *sa, const struct abi_siginfo *info,
                      uint64_t mask);
int signal_frame_pop(struct trap_frame *f);                 /* rt_sigreturn */
/* SS_DISABLE, SS_ONSTACK or 0, with the stack pointer at sp */
int signal_altstack_state(const struct thread *t, vaddr_t sp);
/* sigaltstack(2): -EPERM, -EINVAL, -ENOMEM */
int signal_altstack_set(struct thread *t, vaddr_t sp, const struct abi_stack *new);

/* ---- futex.c ---- */
int64_t futex_call(vaddr_t addr, unsigned op, uint32_t val, uint64_t timeout, vaddr_t addr2, uint32_t val3);

/* ---- robust.c ---- */
/* thread_release_memory: the current thread is about to let go of its space: what others wait for there is done. */
void thread_release_memory(struct thread *t);

#endif
