/* SPDX-License-Identifier: MIT */
/*
 * Terminals as job control knows them: which session controls one, and which of its groups is in the foreground.
 *
 * What a terminal does with bytes is its server's business (user/servers/tty). Who may use it, and who is signalled by
 * its keys, is here, because only the kernel knows sessions and groups:
 *
 *     open by a session's leader without a terminal ──► the session's (TIOCSCTTY the same, TIOCNOTTY or the leader's end undo it)
 *     read in the background        SIGTTIN to the caller's group          EIO when that would do nothing, or the group is orphaned
 *     write there with TOSTOP,      SIGTTOU to the caller's group          goes on when that is ignored; EIO when orphaned
 *       and changes of settings
 *     a key, a new size             the server says dev_signal(port, signo), and it goes to the foreground
 *
 * A terminal is known by its server's port; entries of dead servers are used again. /dev/tty is the one of the caller's
 * session.
 *
 * Locks: all fields are under the tree lock. terminal_check looks without it first, which a process in the foreground
 * never finds to be wrong for long: who changes groups meanwhile could as well have done so a moment later.
 */
#include <abi/termios.h>

#include "file/file_impl.h"
#include "file/terminal.h"

#define TERMINALS 8

struct terminal {
	struct port *port;         /* referenced; NULL: free */
	uint64_t rdev;             /* by which it was opened first */
	volatile int sid;          /* the session it controls; 0 none */
	volatile int foreground;   /* process group; 0 none */
	volatile bool tostop;
};

static struct terminal terminals[TERMINALS];

static bool controls(const struct terminal *t, const struct proc *p)
{
	return t->sid && t->sid == p->sid && !p->no_terminal;
}

static struct terminal *find_locked(const struct port *port)
{
	for (struct terminal *t = terminals; t < terminals + TERMINALS; t++)
		if (t->port == port)
			return t;
	return NULL;
}

static struct terminal *of_session_locked(const struct proc *p)
{
	for (struct terminal *t = terminals; t < terminals + TERMINALS; t++)
		if (t->port && controls(t, p))
			return t;
	return NULL;
}

/* The port of a server that has died, for the caller to put, when its entry is taken; *t NULL: all are in use. */
static struct port *add_locked(struct port *port, uint64_t rdev, struct terminal **out)
{
	*out = NULL;
	for (struct terminal *t = terminals; t < terminals + TERMINALS && !*out; t++)
		if (!t->port || !port_alive(t->port))
			*out = t;
	if (!*out)
		return NULL;
	struct port *old = (*out)->port;
	**out = (struct terminal){ .port = port, .rdev = rdev };
	port_get(port);
	return old;
}

static void take_locked(struct terminal *t, struct proc *p)
{
	t->sid = p->sid;
	t->foreground = p->pgid;
	p->no_terminal = false;
}

struct terminal *terminal_opened(struct port *port, uint64_t rdev, unsigned flags)
{
	struct proc *p = proc_current();
	struct port *old = NULL;
	mutex_lock(&proc_tree_lock);
	struct terminal *t = find_locked(port);
	if (!t)
		old = add_locked(port, rdev, &t);
	bool free = t && !t->sid && p->sid == p->pid && !of_session_locked(p);
	if (free && !(flags & O_NOCTTY) && (flags & O_ACCMODE) != O_WRONLY)
		take_locked(t, p);
	mutex_unlock(&proc_tree_lock);
	if (old)
		port_put(old);
	return t;
}

struct port *terminal_of_caller(uint64_t *rdev)
{
	mutex_lock(&proc_tree_lock);
	struct terminal *t = of_session_locked(proc_current());
	if (t) {
		port_get(t->port);
		*rdev = t->rdev;
	}
	struct port *port = t ? t->port : NULL;
	mutex_unlock(&proc_tree_lock);
	return port;
}

int terminal_numbers(const struct proc *p, int *foreground)
{
	assert_mutex_held(&proc_tree_lock);
	const struct terminal *t = of_session_locked(p);
	*foreground = t ? t->foreground : -1;
	return t ? (int)t->rdev : 0;
}

/* ---- keys and ends ---- */

int terminal_signal(const struct port *port, int signo)
{
	if (signo < 1 || signo > ABI_NSIG)
		return -EINVAL;
	mutex_lock(&proc_tree_lock);
	const struct terminal *t = find_locked(port);
	if (t)
		session_signal_locked(t->foreground, signo);
	mutex_unlock(&proc_tree_lock);
	return 0;
}

/* No session has it any more. */
static void leave_locked(struct terminal *t, bool ends)
{
	session_signal_locked(t->foreground, SIGHUP);
	if (!ends)
		session_signal_locked(t->foreground, SIGCONT);
	t->sid = t->foreground = 0;
}

void terminal_session_ends(const struct proc *p)
{
	if (p->sid != p->pid)
		return;
	mutex_lock(&proc_tree_lock);
	struct terminal *t = of_session_locked(p);
	if (t)
		leave_locked(t, true);
	mutex_unlock(&proc_tree_lock);
}

/* ---- the background ---- */

static bool ignores(struct proc *p, int signo)
{
	uint64_t bit = 1ull << (signo - 1);
	return p->actions[signo - 1].handler == 1 || thread_current()->sigmask & bit;
}

int terminal_check(const struct terminal *t, int signo)
{
	struct proc *p = proc_current();
	int foreground = t->foreground;
	if (likely(!foreground || p->pgid == foreground) || !controls(t, p))
		return 0;
	if (ignores(p, signo))
		return signo == SIGTTIN ? -EIO : 0;
	if (session_group_orphaned(p))
		return -EIO;
	mutex_lock(&proc_tree_lock);
	session_signal_locked(p->pgid, signo);
	mutex_unlock(&proc_tree_lock);
	return -EINTR; /* started again, by the rules for read, write and ioctl */
}

int terminal_check_write(const struct terminal *t)
{
	return unlikely(t->tostop) ? terminal_check(t, SIGTTOU) : 0;
}

bool terminal_changes(unsigned cmd)
{
	return cmd == TCSETS || cmd == TCSETSW || cmd == TCSETSF || cmd == TCSBRK || cmd == TCXONC || cmd == TCFLSH;
}

void terminal_set(struct terminal *t, const struct abi_termios *now)
{
	t->tostop = now->c_lflag & TOSTOP;
}

/* ---- ioctl ---- */

static int take(struct terminal *t, uint64_t steal, bool readable)
{
	struct proc *p = proc_current();
	bool leader = p->sid == p->pid, root = capable(CAP_SYS_ADMIN);
	int err = 0;
	mutex_lock(&proc_tree_lock);
	if (leader && t->sid == p->sid)
		goto out;
	if (!leader || of_session_locked(p) || (t->sid && !(steal == 1 && root)) || (!readable && !root))
		err = -EPERM;
	else
		take_locked(t, p);
out:
	mutex_unlock(&proc_tree_lock);
	return err;
}

static int give_up(struct terminal *t)
{
	struct proc *p = proc_current();
	int err = 0;
	mutex_lock(&proc_tree_lock);
	if (!controls(t, p))
		err = -ENOTTY;
	else if (p->sid == p->pid)
		leave_locked(t, false);
	else
		p->no_terminal = true;
	mutex_unlock(&proc_tree_lock);
	return err;
}

static int set_foreground(struct terminal *t, vaddr_t arg)
{
	struct proc *p = proc_current();
	int32_t pgid;
	int err = terminal_check(t, SIGTTOU);
	if (err)
		return err == -EIO ? -ENOTTY : err;
	if (copy_from_user(&pgid, arg, sizeof pgid))
		return -EFAULT;
	if (pgid < 0)
		return -EINVAL;
	mutex_lock(&proc_tree_lock);
	int sid = session_of_group_locked(pgid);
	if (!controls(t, p))
		err = -ENOTTY;
	else if (sid < 0)
		err = sid;
	else if (sid != p->sid)
		err = -EPERM;
	else
		t->foreground = pgid;
	mutex_unlock(&proc_tree_lock);
	return err;
}

static int number_out(const struct terminal *t, const volatile int *number, vaddr_t arg)
{
	int32_t value = *number;
	return controls(t, proc_current()) ? copy_to_user(arg, &value, sizeof value) : -ENOTTY;
}

bool terminal_ioctl(struct file *f, struct terminal *t, unsigned cmd, vaddr_t arg, int64_t *result)
{
	switch (cmd) {
	case TIOCGPGRP:
		*result = number_out(t, &t->foreground, arg);
		return true;
	case TIOCGSID:
		*result = number_out(t, &t->sid, arg);
		return true;
	case TIOCSPGRP:
		*result = set_foreground(t, arg);
		return true;
	case TIOCSCTTY:
		*result = take(t, arg, (f->flags & O_ACCMODE) != O_WRONLY);
		return true;
	case TIOCNOTTY:
		*result = give_up(t);
		return true;
	default:
		return false;
	}
}
