/* SPDX-License-Identifier: MIT */
/*
 * System calls about who a process is: user and group numbers (real, effective, saved, and the one that files are
 * judged by), and the list of other groups. Capabilities follow the user numbers (task/cred.c).
 *
 * Users and groups follow the same rules, so each call is written once, for four numbers: struct ids points to those of
 * the current process. Only a process itself changes its numbers. The list of groups is replaced as a whole, under
 * p->lock, for another thread may be looking at it (proc_in_group).
 */
#include <abi/errno.h>

#include "lib/string.h"
#include "mm/mm.h"
#include "sys/calls.h"
#include "sys/sys.h"
#include "task/task_impl.h"
#include "vm/vm.h"

#define SAME UINT32_MAX /* as an argument: leave it */
#define GROUPS_MAX 65536

struct ids { uint32_t *real, *effective, *saved, *fs; };

static struct ids ids_of(bool group)
{
	struct proc *p = proc_current();
	return group ? (struct ids){ &p->gid, &p->egid, &p->sgid, &p->fsgid }
	             : (struct ids){ &p->uid, &p->euid, &p->suid, &p->fsuid };
}

static bool may_choose(bool group) { return capable(group ? CAP_SETGID : CAP_SETUID); }

static struct user_ids users_now(void)
{
	const struct proc *p = proc_current();
	return (struct user_ids){ p->uid, p->euid, p->suid };
}

static bool is_one_of(uint32_t id, const struct ids *ids)
{
	return id == *ids->real || id == *ids->effective || id == *ids->saved;
}

/*
 * A process that has changed its effective number is not open to others of that user any more. was: the users of
 * before.
 */
static void take_effective(const struct ids *ids, uint32_t id, const struct user_ids *was)
{
	if (id != *ids->effective || id != *ids->fs)
		cred_closed();
	*ids->effective = *ids->fs = id;
	cred_user_changed(was);
	struct proc *p = proc_current();
	if (p->uid != was->uid)
		p->joined_too_many = p->uid && proc_over_limit(1);
}

static int64_t set_one(bool group, uint32_t id)
{
	struct ids ids = ids_of(group);
	const struct user_ids was = users_now();
	if (id == SAME)
		return -EINVAL;
	if (!may_choose(group) && id != *ids.real && id != *ids.saved)
		return -EPERM;
	if (may_choose(group))
		*ids.real = *ids.saved = id;
	take_effective(&ids, id, &was);
	return 0;
}

static int64_t set_two(bool group, uint32_t real, uint32_t effective)
{
	struct ids ids = ids_of(group);
	const struct user_ids was = users_now();
	uint32_t old = *ids.real;
	if (!may_choose(group) && real != SAME && real != *ids.real && real != *ids.effective)
		return -EPERM;
	if (!may_choose(group) && effective != SAME && !is_one_of(effective, &ids))
		return -EPERM;
	uint32_t new = effective == SAME ? *ids.effective : effective;
	if (real != SAME)
		*ids.real = real;
	if (real != SAME || (effective != SAME && effective != old))
		*ids.saved = new;
	take_effective(&ids, new, &was);
	return 0;
}

static int64_t set_three(bool group, uint32_t real, uint32_t effective, uint32_t saved)
{
	struct ids ids = ids_of(group);
	bool own = (real == SAME || is_one_of(real, &ids)) && (effective == SAME || is_one_of(effective, &ids)) &&
	           (saved == SAME || is_one_of(saved, &ids));
	const struct user_ids was = users_now();
	if (!may_choose(group) && !own)
		return -EPERM;
	if (real != SAME)
		*ids.real = real;
	if (saved != SAME)
		*ids.saved = saved;
	take_effective(&ids, effective == SAME ? *ids.effective : effective, &was);
	return 0;
}

static int64_t get_three(bool group, vaddr_t real, vaddr_t effective, vaddr_t saved)
{
	struct ids ids = ids_of(group);
	if (copy_to_user(real, ids.real, sizeof(*ids.real)) != 0 ||
	    copy_to_user(effective, ids.effective, sizeof(*ids.real)) != 0)
		return -EFAULT;
	return copy_to_user(saved, ids.saved, sizeof(*ids.real));
}

/* No errors: the number from before, whether it was changed or not. */
static int64_t set_fs(bool group, uint32_t id)
{
	struct ids ids = ids_of(group);
	uint32_t old = *ids.fs;
	if (id == SAME || id == old || (!is_one_of(id, &ids) && !may_choose(group)))
		return old;
	*ids.fs = id;
	cred_closed();
	if (!group)
		cred_fsuid_changed(old);
	return old;
}

SYSCALL(getuid) { return proc_current()->uid; }
SYSCALL(geteuid) { return proc_current()->euid; }
SYSCALL(getgid) { return proc_current()->gid; }
SYSCALL(getegid) { return proc_current()->egid; }
SYSCALL(getresuid) { return get_three(false, a, b, c); }
SYSCALL(getresgid) { return get_three(true, a, b, c); }
SYSCALL(setuid) { return set_one(false, a); }
SYSCALL(setgid) { return set_one(true, a); }
SYSCALL(setreuid) { return set_two(false, a, b); }
SYSCALL(setregid) { return set_two(true, a, b); }
SYSCALL(setresuid) { return set_three(false, a, b, c); }
SYSCALL(setresgid) { return set_three(true, a, b, c); }
SYSCALL(setfsuid) { return set_fs(false, a); }
SYSCALL(setfsgid) { return set_fs(true, a); }

/* ---- other groups ---- */

SYSCALL(getgroups)
{
	struct group_list *list = group_list_get(proc_current());
	int64_t n = list ? list->count : 0;
	if ((int)a < 0 || (a && n > (int)a))
		n = -EINVAL;
	else if (a && n && copy_to_user(b, list->gid, n * sizeof(list->gid[0])) != 0)
		n = -EFAULT;
	group_list_put(list);
	return n;
}

static int check_groups(const struct group_list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (list->gid[i] == SAME)
			return -EINVAL;
	return 0;
}

static void swap_groups(uint32_t *a, uint32_t *b)
{
	uint32_t kept = *a;
	*a = *b;
	*b = kept;
}

/* The number at `at` goes down in the heap of `count` until it is above its like. */
static void sift_groups(uint32_t *gid, size_t at, size_t count)
{
	for (size_t child; (child = 2 * at + 1) < count; at = child) {
		child += child + 1 < count && gid[child + 1] > gid[child];
		if (gid[at] >= gid[child])
			return;
		swap_groups(&gid[at], &gid[child]);
	}
}

/* By number, as getgroups shows them: heapsort, for a list may be long and nothing else may go on meanwhile. */
static void sort_groups(uint32_t *gid, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift_groups(gid, i, count);
	for (size_t end = count; end-- > 1;) {
		swap_groups(&gid[0], &gid[end]);
		sift_groups(gid, 0, end);
	}
}

SYSCALL(setgroups)
{
	uint32_t count = a;
	if (!may_choose(true))
		return -EPERM;
	if (count > GROUPS_MAX)
		return -EINVAL;
	struct group_list *list = kmalloc(sizeof(*list) + count * sizeof(list->gid[0]));
	if (!list)
		return -ENOMEM;
	list->refs = 1;
	list->count = count;
	int err = copy_from_user(list->gid, b, count * sizeof(list->gid[0])) ? -EFAULT : check_groups(list);
	if (err) {
		kfree(list);
		return err;
	}
	sort_groups(list->gid, count);
	struct proc *p = proc_current();
	spin_lock(&p->lock);
	struct group_list *old = p->groups;
	p->groups = list;
	spin_unlock(&p->lock);
	group_list_put(old);
	return 0;
}

/* Of the personalities one bit has a meaning here, READ_IMPLIES_EXEC; the others are remembered. */
SYSCALL(personality)
{
	struct proc *p = proc_current();
	uint32_t old = p->personality;

	if ((uint32_t)a != UINT32_MAX)
		p->personality = (uint32_t)a;
	return old;
}
