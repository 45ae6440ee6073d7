/* SPDX-License-Identifier: MIT */
/*
 * Processes send each other signals, handlers interrupt handlers, children end, while all of them fault. Every handler
 * returns to where it came from, with all registers.
 */
#include "check.h"

#define PROCS 4

static volatile sig_atomic_t handled;
static pid_t *pids;

static void handler(int signo)
{
	unsigned char *p = map_anon(2 * PAGE);

	STORE(p + PAGE, signo);
	if (signo == SIGUSR1 && handled % 4 == 0)
		raise(SIGUSR2);
	CHECK(p[PAGE] == signo);
	munmap(p, 2 * PAGE);
	handled++;
}

static void worker(int me, int rounds)
{
	const int signos[] = { SIGUSR1, SIGUSR2, SIGCHLD };
	uint64_t sum = 0, want = 0;

	for (unsigned i = 0; i < 3; i++)
		signal(signos[i], handler);
	pids[me] = getpid();
	for (int r = 0; r < rounds; r++) {
		unsigned char *p = map_anon(8 * PAGE);
		for (unsigned i = 0; i < 8; i++) {
			STORE(p + i * PAGE, i + 1);
			sum += p[i * PAGE];
			want += i + 1;
		}
		pid_t peer = pids[(me + 1 + r % (PROCS - 1)) % PROCS];
		if (peer)
			kill(peer, r & 1 ? SIGUSR1 : SIGUSR2);
		if (r % 8 == 0) {
			pid_t pid = fork();
			if (pid == 0)
				_exit(0);
			CHECK(pid > 0);
			while (waitpid(pid, NULL, 0) < 0)
				CHECK(errno == EINTR);
		}
		munmap(p, 8 * PAGE);
		CHECK(sum == want);
	}
	pids[me] = 0;
	for (unsigned i = 0; i < 3; i++)
		signal(signos[i], SIG_IGN);
	_exit(0);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 150;

	pids = (void *)map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	for (int i = 0; i < PROCS; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0)
			worker(i, rounds);
	}
	for (int i = 0, status; i < PROCS; i++)
		CHECK(wait(&status) > 0 && status == 0);
	return 0;
}
