#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every target of tools/fuzz builds, runs for a moment and finds nothing. Skipped where clang or its fuzzer library is missing.
set -u
name="every fuzz target builds and finds nothing"
if ! command -v clang >/dev/null || ! compgen -G '/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a' >/dev/null; then
	echo "ok 1 - $name # SKIP clang with libFuzzer is not installed"
	exit 0
fi
if out=$(FUZZ_SECONDS=2 FUZZ_SEED=1 tools/fuzz 2>&1); then
	echo "ok 1 - $name"
else
	printf '%s\n' "$out" | sed 's/^/# /'
	echo "not ok 1 - $name"
fi
