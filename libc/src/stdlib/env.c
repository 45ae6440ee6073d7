/* SPDX-License-Identifier: MIT */
/*
 * The environment: an array of "NAME=value" strings that environ points to.
 *
 * At the start it is the one that execve put on the stack. The first change that needs room copies
 * the array (not the strings) to the heap; `owned` remembers that copy, so a program that assigns
 * environ itself is noticed and its array is copied again instead of being grown. Strings made by
 * setenv are freed never: getenv may have handed them out, and POSIX gives no way to take
 * them back. putenv inserts the caller's own string.
 *
 * There is no lock: POSIX lets a program with threads not change the environment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **owned;

static size_t name_len(const char *setting)
{
	return (size_t)(strchrnul(setting, '=') - setting);
}

static char **find(const char *name, size_t len)
{
	for (char **e = environ; e && *e; e++)
		if (strncmp(*e, name, len) == 0 && (*e)[len] == '=')
			return e;
	return NULL;
}

char *getenv(const char *name)
{
	size_t len = name_len(name);
	char **e = len && !name[len] ? find(name, len) : NULL;

	return e ? *e + len + 1 : NULL;
}

static int append(char *setting)
{
	size_t count = 0;
	char **bigger;

	while (environ && environ[count])
		count++;
	bigger = reallocarray(environ == owned ? owned : NULL, count + 2, sizeof(*bigger));
	if (!bigger)
		return -1;
	if (environ != owned && count)
		memcpy(bigger, environ, count * sizeof(*bigger));
	bigger[count] = setting;
	bigger[count + 1] = NULL;
	environ = owned = bigger;
	return 0;
}

static int insert(char *setting, size_t len)
{
	char **e = find(setting, len);

	if (!e)
		return append(setting);
	*e = setting;
	return 0;
}

int putenv(char *setting)
{
	size_t len = name_len(setting);

	if (!setting[len])
		return unsetenv(setting);
	return insert(setting, len);
}

int setenv(const char *name, const char *value, int overwrite)
{
	size_t len = name ? name_len(name) : 0;
	size_t size;
	char *setting;

	if (len == 0 || name[len]) {
		errno = EINVAL;
		return -1;
	}
	if (!overwrite && find(name, len))
		return 0;
	size = strlen(value) + 1;
	setting = malloc(len + 1 + size);
	if (!setting)
		return -1;
	memcpy(setting, name, len);
	setting[len] = '=';
	memcpy(setting + len + 1, value, size);
	if (insert(setting, len) < 0) {
		free(setting);
		return -1;
	}
	return 0;
}

int unsetenv(const char *name)
{
	size_t len = name ? name_len(name) : 0;
	char **e;

	if (len == 0 || name[len]) {
		errno = EINVAL;
		return -1;
	}
	while ((e = find(name, len)))
		for (; *e; e++)
			e[0] = e[1];
	return 0;
}

int clearenv(void)
{
	environ = NULL;
	return 0;
}
