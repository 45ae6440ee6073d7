#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The edges of tools/atlas run's command line: "--", many and long arguments, what does not fit, closed streams, numbers
# of CPUs that there cannot be, a mebibyte of output.
set -u
. tests/host/bad_input.bash
begin boot_arguments
shows() { ended 0 && [ "$(cat "$work/out")" = "$1" ]; }
tells() { [ "$status" -eq 2 ] && logged "$1" && [ ! -s "$work/out" ]; }

boot /bin/echo -- a -- --cpus 4
holds "what follows the program is the program's, -- too" shows '-- a -- --cpus 4'
boot -- /bin/echo -n b
holds "-- may stand before the program" shows b
boot /bin/sh -c 'echo $#' sh $(seq 300)
holds "300 arguments arrive" shows 300
long=$(head -c 3500 /dev/zero | tr '\0' x)
boot /bin/echo "$long"
holds "an argument of 3500 bytes arrives" shows "$long"
boot /bin/echo "$long$long"
holds "what does not fit in the boot line is refused in a sentence" tells 'boot line of 7[0-9]* bytes'
boot
holds "no program: a sentence" tells 'which program'
boot --cpus 0 /bin/true
holds "0 CPUs: a sentence" tells 'invalid choice: 0'
timeout 1200 "$root/tools/atlas" run --log "$work/log" /bin/sh -c 'echo lost; exit 5' </dev/null >&- 2>"$work/out"
status=$?
closed() { ended 5 && [ ! -s "$work/out" ]; }
holds "a closed standard output loses the output and nothing else" closed
boot --cpus 4 /bin/head -c 1048576 /dev/zero
mebibyte() { ended 0 && cmp -n 1048576 "$work/out" /dev/zero && [ "$(stat -c %s "$work/out")" = 1048576 ]; }
holds "a mebibyte of output arrives whole" mebibyte
finish
