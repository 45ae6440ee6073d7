/* SPDX-License-Identifier: MIT */
/*
 * disk: the server of one virtio-blk disk. `disk PORT_FD [NUMBER]` answers on that port the block requests and the
 * pager messages of abi/pager.h.
 *
 * One thread receives calls and the device's interrupts alike. A call becomes requests to the device, which moves the
 * data straight between the disk and the lent frames; the call is answered when the last of its requests is back:
 *
 *     received ─► waiting (in order; not all requests fitted into the queue) ─► issued ─► answered
 *                    └── an error of one request: the rest is not issued ─────────┘
 *
 * A call's segments go through a cursor. Neighbouring segments that follow each other on the disk become one request,
 * and neighbouring frames one piece of it, so that the usual run of 32 pages is a single request. Requests of
 * different calls are in flight together and finish in any order; a caller that needs an order waits for its answer.
 *
 * The disk's own object has key 0. Its READ and WRITE are the block requests with one segment. Where the disk ends
 * inside a page, the rest of that page reads zero and is never written.
 *
 * It does not cache (the kernel's page index does), schedule or retry: the host does both better. When all call slots
 * are taken the server looks after the device until one is free; the kernel keeps the callers waiting meanwhile.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <abi/atlas.h>
#include <abi/pager.h>
#include <atlas/port.h>
#include <atlas/system.h>

#include "disk.h"

#define CALLS_MAX 32

struct call {
	struct call *next_waiting;
	uint64_t token;
	uint64_t result;     /* arg[0] of the answer */
	enum blk_type type;
	bool in_use;
	bool waiting;        /* on the list of waiting calls, which alone may end it then */
	int status;          /* the first error */
	uint32_t in_flight;  /* requests with the device */
	uint32_t seg, off;   /* cursor: what is to be issued next; seg == nsegs when all is */
	uint32_t nsegs;
	uint64_t paddr[LOAN_MAX];
	struct disk_seg segs[DISK_SEG_MAX];
};

struct message {
	struct msg head;
	uint8_t data[MSG_DATA_MAX];
};

static struct device device;
static int port;
static struct call calls[CALLS_MAX];
static struct call *waiting_first, *waiting_last; /* calls with something left to issue, oldest first */
static struct message message;

_Static_assert(DISK_SEG_MAX * sizeof(struct disk_seg) <= MSG_DATA_MAX, "a full list of segments fits a message");

static void answer(uint64_t token, int status, uint64_t arg0, uint64_t arg1)
{
	struct msg reply = { .token = token, .status = status, .arg = { arg0, arg1 } };

	port_reply(port, &reply); /* ESRCH: the caller was killed; the frames are back all the same */
}

static void finish_if_done(struct call *call)
{
	if (call->waiting || call->in_flight)
		return;
	answer(call->token, call->status, call->result, 0);
	call->in_use = false;
}

/* ---- issuing ---- */

/*
 * Gathers from the cursor on what is one run of sectors, up to pieces_max pieces, and moves the cursor past it.
 * Returns the number of pieces.
 */
static uint32_t gather(struct call *call, struct piece *pieces, uint64_t *sector)
{
	uint32_t n = 0, sectors = 0;

	*sector = call->segs[call->seg].sector + call->off / SECTOR_SIZE;
	while (call->seg < call->nsegs) {
		const struct disk_seg *seg = &call->segs[call->seg];
		if (seg->sector + call->off / SECTOR_SIZE != *sector + sectors)
			break;
		uint32_t at = seg->loan_offset + call->off;
		uint32_t len = FRAME_SIZE - at % FRAME_SIZE;
		if (len > seg->len - call->off)
			len = seg->len - call->off;
		uint64_t paddr = call->paddr[at / FRAME_SIZE] + at % FRAME_SIZE;

		if (n > 0 && pieces[n - 1].paddr + pieces[n - 1].len == paddr)
			pieces[n - 1].len += len;
		else if (n == device.pieces_max)
			break;
		else
			pieces[n++] = (struct piece){ paddr, len };
		sectors += len / SECTOR_SIZE;
		call->off += len;
		if (call->off == seg->len) {
			call->seg++;
			call->off = 0;
		}
	}
	return n;
}

/* Issues one request of the call. -> false when the queue is full; the cursor then stands where it stood. */
static bool issue_one(struct call *call)
{
	struct piece pieces[LOAN_MAX];
	uint32_t seg = call->seg, off = call->off, n = 0;
	uint64_t sector = 0;

	if (call->type == BLK_FLUSH)
		call->seg = call->nsegs;
	else
		n = gather(call, pieces, &sector);
	if (!queue_submit(call->type, sector, pieces, n, call)) {
		call->seg = seg;
		call->off = off;
		return false;
	}
	call->in_flight++;
	return true;
}

/* Issues what fits, oldest call first. */
static void issue_waiting(void)
{
	while (waiting_first) {
		struct call *call = waiting_first;
		while (call->seg < call->nsegs) {
			if (!issue_one(call))
				goto out;
		}
		waiting_first = call->next_waiting;
		call->waiting = false;
		finish_if_done(call); /* its last request may be back already, when an earlier one failed */
	}
out:
	queue_kick(&device);
}

static void request_done(void *cookie, int status)
{
	struct call *call = cookie;

	call->in_flight--;
	if (status && !call->status) {
		fprintf(stderr, "disk: input/output error (%s, around sector %llu)\n",
			call->type == BLK_READ ? "read" : call->type == BLK_WRITE ? "write" : "flush",
			(unsigned long long)call->segs[0].sector);
		call->status = status;
		call->seg = call->nsegs; /* the rest is not issued */
	}
	finish_if_done(call);
}

static struct call *call_alloc(void)
{
	for (;;) {
		for (struct call *call = calls; call < calls + CALLS_MAX; call++) {
			if (!call->in_use)
				return call;
		}
		sched_yield();
		queue_reap(request_done);
		issue_waiting();
	}
}

static void call_start(struct call *call)
{
	call->in_use = call->waiting = true;
	call->next_waiting = NULL;
	if (waiting_first)
		waiting_last->next_waiting = call;
	else
		waiting_first = call;
	waiting_last = call;
}

/* ---- decoding: everything is checked here ---- */

/* Whether the segment is whole sectors, on the disk, and inside a loan of so many frames. */
static int segment_check(const struct disk_seg *seg, uint32_t npages)
{
	if (seg->len == 0 || seg->len % SECTOR_SIZE || seg->loan_offset % SECTOR_SIZE ||
	    (uint64_t)seg->loan_offset + seg->len > (uint64_t)npages * FRAME_SIZE)
		return -EINVAL;
	uint64_t sectors = seg->len / SECTOR_SIZE;
	if (seg->sector >= device.sectors || sectors > device.sectors - seg->sector)
		return -EIO;
	return 0;
}

/* Starts a transfer of the segments that stand in *call. -> 0 or a negative errno, then nothing was started. */
static int transfer(struct call *call, enum blk_type type, uint64_t result)
{
	const struct msg *m = &message.head;

	if (type == BLK_WRITE && device.read_only)
		return -EROFS;
	if (m->npages == 0 || m->npages > LOAN_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < call->nsegs; i++) {
		int error = segment_check(&call->segs[i], m->npages);
		if (error)
			return error;
	}
	int error = loan_paddr(port, m->token, 0, m->npages, call->paddr);
	if (error < 0)
		return error;
	call->token = m->token;
	call->type = type;
	call->result = result;
	call->status = 0;
	call->in_flight = call->seg = call->off = 0;
	call_start(call);
	return 0;
}

static int block_request(enum blk_type type)
{
	uint32_t len = message.head.data_len;

	if (len == 0 || len % sizeof(struct disk_seg) || len > DISK_SEG_MAX * sizeof(struct disk_seg))
		return -EINVAL;
	struct call *call = call_alloc();
	call->nsegs = len / sizeof(struct disk_seg);
	memcpy(call->segs, message.data, len);
	return transfer(call, type, 0);
}

static int pager_read(void)
{
	uint64_t first = message.head.arg[1], count = message.head.arg[2];
	uint64_t per_page = FRAME_SIZE / SECTOR_SIZE;

	if (count == 0 || count > message.head.npages)
		return -EINVAL;
	if (first >= (device.sectors + per_page - 1) / per_page)
		return -EIO;
	uint64_t sectors = count * per_page;
	if (sectors > device.sectors - first * per_page)
		sectors = device.sectors - first * per_page;
	uint32_t tail = sectors % per_page * SECTOR_SIZE;
	count = (sectors + per_page - 1) / per_page;
	if (tail) {
		int error = loan_zero(port, message.head.token, sectors * SECTOR_SIZE, FRAME_SIZE - tail);
		if (error < 0)
			return error;
	}
	struct call *call = call_alloc();
	call->nsegs = 1;
	call->segs[0] = (struct disk_seg){ first * per_page, 0, (uint32_t)sectors * SECTOR_SIZE };
	return transfer(call, BLK_READ, count);
}

static int pager_write(void)
{
	uint64_t off = message.head.arg[1], len = message.head.arg[2];

	if (off % SECTOR_SIZE || len > LOAN_MAX * FRAME_SIZE)
		return -EINVAL;
	struct call *call = call_alloc();
	call->nsegs = 1;
	call->segs[0] = (struct disk_seg){ off / SECTOR_SIZE, (uint32_t)(off % FRAME_SIZE), (uint32_t)len };
	return transfer(call, BLK_WRITE, 0);
}

/* Without the feature a finished write is on the medium already (5.2.6.2). */
static int flush(void)
{
	if (!device.has_flush || device.read_only) {
		answer(message.head.token, 0, 0, 0);
		return 0;
	}
	struct call *call = call_alloc();
	call->token = message.head.token;
	call->type = BLK_FLUSH;
	call->result = 0;
	call->status = 0;
	call->in_flight = call->seg = call->off = 0;
	call->nsegs = 1;
	call->segs[0].sector = 0;
	call_start(call);
	return 0;
}

/* -> 0 when the call was answered or will be; a negative errno for the caller otherwise. */
static int handle_call(void)
{
	const struct msg *m = &message.head;

	switch (m->op) {
	case DISK_READ:
		return block_request(BLK_READ);
	case DISK_WRITE:
		return block_request(BLK_WRITE);
	case DISK_FLUSH:
	case PAGER_SYNC:
		return flush();
	case PAGER_READ:
		return m->arg[0] == 0 ? pager_read() : -EINVAL;
	case PAGER_WRITE:
		return m->arg[0] == 0 ? pager_write() : -EINVAL;
	case DISK_INFO:
		answer(m->token, 0, device.sectors, device.read_only);
		return 0;
	case PAGER_DIRTY: /* every sector has its place */
		answer(m->token, device.read_only ? -EROFS : 0, 0, 0);
		return 0;
	case PAGER_CLOSE:
		answer(m->token, 0, 0, 0);
		return 0;
	default:
		return -EINVAL;
	}
}

int main(int argc, char **argv)
{
	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: disk PORT_FD [NUMBER] (init starts it)\n");
		return 2;
	}
	port = atoi(argv[1]);
	pager_role();
	if (device_open(&device, port, argc > 2 ? (unsigned)atoi(argv[2]) : 0) < 0)
		return 1;

	for (;;) {
		int error = port_receive(port, &message.head, MSG_DATA_MAX, -1);
		if (error == -EINTR)
			continue;
		if (error < 0) {
			fprintf(stderr, "disk: its port failed: %s\n", strerror(-error));
			return 1;
		}
		if (message.head.op == MSG_NOTIFY) {
			device_interrupt(&device);
			queue_reap(request_done);
		} else {
			uint64_t token = message.head.token;
			error = handle_call();
			if (error)
				answer(token, error, 0, 0);
		}
		issue_waiting();
	}
}
