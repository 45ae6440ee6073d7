/* SPDX-License-Identifier: MIT */
/*
 * The file protocol: receives a call, decodes it, lets the core answer, replies. One thread; the order of the calls is
 * the order of their effects.
 *
 * Decoding checks what the core does not: inode numbers that fit 32 bits, lengths within the message. A message this
 * file does not understand is EINVAL for its sender. The reply is built in the buffer of the call, for everything the
 * operation needs from it is read before the answer is stored; names are copied out first.
 *
 * The port also receives the timer that volume_changed sets: metadata that nobody asked to be durable is written after
 * some seconds all the same, so that a crash loses seconds and not hours.
 */
#include <atlas/port.h>
#include <stdio.h>
#include <string.h>

#include "server.h"

/* Copies of what a call carries; the answer overwrites the message. */
struct call {
	struct message *m;
	uint32_t ino;  /* arg[0] */
	uint32_t other; /* arg[1], where that is an inode */
	uint32_t len;
	char data[MSG_DATA_MAX];
	struct fs_attr attr;
};

static struct message message;
static struct call call;

static struct name whole_name(const struct call *c)
{
	return (struct name){ c->data, c->len };
}

/* Puts an answer behind the head. */
static int answer(struct call *c, const void *data, uint32_t len)
{
	memcpy(c->m->data, data, len);
	c->m->head.data_len = len;
	return 0;
}

static int answer_attr(struct call *c, int err)
{
	return err ? err : answer(c, &c->attr, sizeof(c->attr));
}

static int do_setattr(struct call *c)
{
	struct fs_setattr set;

	if (c->len < sizeof(set))
		return -EINVAL;
	memcpy(&set, c->data, sizeof(set));
	return answer_attr(c, op_setattr(&volume, c->ino, &set, &c->attr));
}

static int do_create(struct call *c)
{
	const uint64_t *arg = c->m->head.arg;
	struct create_args args = { .mode = (uint32_t)arg[1], .uid = (uint32_t)arg[2], .gid = (uint32_t)arg[3],
				    .rdev = arg[4] };

	if (arg[5] > c->len)
		return -EINVAL;
	args.name = (struct name){ c->data, (uint32_t)arg[5] };
	args.target = (struct name){ c->data + arg[5], c->len - (uint32_t)arg[5] };
	return answer_attr(c, op_create(&volume, c->ino, &args, &c->attr));
}

static int do_rename(struct call *c)
{
	const uint64_t *arg = c->m->head.arg;
	struct rename_args args = { .old_dir = c->ino, .new_dir = c->other, .flags = (uint32_t)arg[3] };
	struct rename_result result;
	int err;

	if (arg[2] > c->len || (arg[3] & ~(uint64_t)FS_RENAME_NOREPLACE && arg[3] != FS_RENAME_EXCHANGE))
		return -EINVAL;
	args.old_name = (struct name){ c->data, (uint32_t)arg[2] };
	args.new_name = (struct name){ c->data + arg[2], c->len - (uint32_t)arg[2] };
	err = op_rename(&volume, &args, &result);
	c->m->head.arg[0] = result.replaced;
	c->m->head.arg[1] = result.links;
	return err;
}

static int do_readlink(struct call *c)
{
	int len = op_readlink(&volume, c->ino, c->data, sizeof(c->data));

	return len < 0 ? len : answer(c, c->data, (uint32_t)len);
}

static int do_readdir(struct call *c)
{
	uint64_t cookie = c->m->head.arg[1], room = c->m->head.arg[2];
	int len = op_readdir(&volume, c->ino, cookie, c->data, room < MSG_DATA_MAX ? (uint32_t)room : MSG_DATA_MAX);

	return len < 0 ? len : answer(c, c->data, (uint32_t)len);
}

static int do_statfs(struct call *c)
{
	struct abi_statfs st;
	int err = op_statfs(&volume, &st);

	return err ? err : answer(c, &st, sizeof(st));
}

static int dispatch(struct call *c, uint32_t op)
{
	switch (op) {
	case FS_LOOKUP:
		return answer_attr(c, op_lookup(&volume, c->ino, whole_name(c), &c->attr));
	case FS_GETATTR:
		return answer_attr(c, op_getattr(&volume, c->ino, &c->attr));
	case FS_SETATTR:
		return do_setattr(c);
	case FS_CREATE:
		return do_create(c);
	case FS_LINK:
		return answer_attr(c, op_link(&volume, c->ino, c->other, whole_name(c), &c->attr));
	case FS_UNLINK:
		return answer_attr(c, op_unlink(&volume, c->ino, whole_name(c), &c->attr));
	case FS_RMDIR:
		return answer_attr(c, op_rmdir(&volume, c->ino, whole_name(c), &c->attr));
	case FS_RENAME:
		return do_rename(c);
	case FS_READLINK:
		return do_readlink(c);
	case FS_READDIR:
		return do_readdir(c);
	case FS_STATFS:
		return do_statfs(c);
	case FS_SYNC:
		return volume_sync(&volume);
	case FS_UNMOUNT:
		return volume_unmount(&volume);
	case FS_WRITABLE:
		return volume_begin_writing(&volume);
	}
	return -EINVAL;
}

static bool second_is_inode(uint32_t op)
{
	return op == FS_LINK || op == FS_RENAME;
}

static void handle(struct message *m)
{
	uint32_t op = m->head.op;
	bool fits = m->head.arg[0] <= UINT32_MAX && (!second_is_inode(op) || m->head.arg[1] <= UINT32_MAX);

	call.m = m;
	call.ino = (uint32_t)m->head.arg[0];
	call.other = (uint32_t)m->head.arg[1];
	call.len = m->head.data_len < MSG_DATA_MAX ? m->head.data_len : MSG_DATA_MAX;
	memcpy(call.data, m->data, call.len);
	m->head.data_len = 0;
	gate_enter();
	m->head.status = fits ? dispatch(&call, op) : -EINVAL;
	volume_changed();
	gate_leave();
	if (m->head.status)
		m->head.data_len = 0;
}

/* The timer: what has been changed for a while is written. */
static void write_changes(void)
{
	int err;

	gate_enter();
	volume_timer_fired();
	err = volume.readonly ? 0 : order_clean(&volume);
	if (err)
		fprintf(stderr, "ext2: metadata cannot be written (error %d)\n", -err);
	volume_changed();
	gate_leave();
}

void files_serve(int port)
{
	int err = port_receive(port, &message.head, MSG_DATA_MAX, -1);

	for (;;) {
		if (err) { /* interrupted, or the caller we answered is gone */
			err = port_receive(port, &message.head, MSG_DATA_MAX, -1);
		} else if (message.head.op == MSG_NOTIFY) {
			write_changes();
			err = port_receive(port, &message.head, MSG_DATA_MAX, -1);
		} else {
			handle(&message);
			err = port_reply_receive(port, &message.head, MSG_DATA_MAX);
		}
	}
}
