/* SPDX-License-Identifier: MIT */
/*
 * What a driver offers is mapped: stores meet, copies stay private, the driver's refusals and the kernel's come as
 * errno, and when the driver dies its pages are gone from every mapping (SIGBUS) while its name is free for another.
 */
#include <sys/ioctl.h>
#include <time.h>

#include <abi/devproto.h>
#include <atlas/port.h>
#include <atlas/system.h>

#include "check.h"

#define NAME "offers"
#define PATH "/dev/" NAME
/* What the driver does when asked for memory at this page: */
enum { OFFER = 0, OFFER_SECOND = 1, NOTHING = 4, NONSENSE, REFUSE, OF_DISK, OF_PORT, OF_NOBODY, UNALIGNED, TWICE,
       NEVER };

static unsigned char *ours; /* the memory, as the parent and each driver map it */
static int memory;

/* Two pages, both offered for any length: what lies beyond them is not there. */
static int driver_map(int port, const struct msg *m)
{
	int disk, err;

	switch (m->arg[1] / PAGE) {
	case OFFER:
	case OFFER_SECOND:
		return port_offer(port, m->token, memory, m->arg[1]);
	case NOTHING:
		return 0;
	case NONSENSE:
		return 7;
	case REFUSE:
		return -ENXIO;
	case OF_DISK:
		disk = open("file", O_RDWR);
		err = port_offer(port, m->token, disk, 0);
		close(disk);
		return err;
	case OF_PORT:
		return port_offer(port, m->token, port, 0);
	case OF_NOBODY:
		return port_offer(port, m->token + 1000, memory, 0) == -ESRCH ? -EOVERFLOW : -EIO;
	case UNALIGNED:
		return port_offer(port, m->token, memory, 100);
	case TWICE: /* the last one counts */
		return port_offer(port, m->token, memory, PAGE) ?: port_offer(port, m->token, memory, 0);
	default:
		for (;;)
			pause();
	}
}

struct pair { int32_t in, out; };
#define DOUBLE _IOWR('o', 1, struct pair)
#define TAKE   _IOW('o', 2, struct pair)
#define SHORT  _IOR('o', 3, struct pair) /* the driver gives less */
#define NEXT   _IO('o', 4)
#define LARGE  _IOR('o', 5, char[4096])

static int driver_control(struct msg *m, struct pair *pair)
{
	uint32_t given = m->data_len;
	uint64_t argument = m->arg[2];

	m->data_len = 0;
	m->arg[0] = 0;
	switch (m->arg[1]) {
	case DOUBLE:
		pair->out = 2 * pair->in;
		m->data_len = sizeof(*pair);
		return given == sizeof(*pair) ? 0 : -EIO;
	case TAKE:
		m->arg[0] = (uint64_t)pair->in;
		return argument ? -EIO : 0; /* no pointer comes here */
	case SHORT:
		m->data_len = 4;
		return 0;
	case NEXT:
		m->arg[0] = argument + 1;
		return 0;
	default:
		return -ENOTTY;
	}
}

static int driver_answer(int port, struct msg *m, char *data)
{
	if (m->op == DEV_IOCTL)
		return driver_control(m, (struct pair *)data);
	m->data_len = 0;
	if (m->op == DEV_MAP)
		return driver_map(port, m);
	m->arg[0] = m->arg[1] = 0;
	return m->op == DEV_OPEN || m->op == DEV_CLOSE ? 0 : -EINVAL;
}

static void driver(int port)
{
	static struct { struct msg head; char data[MSG_DATA_MAX]; } call;

	for (;;) {
		if (port_receive(port, &call.head, sizeof(call.data), -1) < 0)
			continue; /* no memory for a moment */
		call.head.status = driver_answer(port, &call.head, call.data);
		port_reply(port, &call.head);
	}
}

static pid_t driver_start(void)
{
	int port = port_create(0);

	CHECK(port >= 0);
	CHECK((memory = memfd_create("memory", 0)) >= 0 && ftruncate(memory, 2 * PAGE) == 0);
	ours = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	CHECK(dev_register(port, NAME, 0666, 0x3f00) == 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		driver(port);
	close(port);
	return pid;
}

static void driver_kill(pid_t pid)
{
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	munmap(ours, 2 * PAGE);
	close(memory);
}

static void maps_one_memory(int fd)
{
	const int both = PROT_READ | PROT_WRITE;
	unsigned char *shared = map(PAGE, both, MAP_SHARED, fd, 0), *second = map(PAGE, both, MAP_SHARED, fd, PAGE);
	unsigned char *private = map(PAGE, both, MAP_PRIVATE, fd, 0),
		*twice = map(PAGE, both, MAP_SHARED, fd, TWICE * PAGE);

	STORE(ours, 'o');
	STORE(ours + PAGE, '2');
	CHECK(shared[0] == 'o' && private[0] == 'o' && twice[0] == 'o' && second[0] == '2');
	STORE(shared + 1, 's');
	CHECK(ours[1] == 's' && private[1] == 's');
	STORE(private, 'p');
	STORE(ours + 2, 'x');
	CHECK(ours[0] == 'o' && private[2] == 0 && shared[2] == 'x');
	CHILD_PASSES(STORE(shared + 3, 'c'); STORE(private + 3, 'c'));
	CHECK(ours[3] == 'c' && private[3] == 0);
	munmap(shared, PAGE), munmap(second, PAGE), munmap(private, PAGE), munmap(twice, PAGE);
}

static void ends_where_the_driver_says(int fd)
{
	unsigned char *p = map(4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	TOUCH(p + PAGE);
	DIES_BY(SIGBUS, TOUCH(p + 2 * PAGE));
	DIES_BY(SIGBUS, STORE(p + 3 * PAGE, 1));
	munmap(p, 4 * PAGE);
	p = map(PAGE, PROT_READ, MAP_SHARED, fd, 0);
	FAILS(mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT); /* it was asked for one */
	munmap(p, PAGE);
}

static void refusals(int fd)
{
	const int both = PROT_READ | PROT_WRITE;
	int reader = open(PATH, O_RDONLY);

	FAILS(mmap(NULL, PAGE, both, MAP_SHARED, fd, NOTHING * PAGE), ENODEV);
	FAILS(mmap(NULL, PAGE, both, MAP_SHARED, fd, NONSENSE * PAGE), EIO);
	FAILS(mmap(NULL, PAGE, both, MAP_SHARED, fd, REFUSE * PAGE), ENXIO);
	FAILS(mmap(NULL, PAGE, both, MAP_SHARED, fd, OF_DISK * PAGE), EINVAL);
	FAILS(mmap(NULL, PAGE, both, MAP_SHARED, fd, OF_PORT * PAGE), ENODEV);
	FAILS(mmap(NULL, PAGE, both, MAP_SHARED, fd, OF_NOBODY * PAGE), EOVERFLOW);
	FAILS(mmap(NULL, PAGE, both, MAP_SHARED, fd, UNALIGNED * PAGE), EINVAL);
	FAILS(mmap(NULL, PAGE, both, MAP_SHARED, fd, 100), EINVAL);
	CHECK(reader >= 0);
	FAILS(mmap(NULL, PAGE, both, MAP_SHARED, reader, 0), EACCES);
	unsigned char *p = map(PAGE, PROT_READ, MAP_SHARED, reader, 0);
	FAILS(mprotect(p, PAGE, both), EACCES);
	DIES_BY(SIGSEGV, STORE(p, 1));
	munmap(p, PAGE);
	close(reader);
}

static void commands(int fd)
{
	struct pair pair = { 21, 0 };

	CHECK(ioctl(fd, DOUBLE, &pair) == 0 && pair.out == 42);
	CHECK(ioctl(fd, TAKE, &pair) == 21);
	CHECK(ioctl(fd, NEXT, 99) == 100);
	FAILS(ioctl(fd, SHORT, &pair), EIO);
	FAILS(ioctl(fd, DOUBLE, NULL), EFAULT);
	FAILS(ioctl(fd, TAKE, (char *)1), EFAULT);
	FAILS(ioctl(fd, LARGE, &pair), ENOTTY);
	FAILS(ioctl(fd, 0x12345678, 0), ENOTTY);
	FAILS(ioctl(fd, 0x80000000 | 7, 0), ENOTTY);
	FAILS(ioctl(fd, _IO('o', 77), 0), ENOTTY);
}

/* Whichever allocation fails, of the caller's or the driver's: an errno, and the next try succeeds. */
static void without_memory(int fd)
{
	for (unsigned long n = 1; n <= 30; n++) {
		alloc_fail(n);
		void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		alloc_fail(0);
		CHECK(p != MAP_FAILED || errno == ENOMEM);
		if (p != MAP_FAILED)
			munmap(p, PAGE);
	}
	munmap(map(PAGE, PROT_READ, MAP_SHARED, fd, 0), PAGE);
}

/* Mappings made before the driver died, touched and untouched, and a caller that waits for its answer. */
static void goes_with_its_driver(pid_t pid, int fd)
{
	const int both = PROT_READ | PROT_WRITE;
	unsigned char *shared = map(PAGE, both, MAP_SHARED, fd, 0), *untouched = map(PAGE, both, MAP_SHARED, fd, 0);
	unsigned char *private = map(PAGE, both, MAP_PRIVATE, fd, 0);
	int status;

	STORE(shared, 'a');
	STORE(private, 'b');
	fflush(NULL);
	pid_t waits = fork();
	CHECK(waits >= 0);
	if (waits == 0) {
		FAILS(mmap(NULL, PAGE, both, MAP_SHARED, fd, NEVER * PAGE), EIO);
		_exit(0);
	}
	pid_t touches = fork();
	CHECK(touches >= 0);
	while (touches == 0)
		STORE(shared + 5, shared[6]);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	CHECK(waitpid(waits, &status, 0) == waits && status == 0);
	CHECK(waitpid(touches, &status, 0) == touches && WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	DIES_BY(SIGBUS, TOUCH(shared));
	DIES_BY(SIGBUS, STORE(shared, 1));
	DIES_BY(SIGBUS, TOUCH(untouched));
	DIES_BY(SIGBUS, TOUCH(private));
	DIES_BY(SIGBUS, TOUCH(ours)); /* whoever has the memory has lost it */
	FAILS(mmap(NULL, PAGE, both, MAP_SHARED, fd, 0), EIO);
	FAILS(open(PATH, O_RDWR), EIO);
	FAILS(read(fd, &status, 1), EIO);
	FAILS(ftruncate(memory, PAGE), EPERM); /* and it does not come back */
	munmap(shared, PAGE), munmap(untouched, PAGE), munmap(private, PAGE), munmap(ours, 2 * PAGE);
	close(memory);
}

int main(void)
{
	int file = make_file("file", PAGE), fd;
	int port = port_create(0);

	if (port < 0)
		return 77;
	close(port);
	close(file);
	pid_t pid = driver_start();
	CHECK((fd = open(PATH, O_RDWR)) >= 0);
	maps_one_memory(fd);
	ends_where_the_driver_says(fd);
	refusals(fd);
	commands(fd);
	without_memory(fd);
	driver_kill(pid);
	/* The name is free for the next; a descriptor of the first stays dead. */
	pid = driver_start();
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), EIO);
	close(fd);
	CHECK((fd = open(PATH, O_RDWR)) >= 0);
	maps_one_memory(fd);
	goes_with_its_driver(pid, fd);
	close(fd);
	CHECK(vm_audit() == 0);
	return 0;
}
