/* SPDX-License-Identifier: MIT */
/*
 * mapdriver - a driver that offers a page of its own, /dev/mymap
 *
 * All there is to a driver with memory to map: a name in /dev, a page, and a loop that answers calls. Calls come on a
 * port, from the kernel, on behalf of whoever opened the device (abi/devproto.h). To DEV_MAP the driver says which
 * memory is meant: port_offer() puts the file that holds it into the answer, and the kernel maps that file's pages.
 * From then on program and driver store to the same frames. When the driver dies, so does the offer: the page vanishes
 * from every program that maps it, and touching it is SIGBUS. docs/drivers.md goes through it.
 *
 * The program goes into the background when the device is there:   mapdriver; tenbytes
 */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <abi/devproto.h>
#include <atlas/port.h>
#include <atlas/system.h>

#define PAGE 4096

static const unsigned char numbers[10] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };

static struct { struct msg head; char data[MSG_DATA_MAX]; } call;

/* DEV_MAP: offset and length are the caller's; what they may be is ours to say. */
static int map(int port, int memory, unsigned char *page)
{
	if (call.head.arg[1] != 0 || call.head.arg[2] > PAGE)
		return -EINVAL;
	memcpy(page, numbers, sizeof(numbers));
	return port_offer(port, call.head.token, memory, 0);
}

int main(void)
{
	int port = port_create(0), memory = memfd_create("mymap", 0);
	unsigned char *page = MAP_FAILED;

	if (port < 0 || memory < 0 || ftruncate(memory, PAGE) < 0)
		errx(1, "no memory, or not root");
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (page == MAP_FAILED)
		err(1, "mmap");
	int error = dev_register(port, "mymap", 0666, 10 << 8 | 63);
	if (error < 0)
		errx(1, "/dev/mymap: %s", strerror(-error));
	if (fork() != 0)
		return 0;
	for (;;) {
		error = port_receive(port, &call.head, sizeof(call.data), -1);
		if (error < 0)
			continue;
		switch (call.head.op) {
		case DEV_OPEN: /* the answer: the instance, of which there is only one, and nothing special about it */
			call.head.arg[0] = call.head.arg[1] = 0;
			call.head.status = 0;
			break;
		case DEV_CLOSE:
			call.head.status = 0;
			break;
		case DEV_MAP:
			call.head.status = map(port, memory, page);
			break;
		default:
			call.head.status = -EINVAL;
		}
		call.head.data_len = 0;
		port_reply(port, &call.head);
	}
}
