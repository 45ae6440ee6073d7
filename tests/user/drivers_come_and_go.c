/* SPDX-License-Identifier: MIT */
/*
 * Programs map, touch and unmap what a driver offers, from all CPUs, while the driver is killed and another takes its
 * name, again and again. Each program sees the driver's bytes, or SIGBUS, or an errno, and nothing of it stays behind.
 */
#include <time.h>

#include <abi/devproto.h>
#include <atlas/port.h>
#include <atlas/system.h>

#include "check.h"

#define PATH "/dev/passing"
#define PAGES 8
#define USERS 4
#define MARK 0x5a

static sigjmp_buf out;

static void driver(int port)
{
	static struct { struct msg head; char data[MSG_DATA_MAX]; } call;
	int memory = memfd_create("passing", 0);

	CHECK(memory >= 0 && ftruncate(memory, PAGES * PAGE) == 0);
	memset(map(PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0), MARK, PAGES * PAGE);
	for (;;) {
		CHECK(port_receive(port, &call.head, sizeof(call.data), -1) == 0);
		int op = call.head.op;
		call.head.status = op == DEV_MAP ? port_offer(port, call.head.token, memory, call.head.arg[1]) :
		                   op == DEV_OPEN || op == DEV_CLOSE ? 0 : -EINVAL;
		call.head.data_len = 0;
		call.head.arg[0] = call.head.arg[1] = 0;
		port_reply(port, &call.head);
	}
}

static void gone(int signo)
{
	(void)signo;
	siglongjmp(out, 1);
}

/* One mapping's life; a private one has a byte of its own in every other page. */
static void use(int fd, unsigned round)
{
	int private = round & 1;
	unsigned char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, private ? MAP_PRIVATE : MAP_SHARED, fd, 0);

	if (p == MAP_FAILED) {
		CHECK(errno == EIO);
		return;
	}
	if (sigsetjmp(out, 1) == 0) {
		for (unsigned i = 0; i < 4 * PAGES; i++) {
			unsigned char *at = p + i % PAGES * PAGE;
			CHECK(*(volatile unsigned char *)at == MARK);
			if (i % 2)
				STORE(at + 8, private ? 1 : MARK);
			CHECK(at[9] == MARK && (at[8] == MARK || (private && at[8] == 1)));
		}
	}
	munmap(p, PAGES * PAGE);
}

static void user(void)
{
	signal(SIGBUS, gone);
	for (unsigned round = 0;; round++) {
		int fd = open(PATH, O_RDWR);
		if (fd < 0) {
			CHECK(errno == EIO || errno == ENOENT);
			continue;
		}
		for (int i = 0; i < 5; i++)
			use(fd, round + i);
		close(fd);
	}
}

int main(void)
{
	pid_t users[USERS];
	int status, port = port_create(0);

	if (port < 0)
		return 77;
	close(port);
	for (int i = 0; i < USERS; i++) {
		users[i] = fork();
		CHECK(users[i] >= 0);
		if (users[i] == 0)
			user();
	}
	for (int round = 0; round < 25; round++) {
		CHECK((port = port_create(0)) >= 0);
		CHECK(dev_register(port, "passing", 0666, 0x3f01) == 0);
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			driver(port);
		close(port);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 + round * 777777 % 9000000 }, NULL);
		CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
		CHECK(WIFSIGNALED(status)); /* it did not fail by itself */
	}
	for (int i = 0; i < USERS; i++) {
		kill(users[i], SIGKILL);
		CHECK(waitpid(users[i], &status, 0) == users[i] && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	CHECK(vm_audit() == 0);
	return 0;
}
