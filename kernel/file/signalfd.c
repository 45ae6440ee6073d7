/* SPDX-License-Identifier: MIT */
/*
 * signalfd(2): signals that are read instead of handled.
 *
 * The file is a mask and nothing else: a read takes pending signals of the reader (its thread's, then its process's), a
 * poll looks at those of the poller; after a fork the child's are meant. So reading is what sigtimedwait does, once for
 * each record that fits, and only the first waits. Signals that are sent while such files exist wake all who poll
 * (signal_files); which of them have one among their files nobody knows.
 *
 * No locks but the process's own: the mask is one word.
 */
#include "file/file_impl.h"
#include "task/task_impl.h"

/* Which of the layouts of siginfo a signal has: by its number and where it comes from. */
static bool is_fault(int signo, int code)
{
	bool of_cpu = signo == SIGILL || signo == SIGFPE || signo == SIGSEGV || signo == SIGBUS || signo == SIGTRAP;

	return of_cpu && code > SI_USER && code < SI_KERNEL;
}

/* A file's news: of SIGIO by its own code, of another signal by that of the news. */
static bool is_poll(int signo, int code)
{
	return code == SI_SIGIO || (signo != SIGCHLD && code >= POLL_IN && code <= POLL_HUP);
}

static void record_fill(struct abi_signalfd_siginfo *r, const struct abi_siginfo *info)
{
	*r = (struct abi_signalfd_siginfo){ .signo = (uint32_t)info->si_signo, .error = info->si_errno, .code = info->si_code };
	if (is_fault(info->si_signo, info->si_code)) {
		r->addr = info->fault.addr;
		return;
	}
	if (info->si_code == SI_TIMER) {
		r->tid = (uint32_t)info->timer.id;
		r->overrun = (uint32_t)info->timer.overrun;
		r->ptr = info->timer.value;
		r->int_value = (int32_t)info->timer.value;
		return;
	}
	if (is_poll(info->si_signo, info->si_code)) {
		r->band = (uint32_t)info->poll.band;
		r->fd = info->poll.fd;
		return;
	}
	r->pid = (uint32_t)info->child.pid;
	r->uid = info->child.uid;
	if (info->si_code < 0) {
		r->ptr = info->rt.value;
		r->int_value = (int32_t)info->rt.value;
	} else if (info->si_signo == SIGCHLD && info->si_code > SI_USER && info->si_code < SI_KERNEL) {
		r->status = info->child.status;
		r->utime = (uint64_t)info->child.utime;
		r->stime = (uint64_t)info->child.stime;
	}
}

static uint64_t mask_of(const struct file *f) { return __atomic_load_n((uint64_t *)f->data, __ATOMIC_RELAXED); }

static int64_t signals_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	struct abi_signalfd_siginfo record;
	struct abi_siginfo info;
	size_t done = 0;

	(void)pos;
	if (len < sizeof record)
		return -EINVAL;
	while (len - done >= sizeof record) {
		int signo = signal_wait(mask_of(f), !done && !(f->flags & O_NONBLOCK), UINT64_MAX, &info);
		if (signo < 0)
			return done ? (int64_t)done : signo;
		record_fill(&record, &info);
		if (copy_to_user(buf + done, &record, sizeof record))
			return done ? (int64_t)done : -EFAULT;
		done += sizeof record;
	}
	return (int64_t)done;
}

static unsigned signals_poll(struct file *f)
{
	const struct thread *t = thread_current();

	return (t->sigpending.set | t->proc->sigpending.set) & mask_of(f) ? POLLIN : 0;
}

static void signals_release(struct file *f)
{
	__atomic_sub_fetch(&signal_files, 1, __ATOMIC_SEQ_CST);
	kfree(f->data);
}

static const struct file_ops signals_ops = {
	.read = signals_read,
	.stat = file_anonymous_stat,
	.poll = signals_poll,
	.release = signals_release,
};

struct file *signalfd_create(uint64_t mask, uint32_t flags)
{
	uint64_t *data = kmalloc(sizeof *data);
	struct file *f = data ? file_create(FILE_SIGNALS, &signals_ops, flags | O_RDWR, data) : NULL;

	if (!f) {
		kfree(data);
		return err_ptr(-ENOMEM);
	}
	*data = mask;
	__atomic_add_fetch(&signal_files, 1, __ATOMIC_SEQ_CST);
	return f;
}

void signalfd_set_mask(struct file *f, uint64_t mask)
{
	__atomic_store_n((uint64_t *)f->data, mask, __ATOMIC_RELAXED);
	poll_changed();
}
