/* SPDX-License-Identifier: MIT */
/* ETXTBSY: a program that runs cannot be written, a file open for writing cannot be run. */
#include "show.h"

static void copy(const char *from, const char *to)
{
	static char bytes[1 << 20];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t n = read(in, bytes, sizeof(bytes));

	if (write(out, bytes, (size_t)n) != n)
		perror("copy");
	close(in);
	close(out);
}

static void opens(const char *name)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_APPEND, O_RDWR | O_CREAT, O_RDONLY | O_TRUNC,
				     O_WRONLY | O_TRUNC, O_PATH, 3, O_RDWR | O_CREAT | O_EXCL };

	for (size_t f = 0; f < COUNT(flags); f++) {
		int fd = (int)CALL(open, name, flags[f], 0755);
		printf(" %s", shown_ok(fd));
		if (fd >= 0)
			close(fd);
	}
	printf(" truncate %s", shown(CALL(truncate, name, 100000000)));
	printf(" chmod %s\n", shown(CALL(chmod, name, 0755)));
}

static void end(long pid)
{
	if (pid > 0) {
		kill((pid_t)pid, SIGKILL);
		waitpid((pid_t)pid, NULL, 0);
	}
}

/* Starts it; its process id, or what execve answered. */
static long run(const char *name)
{
	char *argv[] = { (char *)name, "sleep", NULL }, *envp[] = { NULL };
	int talk[2], status;
	long error = 0;

	if (pipe(talk) < 0)
		return -1;
	fcntl(talk[1], F_SETFD, FD_CLOEXEC);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		error = CALL(execve, name, argv, envp);
		if (write(talk[1], &error, sizeof(error)) < 0)
			_exit(1);
		_exit(0);
	}
	close(talk[1]);
	if (read(talk[0], &error, sizeof(error)) != (ssize_t)sizeof(error))
		error = pid;
	close(talk[0]);
	if (error < 0)
		waitpid(pid, &status, 0);
	return error;
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		pause();
		return 0;
	}
	copy("/proc/self/exe", "program");
	printf("not running:");
	opens("program");
	copy("/proc/self/exe", "program");
	long pid = run("program");
	printf("run: %s\n", shown_ok(pid));
	printf("running:");
	opens("program");
	int fd = open("program", O_RDONLY);
	printf("map shared rw of a running one %s", shown(map_at(0, 1, RW, MAP_SHARED, fd, 0)));
	printf(" private rw %s", shown_ok(map_at(0, 1, RW, MAP_PRIVATE, fd, 0)));
	printf(" a copy over it %s", shown(CALL(rename, "program", "renamed")));
	printf(" unlink %s\n", shown(CALL(unlink, "renamed")));
	end(pid);
	copy("/proc/self/exe", "program");
	int writer = open("program", O_WRONLY);
	pid = run("program");
	printf("run while open for writing: %s\n", shown_ok(pid));
	void *p = mmap(NULL, PAGE, RW, MAP_SHARED, fd = open("program", O_RDWR), 0);
	close(writer);
	close(fd);
	printf("run while mapped for writing: %s\n", shown_ok(pid = run("program")));
	end(pid);
	munmap(p, PAGE);
	printf("run then: %s\n", shown_ok(pid = run("program")));
	end(pid);
	printf("write after its end: %s\n", shown_ok(CALL(open, "program", O_WRONLY)));
	p = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_DENYWRITE | MAP_EXECUTABLE,
	         fd = open("program", O_RDONLY), 0);
	printf("write while mapped with MAP_DENYWRITE: %s\n", shown_ok(CALL(open, "program", O_WRONLY)));
	return 0;
}
