#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# LMDB and SQLite: ten thousand inserts read while they are made, read again after a power-off, on a clean disk.
set -u
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo "ok 1 - databases # SKIP these are programs for Linux on x86-64"; exit 0; }
exec python3 tests/programs/run.py databases --checked --cpus=4
