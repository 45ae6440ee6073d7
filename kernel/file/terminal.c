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
 *     a key, a new size             the server says dev_signal(port, terminal, signo), and it goes to the foreground
 *     hang-up: the leader ends      SIGHUP to the foreground; what is open of it is dead: reads end, writes fail
 *       the master's side closes    SIGHUP and SIGCONT to the leader, and to the foreground when he ends; likewise dead
 *       (a pseudo-terminal's session may lose its leader without that)
 *
 * A terminal is known by its server's port and number there; entries of dead servers are used again. An open file
 * remembers how many hang-ups there had been. /dev/tty is the one of the caller's session.
 *
 * Locks: all fields are under the tree lock. terminal_check looks without it first, which a process in the foreground
 * never finds to be wrong for long: who changes groups meanwhile could as well have done so a moment later.
 */
#include <abi/devproto.h>
#include <abi/termios.h>

#include "file/devices.h"
#include "file/terminal.h"

#define TERMINALS (8 + PTS_MAX)

struct terminal {
	struct port *port;         /* referenced; NULL: free */
	uint64_t number;           /* by which its server knows it */
	uint64_t rdev;             /* by which it was opened first */
	volatile int sid;          /* the session it controls; 0 none */
	volatile int foreground;   /* process group; 0 none */
	volatile uint32_t hangups;
	int hung_sid, hung_foreground; /* whose leader has yet to end after a hang-up; 0 none */
	bool exclusive;            /* TIOCEXCL */
	volatile bool tostop;
};

static struct terminal terminals[TERMINALS];

static bool controls(const struct terminal *t, const struct proc *p)
{
	return t->sid && t->sid == p->sid && !p->no_terminal;
}

static struct terminal *find_locked(const struct port *port, uint64_t number)
{
	for (struct terminal *t = terminals; t < terminals + TERMINALS; t++)
		if (t->port == port && t->number == number)
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
static struct port *add_locked(struct port *port, uint64_t number, uint64_t rdev, struct terminal **out)
{
	*out = NULL;
	for (struct terminal *t = terminals; t < terminals + TERMINALS && !*out; t++)
		if (!t->port || !port_alive(t->port))
			*out = t;
	if (!*out)
		return NULL;
	struct port *old = (*out)->port;
	**out = (struct terminal){ .port = port, .number = number, .rdev = rdev };
	port_get(port);
	return old;
}

static void take_locked(struct terminal *t, struct proc *p)
{
	t->sid = p->sid;
	t->foreground = p->pgid;
	p->no_terminal = false;
}

struct terminal *terminal_opened(struct port *port, uint64_t number, uint64_t rdev, unsigned flags)
{
	struct proc *p = proc_current();
	struct port *old = NULL;
	mutex_lock(&proc_tree_lock);
	struct terminal *t = find_locked(port, number);
	if (!t)
		old = add_locked(port, number, rdev, &t);
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

int terminal_signal(const struct port *port, uint64_t number, int signo)
{
	if (signo < 1 || signo > ABI_NSIG)
		return -EINVAL;
	mutex_lock(&proc_tree_lock);
	const struct terminal *t = find_locked(port, number);
	if (t)
		session_signal_locked(t->foreground, signo);
	mutex_unlock(&proc_tree_lock);
	return 0;
}

static void signal_leader_locked(int sid, int signo)
{
	struct proc *p = proc_find_locked(sid);

	if (p)
		(void)signal_send_proc(p, signo, NULL);
}

/* No session has it any more. */
static void leave_locked(struct terminal *t)
{
	t->sid = t->foreground = 0;
}

void terminal_hang_up(struct terminal *t)
{
	mutex_lock(&proc_tree_lock);
	t->hangups++;
	t->exclusive = t->tostop = false;
	if (t->sid) {
		signal_leader_locked(t->sid, SIGHUP);
		signal_leader_locked(t->sid, SIGCONT);
		t->hung_sid = t->sid;
		t->hung_foreground = t->foreground;
		leave_locked(t);
	}
	mutex_unlock(&proc_tree_lock);
}

/* The port, referenced, of a terminal that the leader's end hangs up; NULL: it does not. */
static struct port *leader_ends_locked(struct terminal *t)
{
	session_signal_locked(t->foreground, SIGHUP);
	leave_locked(t);
	if (dev_is_pts(t->rdev))
		return NULL;
	t->hangups++;
	t->exclusive = false;
	port_get(t->port);
	return t->port;
}

static void leader_of_hung_ends_locked(int sid)
{
	for (struct terminal *t = terminals; t < terminals + TERMINALS; t++) {
		if (t->hung_sid != sid)
			continue;
		session_signal_locked(t->hung_foreground, SIGHUP);
		session_signal_locked(t->hung_foreground, SIGCONT);
		t->hung_sid = t->hung_foreground = 0;
	}
}

void terminal_session_ends(const struct proc *p)
{
	struct msg m = { .op = DEV_HANGUP };

	if (p->sid != p->pid)
		return;
	mutex_lock(&proc_tree_lock);
	leader_of_hung_ends_locked(p->sid);
	struct terminal *t = of_session_locked(p);
	struct port *port = t ? leader_ends_locked(t) : NULL;
	mutex_unlock(&proc_tree_lock);
	if (!port)
		return;
	(void)port_call_kernel(port, &m, NULL, NULL, 0, NULL, CALL_TO_DEATH);
	port_put(port);
}

uint32_t terminal_hangups(const struct terminal *t)
{
	return t->hangups;
}

bool terminal_refuses(const struct terminal *t)
{
	return t->exclusive && !capable(CAP_SYS_ADMIN);
}

/* ---- the background ---- */

static bool ignores(struct proc *p, int signo)
{
	uint64_t bit = 1ull << (signo - 1);
	return p->actions->of[signo - 1].handler == 1 || thread_current()->sigmask & bit;
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

bool terminal_changes(unsigned cmd, bool master)
{
	return (cmd >= TCSETS && cmd <= TCSETSF) || (cmd >= TCSETA && cmd <= TCSETAF) ||
	       (!master && (cmd == TCSBRK || cmd == TCXONC || cmd == TCFLSH || cmd == TCSBRKP));
}

void terminal_set(struct terminal *t, uint64_t lflag)
{
	t->tostop = lflag & TOSTOP;
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
	if (!controls(t, p)) {
		err = -ENOTTY;
	} else if (p->sid == p->pid) {
		session_signal_locked(t->foreground, SIGHUP);
		session_signal_locked(t->foreground, SIGCONT);
		leave_locked(t);
	} else {
		p->no_terminal = true;
	}
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

/* Asked through the master's side, it need not be the caller's terminal. */
static int number_out(const struct terminal *t, const volatile int *number, bool master, vaddr_t arg)
{
	int32_t value = *number;

	if (!master && !controls(t, proc_current()))
		return -ENOTTY;
	return master && !value && number == &t->sid ? -ENOTTY : copy_to_user(arg, &value, sizeof value);
}

static int exclusive_out(const struct terminal *t, vaddr_t arg)
{
	int32_t value = t->exclusive;

	return copy_to_user(arg, &value, sizeof value);
}

static int rdev_out(const struct terminal *t, vaddr_t arg)
{
	uint32_t value = (uint32_t)t->rdev;

	return copy_to_user(arg, &value, sizeof value);
}

static int set_exclusive(struct terminal *t, bool exclusive)
{
	t->exclusive = exclusive;
	return 0;
}

bool terminal_ioctl(struct file *f, struct terminal *t, bool master, unsigned cmd, vaddr_t arg, int64_t *result)
{
	switch (cmd) {
	case TIOCGPGRP:
		*result = number_out(t, &t->foreground, master, arg);
		return true;
	case TIOCGSID:
		*result = number_out(t, &t->sid, master, arg);
		return true;
	case TIOCSPGRP:
		*result = set_foreground(t, arg);
		return true;
	case TIOCSCTTY:
		*result = take(t, arg, (f->flags & O_ACCMODE) != O_WRONLY);
		return true;
	case TIOCNOTTY:
		*result = master ? -ENOTTY : give_up(t);
		return true;
	case TIOCEXCL:
	case TIOCNXCL:
		*result = master ? 0 : set_exclusive(t, cmd == TIOCEXCL);
		return true;
	case TIOCGEXCL:
		*result = exclusive_out(t, arg);
		return true;
	case TIOCGDEV:
		*result = rdev_out(t, arg);
		return true;
	case TIOCSTI:
		*result = -EPERM;
		return !controls(t, proc_current()) && !capable(CAP_SYS_ADMIN);
	default:
		return false;
	}
}
