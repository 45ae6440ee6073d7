/* SPDX-License-Identifier: MIT */
/* Names and descriptions of signals, for the shell and for kill. Numbers are Linux's on x86-64. */
#ifndef BIN_SIGNALS_H
#define BIN_SIGNALS_H

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NSIGNALS 32

static const struct {
	const char *name, *text;
} signal_table[NSIGNALS] = {
	[1] = { "HUP", "Hangup" }, [2] = { "INT", "Interrupt" }, [3] = { "QUIT", "Quit" },
	[4] = { "ILL", "Illegal instruction" }, [5] = { "TRAP", "Trace/breakpoint trap" },
	[6] = { "ABRT", "Aborted" }, [7] = { "BUS", "Bus error" },
	[8] = { "FPE", "Floating point exception" }, [9] = { "KILL", "Killed" },
	[10] = { "USR1", "User defined signal 1" }, [11] = { "SEGV", "Segmentation fault" },
	[12] = { "USR2", "User defined signal 2" }, [13] = { "PIPE", "Broken pipe" },
	[14] = { "ALRM", "Alarm clock" }, [15] = { "TERM", "Terminated" },
	[16] = { "STKFLT", "Stack fault" }, [17] = { "CHLD", "Child exited" },
	[18] = { "CONT", "Continued" }, [19] = { "STOP", "Stopped (signal)" },
	[20] = { "TSTP", "Stopped" }, [21] = { "TTIN", "Stopped (tty input)" },
	[22] = { "TTOU", "Stopped (tty output)" }, [23] = { "URG", "Urgent I/O condition" },
	[24] = { "XCPU", "CPU time limit exceeded" }, [25] = { "XFSZ", "File size limit exceeded" },
	[26] = { "VTALRM", "Virtual timer expired" }, [27] = { "PROF", "Profiling timer expired" },
	[28] = { "WINCH", "Window changed" }, [29] = { "POLL", "I/O possible" },
	[30] = { "PWR", "Power failure" }, [31] = { "SYS", "Bad system call" },
};

/* The number of a signal given as "9", "KILL", "SIGKILL" or "kill"; 0 for "EXIT" and "0"; -1: no such. */
static inline int signal_number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end != s && !*end)
		return n >= 0 && n <= 64 ? (int)n : -1;
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	if (strcasecmp(s, "EXIT") == 0)
		return 0;
	for (int i = 1; i < NSIGNALS; i++)
		if (strcasecmp(s, signal_table[i].name) == 0)
			return i;
	return -1;
}

#endif
