/* SPDX-License-Identifier: MIT */
/* id [-u | -g] [-n] - who runs this: the user and group, by number or (-n) by name */
#include <stdbool.h>

#include "common.h"

int main(int argc, char **argv)
{
	char user[64], group[64];
	bool name = false;
	int c, only = 0;

	while ((c = getopt(argc, argv, "ugn")) != -1) {
		if (c == '?')
			usage("id [-u | -g] [-n]");
		if (c == 'n')
			name = true;
		else
			only = c;
	}
	id_name("/etc/passwd", geteuid(), user, sizeof(user));
	id_name("/etc/group", getegid(), group, sizeof(group));
	if (only && name)
		puts(only == 'u' ? user : group);
	else if (only)
		printf("%u\n", (unsigned)(only == 'u' ? geteuid() : getegid()));
	else
		printf("uid=%u(%s) gid=%u(%s)\n", (unsigned)geteuid(), user, (unsigned)getegid(), group);
	return finish(0);
}
