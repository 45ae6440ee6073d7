/* SPDX-License-Identifier: MIT */
/*
 * uname and the two names of the machine that can be set: sethostname, setdomainname. What the interface and the kernel
 * are called is fixed (uname.h).
 *
 * Locks: one for both names, a leaf. /proc reads them without it, for whom a torn name does no harm.
 */
#include "sys/uname.h"

#include <abi/errno.h>
#include <abi/misc.h>

#include "lib/string.h"
#include "sys/calls.h"
#include "sys/sys.h"
#include "task/cred.h"
#include "task/task.h"
#include "vm/vm.h"

char uname_nodename[UNAME_SIZE] = UNAME_NODENAME, uname_domainname[UNAME_SIZE] = UNAME_DOMAINNAME;
static struct spinlock name_lock = SPINLOCK_INIT(RANK_TIMER);

SYSCALL(uname)
{
	struct abi_utsname u;
	memset(&u, 0, sizeof(u));
	strlcpy(u.sysname, UNAME_SYSNAME, sizeof(u.sysname));
	strlcpy(u.release, UNAME_RELEASE, sizeof(u.release));
	strlcpy(u.version, UNAME_VERSION, sizeof(u.version));
	strlcpy(u.machine, UNAME_MACHINE, sizeof(u.machine));
	spin_lock(&name_lock);
	memcpy(u.nodename, uname_nodename, sizeof(u.nodename));
	memcpy(u.domainname, uname_domainname, sizeof(u.domainname));
	spin_unlock(&name_lock);
	return copy_to_user(a, &u, sizeof(u));
}

static int64_t name_set(char name[UNAME_SIZE], vaddr_t from, int len)
{
	char new[UNAME_SIZE] = "";

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len >= UNAME_SIZE)
		return -EINVAL;
	if (copy_from_user(new, from, (size_t)len) != 0)
		return -EFAULT;
	spin_lock(&name_lock);
	memcpy(name, new, UNAME_SIZE);
	spin_unlock(&name_lock);
	return 0;
}

SYSCALL(sethostname) { return name_set(uname_nodename, a, b); }
SYSCALL(setdomainname) { return name_set(uname_domainname, a, b); }
