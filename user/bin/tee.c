/* SPDX-License-Identifier: MIT */
/*
 * tee [-ai] [FILE...] - copy standard input to standard output and to files
 *
 * -a appends, -i ignores interrupts. A file that cannot be written is reported and left out; the others
 * go on.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>

#include "common.h"

static char buf[16384];

int main(int argc, char **argv)
{
	bool append = false;
	int c, n = 1, status = 0;
	ssize_t len;
	int *fds;

	while ((c = getopt(argc, argv, "ai")) != -1) {
		if (c == 'a')
			append = true;
		else if (c == 'i')
			signal(SIGINT, SIG_IGN);
		else
			usage("tee [-ai] [FILE...]");
	}
	argv += optind;
	argc -= optind;
	fds = malloc((argc + 1) * sizeof(*fds));
	if (!fds)
		err(1, NULL);
	fds[0] = 1;
	for (; n <= argc; n++) {
		fds[n] = open(argv[n - 1], O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0666);
		if (fds[n] < 0) {
			warn("%s", argv[n - 1]);
			status = 1;
		}
	}
	while ((len = read(0, buf, sizeof(buf))) != 0) {
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			err(1, "read error");
		for (int i = 0; i < n; i++) {
			if (fds[i] < 0 || write_full(fds[i], buf, len) == 0)
				continue;
			warn("%s", i ? argv[i - 1] : "standard output");
			fds[i] = -1;
			status = 1;
		}
	}
	return status;
}
