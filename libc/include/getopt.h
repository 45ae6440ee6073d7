/* SPDX-License-Identifier: MIT */
/* Options of a command line. */
#ifndef GETOPT_H
#define GETOPT_H

#include <sys/cdefs.h>

#define no_argument 0
#define required_argument 1
#define optional_argument 2

struct option {
	const char *name;
	int has_arg;
	int *flag;
	int val;
};

__BEGIN_DECLS
extern char *optarg;
extern int optind, opterr, optopt;

int getopt(int argc, char *const argv[], const char *options);
int getopt_long(int argc, char *const *argv, const char *options, const struct option *longs,
		int *index);
int getopt_long_only(int argc, char *const *argv, const char *options, const struct option *longs,
		     int *index);
__END_DECLS

#endif
