/* SPDX-License-Identifier: MIT */
/*
 * What a process leaves to its children of how it is scheduled and of what prctl(2) set; sched_setattr(2) and its
 * structure of many sizes; in which order execve looks at what it was given, and whom it refuses (RLIMIT_NPROC).
 */
#include "show.h"
#include <sys/prctl.h>

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
	uint64_t later[4];
};

static void show_attr(const char *who)
{
	struct attr a;

	memset(&a, 0x55, sizeof a);
	printf("%s: %s", who, shown(CALL(sched_getattr, 0, &a, 48, 0)));
	printf(" size %u policy %u flags %lx nice %d priority %u, policy %ld\n", a.size, a.policy, (long)a.flags, a.nice,
	       a.priority, CALL(sched_getscheduler, 0));
}

static void try_attr(const char *what, struct attr a)
{
	IN_CHILD({
		printf("set %s: %s", what, shown(CALL(sched_setattr, 0, &a, 0)));
		printf(" size then %u ", a.size);
		show_attr("is");
	});
}

static void attributes(void)
{
	static const unsigned sizes[] = { 0, 1, 47, 48, 55, 56, 57, 64, 88, 4096, 4097 };
	static const int policies[] = { -1, 0, 3, 4, 5, 7, 99 };
	struct { struct attr a; char rest[8192]; } big;
	char what[64];

	for (size_t i = 0; i < COUNT(sizes); i++) {
		memset(&big, 0, sizeof big);
		big.a.size = sizes[i];
		printf("size %u: set %s", sizes[i], shown(CALL(sched_setattr, 0, &big, 0)));
		printf(" and then %u, get %s", big.a.size, shown(CALL(sched_getattr, 0, &big, sizes[i], 0)));
		memset(&big, 0xff, sizeof big);
		big.a = (struct attr){ .size = sizes[i] };
		memset(&big.a.later, 0xff, sizeof big.a.later);
		printf(" with more behind %s\n", shown(CALL(sched_setattr, 0, &big, 0)));
	}
	for (size_t i = 0; i < COUNT(policies); i++) {
		snprintf(what, sizeof what, "policy %d", policies[i]);
		try_attr(what, (struct attr){ .size = 48, .policy = (uint32_t)policies[i], .nice = 3 });
		try_attr(what, (struct attr){ .size = 48, .policy = (uint32_t)policies[i], .priority = 1 });
	}
	for (unsigned flags = 1; flags < 0x20; flags = flags * 2 + (flags == 0x10)) {
		snprintf(what, sizeof what, "flags %x", flags);
		try_attr(what, (struct attr){ .size = 48, .policy = 3, .nice = 4, .flags = flags & ~6u });
	}
	try_attr("flags 80", (struct attr){ .size = 48, .flags = 0x80 });
	try_attr("flags 20", (struct attr){ .size = 48, .flags = 0x20 });
	try_attr("nice 99", (struct attr){ .size = 48, .nice = 99 });
	struct attr a = { .size = 48 };
	printf("flags %s pid -1 %s nobody %s null %s bad %s\n", shown(CALL(sched_setattr, 0, &a, 1)),
	       shown(CALL(sched_setattr, -1, &a, 0)), shown(CALL(sched_setattr, 999999, &a, 0)),
	       shown(CALL(sched_setattr, 0, 0, 0)), shown(CALL(sched_setattr, 0, 8, 0)));
	printf("flags %s pid -1 %s nobody %s null %s bad %s\n", shown(CALL(sched_getattr, 0, &a, 48, 1)),
	       shown(CALL(sched_getattr, -1, &a, 48, 0)), shown(CALL(sched_getattr, 999999, &a, 48, 0)),
	       shown(CALL(sched_getattr, 0, 0, 48, 0)), shown(CALL(sched_getattr, 0, 8, 48, 0)));
	IN_CHILD({
		CALL(setuid, 1000);
		a.nice = 5;
		printf("as a user: nicer %s", shown(CALL(sched_setattr, 0, &a, 0)));
		a.nice = 4;
		printf(" less so %s another's %s\n", shown(CALL(sched_setattr, 0, &a, 0)),
		       shown(CALL(sched_setattr, 1, &a, 0)));
	});
}

static void left_to_children(void)
{
	static const int nice[] = { 5, -5 };

	for (size_t i = 0; i < COUNT(nice); i++)
		IN_CHILD({
			CALL(sched_setattr, 0, &((struct attr){ .size = 48, .policy = 3, .nice = nice[i], .flags = 1 }), 0);
			show_attr("who resets");
			IN_CHILD({ show_attr("its child"); });
			show_attr("who resets, after");
		});
	IN_CHILD({
		printf("huge pages %s", shown(CALL(prctl, PR_SET_THP_DISABLE, 1, 0, 0, 0)));
		IN_CHILD({ printf(" child %ld\n", CALL(prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0)); });
	});
	for (unsigned long value = 0; value < 3; value++)
		printf("timing %lu: %s is %ld\n", value, shown(CALL(prctl, PR_SET_TIMING, value)), CALL(prctl, PR_GET_TIMING));
	printf("events %s %s\n", shown(CALL(prctl, PR_TASK_PERF_EVENTS_DISABLE)), shown(CALL(prctl, PR_TASK_PERF_EVENTS_ENABLE)));
	printf("restart %s\n", shown(CALL(restart_syscall)));
}

static void order_of_execve(void)
{
	static char *const none[] = { NULL };
	static char *const bad[] = { (char *)8, NULL };
	static char *many[20];
	static char much[140000];

	memset(much, 'a', sizeof much - 1);
	many[0] = much;
	printf("nothing there, bad vector %s", shown(CALL(execve, "/nonexistent", 8, 0)));
	printf(" bad string %s", shown(CALL(execve, "/nonexistent", bad, 0)));
	printf(" bad environment %s", shown(CALL(execve, "/nonexistent", none, 8)));
	printf(" too long %s", shown(CALL(execve, "/nonexistent", many, none)));
	printf(" all well %s\n", shown(CALL(execve, "/nonexistent", none, none)));
	printf("a directory, bad vector %s", shown(CALL(execve, "/", 8, 0)));
	printf(" all well %s\n", shown(CALL(execve, "/", none, none)));
	printf("no name, bad vector %s", shown(CALL(execve, "", 8, 0)));
	printf(" bad name %s\n", shown(CALL(execve, 8, 8, 0)));
}

/* A user who has more processes than one may have who becomes him. */
static void too_many(void)
{
	static char *const none[] = { NULL };

	for (int limit = 0; limit < 5; limit++)
		IN_CHILD({
			struct rlimit one = { (rlim_t)limit, (rlim_t)limit };
			int gate[2];
			char c;
			CALL(pipe, gate);
			for (int i = 0; i < 2; i++)
				if (!fork()) {
					CALL(setuid, 54321);
					CALL(write, gate[1], "x", 1);
					for (;;)
						CALL(pause);
				}
			CALL(read, gate[0], &c, 1);
			CALL(read, gate[0], &c, 1);
			CALL(setrlimit, RLIMIT_NPROC, &one);
			printf("limit %d: become %s", limit, shown(CALL(setresuid, 54321, 54321, 0)));
			printf(" exec %s", shown(CALL(execve, "/nonexistent", none, none)));
			printf(" again %s\n", shown(CALL(execve, "/nonexistent", none, none)));
			fflush(stdout);
			CALL(setuid, 54321);
			CALL(kill, -1, SIGKILL);
		});
}

int main(void)
{
	attributes();
	left_to_children();
	order_of_execve();
	too_many();
	return 0;
}
