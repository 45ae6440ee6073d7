/* SPDX-License-Identifier: MIT */
/*
 * ext2: the server of an ext2 filesystem on one disk.
 *
 *     ext2 DISK_FD FILE_PORT_FD PAGER_PORT_FD [ro]
 *
 * init gives it a right to call the disk's server and the receive rights of its own two ports. It mounts the disk, or
 * says in one sentence why it cannot and ends with status 2; init learns either way from its first call, which is
 * answered or broken off. Then one thread serves names and attributes (files.c) and three serve pages (pages.c).
 *
 *     core  super order block inode pending map dir ops rename data     plain C, tested on the host
 *     glue  main device gate files pages                                what ties it to Atlas
 *
 * It is on the paging path: pager_role() has the kernel keep all of its memory resident and its allocations served, for
 * a page of a file cannot be written to make room if that needs room first.
 *
 * Changed metadata is written when somebody syncs, when there is much of it, or after some seconds. The timer is armed
 * by the first change and runs once; its notification comes to the file port.
 */
#include <atlas/port.h>
#include <atlas/system.h>
#include <atlas/thread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server.h"

#define PAGING_THREADS 3
#define WRITE_AFTER_NS 5000000000ull
#define WRITE_ABOVE (4u << 20) /* bytes of metadata changed */
#define TIMER_BIT 1

struct fs volume;
static int file_port;
static uint64_t timer_deadline; /* 0: not armed */

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool has_changes(void)
{
	return !volume.readonly && (volume.written || volume.nfreed_blocks || volume.nfreed_inodes);
}

void volume_timer_fired(void)
{
	timer_deadline = 0;
}

void volume_changed(void)
{
	if (volume.written > WRITE_ABOVE && !volume.readonly)
		order_clean(&volume); /* what fails is still dirty: the timer's try reports it */
	if (!has_changes()) {
		timer_deadline = 0;
		return;
	}
	if (timer_deadline)
		return;
	timer_deadline = monotonic_ns() + WRITE_AFTER_NS;
	port_timer(file_port, timer_deadline, TIMER_BIT);
}

static int descriptor(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	return *text && !*end && n >= 0 && n <= 1000000 ? (int)n : -1;
}

static int start_paging(struct pages_args *args)
{
	for (int i = 0; i < PAGING_THREADS; i++) {
		int tid = thread_create(pages_serve, args, 0);

		if (tid < 0) {
			fprintf(stderr, "ext2: no thread for paging: %s\n", strerror(-tid));
			return tid;
		}
	}
	return 0;
}

static int mount_disk(int disk, bool readonly)
{
	bool disk_readonly = false;
	struct dev *dev;
	char why[160];

	if (device_open(&dev, disk, &disk_readonly))
		return 2;
	if (volume_mount(&volume, dev, readonly || disk_readonly, why, sizeof(why))) {
		fprintf(stderr, "ext2: the disk cannot be mounted: %s\n", why);
		return 2;
	}
	volume.disk_readonly = disk_readonly;
	printf("ext2: mounted %llu KiB, blocks of %u bytes%s\n",
	       (unsigned long long)volume.sb.blocks_count * volume.block_size / 1024, (unsigned)volume.block_size,
	       volume.readonly ? ", read-only" : "");
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	static struct pages_args args;
	int status;

	if (argc >= 4) {
		args.disk = descriptor(argv[1]);
		file_port = descriptor(argv[2]);
		args.port = descriptor(argv[3]);
	}
	if (argc < 4 || args.disk < 0 || file_port < 0 || args.port < 0) {
		fprintf(stderr, "usage: ext2 DISK_FD FILE_PORT_FD PAGER_PORT_FD [ro] (init starts it)\n");
		return 2;
	}
	status = pager_role();
	if (status < 0) {
		fprintf(stderr, "ext2: the kernel refuses the paging role: %s\n", strerror(-status));
		return 2;
	}
	status = mount_disk(args.disk, argc > 4 && !strcmp(argv[4], "ro"));
	if (status)
		return status;
	if (start_paging(&args))
		return 1;
	files_serve(file_port);
}
