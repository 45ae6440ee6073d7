/* SPDX-License-Identifier: MIT */
/*
 * execve: a new program in an old process.
 *
 *   gather    copy argv and envp into the kernel
 *   find      open the file; follow `#!` lines, at most five deep; read its first page; parse the ELF header; the same of
 *             the interpreter that it names, the dynamic linker
 *   build     a new space: map the segments, the bss, the stack; fill the stack. The thread works in the new space for
 *             this, but its process still has the old one
 *   commit    end the other threads, leave shared tables of descriptors and signal actions; the process takes the new
 *             space, drops the old one, closes what is close-on-exec, resets signals, releases vfork's parent
 *
 * execveat names a file by a descriptor, alone or with a name from there. A script's interpreter is told /dev/fd/N,
 * which leads to the file again.
 *
 * Until commit every failure returns an errno to the old program, unharmed. Ending the other threads is the last step
 * that can fail (the process may be killed meanwhile). Pages of the file are not read here: segments are private file
 * mappings and come by faults; only the last page of initialised data is touched, to clear what lies behind the data
 * in it.
 *
 * What becomes of the segments is image.c's matter, what of the strings execargs.c's. There is no address
 * randomisation, so that a student sees the same addresses each time.
 *
 * Locks: none is held over anything here. thread->space changes only under its own hands; p->space under the tree
 * lock and p->lock, for /proc looks at it.
 */
#include "task/exec_impl.h"

#include <abi/errno.h>
#include <abi/mman.h>
#include <abi/mount.h>

#include "file/file.h"
#include "lib/log.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "vm/vm.h"

#define SCRIPT_DEPTH 5
#define SCRIPT_LINE 256 /* bytes of a file that are looked at for its first line */
#define STACK_INITIAL (32 * PAGE_SIZE) /* mapped at first, below the strings; it grows by faults up to the limit */

/* All that execve gathers before it commits. */
struct exec {
	struct program program, interpreter; /* the second without a file when there is none */
	char *path;            /* as the caller named it, or /dev/fd/N/name: AT_EXECFN, the process's name */
	bool nameless;         /* a descriptor alone: the process is named after the file */
	bool vanishes;         /* that path leads through a descriptor that exec closes: no script can be found by it */
	char *word[EXEC_PREFIX_MAX]; /* what goes before (and instead of) argv[0]; owned */
	unsigned nwords;
	struct page *head;     /* the first page of the file last looked at */
	size_t head_len;
	struct exec_args args;
	struct space *space;
	vaddr_t sp;
	char *cmdline;
	size_t cmdline_len;
};

static char *string_copy(const char *text)
{
	char *copy = kmalloc(strlen(text) + 1);
	if (copy)
		memcpy(copy, text, strlen(text) + 1);
	return copy;
}

static void exec_free(struct exec *x)
{
	if (x->program.file)
		file_put(x->program.file);
	if (x->interpreter.file)
		file_put(x->interpreter.file);
	for (unsigned i = 0; i < x->nwords; i++)
		kfree(x->word[i]);
	if (x->head)
		page_put(x->head);
	args_free(&x->args);
	kfree(x->cmdline);
	kfree(x->path);
	kfree(x);
}

/* ---- find ---- */

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static char *skip_blanks(char *c)
{
	while (is_blank(*c))
		c++;
	return c;
}

/*
 * "#! interpreter argument": both words, cut out of line, which ends with a NUL; *arg is NULL without one. Of a line
 * that is too long the end of the argument is lost, as on Linux; if it is the interpreter's, -ENOEXEC.
 */
static int script_parse(char *line, char **interpreter, char **arg)
{
	char *end = line;
	while (*end && *end != '\n')
		end++;
	bool cut = end == line + SCRIPT_LINE, ended = *end == '\n';
	end -= cut;
	while (ended && is_blank(end[-1]))
		end--;
	*end = '\0';
	char *c = *interpreter = skip_blanks(line + 2);
	while (*c && !is_blank(*c))
		c++;
	if (c == *interpreter || (cut && !*c))
		return -ENOEXEC;
	*arg = NULL;
	if (*c) {
		*c = '\0';
		*arg = skip_blanks(c + 1);
	}
	return 0;
}

/* Words of a script go before those there are; path, its own name, replaces what stood first. */
static int words_prepend(struct exec *x, const char *interpreter, const char *arg, const char *path)
{
	unsigned add = arg ? 2 : 1;
	char *first = string_copy(path);
	if (!first)
		return -ENOMEM;
	if (x->nwords)
		kfree(x->word[0]);
	else
		x->nwords = 1;
	x->word[0] = first;
	memmove(x->word + add, x->word, x->nwords * sizeof(x->word[0]));
	x->word[0] = string_copy(interpreter);
	if (arg)
		x->word[1] = string_copy(arg);
	x->nwords += add;
	return x->word[0] && (!arg || x->word[1]) ? 0 : -ENOMEM;
}

static int program_find(struct exec *x, const struct program_name *name)
{
	char line[SCRIPT_LINE + 1];
	char *interpreter = NULL, *arg;
	int err = program_open(&x->program, name, x->head, &x->head_len);
	for (int depth = 0; !err; depth++) {
		const char *head = page_to_virt(x->head);
		if (x->head_len < 2 || head[0] != '#' || head[1] != '!')
			break;
		if (depth == SCRIPT_DEPTH)
			return -ELOOP;
		size_t len = MIN(x->head_len, SCRIPT_LINE);
		memcpy(line, head, len);
		line[len] = '\0';
		err = script_parse(line, &interpreter, &arg);
		if (!err && x->vanishes)
			err = -ENOENT;
		if (!err)
			err = words_prepend(x, interpreter, arg, depth ? x->word[0] : x->path);
		if (!err)
			err = program_open(&x->program, &(struct program_name){ AT_FDCWD, interpreter, 0 }, x->head,
			                   &x->head_len);
	}
	if (!err)
		err = program_parse(&x->program, x->head, x->head_len);
	return err ? err : interpreter_find(&x->program, &x->interpreter, x->head);
}

/* ---- gather ---- */

static int args_gather(struct exec *x, vaddr_t argv, vaddr_t envp)
{
	struct exec_args *a = &x->args;
	int err = args_init(a);
	for (unsigned i = 0; !err && i < x->nwords; i++, a->argc++)
		err = args_add(a, x->word[i]);
	if (!err)
		err = args_add_vector(a, argv, x->nwords ? 1 : 0, &a->argc);
	if (!err && !a->argc) { /* like Linux: a program always has an argv[0] */
		err = args_add(a, "");
		a->argc = 1;
	}
	a->argv_len = a->len;
	return err ? err : args_add_vector(a, envp, 0, &a->envc);
}

/* What /proc shows. */
static int cmdline_make(struct exec *x)
{
	x->cmdline_len = MIN(x->args.argv_len, PAGE_SIZE);
	x->cmdline = kmalloc(x->cmdline_len);
	if (!x->cmdline)
		return -ENOMEM;
	args_copy(&x->args, 0, x->cmdline, x->cmdline_len);
	return 0;
}

/*
 * Like Linux the arguments come first: a bad pointer is told also of a file that does not exist. They are gathered
 * once more, with its interpreter before them, when the file turns out to be a script.
 */
static int find_and_gather(struct exec *x, const struct program_name *name, vaddr_t argv, vaddr_t envp)
{
	unsigned nwords = x->nwords;
	int err = args_gather(x, argv, envp);
	if (!err)
		err = program_find(x, name);
	if (!err && x->nwords != nwords) {
		args_free(&x->args);
		err = args_gather(x, argv, envp);
	}
	if (err)
		return err;
	cred_for_exec(x->program.file, &x->args.cred);
	return cmdline_make(x);
}

/* ---- build ---- */

/* Mappings without a hint go below the room that the stack may grow into, as Linux places them. */
static vaddr_t mmap_top_for(uint64_t stack_limit)
{
	uint64_t gap = stack_limit + STACK_GAP > stack_limit ? stack_limit + STACK_GAP : stack_limit;

	return ALIGN_UP(USER_END - MIN(MAX(gap, USER_END - MMAP_TOP), USER_END / 6 * 5), PAGE_SIZE);
}

static int map_stack(struct exec *x)
{
	size_t strings = x->args.len + strlen(x->path) + 1 + sizeof(uint64_t);
	size_t len = ALIGN_UP(strings, PAGE_SIZE) + STACK_INITIAL;
	vaddr_t at = STACK_TOP - len;
	uint32_t prot = PROT_READ | PROT_WRITE | (x->program.elf.exec_stack ? PROT_EXEC : 0);
	x->space->stack_limit = proc_rlimit(RLIMIT_STACK);
	x->space->mmap_top = mmap_top_for(x->space->stack_limit);
	return space_map(x->space, &at, len, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, NULL, 0,
	                 NULL, true);
}

/* The stack first, as on Linux: what has no place of its own goes below it. */
static int space_build(struct exec *x)
{
	bool interpreted = x->interpreter.file;
	int err = map_stack(x);

	if (!err)
		err = program_map(x->space, &x->program, interpreted);
	if (!err)
		space_note_program(x->space, &x->program, interpreted);
	if (!err && interpreted)
		err = program_map(x->space, &x->interpreter, false);
	return err ? err : stack_build(&x->args, x->path, &x->program, x->interpreter.base, &x->sp);
}

/* ---- commit ---- */

/* Ends every other thread of the process. -EINTR when the process is being killed instead. */
static int become_single(struct proc *p)
{
	struct thread *self = thread_current();
	int err = 0;
	spin_lock(&p->lock);
	if (p->exiting || p->exec_thread) {
		spin_unlock(&p->lock);
		return -EINTR;
	}
	p->exec_thread = self;
	list_for_each(n, &p->threads) {
		struct thread *t = list_entry(n, struct thread, proc_link);
		if (t == self)
			continue;
		__atomic_or_fetch(&t->pending, PENDING_KILL, __ATOMIC_SEQ_CST);
		thread_kick(t);
	}
	while (p->nthreads > 1 && !err)
		err = wait_on(&p->stop_wait, &p->lock, WAIT_KILLABLE, NO_DEADLINE);
	p->exec_thread = NULL;
	spin_unlock(&p->lock);
	return err;
}

static void identity_take(struct exec *x, struct proc *p)
{
	struct thread *t = thread_current();
	if (t->tid != p->pid) {
		pid_set_owner(t->tid, NULL);
		pid_put(t->tid);
		t->tid = p->pid;
	}
	proc_name_set(p, x->nameless && x->program.file->path ? x->program.file->path : x->path);
	mutex_lock(&proc_tree_lock);
	spin_lock(&p->lock);
	char *old_cmdline = p->cmdline;
	struct file *old_exe = p->exe;
	p->cmdline = x->cmdline;
	p->cmdline_len = x->cmdline_len;
	p->exe = x->program.file;
	p->execed = true;
	p->exit_signal = SIGCHLD; /* whatever it was cloned with */
	p->personality &= ~READ_IMPLIES_EXEC;
	p->space = x->space;
	cred_exec_locked(p, &x->args.cred);
	spin_unlock(&p->lock);
	mutex_unlock(&proc_tree_lock);
	x->cmdline = old_cmdline;
	x->program.file = old_exe;
}

static void registers_reset(struct exec *x)
{
	struct thread *t = thread_current();
	struct trap_frame *f = arch_thread_frame(&t->arch);
	const struct program *first = x->interpreter.file ? &x->interpreter : &x->program;
	arch_frame_init_user(f, first->base + first->elf.entry, x->sp);
	fpu_init(t->arch.fpu);
	fpu_load_current();
	t->arch.fs_base = t->arch.gs_base = 0;
	arch_load_bases();
	t->pager = false;
	t->altstack = (struct abi_stack){ .ss_flags = SS_DISABLE };
}

/* What others wait for in the old memory. The thread still has its old number, by which they know it. */
static void memory_release(struct exec *x, struct space *old)
{
	struct thread *t = thread_current();
	if (!t->robust_list && !t->clear_child_tid)
		return;
	t->space = old;
	space_load(old);
	thread_release_memory(t);
	t->space = x->space;
	space_load(x->space);
}

/* Nobody finds the old memory through the process any more. Letting go of it may take a while: files are closed by it. */
static void space_leave(struct proc *p, struct space *old)
{
	spin_lock(&p->lock);
	p->used.peak_resident = MAX(p->used.peak_resident, MAX(old->peak_resident, old->resident));
	spin_unlock(&p->lock);
	space_put(old);
}

static void commit(struct exec *x, struct space *old)
{
	struct proc *p = proc_current();
	if (old)
		memory_release(x, old);
	identity_take(x, p);
	if (old)
		space_leave(p, old);
	actions_reset(p->actions);
	posix_timers_end(p);
	registers_reset(x);
	proc_release_vfork(p);
	fdtable_close_on_exec(p->files);
}

static int exec_perform(struct exec *x, const struct program_name *name, vaddr_t argv, vaddr_t envp)
{
	struct thread *t = thread_current();
	struct space *old = t->space;
	int err = find_and_gather(x, name, argv, envp);
	if (err)
		return err;
	x->space = space_create();
	if (!x->space)
		return -ENOMEM;
	t->space = x->space;
	space_load(x->space);
	err = space_build(x);
	if (!err)
		err = become_single(t->proc);
	if (!err && (fdtable_unshare() != 0 || actions_unshare() != 0)) {
		err = -ENOMEM; /* nothing to go back to: the other threads have ended */
		(void)signal_send_proc(t->proc, SIGKILL, NULL);
	}
	if (!err) {
		commit(x, old);
		return 0;
	}
	t->space = old;
	space_load(old);
	space_put(x->space);
	return err;
}

/* By which path the program and its interpreter know the file. */
static char *path_told(const struct program_name *name)
{
	if (name->dirfd == AT_FDCWD || name->path[0] == '/')
		return string_copy(name->path);
	size_t room = strlen(name->path) + 24;
	char *path = kmalloc(room);
	if (path)
		ksnprintf(path, room, name->path[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d", name->dirfd, name->path);
	return path;
}

static struct exec *exec_new(const struct program_name *name)
{
	struct exec *x = kzalloc(sizeof(*x));
	if (!x)
		return NULL;
	x->path = path_told(name);
	x->nameless = !name->path[0];
	x->vanishes = name->dirfd != AT_FDCWD && name->path[0] != '/' && fd_get_cloexec(name->dirfd) > 0;
	x->head = vm_page_alloc(false);
	if (x->path && x->head)
		return x;
	exec_free(x);
	return NULL;
}

int proc_exec(const struct program_name *name, vaddr_t argv, vaddr_t envp)
{
	struct proc *p = proc_current();
	if (unlikely(p->joined_too_many) && proc_over_limit(0))
		return -EAGAIN;
	p->joined_too_many = false;
	struct exec *x = exec_new(name);
	if (!x)
		return -ENOMEM;
	int err = exec_perform(x, name, argv, envp);
	exec_free(x);
	return err;
}

/* The first program: argv is its name alone, the environment is empty. */
int proc_exec_init(const char *path)
{
	const struct program_name file = { AT_FDCWD, path, 0 };
	struct exec *x = exec_new(&file);
	const char *name = path;
	if (!x)
		return -ENOMEM;
	for (const char *c = path; *c; c++)
		if (*c == '/')
			name = c + 1;
	x->word[0] = string_copy(name);
	x->nwords = x->word[0] ? 1 : 0;
	int err = exec_perform(x, &file, 0, 0);
	exec_free(x);
	return err;
}
