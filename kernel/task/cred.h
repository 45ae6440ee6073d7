/* SPDX-License-Identifier: MIT */
/*
 * What a process may do: sets of capabilities (capabilities(7)) beside its user and group numbers.
 *
 * A check asks for the one capability that it is about: capable(CAP_X), in task.h. Sets are words, bit CAP_X. Only a
 * process itself changes its sets, each with one store, so others may read them at any time.
 */
#ifndef TASK_CRED_H
#define TASK_CRED_H

#include <abi/capability.h>

#include "lib/types.h"

#define CAPS_ALL ((2ull << CAP_LAST_CAP) - 1)
#define CAP_BIT(cap) (1ull << (cap))

struct proc;
struct node;
struct file;

struct caps {
	uint64_t effective;    /* what checks look at */
	uint64_t permitted;    /* what may be made effective */
	uint64_t inheritable;  /* what files could give again: none do here, so it only bounds the ambient ones */
	uint64_t bounding;     /* what execve as root gives at most */
	uint64_t ambient;      /* what a program keeps through execve without being root's */
	uint32_t securebits;   /* SECBIT_* */
};

/* By what permissions of files are judged. */
struct file_rights { uint32_t uid, gid; uint64_t caps; };

/* The user numbers of a process before they changed. */
struct user_ids { uint32_t uid, euid, suid; };
/* cred_user_changed: what capabilities the new numbers of the current process leave it. */
void cred_user_changed(const struct user_ids *old);
void cred_fsuid_changed(uint32_t old);
/* cred_closed: the current process is not open to others of its user from now on; no signal at its parent's end. */
void cred_closed(void);
/* cred_set: capset(2)'s rules for the current process. 0, -EPERM */
int cred_set(uint64_t effective, uint64_t permitted, uint64_t inheritable);

/* Who a new program will be. */
struct exec_cred {
	uint32_t euid, egid;
	struct caps caps;
	bool secure;           /* AT_SECURE: it has more rights than who starts it */
	bool closed;           /* not open to others of its user */
};
/* cred_for_exec: of the file that the current process wants to execute. */
void cred_for_exec(const struct file *program, struct exec_cred *c);
void cred_exec_locked(struct proc *p, const struct exec_cred *c); /* p->lock held: the current process becomes that */

/*
 * cred_may_trace: may the current process look into p's memory (ptrace(2)'s rule)? p cannot go away.
 * -> TRACE_FS: as for names of files, by the numbers that files are judged by; TRACE_REAL: as for calls, by the real
 * ones
 */
enum trace_ids { TRACE_FS, TRACE_REAL };
bool cred_may_trace(struct proc *p, enum trace_ids by);
bool cred_may_trace_locked(const struct proc *p, enum trace_ids by); /* p->lock held */

#endif
