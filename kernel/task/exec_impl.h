/* SPDX-License-Identifier: MIT */
/* Between exec.c, image.c and execargs.c: a program's image, its strings and the stack made of them. */
#ifndef TASK_EXEC_IMPL_H
#define TASK_EXEC_IMPL_H

#include "lib/parse.h"
#include "lib/types.h"
#include "task/task_impl.h"

#define EXEC_PAGES 512         /* of strings at most: 2 MiB, a quarter of the stack's limit */
#define EXEC_STRING_MAX 131072 /* one string, NUL included (Linux: MAX_ARG_STRLEN) */
#define EXEC_PREFIX_MAX 11     /* words that scripts put before the arguments: two each, and the first one's name */

/* argv strings, then envp strings, each with its NUL, in frames of their own until the new space exists. */
struct exec_args {
	struct page **pages;
	size_t len;          /* bytes used */
	size_t argv_len;     /* bytes of it that are argv */
	unsigned argc, envc;
	struct exec_cred cred; /* who the new program will be */
};
int args_init(struct exec_args *a);
void args_free(struct exec_args *a);
/* args_add: -E2BIG, -ENOMEM; from user memory also -EFAULT. */
int args_add(struct exec_args *a, const char *text);
int args_add_user(struct exec_args *a, vaddr_t text);
/* args_add_vector: a NULL-terminated user array of strings, from `skip` on; 0 is an empty array. Counts into *count. */
int args_add_vector(struct exec_args *a, vaddr_t vector, unsigned skip, unsigned *count);
/* args_copy: len bytes from off of the strings to a kernel buffer. */
void args_copy(const struct exec_args *a, size_t off, void *dst, size_t len);

/* ---- image.c ---- */

/* An ELF file to be loaded. */
struct program {
	struct file *file;    /* referenced; NULL: none */
	struct elf_image elf;
	vaddr_t base;         /* added to all its addresses */
};
/*
 * program_open: the file to execute, and its first bytes; p->file is replaced. open(2)'s errors, -EACCES: not a regular
 * file.
 */
int program_open(struct program *p, const struct program_name *name, struct page *head, size_t *head_len);
int program_parse(struct program *p, const struct page *head, size_t head_len); /* -ENOEXEC */
/*
 * interpreter_find: what `p` wants to be started by, opened and parsed; no file: nothing. -ENOEXEC, -ELIBBAD, open(2)'s
 * errors
 */
int interpreter_find(const struct program *p, struct program *interpreter, struct page *head);
/*
 * program_map: maps the segments into s, the current space; `interpreted` says where a position-independent one goes.
 */
int program_map(struct space *s, struct program *p, bool interpreted);
/* space_note_program: what /proc and brk(2) know of where code and data lie. */
void space_note_program(struct space *s, const struct program *p, bool interpreted);

/* ---- execargs.c ---- */

/*
 * stack_build: fill the top of the current space's stack; -EFAULT, -ENOMEM.
 * -> interpreter: where it was loaded, 0: none. *sp: what the program starts with
 */
int stack_build(const struct exec_args *a, const char *execfn, const struct program *p, vaddr_t interpreter,
                vaddr_t *sp);

#endif
