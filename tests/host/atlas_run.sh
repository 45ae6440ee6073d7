#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools/atlas run keeps its promises: streams byte for byte, exit statuses, files in and out, disks clean afterwards.
set -u
atlas="$PWD/tools/atlas"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH=$PATH:/usr/sbin:/sbin
number=0 failures=0

result() { # 0-or-not name
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		failures=$((failures + 1))
		echo "not ok $number - $2"
		tail -n 25 "$work/log" "$work/err" 2>/dev/null
	fi
}

# run ARG...: atlas run with log and standard error kept apart in $work; without input unless redirected.
run() { timeout 1200 "$atlas" run --log "$work/log" --timeout 120 "$@" 2>"$work/err"; }

expect_status() { # wanted name arg...
	local wanted=$1 name=$2
	shift 2
	run "$@" </dev/null >"$work/out"
	local got=$?
	[ $got = "$wanted" ] || echo "status $got, wanted $wanted"
	[ $got = "$wanted" ]
	result $? "$name"
}

expect_status 0 "status 0 comes through" /bin/true
expect_status 1 "status 1 comes through" /bin/false
expect_status 137 "a program killed by signal 9 gives 137" /bin/sh -c 'kill -9 $$'
expect_status 127 "a program that is not there gives 127" /bin/nosuch
expect_status 126 "a file that is no program gives 126" /etc/passwd
expect_status 124 "time-out gives 124" --timeout 8 /bin/sleep 1000
expect_status 125 "a file that is no kernel gives 125" --kernel /bin/sh /bin/true
expect_status 2 "an unknown option gives 2" --nosuch /bin/true

head -c 20000 /dev/urandom >"$work/bytes"
run /bin/cat <"$work/bytes" >"$work/out"
cmp "$work/bytes" "$work/out"
result $? "standard input and output are passed byte for byte"

run /bin/sh -c 'echo out; echo err >&2' </dev/null >"$work/out"
[ "$(cat "$work/out")" = out ] && [ "$(cat "$work/err")" = err ]
result $? "standard error is apart from standard output and from the log"

# Twenty thousand lines while an alarm rings every 300 us, by system calls that are restarted and that are not.
tools/atlas-cc -O1 -x c -o "$work/lines" - <<-'END'
	#include <signal.h>
	#include <stdio.h>
	#include <sys/time.h>
	#include <unistd.h>
	static void ring(int sig) { (void)sig; }
	int main(int argc, char **argv)
	{
		struct sigaction action = { .sa_handler = ring, .sa_flags = argc > 1 && *argv[1] ? SA_RESTART : 0 };
		struct itimerval timer = { { 0, 300 }, { 0, 300 } };
		char line[32];
		sigaction(SIGALRM, &action, NULL);
		setitimer(ITIMER_REAL, &timer, NULL);
		for (int i = 0; i < 20000; i++) {
			int len = sprintf(line, "line %d\n", i);
			if (write(1, line, len) != len)
				return 1;
		}
		return 0;
	}
END
seq 0 19999 | sed 's/^/line /' >"$work/lines.wanted"
for restart in '' restart; do
	run --cpus 2 --add "$work/lines:/home/lines" /home/lines "$restart" </dev/null >"$work/out" && cmp "$work/out" "$work/lines.wanted"
	result $? "signals neither lose nor double what is written${restart:+, calls restarted}"
done

run /bin/wc -c <&- >"$work/out" && [ "$(tr -d ' \n' <"$work/out")" = 0 ]
result $? "a closed standard input is an empty one"

run /bin/printf '%s|' 'a b' '' 'c,d' 'é%' '"q"' </dev/null >"$work/out" && [ "$(cat "$work/out")" = 'a b||c,d|é%|"q"|' ]
result $? "arguments arrive as they were given"

run --cwd /tests --env 'X=a b,c' /bin/sh -c 'echo "$PWD $X"' </dev/null >"$work/out" &&
	[ "$(cat "$work/out")" = '/tests a b,c' ]
result $? "working directory and environment can be set"

mkdir -p "$work/folder/deeper" && cp "$work/bytes" "$work/folder/deeper/file" && chmod 640 "$work/folder/deeper/file"
ln -s deeper/file "$work/folder/link"
run --add "$work/folder" --add "$work/bytes:/opt/new place/b" --get /home/copy:"$work/copy" \
	/bin/sh -c 'cat /home/folder/link >/home/copy && cmp "/opt/new place/b" /home/copy && ls -l /home/folder/deeper' \
	</dev/null >"$work/out" && cmp "$work/bytes" "$work/copy" && grep -q '^-rw-r-----.*file' "$work/out"
result $? "files, folders and links are put on the disk and files are brought back"

run --get "/nosuch:$work/none" /bin/true </dev/null
[ $? = 1 ] && [ ! -e "$work/none" ]
result $? "a file to get that is not there gives 1 and a sentence"

for block in 1024 2048 4096; do
	"$atlas" mkdisk --disk-size 64M --block-size $block "$work/disk.img" "${ATLAS_BUILD:-build}/root"
	run --disk "$work/disk.img" /bin/sh -c 'echo kept >/home/kept; mkdir /home/d; rm -r /demos' </dev/null &&
		[ "$(debugfs -R 'cat /home/kept' "$work/disk.img" 2>/dev/null)" = kept ] &&
		e2fsck -fn "$work/disk.img" >"$work/fsck" 2>&1 || { cat "$work/fsck"; false; }
	result $? "--disk keeps what was written, on $block-byte blocks, and e2fsck finds it clean"
done

before=$(md5sum <"${ATLAS_BUILD:-build}/disk.img")
run /bin/sh -c 'echo gone >/home/gone' </dev/null && [ "$before" = "$(md5sum <"${ATLAS_BUILD:-build}/disk.img")" ]
result $? "without --disk nothing is kept"

run --disk "$work/disk.img" --read-only /bin/sh -c 'cat /home/kept; echo x >/home/y' </dev/null >"$work/out"
[ "$(cat "$work/out")" = kept ] && grep -q 'Read-only' "$work/err"
result $? "a read-only disk can be read and refuses writes"

expect_status 0 "without a disk a program of the boot archive runs" --disk none /boot/bin/echo hello
grep -q 'no usable disk' "$work/log"
result $? "and the log says that there is no disk"

head -c 8M /dev/zero >"$work/zero.img"
expect_status 0 "with a disk that is not ext2 a program of the boot archive runs" --disk "$work/zero.img" /bin/echo hello
grep -q 'ext2: ' "$work/log"
result $? "and the log says what is wrong with the disk"

expect_status 0 "four CPUs, 64 MiB" --cpus 4 --memory 64M /bin/ls /
expect_status 0 "instruction counting" --icount /bin/ls /
if command -v grub-mkrescue >/dev/null; then
	expect_status 3 "boots by GRUB on BIOS" --boot bios /bin/sh -c 'exit 3'
	expect_status 3 "boots by GRUB on UEFI" --boot uefi /bin/sh -c 'exit 3'
else
	echo "ok $((number += 1)) - boots by GRUB # SKIP no grub-mkrescue"
fi
[ $failures = 0 ]
