/* SPDX-License-Identifier: MIT */
/*
 * jobs.c - processes, jobs and the terminal
 *
 * A job is what one line started that is waited for as one thing: the stages of a pipeline, a command
 * with `&`, a command substitution. Its state follows from its processes:
 *
 *	any runs                      RUNNING
 *	none runs, any stopped        STOPPED	stays in the table; fg continues it
 *	all ended                     DONE	status is that of the last process
 *
 * With job control (an interactive shell whose terminal knows process groups) every job has a process
 * group of its own, and the terminal belongs to the group in the foreground; so ^C reaches that job and
 * not the shell. Both parent and child set the group, because either may run first. Where the terminal
 * refuses (ENOTTY, ENOSYS) the shell does without and all share its group.
 *
 * Nothing happens in signal handlers here: processes are collected by waitpid, in the foreground wait,
 * in `wait`, and before each prompt. A subshell forgets all jobs, they are not its children.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../signals.h"
#include "sh.h"

enum job_state { JOB_RUNNING, JOB_STOPPED, JOB_DONE };

struct proc {
	pid_t pid;
	int status;		/* as waitpid gave it */
	enum job_state state;
};

struct job {
	struct job *next;
	int id;			/* %id, 0 for a job that was never in the background */
	pid_t pgid;
	bool noticed;		/* the user knows its present state */
	char *text;
	int nprocs, cap;
	struct proc procs[];
};

static struct job *jobs;	/* newest first */

const char *signal_text(int sig)
{
	if (sig > 0 && sig < NSIGNALS)
		return signal_table[sig].text;
	return "Real-time signal";
}

struct job *job_create(const char *text, int nprocs)
{
	struct job *j = xmalloc(sizeof(*j) + nprocs * sizeof(j->procs[0]));

	*j = (struct job){ .next = jobs, .cap = nprocs };
	j->text = xstrdup(text ? text : "");
	jobs = j;
	return j;
}

static void job_remove(struct job *j)
{
	struct job **p = &jobs;

	while (*p != j)
		p = &(*p)->next;
	*p = j->next;
	free(j->text);
	free(j);
}

void jobs_forget_all(void)
{
	while (jobs)
		job_remove(jobs);
}

static enum job_state job_state(const struct job *j)
{
	enum job_state state = JOB_DONE;

	for (int i = 0; i < j->nprocs; i++) {
		if (j->procs[i].state == JOB_RUNNING)
			return JOB_RUNNING;
		if (j->procs[i].state == JOB_STOPPED)
			state = JOB_STOPPED;
	}
	return state;
}

/* $? of a job that is not running. */
static int job_status(const struct job *j)
{
	int st = j->nprocs ? j->procs[j->nprocs - 1].status : 0;

	for (int i = 0; i < j->nprocs; i++)
		if (j->procs[i].state == JOB_STOPPED)
			st = j->procs[i].status;
	if (WIFSTOPPED(st))
		return 128 + WSTOPSIG(st);
	return WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
}

static void give_terminal(pid_t pgid)
{
	if (sh.tty_fd >= 0)
		tcsetpgrp(sh.tty_fd, pgid);
}

/* What makes a child of the shell a subshell. */
static void child_begin(struct job *j, enum fork_mode mode)
{
	bool monitor = sh.monitor && j && mode != FORK_SUBST;

	if (monitor) {
		setpgid(0, j->pgid);
		if (mode == FORK_FG)
			give_terminal(getpgrp());
	}
	trap_reset_child(mode == FORK_BG && !monitor);
	if (mode == FORK_BG && !monitor) {
		int fd = open("/dev/null", O_RDONLY);

		if (fd > 0) {
			dup2(fd, 0);
			close(fd);
		}
	}
	sh.interactive = false;
	sh.monitor = false;
	sh.top = NULL;
	jobs_forget_all();
}

/*
 * Fork a process of a job (NULL: of no job, never waited for).
 * - 0 in the child, which is a subshell then; the process's number in the parent
 */
pid_t job_fork(struct job *j, enum fork_mode mode)
{
	struct proc *proc;
	pid_t pid;

	out_flush();
	pid = fork();
	if (pid < 0)
		sh_error("fork: %s", strerror(errno));
	if (pid == 0) {
		child_begin(j, mode);
		return 0;
	}
	if (!j)
		return pid;
	if (sh.monitor && mode != FORK_SUBST) {
		if (!j->pgid)
			j->pgid = pid;
		setpgid(pid, j->pgid);
		if (mode == FORK_FG && j->pgid == pid)
			give_terminal(pid);
	}
	proc = &j->procs[j->nprocs++];
	*proc = (struct proc){ .pid = pid, .state = JOB_RUNNING };
	return pid;
}

/* Enter what waitpid said about a process. */
static void note_status(pid_t pid, int st)
{
	for (struct job *j = jobs; j; j = j->next) {
		for (int i = 0; i < j->nprocs; i++) {
			if (j->procs[i].pid != pid || j->procs[i].state == JOB_DONE)
				continue;
			j->procs[i].status = st;
			j->procs[i].state = WIFSTOPPED(st) ? JOB_STOPPED : JOB_DONE;
			j->noticed = false;
			return;
		}
	}
}

/* Wait for one change; false with errno when there is none to wait for, or on a signal. */
static bool wait_once(int flags)
{
	int st;
	pid_t pid = waitpid(-1, &st, flags | (sh.monitor ? WUNTRACED : 0));

	if (pid <= 0)
		return false;
	note_status(pid, st);
	return true;
}

static void on_child(int sig)
{
	(void)sig;
}

/*
 * As wait_once(0), but a signal that has a trap ends it, with EINTR. Signals come in only while nothing else is done than
 * to wait, so none falls between the look for it and the wait. The end of a child is one of them.
 */
static bool wait_or_signal(void)
{
	struct sigaction action = { .sa_handler = on_child }, before;
	sigset_t all, old;
	bool changed;
	int error;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	sigaction(SIGCHLD, NULL, &before);
	if (before.sa_handler == SIG_DFL)
		sigaction(SIGCHLD, &action, NULL);
	for (errno = 0; !(changed = wait_once(WNOHANG)) && !errno;) {
		if (trap_is_pending()) {
			errno = EINTR;
		} else {
			sigsuspend(&old);
			errno = 0;
		}
	}
	error = errno;
	sigaction(SIGCHLD, &before, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = error;
	return changed;
}

/* The kernel knows no more children: whatever still counts as running was lost. */
static void children_lost(struct job *j)
{
	for (int i = 0; i < j->nprocs; i++)
		j->procs[i].state = JOB_DONE;
}

static const char *state_text(const struct job *j, char *buf)
{
	int status = job_status(j);

	switch (job_state(j)) {
	case JOB_RUNNING:
		return "Running";
	case JOB_STOPPED:
		return "Stopped";
	default:
		if (status > 128 && WIFSIGNALED(j->procs[j->nprocs - 1].status))
			return signal_text(status - 128);
		if (!status)
			return "Done";
		strcpy(buf, "Done(   )");
		buf[5] = '0' + status / 100;
		buf[6] = '0' + status / 10 % 10;
		buf[7] = '0' + status % 10;
		return buf;
	}
}

static void job_print(struct job *j)
{
	char buf[16];

	out_fmt("[%d] %c %-26s %s\n", j->id, j == jobs ? '+' : '-', state_text(j, buf), j->text);
	j->noticed = true;
}

static void job_number(struct job *j)
{
	int id = 1;

	for (struct job *k = jobs; k; k = k->next)
		if (k->id >= id)
			id = k->id + 1;
	j->id = id;
}

/* Say how a foreground job was ended by a signal; ^C and a broken pipe need no words. */
static void report_signal(const struct job *j)
{
	int st = j->procs[j->nprocs - 1].status, sig;
	const char *text;

	if (!WIFSIGNALED(st))
		return;
	sig = WTERMSIG(st);
	if (sig == SIGINT && sh.interactive) {
		write_all(2, "\n", 1);
	} else if (sig != SIGINT && sig != SIGPIPE) {
		text = signal_text(sig);
		write_all(2, text, strlen(text));
		if (WCOREDUMP(st))
			write_all(2, " (core dumped)", 14);
		write_all(2, "\n", 1);
	}
}

/* Wait for a foreground job; its status. A job that stops instead goes to the background. */
int job_wait_fg(struct job *j)
{
	int status;

	while (job_state(j) == JOB_RUNNING)
		if (!wait_once(0) && errno == ECHILD)
			children_lost(j);
	if (sh.monitor)
		give_terminal(getpgrp());
	status = job_status(j);
	if (job_state(j) == JOB_STOPPED) {
		job_number(j);
		write_all(2, "\n", 1);
		job_print(j);
		out_flush();
		return status;
	}
	report_signal(j);
	job_remove(j);
	if (sh.interactive && status == 128 + SIGINT)
		sh_abort(status);
	return status;
}

/* A job was started with &. */
void job_start_bg(struct job *j)
{
	job_number(j);
	j->noticed = true;
	sh.last_async = j->procs[j->nprocs - 1].pid;
	if (sh.interactive) {
		out_fmt("[%d] %d\n", j->id, (int)sh.last_async);
		out_flush();
	}
}

/* Collect what ended meanwhile and, interactive, tell. Called before each prompt. */
void jobs_notify(void)
{
	struct job *next;

	while (wait_once(WNOHANG))
		;
	for (struct job *j = jobs; j; j = next) {
		next = j->next;
		if (j->id && !j->noticed)
			job_print(j);
		if (job_state(j) == JOB_DONE)
			job_remove(j);
	}
	out_flush();
}

/* Find %n, %%, %+, %- or %text; spec NULL is the newest. */
static struct job *job_find(const char *spec)
{
	struct job *j;

	if (spec && *spec == '%')
		spec++;
	if (!spec || !*spec || strcmp(spec, "+") == 0 || strcmp(spec, "%") == 0) {
		for (j = jobs; j; j = j->next)
			if (j->id)
				return j;
		return NULL;
	}
	for (j = jobs; j; j = j->next)
		if (j->id && (j->id == atoi(spec) || strncmp(j->text, spec, strlen(spec)) == 0))
			return j;
	return NULL;
}

/* What kill takes for %job: the process group, or the process without job control. 0: no such job. */
pid_t job_target(const char *spec)
{
	struct job *j = job_find(spec);

	if (!j)
		return 0;
	return j->pgid ? -j->pgid : j->procs[j->nprocs - 1].pid;
}

static void list_jobs(struct job *j)
{
	if (!j)
		return;
	list_jobs(j->next);
	if (j->id)
		job_print(j);
}

int builtin_jobs(int argc, char **argv)
{
	struct job *next;

	(void)argc, (void)argv;
	while (wait_once(WNOHANG))
		;
	list_jobs(jobs);
	for (struct job *j = jobs; j; j = next) {
		next = j->next;
		if (j->id && job_state(j) == JOB_DONE)
			job_remove(j);
	}
	return 0;
}

/* fg and bg. */
int builtin_fg(int argc, char **argv)
{
	struct job *j = job_find(argc > 1 ? argv[1] : NULL);
	bool fg = argv[0][0] == 'f';

	if (!sh.monitor) {
		sh_warn("%s: no job control", argv[0]);
		return 1;
	}
	if (!j) {
		sh_warn("%s: no such job", argv[0]);
		return 1;
	}
	out_fmt("%s\n", j->text);
	out_flush();
	if (fg)
		give_terminal(j->pgid);
	for (int i = 0; i < j->nprocs; i++)
		if (j->procs[i].state == JOB_STOPPED)
			j->procs[i].state = JOB_RUNNING;
	kill(-j->pgid, SIGCONT);
	return fg ? job_wait_fg(j) : 0;
}

/* Wait until a job has ended; false when a signal came first. */
static bool wait_for(struct job *j)
{
	while (job_state(j) == JOB_RUNNING) {
		if (wait_or_signal())
			continue;
		if (errno == ECHILD)
			children_lost(j);
		else if (trap_is_pending())
			return false;
	}
	return true;
}

static struct job *job_of_pid(pid_t pid)
{
	for (struct job *j = jobs; j; j = j->next)
		for (int i = 0; i < j->nprocs; i++)
			if (j->procs[i].pid == pid)
				return j;
	return NULL;
}

static int wait_all(void)
{
	struct job *next;

	for (struct job *j = jobs; j; j = next) {
		if (!wait_for(j))
			return 128 + trap_pending_signal();
		next = j->next;
		if (job_state(j) == JOB_DONE)
			job_remove(j);
	}
	return 0;
}

int builtin_wait(int argc, char **argv)
{
	int status = 0;

	if (argc == 1)
		return wait_all();
	for (int i = 1; i < argc; i++) {
		struct job *j = argv[i][0] == '%' ? job_find(argv[i]) : job_of_pid(atoi(argv[i]));

		if (!j) {
			status = 127;
			continue;
		}
		if (!wait_for(j))
			return 128 + trap_pending_signal();
		status = job_status(j);
		if (job_state(j) == JOB_DONE)
			job_remove(j);
	}
	return status;
}

/* Take the terminal and a process group of our own, if there is such a thing here. */
void jobs_init(void)
{
	pid_t fg;

	sh.tty_fd = fcntl(0, F_DUPFD_CLOEXEC, 10);
	if (sh.tty_fd < 0)
		return;
	while ((fg = tcgetpgrp(sh.tty_fd)) > 0 && fg != getpgrp())
		if (kill(0, SIGTTIN) < 0)
			break;
	if (fg <= 0) {
		close(sh.tty_fd);
		sh.tty_fd = -1;
		return;
	}
	setpgid(0, 0);
	tcsetpgrp(sh.tty_fd, getpgrp());
	sh.monitor = true;
}
