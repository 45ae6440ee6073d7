#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds kernel/vm/vma.c for the host with the address and undefined-behaviour sanitizers and compares it with a model.
# Usage: run.sh [SEED [OPERATIONS]]. Prints one TAP line; status 1 when the test failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
out=${ATLAS_BUILD:-$top/build}/host/vma
seed=${1:-1}
mkdir -p "$out" || exit 1
flags="-std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize=alignment -fno-sanitize-recover=all"
# The kernel's sources see the kernel's headers only, the test's the host's only.
kernel="-fno-builtin -I $top/kernel -I $top/arch/x86_64"
objects=
for source in "$top/kernel/vm/merge.c" "$top/kernel/vm/vma.c" "$top/kernel/lib/rbtree.c" "$top/tests/kernel/vma_property.c" "$here/host.c"; do
	object=$out/$(basename "$source" .c).o
	cc $flags $kernel -c -o "$object" "$source" >"$out/build.err" 2>&1 || { objects=; break; }
	objects="$objects $object"
done
if [ -z "$objects" ] || ! cc $flags -o "$out/vma_test" "$here/vma_test.c" $objects >>"$out/build.err" 2>&1; then
	cat "$out/build.err"
	echo "not ok 1 - building vma_test"
	exit 1
fi
"$out/vma_test" 1 "$seed" ${2:-} || { echo "# repeat with: tests/host/vma/run.sh $seed ${2:-}"; exit 1; }
