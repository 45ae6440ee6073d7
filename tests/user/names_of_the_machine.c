/* SPDX-License-Identifier: MIT */
/* sethostname and setdomainname change what uname and /proc say, if one may; a name ends where its length says. */
#include <sys/utsname.h>

#include "check.h"

static void expect(const char *node, const char *domain)
{
	struct utsname u;
	char text[80] = "";
	int fd = open("/proc/sys/kernel/hostname", O_RDONLY);

	CHECK(uname(&u) == 0 && strcmp(u.nodename, node) == 0 && strcmp(u.domainname, domain) == 0);
	CHECK(fd >= 0 && read(fd, text, sizeof text - 1) == (ssize_t)strlen(node) + 1);
	CHECK(strncmp(text, node, strlen(node)) == 0 && text[strlen(node)] == '\n');
	close(fd);
}

int main(void)
{
	struct utsname was;
	char longest[65];

	memset(longest, 'x', sizeof longest);
	longest[64] = '\0';
	CHECK(uname(&was) == 0);
	CHECK(sethostname("kartenbuch", 6) == 0 && setdomainname("example.org", 11) == 0);
	expect("karten", "example.org");
	CHECK(sethostname(longest, 64) == 0 && setdomainname("", 0) == 0);
	expect(longest, "");
	FAILS(sethostname(longest, 65), EINVAL);
	FAILS(sethostname(longest, (size_t)-1), EINVAL);
	FAILS(setdomainname((char *)8, 8), EFAULT);
	expect(longest, "");
	CHILD_PASSES(CHECK(setuid(1000) == 0); FAILS(sethostname("a", 1), EPERM); FAILS(setdomainname((char *)8, 99), EPERM));
	CHECK(sethostname(was.nodename, strlen(was.nodename)) == 0);
	CHECK(setdomainname(was.domainname, strlen(was.domainname)) == 0);
	expect(was.nodename, was.domainname);
	return 0;
}
