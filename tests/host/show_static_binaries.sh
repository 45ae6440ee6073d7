#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs from outside run unmodified: static ones made for Linux with musl and with glibc, and ones made with
# tools/atlas-cc in C and C++ with ordinary options, and dynamically linked ones beside their interpreter.
set -u
. tests/host/bad_input.bash
begin show_static_binaries
cc=$root/tools/atlas-cc

cat >"$work/p.c" <<'EOF'
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void need(int good, const char *what)
{
	if (!good) {
		printf("wrong: %s (%s)\n", what, strerror(errno));
		exit(1);
	}
}

static void use_memory(void)
{
	char *block[500];

	for (int i = 0; i < 500; i++) {
		block[i] = malloc(17 + i * 37 % 5000);
		memset(block[i], i, 17 + i * 37 % 5000);
	}
	for (int i = 0; i < 500; i += 2)
		free(block[i]);
	for (int i = 1; i < 500; i += 2)
		need(block[i][16] == (char)i, "malloc");
	char *big = malloc(4 << 20);
	memset(big, 7, 4 << 20);
	big = realloc(big, 8 << 20);
	need(big && big[(4 << 20) - 1] == 7, "realloc");
	free(big);
}

static void use_files(void)
{
	char line[64];
	struct stat st;
	int lines = 0;
	FILE *f = fopen("file", "w+");

	need(f != NULL, "fopen");
	for (int i = 0; i < 10000; i++)
		fprintf(f, "line %d\n", i);
	rewind(f);
	while (fgets(line, sizeof(line), f))
		lines++;
	need(lines == 10000 && fclose(f) == 0 && stat("file", &st) == 0 && st.st_size == 98890, "stdio");
	int fd = open("file", O_RDWR);
	char *m = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(m != MAP_FAILED, "mmap");
	memcpy(m, "LINE", 4);
	need(pread(fd, line, 6, 0) == 6 && memcmp(line, "LINE 0", 6) == 0, "MAP_SHARED");
	DIR *d = opendir(".");
	need(d && readdir(d), "readdir");
	need(!fopen("/nosuch", "r") && errno == ENOENT, "errno");
}

static void use_processes(void)
{
	int fds[2], status;
	char word[8] = "";

	need(pipe(fds) == 0, "pipe");
	pid_t pid = fork();
	if (pid == 0)
		_exit(write(fds[1], "child", 5) == 5 ? 9 : 1);
	need(read(fds[0], word, 5) == 5 && strcmp(word, "child") == 0, "read from the child");
	need(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 9, "waitpid");
	need(WEXITSTATUS(system("exit 3")) == 3, "system");
}

int main(int argc, char **argv)
{
	printf("%s has %d arguments; pi is %.4f\n", strrchr(argv[0], '/') + 1, argc - 1, 3.14159265);
	use_memory();
	use_files();
	use_processes();
	return 42;
}
EOF

cat >"$work/q.cc" <<'EOF'
#include <cstdio>
#include <cstring>
#include <unistd.h>

template <class T> struct stack {
	T items[8];
	int count = 0;
	void push(const T &t) { items[count++] = t; }
	T pop() { return items[--count]; }
};

struct shape {
	virtual ~shape() {}
	virtual int corners() const = 0;
};
struct square : shape { int corners() const override { return 4; } };
static struct before { before() { text = "constructed"; } const char *text; } global;

int main()
{
	stack<int> s;
	shape *one = new square;
	auto add = [&](int n) { s.push(n + one->corners()); };

	add(1);
	add(2);
	int last = s.pop();
	std::printf("%s %d %d\n", global.text, last, s.pop());
	delete one;
	return 42;
}
EOF

runs() { # name expected-output file
	boot --cpus 4 --cwd /tmp --add "$3:/home/p" /home/p one 'two words'
	said() { ended 42 && [ "$(cat "$work/out")" = "$2" ]; }
	holds "$1" said "$1" "$2"
}

words='p has 2 arguments; pi is 3.1416'
for maker in musl-gcc gcc clang; do
	if command -v "$maker" >/dev/null && "$maker" -static -O2 -o "$work/p" "$work/p.c" 2>/dev/null; then
		runs "a static program made for Linux by $maker runs unmodified" "$words" "$work/p"
	else
		echo "ok $((number += 1)) - a program made by $maker # SKIP $maker cannot make static ones here"
	fi
done
for options in "-O0 -g" "-O2 -Wall -Wextra -Werror" "-std=c99 -Os -D_GNU_SOURCE -pedantic"; do
	holds "atlas-cc $options compiles" "$cc" $options -o "$work/p" "$work/p.c"
	runs "and the program runs" "$words" "$work/p"
done
apart() { (cd "$work" && "$cc" -c p.c && "$cc" p.o -o p2 -lm && "$cc" -E p.c >/dev/null && "$cc" -S -o - p.c >/dev/null); }
holds "atlas-cc compiles and links in two steps" apart
runs "and the program runs" "p has 2 arguments; pi is 3.1416" "$work/p2"
if command -v g++ >/dev/null; then
	holds "atlas-cc compiles C++" "$cc" -std=c++17 -O2 -Wall -Wextra -Werror -o "$work/q" "$work/q.cc"
	runs "templates, virtual functions, lambdas, new and constructors work" "constructed 6 5" "$work/q"
else
	echo "ok $((number += 1)) - C++ # SKIP g++ is not installed"
fi

# The interpreter and the libraries are put where the program looks for them; without them, and as an object file, it is no program.
printf '#include <stdio.h>\nint main(int n, char **w) { return printf("%%d %%s\\n", n, w[1]) < 0 ? 1 : 42; }\n' >"$work/d.c"
interpreter=$(readelf -l /bin/true 2>/dev/null | sed -n 's/.*interpreter: \(.*\)]/\1/p')
if gcc -o "$work/d" "$work/d.c" 2>/dev/null && [ -n "$interpreter" ]; then
	library=$(ldd "$work/d" | sed -n 's/.*libc.so.6 => \([^ ]*\) .*/\1/p')
	for where in "" -no-pie -static-pie; do
		gcc $where -o "$work/d" "$work/d.c"
		boot --add "$interpreter:$interpreter" --add "$library:$library" --add "$work/d:/home/d" /home/d word
		said() { ended 42 && [ "$(cat "$work/out")" = "2 word" ]; }
		holds "a program linked by gcc $where runs" said
	done
	gcc -o "$work/d" "$work/d.c"
	boot --add "$work/d" /home/d
	refused() { ended 127 && logged 'No such file'; }
	holds "without its interpreter it does not, and that is told" refused
	gcc -c -o "$work/d" "$work/d.c"
	chmod +x "$work/d"
	boot --add "$work/d" /home/d
	refused() { ended 126 && logged 'not a program for Atlas'; }
	holds "a file that is no program is refused, and told why" refused
	boot --add "$work/d" /bin/sh -c /home/d
	refused() { ended 126 && logged 'Exec format error'; }
	holds "by the shell as well" refused
fi
finish
