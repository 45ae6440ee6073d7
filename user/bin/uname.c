/* SPDX-License-Identifier: MIT */
/*
 * uname [-asnrvm] - the name of the system
 *
 * -s system (the default), -n host, -r release, -v version, -m machine, -a all of them.
 */
#include <sys/utsname.h>

#include "common.h"

int main(int argc, char **argv)
{
	static const char letters[] = "snrvm";
	struct utsname u;
	const char *fields[] = { u.sysname, u.nodename, u.release, u.version, u.machine }, *gap = "";
	unsigned wanted = 0;
	int c;

	while ((c = getopt(argc, argv, "asnrvm")) != -1) {
		if (c == '?')
			usage("uname [-asnrvm]");
		wanted |= c == 'a' ? 31 : 1u << (strchr(letters, c) - letters);
	}
	if (optind < argc)
		usage("uname [-asnrvm]");
	if (uname(&u) < 0)
		err(1, "uname");
	for (int i = 0; i < 5; i++) {
		if (!((wanted ? wanted : 1) >> i & 1))
			continue;
		printf("%s%s", gap, fields[i]);
		gap = " ";
	}
	putchar('\n');
	return finish(0);
}
