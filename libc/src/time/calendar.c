/* SPDX-License-Identifier: MIT */
/*
 * The calendar: seconds since 1970 to year, month and day and back; and the texts made of them.
 *
 * Days are counted in eras of 400 years that begin on 1 March, so that the leap day is the last day
 * of a year and month lengths follow the pattern 31 30 31 30 31. Both directions are then division
 * and multiplication without tables. The time zone is UTC always: localtime is gmtime, mktime is
 * timegm.
 *
 * mktime accepts fields outside their ranges, as 32 January, and puts them in order.
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY 86400l
#define ERA_DAYS 146097l
#define EPOCH_DAYS 719468l /* from 1 March 0000 to 1 January 1970 */

char *tzname[2] = { (char *)"UTC", (char *)"UTC" };
long timezone;
int daylight;

void tzset(void)
{
}

static long floor_div(long a, long b)
{
	return a / b - (a % b < 0);
}

/* month counts from 0 for January. */
static long days_from_civil(long year, long month, long day)
{
	long shifted = (month + 10) % 12; /* months since March */
	long y = month < 2 ? year - 1 : year;
	long era = floor_div(y, 400);
	long year_of_era = y - era * 400;
	long day_of_year = (153 * shifted + 2) / 5 + day - 1;
	long day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

static int is_leap(long year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static void set_date(struct tm *tm, long days)
{
	long z = days + EPOCH_DAYS;
	long era = floor_div(z, ERA_DAYS);
	long doe = z - era * ERA_DAYS;
	long yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	long doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	long shifted = (5 * doy + 2) / 153;
	long month = (shifted + 2) % 12;
	long year = yoe + era * 400 + (month < 2);

	tm->tm_mday = (int)(doy - (153 * shifted + 2) / 5 + 1);
	tm->tm_mon = (int)month;
	tm->tm_year = (int)(year - 1900);
	tm->tm_yday = (int)(days - days_from_civil(year, 0, 1));
	tm->tm_wday = (int)((days % 7 + 11) % 7);
}

struct tm *gmtime_r(const time_t *__restrict t, struct tm *__restrict tm)
{
	long days = floor_div(*t, DAY), second = *t - days * DAY;

	if (*t > (long)INT_MAX * 365 * DAY || *t < (long)INT_MIN * 365 * DAY) {
		errno = EOVERFLOW;
		return NULL;
	}
	memset(tm, 0, sizeof(*tm));
	set_date(tm, days);
	tm->tm_hour = (int)(second / 3600);
	tm->tm_min = (int)(second / 60 % 60);
	tm->tm_sec = (int)(second % 60);
	tm->tm_zone = tzname[0];
	return tm;
}

struct tm *gmtime(const time_t *t)
{
	static struct tm tm;

	return gmtime_r(t, &tm);
}

struct tm *localtime_r(const time_t *__restrict t, struct tm *__restrict tm)
{
	return gmtime_r(t, tm);
}

struct tm *localtime(const time_t *t)
{
	return gmtime(t);
}

time_t timegm(struct tm *tm)
{
	long years = floor_div(tm->tm_mon, 12);
	long days = days_from_civil(1900l + tm->tm_year + years, tm->tm_mon - years * 12, 1);
	time_t t = (days + tm->tm_mday - 1) * DAY + tm->tm_hour * 3600l + tm->tm_min * 60l + tm->tm_sec;

	return gmtime_r(&t, tm) ? t : -1;
}

time_t mktime(struct tm *tm)
{
	return timegm(tm);
}

char *asctime_r(const struct tm *__restrict tm, char *__restrict text)
{
	return strftime(text, 26, "%a %b %e %H:%M:%S %Y\n", tm) ? text : NULL;
}

char *asctime(const struct tm *tm)
{
	static char text[26];

	return asctime_r(tm, text);
}

char *ctime_r(const time_t *t, char *text)
{
	struct tm tm;

	return gmtime_r(t, &tm) ? asctime_r(&tm, text) : NULL;
}

char *ctime(const time_t *t)
{
	static char text[26];

	return ctime_r(t, text);
}

static const char *const day_names[] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
};

static const char *const month_names[] = {
	"January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December",
};

static const char *name_of(const char *const *names, int count, int i)
{
	return i >= 0 && i < count ? names[i] : "?";
}

/* The ISO week, which begins on Monday and belongs to the year that has its Thursday. */
static int iso_week(const struct tm *tm, int *year)
{
	int week = (tm->tm_yday + 10 - (tm->tm_wday + 6) % 7) / 7;
	int jan1, days;

	*year = tm->tm_year + 1900;
	if (week < 1) {
		--*year;
		days = tm->tm_yday + 365 + is_leap(*year);
		return (days + 10 - (tm->tm_wday + 6) % 7) / 7;
	}
	if (week == 53) {
		/* It is week 1 of the next year unless this year has a 53rd Thursday. */
		jan1 = ((tm->tm_wday - tm->tm_yday) % 7 + 7) % 7;
		if (jan1 != 4 && !(jan1 == 3 && is_leap(*year))) {
			++*year;
			return 1;
		}
	}
	return week;
}

/* One conversion, into text of TEXT bytes; those that are sequences of others name them. */
#define TEXT 64

static const char *composed(char c)
{
	switch (c) {
	case 'c':
		return "%a %b %e %H:%M:%S %Y";
	case 'D':
	case 'x':
		return "%m/%d/%y";
	case 'F':
		return "%Y-%m-%d";
	case 'R':
		return "%H:%M";
	case 'r':
		return "%I:%M:%S %p";
	case 'T':
	case 'X':
		return "%H:%M:%S";
	default:
		return NULL;
	}
}

static void number(char *text, int value, int width, char pad)
{
	snprintf(text, TEXT, pad == '0' ? "%0*d" : "%*d", width, value);
}

static void date_field(char *text, char c, const struct tm *tm)
{
	int year = tm->tm_year + 1900, week_year;
	int week = iso_week(tm, &week_year);

	switch (c) {
	case 'C':
		number(text, year / 100, 2, '0');
		break;
	case 'd':
		number(text, tm->tm_mday, 2, '0');
		break;
	case 'e':
		number(text, tm->tm_mday, 2, ' ');
		break;
	case 'G':
		number(text, week_year, 1, '0');
		break;
	case 'g':
		number(text, week_year % 100, 2, '0');
		break;
	case 'j':
		number(text, tm->tm_yday + 1, 3, '0');
		break;
	case 'm':
		number(text, tm->tm_mon + 1, 2, '0');
		break;
	case 'U':
		number(text, (tm->tm_yday + 7 - tm->tm_wday) / 7, 2, '0');
		break;
	case 'u':
		number(text, tm->tm_wday ? tm->tm_wday : 7, 1, '0');
		break;
	case 'V':
		number(text, week, 2, '0');
		break;
	case 'W':
		number(text, (tm->tm_yday + 7 - (tm->tm_wday + 6) % 7) / 7, 2, '0');
		break;
	case 'w':
		number(text, tm->tm_wday, 1, '0');
		break;
	case 'Y':
		number(text, year, 1, '0');
		break;
	case 'y':
		number(text, year % 100, 2, '0');
		break;
	default:
		snprintf(text, TEXT, "%%%c", c);
	}
}

static void field(char *text, char c, const struct tm *tm)
{
	struct tm copy = *tm;
	int hour12 = tm->tm_hour % 12 ? tm->tm_hour % 12 : 12;

	switch (c) {
	case 'A':
	case 'a':
		snprintf(text, TEXT, c == 'a' ? "%.3s" : "%s", name_of(day_names, 7, tm->tm_wday));
		break;
	case 'B':
	case 'b':
	case 'h':
		snprintf(text, TEXT, c == 'B' ? "%s" : "%.3s", name_of(month_names, 12, tm->tm_mon));
		break;
	case 'H':
		number(text, tm->tm_hour, 2, '0');
		break;
	case 'k':
		number(text, tm->tm_hour, 2, ' ');
		break;
	case 'I':
		number(text, hour12, 2, '0');
		break;
	case 'l':
		number(text, hour12, 2, ' ');
		break;
	case 'M':
		number(text, tm->tm_min, 2, '0');
		break;
	case 'S':
		number(text, tm->tm_sec, 2, '0');
		break;
	case 'p':
		strcpy(text, tm->tm_hour < 12 ? "AM" : "PM");
		break;
	case 'P':
		strcpy(text, tm->tm_hour < 12 ? "am" : "pm");
		break;
	case 's':
		snprintf(text, TEXT, "%ld", (long)timegm(&copy));
		break;
	case 'z':
		strcpy(text, "+0000");
		break;
	case 'Z':
		strcpy(text, "UTC");
		break;
	case 'n':
	case 't':
	case '%':
		strcpy(text, c == 'n' ? "\n" : c == 't' ? "\t" : "%");
		break;
	default:
		date_field(text, c, tm);
	}
}

/* Returns the length, or 0 if the result and its zero byte do not fit. */
size_t strftime(char *__restrict text, size_t size, const char *__restrict format,
		const struct tm *__restrict tm)
{
	size_t len = 0;

	for (; *format; format++) {
		char piece[TEXT] = { *format, '\0' };
		const char *sequence = NULL;
		size_t n;

		if (*format == '%' && format[1]) {
			format++;
			if ((*format == 'E' || *format == 'O') && format[1])
				format++;
			sequence = composed(*format);
			if (sequence)
				strftime(piece, TEXT, sequence, tm);
			else
				field(piece, *format, tm);
		}
		n = strlen(piece);
		if (len + n >= size)
			return 0;
		memcpy(text + len, piece, n);
		len += n;
	}
	if (size == 0)
		return 0;
	text[len] = '\0';
	return len;
}
