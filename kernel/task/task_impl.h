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
#define ERESTARTNOHAND 514  /* again, unless any handler ran */
#define ERESTARTSLEEP 516   /* like 514; the thread's restart_deadline says until when */

#define SIGBIT(signo) (1ull << ((signo) - 1))
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
int pid_alloc(void);                            /* -EAGAIN */
void pid_free(int pid);
struct proc *proc_alloc(void);                  /* refs 1, no pid, no threads; NULL */
static inline void proc_get(struct proc *p) { __atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED); }
void proc_put(struct proc *p);
void proc_add_thread(struct proc *p, struct thread *t);
void proc_link_locked(struct proc *p, struct proc *parent); /* tree lock held: into the lists */
void proc_unlink_locked(struct proc *p);
void proc_name_set(struct proc *p, const char *path);       /* comm: the last component */
uint64_t proc_cpu_ns(struct proc *p);                       /* time on CPUs so far, all threads */
extern struct proc *proc_one;                               /* init */

/* ---- exit.c ---- */
void proc_kill_threads_locked(struct proc *p, int status);  /* p->lock held: the process ends with status */
void proc_notify_parent(struct proc *p, int code, int status); /* tree lock held: SIGCHLD, and wake wait4 */
void proc_release_vfork(struct proc *p);                    /* the child let go of its parent's memory */
struct abi_rusage;
int proc_wait(int pid, int *status, int options, struct abi_rusage *usage); /* pid; 0 with WNOHANG; -ECHILD, -ERESTARTSYS */
void proc_usage(struct proc *p, bool children, struct abi_rusage *usage);

/* ---- exec.c ---- */
int proc_exec_init(const char *path);

/* ---- signal.c ---- */
void signal_init_thread(struct thread *t);
void signal_reset_for_exec(struct proc *p);
void signal_recompute(struct thread *t);                    /* p->lock held: pending bit after mask or set changed */
void signal_set_mask(uint64_t mask);                        /* current thread */
/* signal_hand_over_locked: the current thread was to take these of the process's signals and will not: another is told. */
void signal_hand_over_locked(struct proc *p, uint64_t bits);
int signal_send_thread_locked(struct thread *t, int signo, const struct abi_siginfo *info); /* its p->lock held */
int signal_send_pid(int pid, int signo, const struct abi_siginfo *info); /* kill(2)'s idea of pid, permissions checked */
/* signal_take_locked: the next deliverable signal of the current thread, removed from its set; 0 none. */
int signal_take_locked(struct thread *t, struct abi_siginfo *info);
bool signal_default_ignores(int signo);
bool signal_default_stops(int signo);
const char *signal_name(int signo);
void thread_kick(struct thread *t);                         /* it has something to look at before user mode */

/* ---- sigframe.c ---- */
/* frame_push: 0, or -EFAULT when the user's stack cannot take it. */
int signal_frame_push(struct trap_frame *f, int signo, const struct abi_sigaction *sa, const struct abi_siginfo *info,
                      uint64_t mask);
int signal_frame_pop(struct trap_frame *f);                 /* rt_sigreturn */
int signal_altstack_state(const struct thread *t, vaddr_t sp); /* SS_DISABLE, SS_ONSTACK or 0, with the stack pointer at sp */
int signal_altstack_set(struct thread *t, vaddr_t sp, const struct abi_stack *new); /* sigaltstack(2): -EPERM, -EINVAL, -ENOMEM */

/* ---- futex.c ---- */
int64_t futex_call(vaddr_t addr, unsigned op, uint32_t val, uint64_t timeout, vaddr_t addr2, uint32_t val3);

/* ---- robust.c ---- */
/* thread_release_memory: the current thread is about to let go of its space: what others wait for there is done. */
void thread_release_memory(struct thread *t);

#endif
