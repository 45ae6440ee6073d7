/* SPDX-License-Identifier: MIT */
/*
 * Capabilities: what becomes of them when the numbers of a user change, when a program is executed, when a process
 * gives some up.
 *
 * User 0 is not privileged in itself; it is given capabilities at three moments (capabilities(7)), and every check in
 * the kernel asks for a capability:
 *
 *   effective user leaves 0      nothing is effective any more; back to 0: all that is permitted is
 *   all three users leave 0      nothing is permitted either, unless SECBIT_KEEP_CAPS is set
 *   file user leaves 0           the rights over files are not effective any more; back to 0: those permitted are
 *
 *   execve, P old, P' new        permitted'  = bounding | inheritable  when the real or the effective user will be 0
 *                                            | ambient
 *                                effective'  = permitted' when the effective user will be 0, else ambient
 *                                ambient'    = ambient, but nothing when the program is set-user-id or set-group-id
 *
 * Files carry no capabilities here. A process without new privileges (PR_SET_NO_NEW_PRIVS) gets none that it had not,
 * and no effective number but its real one; nor does one that shares its working directory with other processes, unless
 * it may set its numbers itself.
 *
 * Locks: none. A process changes its own sets only. Its threads share them, on Linux each has its own
 * (docs/limits.md): threads that change them at the same time get one's or the other's.
 */
#include "task/task_impl.h"

#include <abi/errno.h>
#include <abi/fcntl.h>
#include <abi/mount.h>
#include <abi/stat.h>

#include "file/file.h"
#include "lib/log.h"
#include "vm/vm.h"

#define CAPS_OVER_FILES \
	(CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_MKNOD) | CAP_BIT(CAP_DAC_OVERRIDE) | CAP_BIT(CAP_DAC_READ_SEARCH) | \
	 CAP_BIT(CAP_FOWNER) | CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_LINUX_IMMUTABLE) | CAP_BIT(CAP_MAC_OVERRIDE))

void cred_closed(void)
{
	thread_current()->space->undumpable = true;
	proc_current()->death_signal = 0;
}

static bool one_is_root(const struct user_ids *ids) { return !ids->uid || !ids->euid || !ids->suid; }

void cred_user_changed(const struct user_ids *old)
{
	struct proc *p = proc_current();
	struct caps *c = &p->caps;
	const struct user_ids new = { p->uid, p->euid, p->suid };
	if (c->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (one_is_root(old) && !one_is_root(&new)) {
		if (!(c->securebits & SECBIT_KEEP_CAPS))
			c->permitted = c->effective = 0;
		c->ambient = 0;
	}
	if (!old->euid && new.euid)
		c->effective = 0;
	if (old->euid && !new.euid)
		c->effective = c->permitted;
}

void cred_fsuid_changed(uint32_t old)
{
	struct proc *p = proc_current();
	struct caps *c = &p->caps;
	if (c->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (!old && p->fsuid)
		c->effective &= ~CAPS_OVER_FILES;
	if (old && !p->fsuid)
		c->effective |= c->permitted & CAPS_OVER_FILES;
}

int cred_set(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct caps *c = &proc_current()->caps;
	if (!capable(CAP_SETPCAP) && inheritable & ~(c->inheritable | c->permitted))
		return -EPERM;
	if (inheritable & ~(c->inheritable | c->bounding) || permitted & ~c->permitted || effective & ~permitted)
		return -EPERM;
	c->effective = effective;
	c->permitted = permitted;
	c->inheritable = inheritable;
	c->ambient &= permitted & inheritable;
	return 0;
}

/* ---- execve ---- */

/* The owner of a set-user-id file, the group of a set-group-id one, else whoever executes it. */
static void ids_of_program(const struct proc *p, const struct node *n, struct exec_cred *x)
{
	bool may = !p->no_new_privs && !(node_mount_flags(n) & MS_NOSUID);
	x->euid = may && n->mode & S_ISUID ? n->uid : p->euid;
	x->egid = may && (n->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) ? n->gid : p->egid;
}

void cred_for_exec(const struct file *program, struct exec_cred *x)
{
	const struct proc *p = proc_current();
	const struct caps *old = &p->caps;
	struct caps *new = &x->caps;
	ids_of_program(p, program->node, x);
	*new = *old;
	bool roots = !(old->securebits & SECBIT_NOROOT), whole = roots && !x->euid;
	new->permitted = roots && (!x->euid || !p->uid) ? old->bounding | old->inheritable : 0;
	bool changes = x->euid != p->uid || x->egid != p->gid, gains = new->permitted & ~old->permitted;
	bool watched = (changes || gains) && cwd_shared_outside(); /* others could move the new program elsewhere */
	if ((p->no_new_privs || watched) && (changes || gains)) {
		if (p->no_new_privs || !capable(CAP_SETUID)) {
			x->euid = p->uid;
			x->egid = p->gid;
		}
		new->permitted &= old->permitted;
	}
	if (changes)
		new->ambient = 0;
	new->permitted |= new->ambient;
	new->effective = whole ? new->permitted : new->ambient;
	new->securebits &= ~(uint32_t)SECBIT_KEEP_CAPS;
	x->secure = changes || (p->uid && (whole || new->permitted & ~new->ambient));
	bool mixed = p->euid != p->uid || p->egid != p->gid;
	bool other = x->euid != p->euid || x->egid != p->egid || x->euid != p->fsuid || x->egid != p->fsgid;
	x->closed = mixed || other || new->permitted & ~old->permitted || node_permission(program->node, R_OK);
}

void cred_exec_locked(struct proc *p, const struct exec_cred *x)
{
	assert_spin_held(&p->lock);
	p->euid = p->suid = p->fsuid = x->euid;
	p->egid = p->sgid = p->fsgid = x->egid;
	p->caps = x->caps;
	p->space->undumpable = x->closed;
	if (x->secure || x->closed)
		p->death_signal = 0;
}

/* ---- looking into others ---- */

bool cred_may_trace_locked(const struct proc *p, enum trace_ids by)
{
	assert_spin_held(&p->lock);
	const struct proc *self = proc_current();
	if (!self || p == self || capable(CAP_SYS_PTRACE))
		return true;
	uint32_t uid = by == TRACE_FS ? self->fsuid : self->uid, gid = by == TRACE_FS ? self->fsgid : self->gid;
	uint64_t caps = by == TRACE_FS ? self->caps.effective : self->caps.permitted;
	bool same = uid == p->uid && uid == p->euid && uid == p->suid && gid == p->gid && gid == p->egid &&
	            gid == p->sgid;
	return same && !(p->space && p->space->undumpable) && !(p->caps.permitted & ~caps);
}

bool cred_may_trace(struct proc *p, enum trace_ids by)
{
	spin_lock(&p->lock);
	bool may = cred_may_trace_locked(p, by);
	spin_unlock(&p->lock);
	return may;
}
