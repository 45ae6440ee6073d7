/* SPDX-License-Identifier: MIT */
/* Between exec.c and execargs.c: the strings of a new program and the stack made of them. */
#ifndef TASK_EXEC_IMPL_H
#define TASK_EXEC_IMPL_H

#include "lib/types.h"
#include "task/task_impl.h"

#define EXEC_PAGES 512         /* of strings at most: 2 MiB, a quarter of the stack's limit */
#define EXEC_STRING_MAX 131072 /* one string, NUL included (Linux: MAX_ARG_STRLEN) */
#define EXEC_PREFIX_MAX 10     /* words that scripts put before the arguments */

/* argv strings, then envp strings, each with its NUL, in frames of their own until the new space exists. */
struct exec_args {
	struct page **pages;
	size_t len;          /* bytes used */
	size_t argv_len;     /* bytes of it that are argv */
	unsigned argc, envc;
	uint32_t euid, egid; /* what the new program will have */
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

struct elf_image;
/* stack_build: fill the top of the current space's stack; -EFAULT, -ENOMEM. *sp: what the program starts with. */
int stack_build(const struct exec_args *a, const char *execfn, const struct elf_image *elf, vaddr_t base, vaddr_t *sp);

#endif
