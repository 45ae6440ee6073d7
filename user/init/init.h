/* SPDX-License-Identifier: MIT */
/*
 * init's parts.
 *
 *     options.c   what the boot line asks for
 *     servers.c   the servers that are started, and those that mount(2) asks for
 *     programs.c  the program of run=, or shells
 *     init.c      main; waits, and ends the machine
 */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>

/* ---- options.c ---- */

extern char *run_words[]; /* PROG and its arguments, NULL-terminated; empty: the shell */
extern char *directory;   /* of PROG; NULL: not told */
extern bool streams, display;
extern struct winsize window; /* 0 rows: not told */
void read_boot_line(void); /* sets these, and the environment */

/* ---- servers.c ---- */

extern bool mounted; /* there is a filesystem on / */
void start_filesystem(void);
void start_mounter(void);
void start_display(void);
void start_tty(void);
void note_dead_server(pid_t pid, int status); /* nothing, when it was none */
bool is_server(pid_t pid);

/* ---- programs.c ---- */

/*
 * program_start: in a session of its own; it ends with 127 when it is not there and 126 when it cannot be run. A byte
 * is then written to `report`, which tells this from a program that ends so by itself. -> its number; -1: no process
 */
pid_t program_start(char **argv, const char *where, int report);
pid_t shell_start(int report);

/* ---- init.c ---- */

void say(const char *format, ...) __attribute__((format(printf, 1, 2))); /* a line of the kernel's log */
void control_write(const char *format, int number); /* to /dev/control, if there is one */

#endif
