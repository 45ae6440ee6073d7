/* SPDX-License-Identifier: MIT */
/* pwd - print the working directory, without symbolic links on the way to it */
#include <limits.h>

#include "common.h"

int main(void)
{
	char path[PATH_MAX];

	if (!getcwd(path, sizeof(path)))
		err(1, "the working directory");
	puts(path);
	return finish(0);
}
