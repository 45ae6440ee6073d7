/* SPDX-License-Identifier: MIT */
/*
 * sharedint - parent and child over one integer
 *
 * Two integers: one in a shared anonymous mapping, one an ordinary variable. fork() gives the child the mapping itself,
 * but only a copy of the variable: the first store to it breaks the sharing of its page.
 *
 * Look at:  the parent's last line: 100 came back, the other change did not
 */
#include <err.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int own;

int main(void)
{
	int *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		err(1, "mmap");
	pid_t child = fork();
	if (child < 0)
		err(1, "fork");
	if (child == 0) {
		*shared = own = 100;
		printf("child stored:  shared %d, own %d\n", *shared, own);
		return munmap(shared, sizeof(*shared)) < 0;
	}
	if (waitpid(child, NULL, 0) != child)
		err(1, "wait");
	printf("parent sees:   shared %d, own %d\n", *shared, own);
	return munmap(shared, sizeof(*shared)) < 0;
}
