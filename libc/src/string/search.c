/* SPDX-License-Identifier: MIT */
/*
 * Finding characters, sets of characters and substrings in strings, and cutting strings into words.
 *
 * A set is first made a table of 256 bits, so that strspn and its relatives cost the length of the
 * string plus that of the set, and not their product. strtok keeps its place in a static variable,
 * shared by all threads, as the standard says it may; strtok_r and strsep are for everyone else.
 * They differ in that strsep returns the empty words between neighbouring separators.
 */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

struct set {
	uint64_t bits[4];
};

static void set_make(struct set *set, const char *members)
{
	memset(set, 0, sizeof(*set));
	for (; *members; members++) {
		unsigned char c = (unsigned char)*members;

		set->bits[c / 64] |= (uint64_t)1 << c % 64;
	}
}

static inline int set_has(const struct set *set, char member)
{
	unsigned char c = (unsigned char)member;

	return (int)(set->bits[c / 64] >> c % 64 & 1);
}

char *strchrnul(const char *s, int c)
{
	while (*s && *s != (char)c)
		s++;
	return (char *)s;
}

char *strchr(const char *s, int c)
{
	s = strchrnul(s, c);
	return *s == (char)c ? (char *)s : NULL;
}

char *strrchr(const char *s, int c)
{
	return memrchr(s, c, strlen(s) + 1);
}

char *index(const char *s, int c)
{
	return strchr(s, c);
}

char *rindex(const char *s, int c)
{
	return strrchr(s, c);
}

char *strstr(const char *hay, const char *needle)
{
	size_t len = strlen(needle);

	if (len == 0)
		return (char *)hay;
	for (hay = strchr(hay, *needle); hay; hay = strchr(hay + 1, *needle))
		if (strncmp(hay, needle, len) == 0)
			return (char *)hay;
	return NULL;
}

char *strcasestr(const char *hay, const char *needle)
{
	size_t len = strlen(needle);

	for (;; hay++) {
		if (strncasecmp(hay, needle, len) == 0)
			return (char *)hay;
		if (!*hay)
			return NULL;
	}
}

size_t strspn(const char *s, const char *members)
{
	struct set set;
	size_t n = 0;

	set_make(&set, members);
	while (s[n] && set_has(&set, s[n]))
		n++;
	return n;
}

size_t strcspn(const char *s, const char *members)
{
	struct set set;
	size_t n = 0;

	set_make(&set, members);
	while (s[n] && !set_has(&set, s[n]))
		n++;
	return n;
}

char *strpbrk(const char *s, const char *members)
{
	s += strcspn(s, members);
	return *s ? (char *)s : NULL;
}

char *strsep(char **__restrict s, const char *__restrict members)
{
	char *word = *s, *end;

	if (!word)
		return NULL;
	end = word + strcspn(word, members);
	*s = *end ? end + 1 : NULL;
	*end = '\0';
	return word;
}

char *strtok_r(char *__restrict s, const char *__restrict members, char **__restrict next)
{
	char *end;

	if (!s)
		s = *next;
	if (!s)
		return NULL;
	s += strspn(s, members);
	if (!*s) {
		*next = NULL;
		return NULL;
	}
	end = s + strcspn(s, members);
	*next = *end ? end + 1 : NULL;
	*end = '\0';
	return s;
}

char *strtok(char *__restrict s, const char *__restrict members)
{
	static char *next;

	return strtok_r(s, members, &next);
}
