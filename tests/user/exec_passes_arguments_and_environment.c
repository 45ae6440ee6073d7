/* SPDX-License-Identifier: MIT */
/* execve passes arguments, environment, descriptors without FD_CLOEXEC; a file that is no program is ENOEXEC. */
#include "check.h"

int main(int argc, char **argv, char **envp)
{
	if (argc == 3)
		return strcmp(argv[1], "a b") || strcmp(argv[2], "") || strcmp(envp[0], "K=V") || envp[1] ||
		       fcntl(100, F_GETFD) != 0 || fcntl(101, F_GETFD) != -1;
	char *args[] = { argv[0], "a b", "", NULL }, *env[] = { "K=V", NULL };
	CHECK(dup2(0, 100) == 100 && dup2(0, 101) == 101 && fcntl(101, F_SETFD, FD_CLOEXEC) == 0);
	CHILD_PASSES({
		execve("/proc/self/exe", args, env);
		execve(argv[0], args, env);
		_exit(9);
	});
	close(make_file("f", 100));
	CHECK(chmod("f", 0755) == 0);
	FAILS(execve("f", args, env), ENOEXEC);
	CHECK(truncate("f", 0) == 0);
	FAILS(execve("f", args, env), ENOEXEC);
	FAILS(execve("nosuch", args, env), ENOENT);
	CHECK(chmod("f", 0644) == 0);
	FAILS(execve("f", args, env), EACCES);
	return 0;
}
