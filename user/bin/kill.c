/* SPDX-License-Identifier: MIT */
/*
 * kill [-s SIGNAL | -SIGNAL] PID..., kill -l [NUMBER...] - send a signal
 *
 * SIGNAL is a number or a name with or without SIG; TERM unless given. A negative PID is a process group
 * (write "--" before it if it comes first), 0 the caller's own. -l lists the names, or gives the name of
 * a number or of an exit status above 128.
 */
#include <signal.h>

#include "common.h"
#include "signals.h"

static int list(char **numbers)
{
	if (!*numbers) {
		for (int i = 1; i < NSIGNALS; i++)
			printf("%2d %-8s%s", i, signal_table[i].name, i % 6 && i < NSIGNALS - 1 ? "" : "\n");
		return 0;
	}
	for (; *numbers; numbers++) {
		int sig = signal_number(*numbers);

		if (sig < 0)
			sig = atoi(*numbers);
		if (sig > 128)
			sig -= 128;
		if (sig < 1 || sig >= NSIGNALS) {
			warnx("%s: unknown signal", *numbers);
			return 1;
		}
		if ((*numbers)[0] >= '0' && (*numbers)[0] <= '9')
			puts(signal_table[sig].name);
		else
			printf("%d\n", sig);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int sig = SIGTERM, i = 1, status = 0;

	if (argc > 1 && strcmp(argv[1], "-l") == 0)
		return finish(list(argv + 2));
	if (argc > 2 && strcmp(argv[1], "-s") == 0) {
		sig = signal_number(argv[2]);
		i = 3;
	} else if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
		sig = signal_number(argv[1] + 1);
		i = 2;
	}
	if (sig < 0)
		errx(USAGE_STATUS, "%s: unknown signal", argv[i - 1]);
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (i >= argc)
		usage("kill [-s SIGNAL | -SIGNAL] PID..., kill -l [NUMBER...]");
	for (; i < argc; i++) {
		char *end;
		long pid = strtol(argv[i], &end, 10);

		if (*end || end == argv[i] || pid != (pid_t)pid) {
			warnx("%s: not a process number", argv[i]);
			status = 1;
		} else if (kill(pid, sig) < 0) {
			warn("(%ld)", pid);
			status = 1;
		}
	}
	return status;
}
