#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A storm of random system calls on four CPUs, with a seed of its own each time: the kernel stays up, its books are right, and
# every page comes back. The seed is printed; `tools/atlas run --cpus 4 --timeout 0 --cwd /var/tmp /tests/random_calls CALLS SEED`
# repeats it as far as four CPUs can.
. tests/host/bad_input.bash
begin long_random_calls

storm() { # CALLS OPTIONS
	local calls=$1
	shift
	seed=$((RANDOM * 32768 + RANDOM))
	timeout 3000 "$root/tools/atlas" run --timeout 900 "$@" --cpus 4 --cwd /var/tmp /tests/random_calls "$calls" "$seed" \
		>"$work/out" 2>"$work/log" </dev/null
	status=$?
	survived() { ended 0; }
	holds "$calls calls, seed $seed $*" survived
}

storm 300000
storm 60000 --checked
finish
