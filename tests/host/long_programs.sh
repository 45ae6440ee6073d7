#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs that nobody here wrote: busybox, and what is linked statically with glibc, musl and the C++ library.
set -u
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo "ok 1 - programs # SKIP these are programs for Linux on x86-64"; exit 0; }
exec python3 tests/programs/run.py compare --cpus=2
