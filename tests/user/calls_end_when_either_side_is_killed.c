/* SPDX-License-Identifier: MIT */
/*
 * Clients call one server from all CPUs. A client killed in the middle of a call leaves the server working; a server
 * killed with calls in its hands, or waiting, gives every client EPIPE.
 */
#include <time.h>

#include <atlas/port.h>

#include "check.h"

#define CLIENTS 4

static void serve(int port)
{
	struct { struct msg m; char data[256]; } x;
	int err = port_receive(port, &x.m, sizeof(x.data), -1);

	for (unsigned n = 0;; n++) {
		if (err < 0)
			_exit(-err);
		if (n % 16 == 5) /* work that takes a moment: others queue up meanwhile */
			nanosleep(&(struct timespec){ .tv_nsec = 300000 }, NULL);
		x.m.status = 0;
		x.m.arg[0]++;
		err = port_reply_receive(port, &x.m, sizeof(x.data));
	}
}

static void call(int client, int rounds)
{
	struct { struct msg m; char data[256]; } x;

	for (int i = 0; i < rounds || rounds < 0; i++) {
		memset(&x.m, 0, sizeof(x.m));
		x.m.arg[0] = (uint64_t)i;
		x.m.data_len = i % 3 ? 0 : sizeof(x.data);
		memset(x.data, i, sizeof(x.data));
		int err = port_call(client, &x.m, sizeof(x.data));
		if (err == -EPIPE)
			_exit(42);
		CHECK(err == 0 && x.m.arg[0] == (uint64_t)i + 1);
		CHECK(!x.m.data_len || x.data[100] == (char)i);
	}
	_exit(0);
}

static pid_t start(void (*what)(int, int), int fd, int rounds)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0)
		what(fd, rounds);
	return pid;
}

static void one_life(int round)
{
	int port = port_create(0), client, status;
	pid_t victim[CLIENTS];

	CHECK(port >= 0 && (client = port_client(port, 1)) >= 0);
	pid_t server = fork();
	CHECK(server >= 0);
	if (server == 0) {
		close(client);
		serve(port);
	}
	close(port);
	for (int i = 0; i < CLIENTS; i++)
		victim[i] = start(call, client, -1);
	for (int i = 0; i < CLIENTS - 1; i++) {
		nanosleep(&(struct timespec){ .tv_nsec = 500000 + round * 77777 % 900000 }, NULL);
		CHECK(kill(victim[i], SIGKILL) == 0);
		CHECK(waitpid(victim[i], &status, 0) == victim[i] && WTERMSIG(status) == SIGKILL);
	}
	pid_t good = start(call, client, 50);
	CHECK(waitpid(good, &status, 0) == good && status == 0);
	CHECK(kill(server, SIGKILL) == 0);
	CHECK(waitpid(victim[CLIENTS - 1], &status, 0) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 42);
	CHECK(waitpid(server, &status, 0) == server);
	struct msg m = { 0 };
	CHECK(port_call(client, &m, 0) == -EPIPE);
	close(client);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 10;

	for (int i = 0; i < rounds; i++)
		one_life(i);
	return 0;
}
