#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds kernel/lib and kernel/mm for the host with the address and undefined-behaviour sanitizers and runs their tests.
# Usage: run.sh [SEED]. Prints one TAP line a test; status 1 when one failed. Programs go below $ATLAS_BUILD/host/lib.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
out=${ATLAS_BUILD:-$top/build}/host/lib
seed=${1:-1}
mkdir -p "$out" || exit 1

flags="-std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all
	-I $here -I $here/shim -I $top/kernel"

# build NAME FLAGS SOURCE...: in the background, one program from its sources; string.c under names of its own.
build() {
	name=$1 extra=$2
	shift 2
	if ! ${CC:-gcc} $flags $extra -o "$out/$name" "$@" 2>"$out/$name.err"; then
		cat "$out/$name.err"
		echo "not ok 1 - building $name"
		exit 1
	fi
}

lib=$top/kernel/lib
mm=$top/kernel/mm
${CC:-gcc} $flags -ffreestanding -include "$here/shim/rename.h" -c -o "$out/string.o" $lib/string.c || exit 1
build pure "" "$here/pure.c" "$here/host.c" "$here/rbtree_test.c" "$here/pageindex_test.c" "$here/text_test.c" \
	"$here/parse_test.c" $lib/rbtree.c $lib/pageindex.c $lib/printf.c $lib/cpio.c $lib/elf.c \
	$lib/cmdline.c "$out/string.o" &
pure=$!
set -- "$here/mm_test.c" "$here/host.c" $mm/frames.c $mm/heap.c $mm/kstack.c $mm/failalloc.c
build mm "" "$@" &
mm_plain=$!
build mm-checked "-DATLAS_CHECKED=1" "$@" &
mm_checked=$!
wait $pure && wait $mm_plain && wait $mm_checked || exit 1

status=0
number=1
for program in pure mm mm-checked; do
	"$out/$program" $number "$seed" >"$out/$program.out" 2>&1 || status=1
	if [ $program = mm-checked ]; then
		sed 's/^\(\(not \)*ok [0-9]* - \)/\1checked: /' "$out/$program.out"
	else
		cat "$out/$program.out"
	fi
	number=$((number + $(grep -c -E '^(not )?ok ' "$out/$program.out")))
done
[ $status = 0 ] || echo "# repeat with: $0 $seed"
exit $status
