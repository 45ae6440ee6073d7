/* SPDX-License-Identifier: MIT */
/*
 * The one locale, C: every question about it has a fixed answer.
 *
 * setlocale accepts "C", "POSIX" and "" and refuses all other names, so a program that asks for
 * UTF-8 learns that it has none. Multibyte characters are single bytes, and a wide character is
 * that byte's value, so the conversions of stdlib.h are copies.
 */
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *setlocale(int category, const char *name)
{
	if (category < LC_CTYPE || category > LC_ALL)
		return NULL;
	if (name && *name && strcmp(name, "C") != 0 && strcmp(name, "POSIX") != 0)
		return NULL;
	return (char *)"C";
}

struct lconv *localeconv(void)
{
	static struct lconv c = { (char *)".", (char *)"", (char *)"" };

	return &c;
}

int mbtowc(wchar_t *__restrict wide, const char *__restrict s, size_t n)
{
	if (!s)
		return 0;
	if (n == 0)
		return -1;
	if (wide)
		*wide = (unsigned char)*s;
	return *s != '\0';
}

int mblen(const char *s, size_t n)
{
	return mbtowc(NULL, s, n);
}

int wctomb(char *s, wchar_t wide)
{
	if (!s)
		return 0;
	if (wide < 0 || wide > UCHAR_MAX)
		return -1;
	*s = (char)wide;
	return 1;
}

size_t mbstowcs(wchar_t *__restrict wide, const char *__restrict s, size_t n)
{
	size_t i;

	if (!wide)
		return strlen(s);
	for (i = 0; i < n; i++) {
		wide[i] = (unsigned char)s[i];
		if (!s[i])
			break;
	}
	return i;
}

size_t wcstombs(char *__restrict s, const wchar_t *__restrict wide, size_t n)
{
	size_t i;

	for (i = 0; !s || i < n; i++) {
		if (wide[i] < 0 || wide[i] > UCHAR_MAX)
			return (size_t)-1;
		if (s)
			s[i] = (char)wide[i];
		if (!wide[i])
			break;
	}
	return i;
}

void swab(const void *__restrict from, void *__restrict to, ssize_t n)
{
	const char *s = from;
	char *d = to;

	for (; n > 1; n -= 2, s += 2, d += 2) {
		char first = s[0];

		d[0] = s[1];
		d[1] = first;
	}
}
