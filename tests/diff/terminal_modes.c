/* SPDX-License-Identifier: MIT */
/*
 * What a pseudo-terminal makes of what is typed and written: settings, echo, editing, input and output modes, flow, reads
 * in canonical mode and by VMIN and VTIME, queues, and what poll says.
 */
#include <ctype.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>
#include <termios.h>

#include "show.h"

struct kernel_termios { unsigned iflag, oflag, cflag, lflag; unsigned char line, cc[19]; };

static int m, s; /* the master's side, the slave's */
static struct termios usual;

static const char *quoted(const unsigned char *bytes, long len)
{
	static char text[8][8192];
	static int next;
	char *out = text[next++ % 8], *to = out;

	if (len < 0)
		return error_name(-len);
	*to++ = '"';
	for (long i = 0; i < len && to < out + 8000; i++)
		to += isprint(bytes[i]) && bytes[i] != '\\' ? sprintf(to, "%c", bytes[i]) : sprintf(to, "\\%02x", bytes[i]);
	*to++ = '"';
	*to = '\0';
	return out;
}

static bool ready(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, ms) == 1 && (p.revents & POLLIN);
}

/* Line disciplines may work a little later than the call that gave them work: what is seen after 30 ms of silence. */
static const char *out(void)
{
	unsigned char bytes[4096];
	long len = 0, n;

	while (len < 4000 && ready(m, 30) && (n = CALL(read, m, bytes + len, sizeof(bytes) - len)) > 0)
		len += n;
	return quoted(bytes, len);
}

static const char *in(unsigned long most)
{
	unsigned char bytes[8192];

	if (!ready(s, 30))
		return "nothing";
	return quoted(bytes, CALL(read, s, bytes, most));
}

static void type_bytes(const char *keys, unsigned long len) { CALL(write, m, keys, len); }
#define TYPE(keys) type_bytes(keys, sizeof(keys) - 1)

static int queued(int fd, unsigned long which)
{
	int n = -1;

	ioctl(fd, which, &n);
	return n;
}

/* Types and shows the echo and what can be read in lines. */
static void try(const char *name, const char *keys, unsigned long len)
{
	const char *read;

	type_bytes(keys, len);
	printf("%s: echo %s", name, out());
	printf(" %d", queued(s, FIONREAD));
	while (strcmp(read = in(100), "nothing")) {
		printf(" read %s", read);
		if (!strcmp(read, "\"\""))
			break;
	}
	printf("\n");
	tcflush(s, TCIOFLUSH);
}
#define TRY(name, keys) try(name, keys, sizeof(keys) - 1)

static void set(unsigned iflag_on, unsigned iflag_off, unsigned lflag_on, unsigned lflag_off)
{
	struct termios t = usual;

	t.c_iflag = (t.c_iflag | iflag_on) & ~iflag_off;
	t.c_lflag = (t.c_lflag | lflag_on) & ~lflag_off;
	tcsetattr(s, TCSANOW, &t);
}

static void show_words(int fd)
{
	struct kernel_termios t;
	memset(&t, 0xee, sizeof(t));
	printf("TCGETS %s", shown(CALL(ioctl, fd, 0x5401, &t)));
	printf(" %o %o %o %o line %d cc", t.iflag, t.oflag, t.cflag, t.lflag, t.line);
	for (int i = 0; i < 19; i++)
		printf(" %d", t.cc[i]);
	printf("\n");
}

static void settings(void)
{
	struct kernel_termios t;
	unsigned char old[18];

	show_words(s);
	show_words(m);
	CALL(ioctl, s, 0x5401, &t);
	t.iflag = t.oflag = t.lflag = ~0u & ~(unsigned)ISIG;
	t.cflag = 0;
	t.line = 3;
	for (int i = 0; i < 19; i++)
		t.cc[i] = (unsigned char)(200 + i);
	for (unsigned long cmd = 0x5402; cmd <= 0x5404; cmd++)
		printf("set %lx %s ", cmd, shown(CALL(ioctl, s, cmd, &t)));
	show_words(s);
	tcsetattr(s, TCSANOW, &usual);
	memset(old, 0xee, sizeof(old));
	printf("TCGETA %s", shown(CALL(ioctl, s, 0x5405, old)));
	printf(" %s\n", quoted(old, 17));
	old[0] = 0, old[8 + 1] = 77;
	for (unsigned long cmd = 0x5406; cmd <= 0x5408; cmd++)
		printf("set %lx %s ", cmd, shown(CALL(ioctl, s, cmd, old)));
	show_words(s);
	tcsetattr(s, TCSANOW, &usual);
	for (unsigned long cmd = 0x5401; cmd <= 0x5408; cmd++)
		printf("%s ", shown(CALL(ioctl, s, cmd, 8)));
	printf("bad pointers\n");
	printf("TCFLSH 3 %s TCXONC 4 %s ", shown(CALL(ioctl, s, TCFLSH, 3)), shown(CALL(ioctl, s, TCXONC, 4)));
	printf("TCSBRK 0 %s 1 %s TCSBRKP %s ", shown(CALL(ioctl, s, TCSBRK, 0)), shown(CALL(ioctl, s, TCSBRK, 1)),
	       shown(CALL(ioctl, s, TCSBRKP, 0)));
	printf("unknown %s %s\n", shown(CALL(ioctl, s, 0x54ff, 0)), shown(CALL(ioctl, m, 0x54ff, 0)));
}

static void windows(void)
{
	struct winsize w = { 9, 9, 9, 9 };
	int n = ioctl(s, TIOCGWINSZ, &w);

	printf("size %d: %d %d %d %d", n, w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel);
	w = (struct winsize){ 11, 22, 33, 44 };
	n = ioctl(m, TIOCSWINSZ, &w);
	w = (struct winsize){ 0 };
	ioctl(s, TIOCGWINSZ, &w);
	printf(" set %d: %d %d %d %d\n", n, w.ws_row, w.ws_col, w.ws_xpixel, w.ws_ypixel);
}

static void editing(void)
{
	TRY("a line", "one\n");
	TRY("a return", "one\r");
	TRY("two lines", "one\ntwo\n");
	TRY("part of a line", "part");
	TRY("end of file", "\4");
	TRY("end behind a part", "part\4");
	TRY("end behind a line", "line\n\4rest\n");
	TRY("two ends", "\4\4");
	TRY("erase", "abc\177\177d\n");
	TRY("erase nothing", "\177x\n");
	TRY("backspace is no erase", "ab\10c\n");
	TRY("erase a control character", "a\1\177b\n");
	TRY("erase a tab", "a\t\177b\n");
	TRY("erase two tabs", "ab\t\1\t\177\177c\n");
	TRY("erase a tab behind a tab", "\tab\t\177c\n");
	TRY("erase UTF-8", "\303\244\177\n");
	TRY("kill", "abc\25d\n");
	TRY("erase a word", "one two.three \27four\n");
	TRY("erase words", "one two  \27\27x\n");
	TRY("reprint", "ab\1c\22d\n");
	TRY("literal", "a\26\3\26\4\26\26b\n");
	TRY("literal newline", "a\26\nb\n");
	TRY("control characters", "\1\2\33\34x\n");
	TRY("no byte", "a\0b\n");
	TRY("8 bits", "\377\200\n");
	set(IUTF8, 0, 0, 0);
	TRY("IUTF8", "a\303\244\342\202\254\177\177\n");
	set(0, 0, 0, ECHO);
	TRY("-ECHO", "ab\177c\25d\22\26x\n");
	set(0, 0, ECHONL, ECHO);
	TRY("ECHONL", "ab\n");
	set(0, 0, 0, ECHOE);
	TRY("-ECHOE", "ab\177c\27d\25e\n");
	set(0, 0, 0, ECHOK);
	TRY("-ECHOK", "ab\25e\n");
	set(0, 0, 0, ECHOKE);
	TRY("-ECHOKE", "ab\25e\n");
	set(0, 0, 0, ECHOCTL);
	TRY("-ECHOCTL", "a\1\33\177\26x\t\177b\n");
	set(0, 0, ECHOPRT, 0);
	TRY("ECHOPRT", "abc\177\177d\177\177\177x\n");
	set(0, 0, 0, IEXTEN);
	TRY("-IEXTEN", "a\26b \27c\22\n");
	set(0, 0, 0, 0);
}

static void keys(void)
{
	struct termios t = usual;

	t.c_cc[VEOL] = 'x', t.c_cc[VEOL2] = 'y', t.c_cc[VERASE] = '#', t.c_cc[VKILL] = '@', t.c_cc[VEOF] = 'f';
	tcsetattr(s, TCSANOW, &t);
	TRY("other keys", "abx1y2#3@4\nf");
	t = usual;
	t.c_cc[VEOF] = t.c_cc[VERASE] = t.c_cc[VINTR] = 0;
	tcsetattr(s, TCSANOW, &t);
	TRY("keys that are off", "a\4\177\3\0b\n");
	set(0, 0, 0, 0);
}

static void input_modes(void)
{
	set(0, ICRNL, 0, 0);
	TRY("-ICRNL", "a\rb\n");
	set(INLCR, ICRNL, 0, 0);
	TRY("INLCR", "a\nb\rc\4");
	set(INLCR, 0, 0, 0);
	TRY("INLCR ICRNL", "a\nb\rc\4");
	set(IGNCR, 0, 0, 0);
	TRY("IGNCR", "a\rb\n");
	set(ISTRIP, 0, 0, 0);
	TRY("ISTRIP", "\341\342\212");
	set(IUCLC, 0, 0, 0);
	TRY("IUCLC", "aBC\n");
	set(PARMRK, 0, 0, 0);
	TRY("PARMRK", "a\377b\n");
	set(0, IXON, 0, 0);
	TRY("-IXON", "a\23b\21\n");
	set(0, 0, 0, ISIG);
	TRY("-ISIG", "a\3\34\32b\n");
	set(0, 0, 0, ICANON);
	TRY("-ICANON", "a\4\177\25\26\n\r\1b");
	set(0, ICRNL, 0, ICANON);
	TRY("-ICANON -ICRNL", "a\n\rb");
	set(INLCR, ICRNL, 0, ICANON);
	TRY("-ICANON INLCR", "a\n\rb");
	set(0, 0, ECHONL, ICANON | ECHO);
	TRY("-ICANON ECHONL", "a\nb");
	set(0, 0, 0, 0);
}

static void written(const char *name, unsigned oflag, const char *text)
{
	struct termios t = usual;

	t.c_oflag = oflag;
	tcsetattr(s, TCSANOW, &t);
	long n = CALL(write, s, text, strlen(text));
	printf("%s: %s %s", name, shown(n), out());
	TYPE("k\t\177\n");
	printf(" echo %s\n", out());
	tcflush(s, TCIOFLUSH);
}

static void output_modes(void)
{
	static const char text[] = "ab\tc\nd\re\b\1f\r\r\n\t\tg\303\244\tz";

	written("raw output", 0, text);
	written("OPOST", OPOST, text);
	written("ONLCR", OPOST | ONLCR, text);
	written("OCRNL", OPOST | OCRNL, text);
	written("ONOCR", OPOST | ONOCR, text);
	written("ONLRET", OPOST | ONLRET, text);
	written("ONLRET ONLCR", OPOST | ONLRET | ONLCR, text);
	written("OCRNL ONLRET ONOCR", OPOST | OCRNL | ONLRET | ONOCR, text);
	written("OLCUC", OPOST | OLCUC, text);
	written("XTABS", OPOST | TAB3, text);
	written("XTABS ONLCR", OPOST | TAB3 | ONLCR, text);
	written("ONLCR without OPOST", ONLCR, text);
	set(0, 0, 0, 0);
}

static void raw(int least, int tenths, unsigned more_off)
{
	struct termios t = usual;

	t.c_lflag &= ~(unsigned)(ICANON | ECHO | more_off);
	t.c_cc[VMIN] = (unsigned char)least;
	t.c_cc[VTIME] = (unsigned char)tenths;
	tcsetattr(s, TCSANOW, &t);
}

/* A child types the two words, the second a while later. */
static void read_while(const char *name, unsigned long most, const char *first, const char *second)
{
	unsigned char bytes[100];

	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		usleep(50000);
		CALL(write, m, first, strlen(first));
		usleep(100000);
		CALL(write, m, second, strlen(second));
		_exit(0);
	}
	long n = CALL(read, s, bytes, most);
	printf("%s: %s", name, quoted(bytes, n));
	waitpid(pid, NULL, 0);
	usleep(30000);
	printf(" left %d\n", queued(s, FIONREAD));
	tcflush(s, TCIFLUSH);
}

static void polled(const char *name)
{
	struct pollfd p[2] = { { s, POLLIN | POLLOUT, 0 }, { m, POLLIN | POLLOUT, 0 } };

	usleep(30000);
	poll(p, 2, 0);
	printf("%s: slave %x master %x\n", name, p[0].revents, p[1].revents);
}

static void raw_reads(void)
{
	unsigned char bytes[100];

	raw(0, 0, 0);
	printf("min 0 time 0: %s", quoted(bytes, CALL(read, s, bytes, 9)));
	TYPE("abc");
	usleep(30000);
	printf(" %s", quoted(bytes, CALL(read, s, bytes, 2)));
	printf(" %s\n", quoted(bytes, CALL(read, s, bytes, 9)));
	raw(1, 0, 0);
	read_while("min 1", 9, "ab", "c");
	raw(3, 0, 0);
	read_while("min 3", 9, "ab", "cd");
	read_while("min 3 of 2", 2, "a", "b");
	TYPE("ab");
	polled("min 3, two there");
	tcflush(s, TCIFLUSH);
	raw(3, 1, 0);
	TYPE("ab");
	polled("min 3 time 1, two there");
	printf("min 3 time 1: %s\n", quoted(bytes, CALL(read, s, bytes, 9)));
	raw(0, 1, 0);
	printf("min 0 time 1: %s\n", quoted(bytes, CALL(read, s, bytes, 9)));
	raw(0, 30, 0);
	read_while("min 0 time 30", 9, "a", "b");
	fcntl(s, F_SETFL, O_NONBLOCK);
	raw(0, 0, 0);
	printf("without waiting: %s", quoted(bytes, CALL(read, s, bytes, 9)));
	raw(0, 1, 0);
	printf(" %s", quoted(bytes, CALL(read, s, bytes, 9)));
	raw(2, 0, 0);
	printf(" %s", quoted(bytes, CALL(read, s, bytes, 9)));
	TYPE("a");
	usleep(30000);
	printf(" %s", quoted(bytes, CALL(read, s, bytes, 9)));
	set(0, 0, 0, 0);
	printf(" %s", quoted(bytes, CALL(read, s, bytes, 9)));
	TYPE("a");
	usleep(30000);
	printf(" %s", quoted(bytes, CALL(read, s, bytes, 9)));
	TYPE("\n");
	usleep(30000);
	printf(" %s\n", quoted(bytes, CALL(read, s, bytes, 9)));
	fcntl(s, F_SETFL, 0);
	out();
}

static void lines(void)
{
	unsigned char bytes[100];

	set(0, 0, 0, ECHO);
	TYPE("abcdef\nxyz\n");
	usleep(30000);
	printf("in pieces: %s", in(3));
	printf(" %s %s", in(3), in(1));
	printf(" %s\n", in(50));
	TYPE("abc\4def\n");
	usleep(30000);
	printf("an end right behind: %s", in(3));
	printf(" %s\n", in(50));
	TYPE("abc\4");
	usleep(30000);
	printf("an end later: %s", in(2));
	printf(" %s", in(2));
	printf(" %s\n", in(2));
	TYPE("ab\n");
	usleep(30000);
	printf("a newline later: %s %d", in(2), queued(s, FIONREAD));
	printf(" %s %s\n", in(2), in(2));
	polled("nothing");
	TYPE("a");
	polled("a part");
	TYPE("\n");
	polled("a line");
	tcflush(s, TCIFLUSH);
	polled("flushed");
	read_while("a line in two parts", 50, "ab", "c\n");
	printf("bad buffer %s\n", shown(CALL(read, s, 8, 0)));
	(void)bytes;
}

/* Input that was there when canonical mode came or went. */
static void mode_changes(void)
{
	struct termios t;

	set(0, 0, 0, ECHO);
	TYPE("one\ntwo\4three");
	usleep(30000);
	raw(1, 0, 0);
	printf("canonical to raw: %d %s\n", queued(s, FIONREAD), in(50));
	TYPE("one\ntwo\4thr");
	usleep(30000);
	set(0, 0, 0, ECHO);
	printf("raw to canonical: %d %s", queued(s, FIONREAD), in(50));
	TYPE("ee\n");
	printf(" %s\n", in(50));
	TYPE("abc");
	usleep(30000);
	raw(1, 0, 0);
	set(0, 0, 0, ECHO);
	TYPE("d\n");
	printf("there and back: %s", in(50));
	printf(" %s\n", in(50));
	for (int when = TCSANOW; when <= TCSAFLUSH; when++) {
		TYPE("typed ahead\nand more");
		usleep(30000);
		tcgetattr(s, &t);
		tcsetattr(s, when, &t);
		TYPE("\n");
		usleep(30000);
		printf("TCSETS+%d: %s", when, in(50));
		printf(" %s\n", in(50));
		tcflush(s, TCIFLUSH);
	}
	for (int queue = 0; queue < 3; queue++) {
		TYPE("in\n");
		CALL(write, s, "out", 3);
		usleep(30000);
		printf("flush %d: %s", queue, shown(CALL(ioctl, s, TCFLSH, queue)));
		printf(" %s %s\n", in(50), out());
		TYPE("in\n");
		CALL(write, s, "out", 3);
		usleep(30000);
		printf("flush %d at the master: %s", queue, shown(CALL(ioctl, m, TCFLSH, queue)));
		printf(" %s %s\n", in(50), out());
	}
	set(0, 0, 0, 0);
}

static void flow(void)
{
	fcntl(s, F_SETFL, O_NONBLOCK);
	CALL(write, s, "before ", 7);
	TYPE("\23");
	usleep(30000);
	printf("held: write %s %s", shown(CALL(write, s, "x", 1)), out());
	polled("");
	TYPE("typed");
	printf("echo %s", out());
	TYPE("\21");
	printf(" then %s\n", out());
	printf("write %s %s\n", shown(CALL(write, s, "y", 1)), out());
	TYPE("\23");
	usleep(30000);
	TYPE("a");
	printf("-IXANY %s write %s", out(), shown(CALL(write, s, "x", 1)));
	set(IXANY, 0, 0, 0);
	TYPE("b");
	usleep(30000);
	printf(" IXANY %s write %s %s\n", out(), shown(CALL(write, s, "x", 1)), out());
	set(0, 0, 0, 0);
	tcflush(s, TCIOFLUSH);
	printf("TCOOFF %s", shown(CALL(ioctl, s, TCXONC, TCOOFF)));
	printf(" write %s", shown(CALL(write, s, "x", 1)));
	TYPE("\21");
	usleep(30000);
	printf(" after ^Q %s", shown(CALL(write, s, "x", 1)));
	printf(" TCOON %s", shown(CALL(ioctl, s, TCXONC, TCOON)));
	printf(" write %s %s", shown(CALL(write, s, "x", 1)), out());
	printf(" TCIOFF %s %s", shown(CALL(ioctl, s, TCXONC, TCIOFF)), out());
	printf(" TCION %s %s\n", shown(CALL(ioctl, s, TCXONC, TCION)), out());
	printf("left %s", out());
	CALL(write, s, "there ", 6);
	TYPE("\23");
	usleep(30000);
	TYPE("echo");
	usleep(30000);
	CALL(ioctl, s, TCXONC, TCIOFF);
	printf(" held, then TCIOFF %s", out());
	TYPE("\21");
	printf(" ^Q %s\n", out());
	tcflush(s, TCIOFLUSH);
	TYPE("\23");
	usleep(30000);
	set(0, IXON, 0, 0);
	printf("-IXON lets go: %s %s\n", shown(CALL(write, s, "z", 1)), out());
	set(0, 0, 0, 0);
	fcntl(s, F_SETFL, 0);
}

/* A line that is longer than the input: the last characters give way. */
static void long_lines(void)
{
	static char keys[6000];
	static unsigned char bytes[8192];

	set(0, 0, 0, ECHO);
	for (int i = 0; i < 5000; i++)
		keys[i] = (char)('a' + i % 26);
	keys[5000] = '\n';
	CALL(write, m, keys, 4090);
	CALL(write, m, keys, 5001);
	usleep(60000);
	long n = CALL(read, s, bytes, sizeof(bytes));
	printf("a line of 9,090: %ld, ends %s\n", n, quoted(bytes + n - 4, 4));
	CALL(write, m, keys, 4093);
	TYPE("123456\177\177x\n");
	usleep(60000);
	n = CALL(read, s, bytes, sizeof(bytes));
	printf("erased at its end: %ld, ends %s\n", n, quoted(bytes + n - 4, 4));
	raw(1, 0, 0);
	CALL(write, m, keys, 5000);
	usleep(60000);
	int there = queued(s, FIONREAD);
	long sum = 0;
	while (sum < 5000 && ready(s, 100) && (n = CALL(read, s, bytes, 1000)) > 0)
		sum += n;
	printf("raw: %d, in all %ld\n", there, sum);
	CALL(write, m, keys, 5000);
	usleep(60000);
	tcflush(s, TCIFLUSH);
	usleep(60000);
	printf("flushed: %d\n", queued(s, FIONREAD));
	set(0, 0, 0, 0);
}

static void on_alarm(int signo) { (void)signo; }

/* The time of a read that a signal ended is not the next one's. */
static void timed_anew(void)
{
	struct itimerval soon = { { 0, 0 }, { 0, 50000 } };
	struct timespec before, after;
	char byte;

	raw(0, 3, 0);
	setitimer(ITIMER_REAL, &soon, NULL);
	printf("time 3: %s", shown(CALL(read, s, &byte, 1)));
	usleep(500000);
	clock_gettime(CLOCK_MONOTONIC, &before);
	printf(" then %s", shown(CALL(read, s, &byte, 1)));
	clock_gettime(CLOCK_MONOTONIC, &after);
	long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
	printf(ms >= 200 ? " after its time\n" : " too early\n");
}

/* A caught signal ends a wait; what was written of a longer piece counts. */
static void interrupted(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { { 0, 0 }, { 0, 100000 } };
	static char much[200000];
	char byte;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	printf("interrupted: read %s", shown(CALL(read, s, &byte, 1)));
	setitimer(ITIMER_REAL, &soon, NULL);
	printf(" of the master %s", shown(CALL(read, m, &byte, 1)));
	CALL(ioctl, s, TCXONC, TCOOFF);
	setitimer(ITIMER_REAL, &soon, NULL);
	printf(" write %s", shown(CALL(write, s, "abc", 3)));
	CALL(ioctl, s, TCXONC, TCOON);
	raw(1, 0, 0);
	soon.it_value.tv_usec = 300000;
	setitimer(ITIMER_REAL, &soon, NULL);
	long n = CALL(write, s, much, sizeof(much));
	printf(" of much %s\n", n > 0 && n < (long)sizeof(much) ? "a part" : shown(n));
	raw(5, 0, 0);
	out();
	tcflush(s, TCIOFLUSH);
	TYPE("abc");
	setitimer(ITIMER_REAL, &soon, NULL);
	printf("min 5: %s\n", shown(CALL(read, s, much, 10)));
	timed_anew();
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	raw(1, 0, 0);
	setitimer(ITIMER_REAL, &soon, NULL);
	read_while("started again", 9, "", "a");
	set(0, 0, 0, 0);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	m = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (m < 0 || grantpt(m) < 0 || unlockpt(m) < 0 || (s = open(ptsname(m), O_RDWR | O_NOCTTY)) < 0) {
		perror("no pseudo-terminal");
		return 1;
	}
	tcgetattr(s, &usual);
	settings();
	windows();
	editing();
	keys();
	input_modes();
	output_modes();
	raw_reads();
	lines();
	mode_changes();
	flow();
	long_lines();
	interrupted();
	return 0;
}
