/* SPDX-License-Identifier: MIT */
/* The makers of the texts of /proc. Each appends to t; those of a process give -ENOENT when it is gone. All may sleep. */
#ifndef FILE_PROCFS_H
#define FILE_PROCFS_H

#include "file/file_impl.h"

/* proc_text.c */
void proc_make_cmdline(struct text *t);
void proc_make_meminfo(struct text *t);
void proc_make_mounts(struct text *t);
void proc_make_filesystems(struct text *t);
void proc_make_uptime(struct text *t);
void proc_make_loadavg(struct text *t);
void proc_make_version(struct text *t);
void proc_make_stat(struct text *t);
void proc_make_cpuinfo(struct text *t);

/* proc_pid.c, proc_maps.c */
int proc_make_pid_maps(struct text *t, int pid);
int proc_make_pid_smaps(struct text *t, int pid);
int proc_make_pid_stat(struct text *t, int pid);
int proc_make_pid_status(struct text *t, int pid);
int proc_make_pid_statm(struct text *t, int pid);
int proc_make_pid_cmdline(struct text *t, int pid);
int proc_make_pid_comm(struct text *t, int pid);

/* proc_space_of: the space of a process, referenced. NULL: it has none. -ENOENT by err_ptr: no such process. */
struct space *proc_space_of(int pid);

#endif
