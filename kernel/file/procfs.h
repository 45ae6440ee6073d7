/* SPDX-License-Identifier: MIT */
/*
 * What the files of /proc share: the names are in proc_entries.c, and each has a maker of its text. Makers of a
 * process's files give -ESRCH when it is gone. All may sleep.
 */
#ifndef FILE_PROCFS_H
#define FILE_PROCFS_H

#include "file/file_impl.h"

/* What a node of /proc is about. */
struct proc_ref {
	int pid;          /* 0: the system */
	int tid;          /* of a thread, below /proc/PID/task; else 0 */
	int fd;           /* below fd and fdinfo */
	const void *data; /* the entry's own */
	uint64_t from;    /* where a text of several parts goes on, as struct text_source has it */
};

typedef int proc_make_fn(struct text *t, const struct proc_ref *of, uint64_t *next);
typedef int64_t proc_store_fn(const struct proc_ref *of, const char *bytes, size_t len, int64_t pos);

/* proc_text.c, proc_memory.c: the system's */
proc_make_fn proc_make_cmdline, proc_make_mounts, proc_make_mountinfo, proc_make_filesystems, proc_make_uptime,
	proc_make_file_nr,
	proc_make_loadavg, proc_make_locks, proc_make_version, proc_make_stat, proc_make_cpuinfo, proc_make_swaps,
	proc_make_partitions,
	proc_make_meminfo, proc_make_vmstat, proc_make_sysvipc_shm, proc_make_sysvipc_sem;

/* proc_pid.c, proc_facts.c, proc_maps.c, proc_self.c: a process's */
proc_make_fn proc_make_pid_maps, proc_make_pid_smaps, proc_make_pid_rollup, proc_make_pid_stat, proc_make_pid_status,
	proc_make_pid_statm, proc_make_pid_cmdline, proc_make_pid_comm, proc_make_pid_limits, proc_make_pid_environ,
	proc_make_pid_auxv, proc_make_pid_pagemap, proc_make_pid_personality, proc_make_pid_oom_score,
	proc_make_pid_oom_score_adj,
	proc_make_fdinfo;
proc_store_fn proc_store_pid_comm, proc_store_pid_oom_score_adj, proc_store_clear_refs;

/* proc_text: a constant text, which is of->data. */
proc_make_fn proc_make_constant;

/* proc_sys.c: /proc/sys; of->data is a struct proc_tunable. */
proc_make_fn proc_make_tunable;
proc_store_fn proc_store_tunable;

bool proc_parse_number(const char *text, int64_t *value); /* blanks, a number in C's notation, blanks, the end */

/* proc_links.c: what the links say (a length, not NUL-terminated) and lead to. -ENOENT, -EACCES */
int proc_link_text(const struct proc_ref *of, char *buf, size_t cap);
int proc_link_follow(const struct proc_ref *of, struct path *out);
enum proc_link { PROC_LINK_EXE = 1, PROC_LINK_CWD, PROC_LINK_ROOT, PROC_LINK_FD };
uint32_t proc_fd_mode(const struct proc_ref *of);  /* of the link; 0: no such descriptor */
int proc_next_fd(int pid, int from);               /* the lowest descriptor >= from; -1 */

/*
 * proc_may_look: may the caller see another process's memory and files (ptrace(2), PTRACE_MODE_READ)? 0, -EACCES,
 * -ESRCH
 */
int proc_may_look(int pid);
/* proc_space_of: the space of a process, referenced. NULL: it has none. -ESRCH by err_ptr: no such process. */
struct space *proc_space_of(int pid);
struct fdtable *proc_files_of(int pid); /* likewise its descriptors; NULL in both cases */

#endif
