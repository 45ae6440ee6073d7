/* SPDX-License-Identifier: MIT */
/*
 * System calls on ports and lent frames (abi/atlas.h). Here descriptors become ports, messages are copied between
 * user memory and the call that carries them; ipc/ does the rest.
 *
 * A message is copied twice on its way: into the call by the sender, out of it by the receiver, each in its own space
 * and with no lock held, so both copies may fault. A receiver whose buffer cannot be stored to gets EFAULT, and the
 * caller whose message it had EIO: it would wait for ever otherwise.
 *
 * Everything here is on the path that the benchmarks count; the head is one copy of 88 bytes, data behind it cost an
 * allocation.
 */
#include <abi/errno.h>

#include "file/file.h"
#include "ipc/ipc_impl.h"
#include "mm/mm.h"
#include "sys/calls.h"
#include "sys/sys.h"
#include "task/task_impl.h"
#include "vm/vm.h"

static inline bool privileged(void) { return proc_current()->caps.effective & CAP_BIT(CAP_SYS_ADMIN); }

/* The port whose receive right the descriptor is; *f, referenced, keeps it. NULL: EBADF. */
static inline struct port *receiver_get(int fd, struct file **f)
{
	*f = fd_get(fd);
	if (!*f)
		return NULL;
	struct port *p = port_of_receiver(*f);
	if (!p)
		file_put(*f);
	return p;
}

/* The head of a message, most often in a page that is there: tried without the general path. */
static inline int head_read(struct msg *m, vaddr_t at)
{
	if (likely(at < USER_END - sizeof(*m)) && likely(user_copy_in(m, at, sizeof(*m)) == 0))
		return 0;
	return copy_from_user(m, at, sizeof(*m));
}

static inline int head_write(vaddr_t at, const struct msg *m)
{
	if (likely(at < USER_END - sizeof(*m)) && likely(user_copy_out(at, m, sizeof(*m)) == 0))
		return 0;
	return copy_to_user(at, m, sizeof(*m));
}

SYSCALL(port_create)
{
	if (a & ~(uint64_t)O_CLOEXEC)
		return -EINVAL;
	return privileged() ? fd_give(port_file_create(0), a & O_CLOEXEC) : -EPERM;
}

SYSCALL(port_client)
{
	struct file *right;
	if (!privileged())
		return -EPERM;
	struct port *p = receiver_get(a, &right);
	if (!p)
		return -EBADF;
	int64_t fd = fd_give(port_client_create(p, b, 0), false);
	file_put(right);
	return fd;
}

/* ---- calling ---- */

/* The message at `at`, with its data, into a new call. err_ptr. */
static struct call *call_read(vaddr_t at, uint64_t cap)
{
	struct call *call = call_alloc();
	int err = -EMSGSIZE;
	if (!call)
		return err_ptr(-ENOMEM);
	if (head_read(&call->m, at) != 0) {
		err = -EFAULT;
		goto out_put;
	}
	if (call->m.data_len > MIN(cap, MSG_DATA_MAX))
		goto out_put;
	call->m.npages = 0;
	if (!call->m.data_len)
		return call;
	call->data = kmalloc(call->m.data_len);
	err = !call->data ? -ENOMEM : copy_from_user(call->data, at + sizeof(call->m), call->m.data_len);
	if (!err)
		return call;
out_put:
	call_put(call);
	return err_ptr(err);
}

static int message_write(vaddr_t at, const struct msg *m, const void *data)
{
	if (head_write(at, m) != 0)
		return -EFAULT;
	return m->data_len ? copy_to_user(at + sizeof(*m), data, m->data_len) : 0;
}

/* loan: the call's reference to it passes to the call; NULL none. */
static int64_t call_through(int fd, vaddr_t m, uint64_t cap, struct loan *loan)
{
	struct call *call = NULL;
	struct file *f = fd_get(fd);
	struct port_client *client = f ? port_client_from_file(f) : NULL;
	int64_t err = -EBADF;
	if (client) {
		call = call_read(m, cap);
		err = is_err(call) ? ptr_err(call) : 0;
	}
	if (err) {
		if (loan)
			loan_put(loan);
		goto out_file;
	}
	call->m.badge = client->badge;
	call->m.npages = loan ? loan->npages : 0;
	call->loan = loan;
	err = port_call_send(client->port, call, CALL_TO_SIGNAL);
	if (!err && call->m.data_len > cap)
		err = -EMSGSIZE;
	if (!err)
		err = message_write(m, &call->m, call->data);
	call_put(call);
out_file:
	if (f)
		file_put(f);
	return err;
}

SYSCALL(port_call) { return call_through(a, b, c, NULL); }

SYSCALL(port_call_lend)
{
	struct file *right;
	if (!privileged())
		return -EPERM;
	struct port *p = receiver_get(d, &right);
	if (!p)
		return -EBADF;
	struct loan *loan = loan_of_call(p, e);
	file_put(right);
	return loan ? call_through(a, b, c, loan) : -ESRCH;
}

/* ---- receiving ---- */

/* Hands what was taken to the user. */
static int64_t deliver(struct port *p, struct call *call, uint64_t bits, vaddr_t at)
{
	if (!call) {
		struct msg m = { .op = MSG_NOTIFY, .arg = { bits } };
		return head_write(at, &m);
	}
	int err = message_write(at, &call->m, call->data);
	if (err)
		port_fail(p, call, -EIO);
	call_put(call);
	return err;
}

static int64_t receive(struct port *p, vaddr_t at, uint64_t cap, uint64_t deadline, struct thread *next)
{
	struct call *call;
	uint64_t bits = 0;
	int err = port_take(p, cap, deadline, next, &call, &bits);
	return err ? err : deliver(p, call, bits, at);
}

static uint64_t deadline_after(int64_t timeout_ns)
{
	return timeout_ns < 0 ? NO_DEADLINE : timeout_ns == 0 ? 0 : clock_now_ns() + timeout_ns;
}

SYSCALL(port_receive)
{
	struct file *right;
	if (!privileged())
		return -EPERM;
	struct port *p = receiver_get(a, &right);
	if (!p)
		return -EBADF;
	int64_t err = receive(p, b, c, deadline_after(d), NULL);
	file_put(right);
	return err;
}

/* Reads the reply at `at` and gives it to its caller, who is then *next, claimed and to be run. */
static int64_t reply(struct port *p, vaddr_t at, struct thread **next)
{
	struct msg m;
	void *data = NULL;
	*next = NULL;
	if (head_read(&m, at) != 0)
		return -EFAULT;
	if (m.data_len > MSG_DATA_MAX)
		return -EMSGSIZE;
	if (m.data_len) {
		data = kmalloc(m.data_len);
		int err = !data ? -ENOMEM : copy_from_user(data, at + sizeof(m), m.data_len);
		if (err) {
			kfree(data);
			return err;
		}
	}
	return port_answer(p, &m, data, next);
}

SYSCALL(port_reply)
{
	struct file *right;
	struct thread *next;
	if (!privileged())
		return -EPERM;
	struct port *p = receiver_get(a, &right);
	if (!p)
		return -EBADF;
	int64_t err = reply(p, b, &next);
	if (next)
		sched_ready(next);
	file_put(right);
	return err;
}

/* A caller that is gone is no reason not to receive: only a reply that could not be read is reported. */
SYSCALL(port_reply_receive)
{
	struct file *right;
	struct thread *next;
	if (!privileged())
		return -EPERM;
	struct port *p = receiver_get(a, &right);
	if (!p)
		return -EBADF;
	int64_t err = reply(p, b, &next);
	if (!err || err == -ESRCH)
		err = receive(p, b, c, NO_DEADLINE, next);
	file_put(right);
	return err;
}

/* ---- notifications ---- */

SYSCALL(port_notify)
{
	struct file *right = fd_get(a);
	struct port *p = right ? port_from_file(right, false) : NULL;
	int64_t err = !p ? -EBADF : !privileged() ? -EPERM : !port_alive(p) ? -EPIPE : 0;
	if (!err)
		port_notify_bits(p, b);
	if (p)
		port_put(p);
	if (right)
		file_put(right);
	return err;
}

SYSCALL(port_timer)
{
	struct file *right;
	if (!privileged())
		return -EPERM;
	struct port *p = receiver_get(a, &right);
	if (!p)
		return -EBADF;
	timer_cancel(&p->timer);
	p->timer_bits = c;
	if (b)
		timer_set(&p->timer, b);
	file_put(right);
	return 0;
}

/* ---- memory to map ---- */

/* What f shows at `off`, referenced, as the port's to offer: of the kinds that nobody else fills. */
static int offer_get(struct port *p, struct file *f, uint64_t off, struct object **o, pgoff_t *pgoff)
{
	*o = NULL;
	int err = !f->ops->map ? -ENODEV : f->ops->map(f, off, PAGE_SIZE, o, pgoff);
	if (!err && !*o)
		err = -EINVAL;
	if (!err)
		err = object_offer(*o, p);
	if (err && *o)
		object_put(*o);
	return err;
}

SYSCALL(port_offer)
{
	struct file *right;
	struct object *o;
	pgoff_t pgoff;
	if (!privileged())
		return -EPERM;
	if (d & PAGE_MASK)
		return -EINVAL;
	struct port *p = receiver_get(a, &right);
	struct file *memory = p ? fd_get(c) : NULL;
	int64_t err = memory ? offer_get(p, memory, d, &o, &pgoff) : -EBADF;
	if (!err)
		err = port_attach_offer(p, b, o, pgoff);
	if (memory)
		file_put(memory);
	if (p)
		file_put(right);
	return err;
}

/* ---- lent frames ---- */

/* The loan of a call that the caller's port holds, referenced. err_ptr. */
static struct loan *loan_get_by_token(int fd, uint64_t token)
{
	struct file *f;
	if (!privileged())
		return err_ptr(-EPERM);
	struct port *p = receiver_get(fd, &f);
	if (!p)
		return err_ptr(-EBADF);
	struct loan *loan = loan_of_call(p, token);
	file_put(f);
	return loan ? loan : err_ptr(-ESRCH);
}

SYSCALL(loan_paddr)
{
	uint64_t paddr[LOAN_MAX];
	int64_t err = -EINVAL;
	struct loan *loan = loan_get_by_token(a, b);
	if (is_err(loan))
		return ptr_err(loan);
	if (c <= loan->npages && d <= loan->npages - c) {
		for (uint64_t i = 0; i < d; i++)
			paddr[i] = page_to_phys(loan->page[c + i]);
		err = copy_to_user(e, paddr, d * sizeof(paddr[0]));
	}
	loan_put(loan);
	return err;
}

SYSCALL(loan_zero)
{
	struct loan *loan = loan_get_by_token(a, b);
	if (is_err(loan))
		return ptr_err(loan);
	int64_t err = loan_bytes_zero(loan, c, d);
	loan_put(loan);
	return err;
}

SYSCALL(loan_copy)
{
	struct loan *loan = loan_get_by_token(a, b);
	if (is_err(loan))
		return ptr_err(loan);
	int64_t err = loan_bytes_copy(loan, c, d, e, f);
	loan_put(loan);
	return err;
}
