#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Programs that nobody here wrote, at the terminal: ash's and bash's job control and line editing, vi, less, more, top.
set -u
[ "$(uname -sm)" = 'Linux x86_64' ] || { echo "ok 1 - programs at the terminal # SKIP these are programs for Linux on x86-64"; exit 0; }
exec python3 tests/host/terminal/programs.py --cpus=2
