#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs every script of tests/user/sh with Atlas's shell and with a reference shell (dash), on this
# machine, and compares standard output and exit status. A script that gives a message on standard
# error with one shell must give one with the other; the wording may differ.
#
#	tests/host/sh_test.sh [-s SHELL] [SCRIPT...]
#
# Without -s the shell is built for this machine below $ATLAS_BUILD/host/sh. Where the reference is known
# to differ from POSIX, NAME.want beside NAME.sh holds the expected output (status 0, no messages)
# instead. REFERENCE names another reference shell. Each run has an empty directory of its own and 200
# seconds.

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${ATLAS_BUILD:-$root/build}/host/sh
shell=
[ "$1" = -s ] && { shell=$(readlink -f "$2"); shift 2; }
reference=$(command -v "${REFERENCE:-dash}") || {
	echo "ok 1 - sh_test # SKIP there is no ${REFERENCE:-dash} to compare with"
	exit 0
}
if [ -z "$shell" ]; then
	mkdir -p "$build" || exit 1
	shell=$build/sh
	cc -std=gnu11 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined \
		-fno-sanitize-recover=undefined "$root"/user/bin/sh/*.c -o "$shell" || {
		echo "not ok 1 - the shell compiles for this machine"
		exit 1
	}
	# What a shell leaves allocated when it exits is no leak worth a report.
	export ASAN_OPTIONS=detect_leaks=0:handle_segv=0
fi
[ -x "$shell" ] || { echo "sh_test.sh: $shell cannot be run" >&2; exit 2; }
[ $# -gt 0 ] || set -- "$root"/tests/user/sh/*.sh

work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
number=0 failed=0

# run SHELL SCRIPT NAME: leaves NAME.out, NAME.err, NAME.said and NAME.status in $work
run() {
	mkdir "$work/$3" "$work/$3/bin" "$work/$3/d"
	ln -s "$1" "$work/$3/bin/sh"
	(
		cd "$work/$3/d" || exit
		HOME=/ PATH="$work/$3/bin:$PATH" PWD="$PWD" \
			timeout 200 "$work/$3/bin/sh" "$2" </dev/null >"$work/$3.out" 2>"$work/$3.err"
		echo $? >"$work/$3.status"
	)
	if [ -s "$work/$3.err" ]; then echo message; else echo silent; fi >"$work/$3.said"
	rm -rf "${work:?}/$3"
}

for script; do
	name=$(basename "$script" .sh)
	number=$((number + 1))
	if [ -f "${script%.sh}.want" ]; then
		cp "${script%.sh}.want" "$work/want.out"
		echo 0 >"$work/want.status"
		echo silent >"$work/want.said"
		: >"$work/want.err"
	else
		run "$reference" "$script" want
	fi
	run "$shell" "$script" have
	if cmp -s "$work/want.out" "$work/have.out" && cmp -s "$work/want.status" "$work/have.status" &&
	   cmp -s "$work/want.said" "$work/have.said"; then
		echo "ok $number - $name"
		continue
	fi
	failed=$((failed + 1))
	echo "not ok $number - $name"
	diff "$work/want.out" "$work/have.out" | head -n 20 | sed 's/^/# /'
	echo "# status $(cat "$work/have.status"), want $(cat "$work/want.status")"
	head -c 2000 "$work/have.err" | sed 's/^/# have: /'
	head -c 300 "$work/want.err" | sed 's/^/# want: /'
done
[ "$failed" -eq 0 ]
