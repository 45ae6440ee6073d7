/* SPDX-License-Identifier: MIT */
/*
 * trap.c - signals: what the user set with trap, and what an interactive shell needs for itself
 *
 * A handler only sets a mark. The marks are looked at after every simple command, when a wait or a read
 * was interrupted, and at the prompt; the action runs then, as ordinary commands of the shell. Handlers
 * are installed without SA_RESTART, so that the wait and the read do come back; both look for marks and
 * wait in one step (wait_or_signal, trap_read), for a signal may come just before.
 *
 *	signal ──► pending[sig] = 1 ──► (next safe place) ──► eval of the trap's text
 *
 * "Signal" 0 is EXIT. An interactive shell catches SIGINT, to drop the line or loop it is in, and
 * ignores what would stop or end it by accident. A child gets back the default actions, except for
 * signals that were ignored by `trap ''`, which stay so.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include "../signals.h"
#include "sh.h"

static char *actions[NSIGNALS];		/* NULL: default; "": ignored */
static volatile sig_atomic_t pending[NSIGNALS];
static volatile sig_atomic_t any_pending;
static volatile sig_atomic_t interrupted;
static bool inside;			/* a trap is running: others wait for its end */

static const int ignored_interactive[] = { SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU };

static void on_signal(int sig)
{
	if (sig == SIGINT && !actions[sig]) {
		interrupted = 1;
		return;
	}
	pending[sig] = 1;
	any_pending = 1;
}

static void set_handler(int sig, void (*handler)(int))
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	sigemptyset(&sa.sa_mask);
	sigaction(sig, &sa, NULL);
}

/* Whoever started us may have ignored the ends of his children; ours are waited for. */
void trap_init(void)
{
	set_handler(SIGCHLD, SIG_DFL);
}

void trap_init_interactive(void)
{
	set_handler(SIGINT, on_signal);
	for (size_t i = 0; i < sizeof(ignored_interactive) / sizeof(int); i++)
		set_handler(ignored_interactive[i], SIG_IGN);
}

bool trap_interrupted(void)
{
	return interrupted;
}

void trap_clear_interrupt(void)
{
	interrupted = 0;
}

bool trap_is_pending(void)
{
	return any_pending || interrupted;
}

/* The signal that is waiting for its trap. */
int trap_pending_signal(void)
{
	for (int sig = 1; sig < NSIGNALS; sig++)
		if (pending[sig])
			return sig;
	return SIGINT;
}

static bool catches(void)
{
	for (int sig = 1; sig < NSIGNALS; sig++)
		if (actions[sig] && *actions[sig])
			return true;
	return sh.interactive;
}

/* A reader behind the back of its terminal is to be stopped or refused by the read itself. */
static bool in_background(void)
{
	pid_t front = tcgetpgrp(0);

	return front >= 0 && front != getpgrp();
}

/*
 * As read from standard input, but a caught signal ends it with EINTR even if it came just before. Signals come in only
 * while nothing else is done than to wait, so none falls between the look for it and the wait. What waits for the end of
 * the trap that runs does not count.
 */
ssize_t trap_read(char *buf, size_t len)
{
	sigset_t all, old;
	fd_set input;
	int ready = -1;

	if (!catches() || in_background())
		return read(0, buf, len);
	FD_ZERO(&input);
	FD_SET(0, &input);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	errno = EINTR;
	if (!interrupted && (!any_pending || inside))
		ready = pselect(1, &input, NULL, NULL, NULL, &old);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ready < 0 && errno == EINTR ? -1 : read(0, buf, len);
}

/* Signals of a new subshell; async: it runs in the background in our process group. */
void trap_reset_child(bool async)
{
	if (sh.interactive) {
		set_handler(SIGINT, SIG_DFL);
		for (size_t i = 0; i < sizeof(ignored_interactive) / sizeof(int); i++)
			set_handler(ignored_interactive[i], SIG_DFL);
	}
	for (int sig = 0; sig < NSIGNALS; sig++) {
		if (!actions[sig] || !*actions[sig])
			continue;
		free(actions[sig]);
		actions[sig] = NULL;
		pending[sig] = 0;
		if (sig)
			set_handler(sig, SIG_DFL);
	}
	if (async) {
		set_handler(SIGINT, SIG_IGN);
		set_handler(SIGQUIT, SIG_IGN);
	}
}

static void run_action(const char *action)
{
	int status = sh.status, in_test = sh.in_test;
	char *copy = xstrdup(action);	/* the action may replace itself */

	inside = true;
	eval_string(sh.name, copy);
	inside = false;
	free(copy);
	sh.in_test = in_test;
	sh.status = status;
}

void trap_run_pending(void)
{
	if (!any_pending || inside)
		return;
	any_pending = 0;
	for (int sig = 1; sig < NSIGNALS; sig++) {
		if (!pending[sig])
			continue;
		pending[sig] = 0;
		if (actions[sig] && *actions[sig])
			run_action(actions[sig]);
	}
}

/* The EXIT trap, once. */
void trap_run_exit(void)
{
	char *action = actions[0];

	if (!action)
		return;
	actions[0] = NULL;
	inside = false;
	sh.flow = FLOW_NONE;
	run_action(action);
}

static void trap_set(int sig, const char *action)
{
	free(actions[sig]);
	actions[sig] = action ? xstrdup(action) : NULL;
	if (!sig)
		return;
	if (action && *action)
		set_handler(sig, on_signal);
	else if (action && sig != SIGCHLD) /* ignoring that would lose what children end with */
		set_handler(sig, SIG_IGN);
	else if (sh.interactive && sig == SIGINT)
		set_handler(sig, on_signal);
	else
		set_handler(sig, SIG_DFL);
}

static void trap_list(void)
{
	for (int sig = 0; sig < NSIGNALS; sig++) {
		if (!actions[sig])
			continue;
		out_str("trap -- ");
		out_quoted(actions[sig]);
		out_fmt(" %s\n", sig ? signal_table[sig].name : "EXIT");
	}
}

/* trap [action] signal...: without an action (or with "-"), the default. */
int builtin_trap(int argc, char **argv)
{
	int i = 1, status = 0;
	const char *action = NULL;

	if (argc > 1 && strcmp(argv[1], "--") == 0)
		i++;
	if (i >= argc) {
		trap_list();
		return 0;
	}
	if (i + 1 < argc && signal_number(argv[i]) < 0) {
		action = strcmp(argv[i], "-") == 0 ? NULL : argv[i];
		i++;
	}
	for (; i < argc; i++) {
		int sig = signal_number(argv[i]);

		if (sig < 0 || sig >= NSIGNALS) {
			sh_warn("trap: %s: bad signal", argv[i]);
			status = 1;
			continue;
		}
		trap_set(sig, action);
	}
	return status;
}

bool trap_has_exit(void)
{
	return actions[0];
}
