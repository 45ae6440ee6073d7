#!/bin/bash
# SPDX-License-Identifier: MIT
# The C library's self-checks (libc/test), built by tools/atlas-cc: each runs on this host's Linux (where the host is x86-64),
# and all of them in one boot of Atlas. Prints one TAP line a check.
set -u
out=${ATLAS_BUILD:-$PWD/build}/host/libc
rm -rf "$out" && mkdir -p "$out/programs" || exit 1
number=0
failed=0

say() { # status name
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		failed=1
	fi
}

# Every header alone, in the C and the C++ that programs are written in.
mkdir -p "$out/headers"
for header in $(cd libc/include && find . -name '*.h' ! -path './bits/*' ! -path './c++/*' | sed 's,^\./,,'); do
	printf '#include <%s>\nint used;\n' "$header" >"$out/headers/$(echo "$header" | tr / _).c"
done
for language in "c -std=gnu11" "c -std=c99" "c++ -std=gnu++17" "c++ -std=c++98"; do
	tools/atlas-cc -x $language -Wall -Wextra -Werror -fsyntax-only "$out"/headers/*.c >"$out/headers.err" 2>&1
	status=$?
	[ $status = 0 ] || sed 's/^/# /' "$out/headers.err"
	say $status "every header stands alone: $language"
done

names=
for source in libc/test/*_test.c libc/test/*_test.cc; do
	name=$(basename "${source%.*}")
	if tools/atlas-cc -O2 -Wall -Wextra -fno-builtin -o "$out/programs/$name" "$source" >"$out/$name.err" 2>&1; then
		names="$names $name"
	else
		cat "$out/$name.err"
		say 1 "builds: $name"
	fi
done

if [ "$(uname -sm)" = "Linux x86_64" ]; then
	for name in $names; do
		mkdir -p "$out/dir/$name"
		(cd "$out/dir/$name" && timeout 600 "$out/programs/$name") >"$out/$name.out" 2>&1
		status=$?
		[ $status = 0 ] || sed 's/^/# /' "$out/$name.out"
		say $status "on Linux: $name"
	done
fi

script='cd /tmp; for t in /home/programs/*; do mkdir /tmp/d; cd /tmp/d; $t >/tmp/out 2>&1; echo "$? $t"; cat /tmp/out; cd /tmp; rm -r /tmp/d; done'
timeout 1200 tools/atlas run --timeout 300 --log "$out/log" --add "$out/programs:/home/programs" /bin/sh -c "$script" \
	>"$out/guest" 2>"$out/guest.err"
for name in $names; do
	status=$(sed -n "s,^\([0-9]*\) /home/programs/$name\$,\1,p" "$out/guest")
	[ "${status:-1}" = 0 ] || sed 's/^/# /' "$out/guest" "$out/guest.err"
	say "${status:-1}" "on Atlas: $name"
done
exit $failed
