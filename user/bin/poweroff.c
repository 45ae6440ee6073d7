/* SPDX-License-Identifier: MIT */
/*
 * poweroff [-f] [-r], reboot [-f] - switch the machine off, or start it anew
 *
 * The orderly way is init's: SIGTERM asks it to end everything, unmount and power off, SIGINT the same
 * and reboot. With -f this program syncs and tells the kernel directly; programs that run lose what they
 * have not written. Called by the name reboot it means -r.
 */
#include <signal.h>
#include <stdbool.h>
#include <sys/reboot.h>

#include "common.h"

int main(int argc, char **argv)
{
	bool restart = argc && strcmp(last_component(argv[0]), "reboot") == 0, force = false;
	int c;

	while ((c = getopt(argc, argv, "fr")) != -1) {
		if (c == '?')
			usage("poweroff [-f] [-r]");
		force |= c == 'f';
		restart |= c == 'r';
	}
	if (optind < argc)
		usage("poweroff [-f] [-r]");
	if (!force) {
		if (kill(1, restart ? SIGINT : SIGTERM) < 0)
			err(1, "init does not listen (try -f)");
		return 0;
	}
	sync();
	reboot(restart ? RB_AUTOBOOT : RB_POWER_OFF);
	err(1, "reboot");
}
