/* SPDX-License-Identifier: MIT */
/*
 * System calls about who a process is: user and group numbers (real, effective, saved, and the one that files are
 * judged by), and the list of other groups. A user is privileged when its effective number is 0; there are no other
 * capabilities.
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

static bool privileged(void) { return proc_current()->euid == 0; }

static bool is_one_of(uint32_t id, const struct ids *ids)
{
	return id == *ids->real || id == *ids->effective || id == *ids->saved;
}

/* A process that has changed its effective number is not open to others of that user any more. */
static void take_effective(const struct ids *ids, uint32_t id)
{
	if (id != *ids->effective)
		thread_current()->space->ids_changed = true;
	*ids->effective = *ids->fs = id;
}

static int64_t set_one(bool group, uint32_t id)
{
	struct ids ids = ids_of(group);
	if (id == SAME)
		return -EINVAL;
	if (!privileged() && id != *ids.real && id != *ids.saved)
		return -EPERM;
	if (privileged())
		*ids.real = *ids.saved = id;
	take_effective(&ids, id);
	return 0;
}

static int64_t set_two(bool group, uint32_t real, uint32_t effective)
{
	struct ids ids = ids_of(group);
	uint32_t was = *ids.real;
	if (!privileged() && real != SAME && real != *ids.real && real != *ids.effective)
		return -EPERM;
	if (!privileged() && effective != SAME && !is_one_of(effective, &ids))
		return -EPERM;
	if (real != SAME)
		*ids.real = real;
	take_effective(&ids, effective == SAME ? *ids.effective : effective);
	if (real != SAME || (effective != SAME && effective != was))
		*ids.saved = *ids.effective;
	return 0;
}

static int64_t set_three(bool group, uint32_t real, uint32_t effective, uint32_t saved)
{
	struct ids ids = ids_of(group);
	bool own = (real == SAME || is_one_of(real, &ids)) && (effective == SAME || is_one_of(effective, &ids)) &&
	           (saved == SAME || is_one_of(saved, &ids));
	if (!privileged() && !own)
		return -EPERM;
	if (real != SAME)
		*ids.real = real;
	if (saved != SAME)
		*ids.saved = saved;
	take_effective(&ids, effective == SAME ? *ids.effective : effective);
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
	if (id != SAME && (privileged() || id == old || is_one_of(id, &ids)))
		*ids.fs = id;
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

SYSCALL(setgroups)
{
	uint32_t count = a;
	if (!privileged())
		return -EPERM;
	if (count > GROUPS_MAX)
		return -EINVAL;
	struct group_list *list = kmalloc(sizeof(*list) + count * sizeof(list->gid[0]));
	if (!list)
		return -ENOMEM;
	list->refs = 1;
	list->count = count;
	if (copy_from_user(list->gid, b, count * sizeof(list->gid[0])) != 0) {
		kfree(list);
		return -EFAULT;
	}
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

/* ---- capabilities ---- */

/*
 * Who is user 0 has them all, everybody else none, and none is inherited. capset(2) may set them to what they are; a
 * process that gives some up and goes on as user 0 would be told that it has no right to, rather than keep them in
 * silence.
 */
#define CAP_VERSION_1 0x19980330
#define CAP_VERSION_2 0x20071026
#define CAP_VERSION_3 0x20080522
#define CAP_ALL_LOW 0xffffffffu
#define CAP_ALL_HIGH 0x1ffu /* up to CAP_CHECKPOINT_RESTORE, 40 */

struct cap_header { uint32_t version; int32_t pid; };
struct cap_data { uint32_t effective, permitted, inheritable; };

/* Words of 32 capabilities that this version has; -EINVAL, after the header has been given the newest. */
static int cap_words(vaddr_t header, struct cap_header *h)
{
	uint32_t newest = CAP_VERSION_3;
	if (copy_from_user(h, header, sizeof(*h)) != 0)
		return -EFAULT;
	if (h->version == CAP_VERSION_1)
		return 1;
	if (h->version == CAP_VERSION_2 || h->version == CAP_VERSION_3)
		return 2;
	return copy_to_user(header, &newest, sizeof(newest)) != 0 ? -EFAULT : -EINVAL;
}

static int caps_of(int pid, struct cap_data caps[2])
{
	if (pid < 0)
		return -EINVAL;
	mutex_lock(&proc_tree_lock);
	struct proc *p = pid ? proc_find_locked(pid) : proc_current();
	bool all = p && p->euid == 0, could = p && (all || p->uid == 0 || p->suid == 0);
	mutex_unlock(&proc_tree_lock);
	caps[0] = (struct cap_data){ all ? CAP_ALL_LOW : 0, could ? CAP_ALL_LOW : 0, 0 };
	caps[1] = (struct cap_data){ all ? CAP_ALL_HIGH : 0, could ? CAP_ALL_HIGH : 0, 0 };
	return p ? 0 : -ESRCH;
}

SYSCALL(capget)
{
	struct cap_header h;
	struct cap_data caps[2];
	int words = cap_words(a, &h);
	if (words < 0)
		return words == -EINVAL && !b ? 0 : words;
	int err = caps_of(h.pid, caps);
	return err || !b ? err : copy_to_user(b, caps, words * sizeof(caps[0]));
}

SYSCALL(capset)
{
	struct cap_header h;
	struct cap_data caps[2], wanted[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	int words = cap_words(a, &h);
	if (words < 0)
		return words;
	if (h.pid && h.pid != thread_current()->tid)
		return -EPERM;
	if (copy_from_user(wanted, b, words * sizeof(wanted[0])) != 0)
		return -EFAULT;
	int err = caps_of(0, caps);
	return err ? err : memcmp(wanted, caps, sizeof(caps)) != 0 ? -EPERM : 0;
}
