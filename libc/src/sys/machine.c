/* SPDX-License-Identifier: MIT */
/*
 * The machine as a whole: its names, its memory, its ports, its random numbers, and its end.
 */
#include "../internal.h"
#include <abi/misc.h>
#include <errno.h>
#include <string.h>
#include <sys/io.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

int uname(struct utsname *name)
{
	return (int)call1(SYS_uname, name);
}

int setdomainname(const char *name, size_t len)
{
	return (int)call2(SYS_setdomainname, name, len);
}

int gethostname(char *name, size_t size)
{
	struct utsname u;

	if (uname(&u) < 0)
		return -1;
	if (strlen(u.nodename) >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(name, u.nodename);
	return 0;
}

int sethostname(const char *name, size_t len)
{
	return (int)call2(SYS_sethostname, name, len);
}

int sysinfo(struct sysinfo *info)
{
	return (int)call1(SYS_sysinfo, info);
}

int reboot(int how)
{
	return (int)call4(SYS_reboot, (int)LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, how, NULL);
}

int iopl(int level)
{
	return (int)call1(SYS_iopl, level);
}

int ioperm(unsigned long from, unsigned long count, int on)
{
	return (int)call3(SYS_ioperm, from, count, on);
}

ssize_t getrandom(void *to, size_t n, unsigned int flags)
{
	return call3(SYS_getrandom, to, n, flags);
}

int getentropy(void *to, size_t n)
{
	if (n > 256) {
		errno = EIO;
		return -1;
	}
	for (size_t done = 0; done < n;) {
		ssize_t got = getrandom((char *)to + done, n - done, 0);

		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0)
			done += (size_t)got;
	}
	return 0;
}
