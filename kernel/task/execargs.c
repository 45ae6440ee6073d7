/* SPDX-License-Identifier: MIT */
/*
 * Arguments and environment on their way from the old program to the new one's stack.
 *
 * The strings lie in the old space and are wanted in the new one, so they are first gathered in kernel frames, in the
 * order in which they will lie on the stack: all of argv, then all of envp. Reading goes in pieces of 64 bytes that
 * never cross a page, for the end of a string is not known before it is found, and reading on past it could fault.
 *
 * The stack of a new program (psABI, 3.4.1), from STACK_TOP down:
 *
 *      8 zero bytes
 *      path of the program             AT_EXECFN
 *      envp strings
 *      argv strings
 *      "x86_64"                        AT_PLATFORM
 *      16 random bytes                 AT_RANDOM
 *      auxiliary vector, AT_NULL
 *      envp pointers, NULL
 *      argv pointers, NULL
 *   ── argc                            rsp, a multiple of 16
 *
 * Limits are Linux's: 128 KiB a string; a quarter of the stack's size, but 128 KiB at least, for all strings and the
 * pointers to them. With a larger stack than usual Linux allows up to 6 MiB, here it stays at 2 (docs/limits.md).
 *
 * No locks; the frames belong to the caller of args_init until args_free.
 */
#include "task/exec_impl.h"

#include <abi/auxv.h>
#include <abi/errno.h>

#include "lib/parse.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "vm/vm.h"

#define PIECE 64
#define AUXV_MAX 20

int args_init(struct exec_args *a)
{
	memset(a, 0, sizeof(*a));
	a->pages = kzalloc(EXEC_PAGES * sizeof(a->pages[0]));
	return a->pages ? 0 : -ENOMEM;
}

void args_free(struct exec_args *a)
{
	for (size_t i = 0; a->pages && i < (a->len + PAGE_SIZE - 1) / PAGE_SIZE; i++)
		page_put(a->pages[i]);
	kfree(a->pages);
	a->pages = NULL;
	a->len = 0;
}

static size_t args_limit(void)
{
	return MIN(EXEC_PAGES * PAGE_SIZE, MAX(proc_rlimit(RLIMIT_STACK) / 4, 32 * PAGE_SIZE));
}

static int args_append(struct exec_args *a, const char *bytes, size_t len)
{
	if (a->len + len + (MAX(a->argc, 1u) + a->envc) * sizeof(uint64_t) > args_limit())
		return -E2BIG;
	while (len) {
		size_t in_page = a->len % PAGE_SIZE, n = MIN(len, PAGE_SIZE - in_page);
		struct page **page = &a->pages[a->len / PAGE_SIZE];
		if (!in_page) {
			*page = vm_page_alloc(false);
			if (!*page)
				return -ENOMEM;
		}
		memcpy((char *)page_to_virt(*page) + in_page, bytes, n);
		a->len += n;
		bytes += n;
		len -= n;
	}
	return 0;
}

int args_add(struct exec_args *a, const char *text)
{
	return args_append(a, text, strlen(text) + 1);
}

int args_add_user(struct exec_args *a, vaddr_t text)
{
	char piece[PIECE];
	for (size_t done = 0; done < EXEC_STRING_MAX; ) {
		size_t n = MIN(PIECE, PAGE_SIZE - (text & PAGE_MASK));
		if (copy_from_user(piece, text, n) != 0)
			return -EFAULT;
		size_t len = strnlen(piece, n);
		bool end = len < n;
		if (done + len + end > EXEC_STRING_MAX)
			return -E2BIG;
		int err = args_append(a, piece, len + end);
		if (err || end)
			return err;
		text += n;
		done += n;
	}
	return -E2BIG;
}

int args_add_vector(struct exec_args *a, vaddr_t vector, unsigned skip, unsigned *count)
{
	for (unsigned i = 0; vector; i++) {
		vaddr_t text;
		if (copy_from_user(&text, vector + i * sizeof(text), sizeof(text)) != 0)
			return -EFAULT;
		if (!text)
			return 0;
		if (i < skip)
			continue;
		int err = args_add_user(a, text);
		if (err)
			return err;
		++*count;
	}
	return 0;
}

void args_copy(const struct exec_args *a, size_t off, void *dst, size_t len)
{
	for (char *to = dst; len; ) {
		size_t in_page = off % PAGE_SIZE, n = MIN(len, PAGE_SIZE - in_page);
		memcpy(to, (char *)page_to_virt(a->pages[off / PAGE_SIZE]) + in_page, n);
		off += n;
		to += n;
		len -= n;
	}
}

static int strings_push(const struct exec_args *a, vaddr_t at)
{
	for (size_t off = 0; off < a->len; off += PAGE_SIZE) {
		size_t n = MIN(PAGE_SIZE, a->len - off);
		if (copy_to_user(at + off, page_to_virt(a->pages[off / PAGE_SIZE]), n) != 0)
			return -EFAULT;
	}
	return 0;
}

/* Writes words to rising user addresses, a batch at a time. */
struct word_writer { vaddr_t at; unsigned used; uint64_t word[32]; int err; };

static void words_flush(struct word_writer *w)
{
	if (!w->err && w->used)
		w->err = copy_to_user(w->at, w->word, w->used * sizeof(w->word[0]));
	w->at += w->used * sizeof(w->word[0]);
	w->used = 0;
}

static void word_put(struct word_writer *w, uint64_t word)
{
	w->word[w->used++] = word;
	if (w->used == ARRAY_SIZE(w->word))
		words_flush(w);
}

/* One pointer for each of the strings in [off, end) of the arguments, which lie at `strings`; then NULL. */
static void pointers_put(struct word_writer *w, const struct exec_args *a, size_t off, size_t end, vaddr_t strings)
{
	while (off < end) {
		word_put(w, strings + off);
		for (bool found = false; !found; ) {
			size_t in_page = off % PAGE_SIZE, n = MIN(PAGE_SIZE - in_page, end - off);
			size_t len = strnlen((char *)page_to_virt(a->pages[off / PAGE_SIZE]) + in_page, n);
			found = len < n;
			off += len + found;
		}
	}
	word_put(w, 0);
}

struct aux { uint64_t type, value; };

static unsigned aux_fill(struct aux *aux, const struct exec_args *a, const struct program *program, vaddr_t interpreter,
                         vaddr_t execfn, vaddr_t platform, vaddr_t random)
{
	const struct elf_image *elf = &program->elf;
	const struct proc *p = proc_current();
	const struct aux entries[AUXV_MAX] = {
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, CLOCK_TICKS },
		{ AT_PHDR, program->base + elf->phdr_vaddr },
		{ AT_PHENT, elf->phentsize },
		{ AT_PHNUM, elf->phnum },
		{ AT_BASE, interpreter },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, program->base + elf->entry },
		{ AT_UID, p->uid },
		{ AT_EUID, a->cred.euid },
		{ AT_GID, p->gid },
		{ AT_EGID, a->cred.egid },
		{ AT_SECURE, a->cred.secure },
		{ AT_RANDOM, random },
		{ AT_HWCAP, 0 },
		{ AT_HWCAP2, 0 },
		{ AT_EXECFN, execfn },
		{ AT_PLATFORM, platform },
		{ AT_MINSIGSTKSZ, fpu_size() + 1024 },
		{ AT_NULL, 0 },
	};
	memcpy(aux, entries, sizeof(entries));
	return ARRAY_SIZE(entries);
}

int stack_build(const struct exec_args *a, const char *execfn, const struct program *p, vaddr_t interpreter,
                vaddr_t *sp)
{
	static const char platform[] = "x86_64";
	struct space *s = thread_current()->space;
	struct aux aux[AUXV_MAX];
	uint8_t random[16];
	vaddr_t execfn_at = STACK_TOP - 8 - (strlen(execfn) + 1);
	vaddr_t strings = execfn_at - a->len;
	vaddr_t platform_at = strings - sizeof(platform);
	vaddr_t random_at = ALIGN_DOWN(platform_at - sizeof(random), 16ul);
	unsigned naux = aux_fill(aux, a, p, interpreter, execfn_at, platform_at, random_at);
	size_t words = 1 + a->argc + 1 + a->envc + 1 + naux * 2;
	random_bytes(random, sizeof(random));
	*sp = ALIGN_DOWN(random_at - words * sizeof(uint64_t), 16ul);
	if (copy_to_user(execfn_at, execfn, strlen(execfn) + 1) != 0 || strings_push(a, strings) != 0 ||
	    copy_to_user(platform_at, platform, sizeof(platform)) != 0 ||
	    copy_to_user(random_at, random, sizeof(random)) != 0)
		return -ENOMEM;
	struct word_writer w = { .at = *sp };
	word_put(&w, a->argc);
	pointers_put(&w, a, 0, a->argv_len, strings);
	pointers_put(&w, a, a->argv_len, a->len, strings);
	s->auxv_start = *sp + (words - naux * 2) * sizeof(uint64_t);
	for (unsigned i = 0; i < naux; i++) {
		word_put(&w, aux[i].type);
		word_put(&w, aux[i].value);
	}
	words_flush(&w);
	s->arg_start = strings;
	s->arg_end = s->env_start = strings + a->argv_len;
	s->env_end = strings + a->len;
	s->stack_start = *sp;
	return w.err ? -ENOMEM : 0;
}
