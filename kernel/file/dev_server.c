/* SPDX-License-Identifier: MIT */
/*
 * Devices of servers: an open file is an instance that the server numbers, and what is done with it becomes a call of
 * abi/devproto.h on the port that stood behind the name when it was opened.
 *
 * Data to and from a server goes through a kernel buffer in pieces of at most MSG_DATA_MAX. A read is one call, for the
 * server says how much there is; a write goes on until all is taken.
 *
 * A signal ends the wait of a reader: his call is taken back, or left to the server, which finds him gone and keeps the
 * bytes. A writer's bytes would be lost or sent twice so; only his death ends his wait. Terminals know better: their
 * server is asked to give the call up, and says how much of it was done (DEV_CANCEL). How many
 * bytes an ioctl command reads and stores its number says, or for older commands a table; the server never sees a
 * pointer.
 *
 * To mmap the server answers with memory: its own, or its device's (port_offer). The kernel maps that object; the
 * server is not asked again, and when it dies the object loses its pages.
 */
#include <abi/devproto.h>
#include <abi/fb.h>
#include <abi/ioctl.h>
#include <abi/termios.h>

#include "file/devices.h"
#include "file/terminal.h"

/* An open device of a server. */
struct instance {
	struct port *port;
	uint64_t number;
	struct terminal *terminal; /* NULL: it is none */
	bool master;               /* the other end of it */
	unsigned index;            /* of that: which pseudo-terminal it is */
	uint32_t hangups;          /* of the terminal when it was opened */
};

static bool is_dead(const struct instance *in)
{
	return in->terminal && !in->master && unlikely(in->hangups != terminal_hangups(in->terminal));
}

/* The port of an open device; the message says whose call it is. */
static struct port *dev_address(const struct file *f, struct msg *m)
{
	const struct instance *in = f->data;

	m->arg[0] = in->number;
	m->arg[5] = (uint64_t)thread_current()->tid;
	m->arg[6] = proc_current() ? (uint64_t)proc_current()->pid : 0;
	return in->port;
}

/* What a call came to: err is the port's word, the status the server's. */
static int dev_result(int err, const struct msg *m)
{
	if (err)
		return err == -EPIPE ? -EIO : err;
	return m->status > 0 || m->status < -4095 ? -EIO : m->status;
}

/* end: for what is no terminal */
static int dev_call(const struct file *f, struct msg *m, const void *data, void *reply, size_t cap, enum call_end end)
{
	struct port *port = dev_address(f, m);

	if (((const struct instance *)f->data)->terminal)
		end = CALL_CANCELLED;
	return dev_result(port_call_kernel(port, m, data, reply, cap, NULL, end), m);
}

static int64_t dev_read(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	len = MIN(len, (size_t)MSG_DATA_MAX);
	struct msg m = { .op = DEV_READ, .arg = { 0, len, f->flags & O_NONBLOCK, pos ? (uint64_t)*pos : 0 } };

	const struct instance *in = f->data;

	if (is_dead(in))
		return 0;
	if (in->terminal && !in->master) {
		int err = terminal_check(in->terminal, SIGTTIN);
		if (err)
			return err;
	}
	if (!len)
		return 0;
	char *bytes = kmalloc(len);
	if (!bytes)
		return -ENOMEM;
	int64_t n = dev_call(f, &m, NULL, bytes, len, CALL_TO_SIGNAL);
	if (!n) {
		n = (int64_t)MIN((size_t)m.data_len, len);
		if (copy_to_user(buf, bytes, (size_t)n))
			n = -EFAULT;
	}
	if (pos && n > 0)
		*pos += n;
	kfree(bytes);
	return n;
}

/* One piece, already in the kernel: bytes taken. */
static int64_t dev_write_piece(struct file *f, const void *bytes, size_t len, uint64_t place)
{
	struct msg m = { .op = DEV_WRITE, .data_len = (uint32_t)len, .arg = { 0, f->flags & O_NONBLOCK, place } };
	int err = dev_call(f, &m, bytes, NULL, 0, CALL_TO_DEATH);

	if (err)
		return err;
	return m.arg[0] == 0 || m.arg[0] > len ? -EIO : (int64_t)m.arg[0];
}

static int64_t dev_write_from(struct file *f, uint64_t from, size_t len, bool kernel, int64_t *pos)
{
	const struct instance *in = f->data;
	int64_t n = is_dead(in) ? -EIO : in->terminal && !in->master ? terminal_check_write(in->terminal) : 0;
	size_t done = 0;

	if (n)
		return n;
	char *bytes = kernel || !len ? NULL : kmalloc(MIN(len, (size_t)MSG_DATA_MAX));

	if (!kernel && len && !bytes)
		return -ENOMEM;
	while (done < len) {
		size_t piece = MIN(len - done, (size_t)MSG_DATA_MAX);
		n = kernel || !copy_from_user(bytes, from + done, piece) ? 0 : -EFAULT;
		if (!n)
			n = dev_write_piece(f, kernel ? (const char *)from + done : bytes, piece, pos ? (uint64_t)*pos : 0);
		if (n < 0)
			break;
		if (pos)
			*pos += n;
		done += (size_t)n;
	}
	kfree(bytes);
	return done ? (int64_t)done : n;
}

static int64_t dev_write(struct file *f, vaddr_t buf, size_t len, int64_t *pos)
{
	return dev_write_from(f, buf, len, false, pos);
}

static int64_t dev_write_kernel(struct file *f, const void *buf, size_t len, int64_t *pos)
{
	return dev_write_from(f, (uint64_t)buf, len, true, pos);
}

/*
 * What a command moves: bytes behind the pointer, in and out; neither: the argument is a plain number. Here are those
 * whose numbers do not say it themselves (abi/ioctl.h).
 */
#define IOCTL_BYTES_MAX sizeof(struct fb_var_screeninfo)
static const struct { unsigned cmd; uint8_t in, out; } ioctls[] = {
	{ TCGETS, 0, sizeof(struct abi_termios) },
	{ TCSETS, sizeof(struct abi_termios), 0 },
	{ TCSETSW, sizeof(struct abi_termios), 0 },
	{ TCSETSF, sizeof(struct abi_termios), 0 },
	{ TIOCGWINSZ, 0, sizeof(struct abi_winsize) },
	{ TIOCSWINSZ, sizeof(struct abi_winsize), 0 },
	{ FIONREAD, 0, sizeof(int32_t) },
	{ TCGETA, 0, sizeof(struct abi_termio) },
	{ TCSETA, sizeof(struct abi_termio), 0 },
	{ TCSETAW, sizeof(struct abi_termio), 0 },
	{ TCSETAF, sizeof(struct abi_termio), 0 },
	{ TIOCSTI, 1, 0 },
	{ TIOCGETD, 0, sizeof(int32_t) },
	{ TCSBRK, 0, 0 },
	{ TCSBRKP, 0, 0 },
	{ TCXONC, 0, 0 },
	{ TCFLSH, 0, 0 },
	{ TIOCOUTQ, 0, sizeof(int32_t) },
	{ FBIOGET_VSCREENINFO, 0, sizeof(struct fb_var_screeninfo) },
	{ FBIOPUT_VSCREENINFO, sizeof(struct fb_var_screeninfo), sizeof(struct fb_var_screeninfo) },
	{ FBIOGET_FSCREENINFO, 0, sizeof(struct fb_fix_screeninfo) },
	{ FBIOPAN_DISPLAY, sizeof(struct fb_var_screeninfo), sizeof(struct fb_var_screeninfo) },
};

static int64_t dev_ioctl_moving(struct file *f, unsigned cmd, vaddr_t arg, size_t in, size_t out)
{
	uint8_t bytes[IOCTL_BYTES_MAX] = { 0 };
	struct msg m = { .op = DEV_IOCTL, .data_len = (uint32_t)in, .arg = { 0, cmd, in || out ? 0 : arg } };

	if (in && copy_from_user(bytes, arg, in))
		return -EFAULT;
	int err = dev_call(f, &m, bytes, bytes, sizeof bytes, CALL_TO_SIGNAL);
	if (err)
		return err;
	if (((const struct instance *)f->data)->terminal)
		terminal_set(((const struct instance *)f->data)->terminal, m.arg[1]);
	if (out && m.data_len != out)
		return -EIO;
	if (out && copy_to_user(arg, bytes, out))
		return -EFAULT;
	return (int64_t)(m.arg[0] & INT32_MAX);
}

/* TIOCGPTPEER: a descriptor of the slave's side. */
static int64_t open_peer(const struct instance *master, unsigned flags)
{
	struct node *n = devpts_node(master->index);
	char path[24];

	if (!n)
		return -EIO;
	ksnprintf(path, sizeof path, "/dev/pts/%u", master->index);
	struct file *f = file_open_node(n, text_copy(path), (int)(flags & (O_ACCMODE | O_NONBLOCK | O_NOCTTY)));
	if (is_err(f))
		return ptr_err(f);
	int fd = fd_install(f, 0, flags & O_CLOEXEC);
	if (fd < 0)
		file_put(f);
	return fd;
}

static int64_t dev_ioctl(struct file *f, unsigned cmd, vaddr_t arg)
{
	const struct instance *in = f->data;
	struct terminal *t = in->terminal;

	if (is_dead(in))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	int64_t result = t && terminal_changes(cmd, in->master) ? terminal_check(t, SIGTTOU) : 0;
	if (result || (t && terminal_ioctl(f, t, in->master, cmd, arg, &result)))
		return result;
	if (cmd == TIOCGPTPEER && in->master)
		return open_peer(in, (unsigned)arg);
	for (unsigned i = 0; i < ARRAY_SIZE(ioctls); i++)
		if (ioctls[i].cmd == cmd)
			return dev_ioctl_moving(f, cmd, arg, ioctls[i].in, ioctls[i].out);
	size_t size = _IOC_SIZE(cmd);
	unsigned way = _IOC_DIR(cmd);
	if (way ? !size || size > IOCTL_BYTES_MAX : size)
		return -ENOTTY;
	return dev_ioctl_moving(f, cmd, arg, way & _IOC_WRITE ? size : 0, way & _IOC_READ ? size : 0);
}

/* The driver says which memory is meant; what it may show, and how much, is the driver's to say. */
static int dev_map(struct file *f, uint64_t off, size_t len, struct object **object, pgoff_t *pgoff)
{
	struct msg m = { .op = DEV_MAP, .arg = { 0, off, len } };
	struct port *port = dev_address(f, &m);
	int err = dev_result(port_call_memory(port, &m, object, pgoff), &m);

	if (!err && !*object)
		err = -ENODEV;
	if (err && *object)
		object_put(*object);
	if (err)
		*object = NULL;
	return err;
}

/* The server is asked each time; one that does not know the question has a device that never makes anybody wait. */
static unsigned dev_poll(struct file *f)
{
	struct msg m = { .op = DEV_POLL };
	if (is_dead(f->data))
		return POLLIN | POLLOUT | POLLERR | POLLHUP;
	int err = dev_call(f, &m, NULL, NULL, 0, CALL_TO_SIGNAL);

	if (err == -EINTR)
		return 0; /* the wait that comes next ends with it */
	if (err)
		return err == -EINVAL ? POLLIN | POLLOUT : POLLERR | POLLHUP;
	return (unsigned)m.arg[0];
}

static void dev_release(struct file *f)
{
	struct instance *in = f->data;
	struct msg m = { .op = DEV_CLOSE };

	if (in->master) {
		devpts_remove(in->index);
		terminal_hang_up(in->terminal);
	}
	in->terminal = NULL; /* the call waits whatever signals come */
	(void)dev_call(f, &m, NULL, NULL, 0, CALL_TO_DEATH);
	port_put(in->port);
	kfree(in);
}

static const struct file_ops server_dev_ops = {
	.read = dev_read,
	.write = dev_write,
	.write_kernel = dev_write_kernel,
	.ioctl = dev_ioctl,
	.stat = dev_stat,
	.map = dev_map,
	.poll = dev_poll,
	.release = dev_release,
};

/* The server has opened it; what the kernel does for terminals. */
static int open_terminal(struct file *f, struct instance *in, const struct msg *m, uint64_t rdev)
{
	bool master = m->arg[1] & DEV_IS_MASTER;
	unsigned index = (unsigned)m->arg[3], flags = master ? f->flags | O_NOCTTY : f->flags;

	if (!(m->arg[1] & DEV_IS_TERMINAL))
		return 0;
	if (master && index >= PTS_MAX)
		return -EIO;
	struct terminal *t = terminal_opened(in->port, m->arg[2], master ? dev_number(PTS_MAJOR, index) : rdev, flags);
	if (!t)
		return 0;
	if (!master && terminal_refuses(t))
		return -EBUSY;
	int err = master ? devpts_add(index, in->port) : 0;
	if (err)
		return err;
	in->master = master;
	in->index = index;
	in->hangups = terminal_hangups(t);
	in->terminal = t;
	return 0;
}

int dev_open_instance(struct file *f, struct port *port, uint64_t rdev)
{
	struct msg m = { .op = DEV_OPEN, .arg = { 0, dev_minor(rdev), f->flags, dev_major(rdev) } };
	struct instance *in = kzalloc(sizeof *in);
	int err = -ENOMEM;

	if (in) {
		in->port = port;
		f->data = in;
		err = dev_call(f, &m, NULL, NULL, 0, CALL_TO_DEATH);
	}
	if (err) {
		f->data = NULL;
		kfree(in);
		port_put(port);
		return err;
	}
	in->number = m.arg[0];
	err = open_terminal(f, in, &m, rdev);
	if (err) {
		dev_release(f);
		f->data = NULL;
		return err;
	}
	f->seekable = m.arg[1] & DEV_HAS_PLACES;
	f->kind = FILE_DEVICE;
	f->ops = &server_dev_ops;
	return 0;
}
