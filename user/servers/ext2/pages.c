/* SPDX-License-Identifier: MIT */
/*
 * The pager protocol: fills and cleans the pages of files. Several threads run here, so that one transfer does not wait
 * for another.
 *
 * File data never passes through this process. The frames that came with a call are lent on to the disk's server
 * together with a list of segments: which sectors go where in the loan. The core says which (data.c) while the lock is
 * held; then the lock is let go, the disk is waited for, and the lock is taken again to note the end. In between, other
 * threads may do anything but free the blocks in question: RESIZE and CLOSE wait until the file is in no transfer.
 *
 *     kernel ─ READ, frames ─► here ─ plan ─ DISK_READ, the same frames ─► disk ─► DMA into the frames
 *
 * When filling several pages fails, the first is tried alone: it is the one somebody waits for, the others were
 * read ahead, and a bad sector among those is not this reader's business.
 */
#include <abi/pager.h>
#include <atlas/port.h>
#include <string.h>

#include "server.h"

/* What one thread works with. */
struct worker {
	int port, disk;
	struct message call;   /* from the kernel, and the reply to it */
	struct message request; /* to the disk */
	struct plan plan;
};

_Static_assert(PIECE_MAX <= DISK_SEG_MAX, "a plan fits into one request");

static void segments_add(struct worker *w, const struct piece *piece)
{
	struct disk_seg seg = { piece->disk_off / SECTOR, piece->loan_off, piece->len };

	memcpy(w->request.data + w->request.head.data_len, &seg, sizeof(seg));
	w->request.head.data_len += sizeof(seg);
}

/* Lends the frames of the call on to the disk. */
static int disk_transfer(struct worker *w, uint32_t op)
{
	int err;

	if (!w->request.head.data_len)
		return 0;
	w->request.head.op = op;
	err = port_call_lend(w->disk, &w->request.head, MSG_DATA_MAX, w->port, w->call.head.token);
	if (!err)
		err = w->request.head.status;
	return err < 0 && err != -EPIPE ? err : err ? -EIO : 0; /* a dead disk is a failed one to those who use files */
}

static int fill_pieces(struct worker *w)
{
	memset(&w->request.head, 0, sizeof(w->request.head));
	for (uint32_t i = 0; i < w->plan.npieces; i++) {
		const struct piece *piece = &w->plan.piece[i];
		int err = 0;

		if (piece->disk_off)
			segments_add(w, piece);
		else
			err = loan_zero(w->port, w->call.head.token, piece->loan_off, piece->len);
		if (err)
			return err;
	}
	return disk_transfer(w, DISK_READ);
}

static int fill(struct worker *w, uint32_t ino, uint64_t page, uint32_t npages)
{
	int err;

	gate_enter();
	err = data_plan_read(&volume, ino, page, npages, &w->plan);
	gate_leave();
	if (err)
		return err;
	err = fill_pieces(w);
	gate_enter();
	data_end_read(&volume, &w->plan);
	gate_leave();
	gate_broadcast();
	return err;
}

static int do_read(struct worker *w, uint32_t ino)
{
	uint64_t page = w->call.head.arg[1], npages = w->call.head.arg[2];
	int err;

	if (npages == 0 || npages > w->call.head.npages)
		return -EINVAL;
	err = fill(w, ino, page, (uint32_t)npages);
	if (err && npages > 1) {
		npages = 1;
		err = fill(w, ino, page, 1);
	}
	w->call.head.arg[0] = npages;
	return err;
}

static int do_dirty(struct worker *w, uint32_t ino)
{
	const uint64_t *arg = w->call.head.arg;
	int err;

	if (arg[1] > UINT32_MAX || arg[2] > UINT32_MAX)
		return -EFBIG;
	gate_enter();
	err = data_dirty(&volume, ino, arg[1], arg[2], arg[3]);
	volume_changed();
	gate_leave();
	return err;
}

static struct data_stamp stamp_of(const uint64_t *arg)
{
	return (struct data_stamp){ arg[0], { (int64_t)arg[1], (int64_t)arg[2] } };
}

static int clean_pieces(struct worker *w)
{
	memset(&w->request.head, 0, sizeof(w->request.head));
	for (uint32_t i = 0; i < w->plan.npieces; i++) {
		if (!w->plan.piece[i].disk_off)
			return -EIO;
		segments_add(w, &w->plan.piece[i]);
	}
	return disk_transfer(w, DISK_WRITE);
}

static int do_write(struct worker *w, uint32_t ino)
{
	uint64_t off = w->call.head.arg[1], len = w->call.head.arg[2];
	struct data_stamp stamp = stamp_of(&w->call.head.arg[3]);
	int err;

	if (len == 0 || off % EXT2_PAGE_SIZE + len > (uint64_t)w->call.head.npages * EXT2_PAGE_SIZE)
		return -EINVAL;
	gate_enter();
	err = data_plan_write(&volume, ino, off, (uint32_t)len, stamp.size, &w->plan);
	volume_changed();
	gate_leave();
	if (err)
		return err;
	err = clean_pieces(w);
	gate_enter();
	err = data_end_write(&volume, &w->plan, off, (uint32_t)len, &stamp, err);
	volume_changed();
	gate_leave();
	gate_broadcast();
	return err;
}

/* The gate is held: waits until no transfer of the file is in progress. */
static void wait_for_transfers(uint32_t ino)
{
	while (data_busy(&volume, ino))
		gate_wait();
}

static int do_resize(struct worker *w, uint32_t ino)
{
	struct data_stamp stamp = stamp_of(&w->call.head.arg[1]);
	int err;

	gate_enter();
	wait_for_transfers(ino);
	err = data_resize(&volume, ino, &stamp);
	volume_changed();
	gate_leave();
	return err;
}

static int do_punch(struct worker *w, uint32_t ino)
{
	int err;

	gate_enter();
	wait_for_transfers(ino);
	err = data_punch(&volume, ino, w->call.head.arg[1], w->call.head.arg[2]);
	volume_changed();
	gate_leave();
	return err;
}

static int do_seek(struct worker *w, uint32_t ino)
{
	uint64_t *arg = w->call.head.arg;
	int err;

	gate_enter();
	err = data_seek(&volume, ino, arg[1], arg[2], arg[3] != 0, &arg[0]);
	gate_leave();
	return err;
}

/* The flush needs no lock: what it covers has been written by then. */
static int do_sync(struct worker *w, uint32_t ino)
{
	struct data_stamp stamp = stamp_of(&w->call.head.arg[1]);
	int err;

	gate_enter();
	err = data_stamp(&volume, ino, &stamp);
	if (!err && !volume.readonly)
		err = order_clean(&volume);
	volume_changed();
	gate_leave();
	return err ? err : dev_flush(volume.dev);
}

static int do_close(struct worker *w, uint32_t ino)
{
	struct data_stamp stamp = stamp_of(&w->call.head.arg[2]);
	struct abi_timespec atime = { (int64_t)w->call.head.arg[5], (int64_t)w->call.head.arg[6] };
	int err;

	gate_enter();
	wait_for_transfers(ino);
	err = data_close(&volume, ino, w->call.head.arg[1], &stamp, &atime);
	volume_changed();
	gate_leave();
	return err;
}

static int dispatch(struct worker *w)
{
	uint32_t ino = (uint32_t)w->call.head.arg[0];

	if (w->call.head.arg[0] > UINT32_MAX)
		return -EINVAL;
	switch (w->call.head.op) {
	case PAGER_READ:
		return do_read(w, ino);
	case PAGER_DIRTY:
		return do_dirty(w, ino);
	case PAGER_WRITE:
		return do_write(w, ino);
	case PAGER_RESIZE:
		return do_resize(w, ino);
	case PAGER_SYNC:
		return do_sync(w, ino);
	case PAGER_CLOSE:
		return do_close(w, ino);
	case PAGER_PUNCH:
		return do_punch(w, ino);
	case PAGER_SEEK:
		return do_seek(w, ino);
	}
	return -EINVAL;
}

void *pages_serve(void *pages_args)
{
	const struct pages_args *args = pages_args;
	struct worker w;
	int err;

	memset(&w, 0, sizeof(w));
	w.port = args->port;
	w.disk = args->disk;
	err = port_receive(w.port, &w.call.head, MSG_DATA_MAX, -1);
	for (;;) {
		if (err || w.call.head.op == MSG_NOTIFY) {
			err = port_receive(w.port, &w.call.head, MSG_DATA_MAX, -1);
			continue;
		}
		w.call.head.status = dispatch(&w);
		w.call.head.data_len = 0;
		err = port_reply_receive(w.port, &w.call.head, MSG_DATA_MAX);
	}
	return NULL;
}
