/* SPDX-License-Identifier: MIT */
/* The names of /proc: procfs.c walks the tables that proc_entries.c has. */
#ifndef FILE_PROC_ENTRIES_H
#define FILE_PROC_ENTRIES_H

#include "file/procfs.h"

enum directory {
	DIR_ROOT = 1, DIR_SYS, DIR_SYS_FS, DIR_SYS_KERNEL, DIR_SYS_VM, DIR_SYSVIPC,
	DIR_PID,    /* /proc/PID */
	DIR_TASKS,  /* /proc/PID/task: its threads */
	DIR_THREAD, /* /proc/PID/task/TID: as DIR_PID */
	DIR_FD, DIR_FDINFO,
	DIRECTORIES,
};

struct proc_entry {
	const char *name;
	uint32_t mode;         /* with type */
	enum directory dir;    /* of a directory */
	bool guarded;          /* opening asks proc_may_look */
	proc_make_fn *make;
	proc_store_fn *store;
	const void *data;
};

struct proc_directory {
	const struct proc_entry *entries;
	unsigned count;
	uint32_t mode;         /* without type */
	enum directory parent;
};
extern const struct proc_directory proc_directories[DIRECTORIES];
extern const enum proc_link proc_link_kinds[];

#endif
