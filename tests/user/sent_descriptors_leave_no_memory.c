/* SPDX-License-Identifier: MIT */
/* What messages of a pair of sockets carried beside their bytes is freed: descriptors, and room for none. */
#include <sys/socket.h>
#include <sys/sysinfo.h>

#include "check.h"

#define ROUNDS 8000
#define LOST_MOST (4ul << 20) /* what else may come and go meanwhile */

static void send_with(int fd, int nfds)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { "d", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
	                    .msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	CHECK(sendmsg(fd, &m, 0) == 1);
}

static unsigned long free_memory(void)
{
	struct sysinfo info;

	CHECK(sysinfo(&info) == 0);
	return (unsigned long)info.freeram * info.mem_unit;
}

int main(void)
{
	char bytes[8];
	int s[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	unsigned long before = 0;
	for (int i = 0; i < ROUNDS + 100; i++) {
		if (i == 100)
			before = free_memory();
		send_with(s[0], 0), send_with(s[0], 0), send_with(s[0], 1);
		CHECK(read(s[1], bytes, sizeof bytes) == 3);
	}
	unsigned long after = free_memory();
	CHECK(after + LOST_MOST > before);
	return 0;
}
