#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds kernel/vm/vma.c for the host with the address and undefined-behaviour sanitizers and compares it with a model.
# Usage: run.sh [SEED]. Prints one TAP line a test; status 1 when one failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
out=${ATLAS_BUILD:-$top/build}/host/vma
seed=${1:-$(date +%s)}
mkdir -p "$out" || exit 1
if ! cc -std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize=alignment -fno-sanitize-recover=all \
	-fno-builtin -I "$top/kernel" -I "$top/arch/x86_64" -o "$out/vma_test" \
	"$here/vma_test.c" "$top/kernel/vm/vma.c" "$top/kernel/lib/rbtree.c" >"$out/build.err" 2>&1; then
	cat "$out/build.err"
	echo "not ok 1 - building vma_test"
	exit 1
fi
"$out/vma_test" 1 "$seed" || { echo "# repeat with: tests/host/vma/run.sh $seed"; exit 1; }
