/* SPDX-License-Identifier: MIT */
/* id [-u | -g | -G] [-n] - who runs this: the user, the group or all groups, by number or (-n) by name */
#include <limits.h>
#include <stdbool.h>

#include "common.h"

static void print_group(unsigned gid, bool name, const char *before)
{
	char text[64];

	if (name)
		printf("%s%s", before, id_name("/etc/group", gid, text, sizeof(text)));
	else
		printf("%s%u", before, gid);
}

/* The effective group first, then the others. */
static void print_groups(bool name)
{
	static gid_t groups[NGROUPS_MAX];
	int n = getgroups(NGROUPS_MAX, groups);

	print_group(getegid(), name, "");
	for (int i = 0; i < n; i++)
		if (groups[i] != getegid())
			print_group(groups[i], name, " ");
}

static void print_all(void)
{
	char text[64];
	static gid_t groups[NGROUPS_MAX];
	int n = getgroups(NGROUPS_MAX, groups);

	if (n == 0)
		groups[n++] = getegid();
	printf("uid=%u(%s)", geteuid(), id_name("/etc/passwd", geteuid(), text, sizeof(text)));
	printf(" gid=%u(%s)", getegid(), id_name("/etc/group", getegid(), text, sizeof(text)));
	for (int i = 0; i < n; i++)
		printf("%s%u(%s)", i ? "," : " groups=", groups[i], id_name("/etc/group", groups[i], text, sizeof(text)));
}

int main(int argc, char **argv)
{
	bool name = false;
	int c, only = 0;
	char user[64];

	while ((c = getopt(argc, argv, "ugGn")) != -1) {
		if (c == '?')
			usage("id [-u | -g | -G] [-n]");
		if (c == 'n')
			name = true;
		else
			only = c;
	}
	if (optind < argc)
		usage("id [-u | -g | -G] [-n]");
	if (only == 'u' && name)
		printf("%s", id_name("/etc/passwd", geteuid(), user, sizeof(user)));
	else if (only == 'u')
		printf("%u", geteuid());
	else if (only == 'g')
		print_group(getegid(), name, "");
	else if (only == 'G')
		print_groups(name);
	else
		print_all();
	putchar('\n');
	return finish(0);
}
