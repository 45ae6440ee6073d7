/* SPDX-License-Identifier: MIT */
/*
 * capget(2), capset(2) and the requests of prctl(2) about capabilities. The rules are task/cred.c's.
 *
 * The sets travel in words of 32: one of each set in version 1, two in 2 and 3. A header of another version is given
 * the newest and refused, which is how a program asks for it.
 */
#include <abi/capability.h>
#include <abi/errno.h>
#include <abi/misc.h>

#include "sys/calls.h"
#include "sys/sys.h"
#include "task/task_impl.h"
#include "vm/vm.h"

#define SECBITS 0x55u      /* each of them has its lock one bit above */
#define SECBIT_LOCKS 0xaau

/* How many words this version has; -EINVAL after the header has been given the newest. */
static int words_of_version(vaddr_t header)
{
	uint32_t version, newest = _LINUX_CAPABILITY_VERSION_3;
	if (copy_from_user(&version, header, sizeof(version)) != 0)
		return -EFAULT;
	if (version == _LINUX_CAPABILITY_VERSION_1)
		return 1;
	if (version == _LINUX_CAPABILITY_VERSION_2 || version == _LINUX_CAPABILITY_VERSION_3)
		return 2;
	return copy_to_user(header, &newest, sizeof(newest)) != 0 ? -EFAULT : -EINVAL;
}

static int pid_from_user(vaddr_t header, int *pid)
{
	return copy_from_user(pid, header + offsetof(struct abi_cap_header, pid), sizeof(*pid)) != 0 ? -EFAULT : 0;
}

static bool has_thread(struct proc *p, int tid)
{
	bool found = false;
	spin_lock(&p->lock);
	list_for_each(n, &p->threads)
		found = found || list_entry(n, struct thread, proc_link)->tid == tid;
	spin_unlock(&p->lock);
	return found;
}

/* The sets of thread tid, 0: the caller's. */
static int caps_of(int tid, struct caps *caps)
{
	int err = -ESRCH;
	mutex_lock(&proc_tree_lock);
	list_for_each(n, &proc_all) {
		struct proc *p = list_entry(n, struct proc, all_link);
		if (tid ? p->pid == tid || has_thread(p, tid) : p == proc_current()) {
			*caps = p->caps;
			err = 0;
		}
	}
	mutex_unlock(&proc_tree_lock);
	return err;
}

SYSCALL(capget)
{
	struct caps caps;
	int pid, words = words_of_version(a);
	if (words < 0)
		return words == -EINVAL && !b ? 0 : words;
	if (!b)
		return 0;
	int err = pid_from_user(a, &pid);
	if (!err)
		err = pid < 0 ? -EINVAL : caps_of(pid, &caps);
	if (err)
		return err;
	const struct abi_cap_data data[2] = {
		{ (uint32_t)caps.effective, (uint32_t)caps.permitted, (uint32_t)caps.inheritable },
		{ caps.effective >> 32, caps.permitted >> 32, caps.inheritable >> 32 },
	};
	return copy_to_user(b, data, (size_t)words * sizeof(data[0]));
}

static uint64_t joined(uint32_t low, uint32_t high) { return (low | (uint64_t)high << 32) & CAPS_ALL; }

SYSCALL(capset)
{
	struct abi_cap_data data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	int pid, words = words_of_version(a);
	if (words < 0)
		return words;
	if (pid_from_user(a, &pid) != 0)
		return -EFAULT;
	if (pid && pid != thread_current()->tid)
		return -EPERM;
	if (copy_from_user(data, b, (size_t)words * sizeof(data[0])) != 0)
		return -EFAULT;
	return cred_set(joined(data[0].effective, data[1].effective), joined(data[0].permitted, data[1].permitted),
	                joined(data[0].inheritable, data[1].inheritable));
}

/* ---- prctl ---- */

int64_t capability_bounding(bool drop, uint64_t cap)
{
	struct caps *c = &proc_current()->caps;
	if (drop && !capable(CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	if (!drop)
		return !!(c->bounding & CAP_BIT(cap));
	c->bounding &= ~CAP_BIT(cap);
	return 0;
}

int64_t capability_keep(uint64_t keep)
{
	struct caps *c = &proc_current()->caps;
	if (keep > 1)
		return -EINVAL;
	if (c->securebits & SECBIT_KEEP_CAPS_LOCKED)
		return -EPERM;
	c->securebits = (c->securebits & ~(uint32_t)SECBIT_KEEP_CAPS) | (keep ? SECBIT_KEEP_CAPS : 0);
	return 0;
}

/* What is locked stays, and stays locked. */
int64_t capability_securebits(uint64_t bits)
{
	struct caps *c = &proc_current()->caps;
	uint32_t locks = c->securebits & SECBIT_LOCKS;
	if (bits & ~(uint64_t)(SECBITS | SECBIT_LOCKS) || locks & ~bits || (locks >> 1 & (c->securebits ^ bits)))
		return -EPERM;
	if (!capable(CAP_SETPCAP))
		return -EPERM;
	c->securebits = (uint32_t)bits;
	return 0;
}

int64_t capability_ambient(uint64_t request, uint64_t cap, uint64_t others)
{
	struct caps *c = &proc_current()->caps;
	if (request == PR_CAP_AMBIENT_CLEAR_ALL) {
		if (cap || others)
			return -EINVAL;
		c->ambient = 0;
		return 0;
	}
	if (cap > CAP_LAST_CAP || others || request < PR_CAP_AMBIENT_IS_SET || request > PR_CAP_AMBIENT_LOWER)
		return -EINVAL;
	if (request == PR_CAP_AMBIENT_IS_SET)
		return !!(c->ambient & CAP_BIT(cap));
	if (request == PR_CAP_AMBIENT_LOWER) {
		c->ambient &= ~CAP_BIT(cap);
		return 0;
	}
	if (!(c->permitted & c->inheritable & CAP_BIT(cap)) || c->securebits & SECBIT_NO_CAP_AMBIENT_RAISE)
		return -EPERM;
	c->ambient |= CAP_BIT(cap);
	return 0;
}
