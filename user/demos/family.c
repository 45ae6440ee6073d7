/* SPDX-License-Identifier: MIT */
/*
 * family - records in memory that a parent and its child share, and an update that comes back
 *
 * No file at all: an anonymous shared mapping, inherited over fork(). The child waits for the parent's stores, reads
 * them, changes one, and the parent sees it. Who may go on when is a matter of its own: here two pipes say it, for
 * memory alone does not. (semfile shows a semaphore that lies in the shared memory itself.)
 */
#include <err.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEOPLE 5

struct person {
	char name[4];
	int age;
};

static int child(struct person *people, int ready, int done)
{
	char byte;

	read(ready, &byte, 1);
	for (int i = 0; i < PEOPLE; i++)
		printf("child reads:  %s %d\n", people[i].name, people[i].age);
	fflush(stdout);
	people[0].age = 100;
	write(done, "", 1);
	return 0;
}

int main(void)
{
	struct person *people = mmap(NULL, PEOPLE * sizeof(*people), PROT_READ | PROT_WRITE,
	                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ready[2], done[2];
	char byte;

	if (people == MAP_FAILED || pipe(ready) < 0 || pipe(done) < 0)
		err(1, "mmap");
	pid_t pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0)
		return child(people, ready[0], done[1]);
	for (int i = 0; i < PEOPLE; i++)
		people[i] = (struct person){ { 'a' + i }, 20 + i };
	write(ready[1], "", 1);
	read(done[0], &byte, 1);
	printf("parent reads: %s %d\n", people[0].name, people[0].age);
	return waitpid(pid, NULL, 0) != pid;
}
