#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A storm of random system calls on four CPUs: the kernel stays up, its books are right, and every page comes back.
# SEED=$RANDOM makes other calls. One storm alone:
# tools/atlas run --cpus 4 --timeout 0 --cwd /var/tmp /tests/random_calls CALLS SEED
. tests/host/bad_input.bash
begin long_random_calls

storm() { # CALLS SEED OPTIONS
	local calls=$1 seed=$2
	shift 2
	timeout 3000 "$root/tools/atlas" run --timeout 900 "$@" --cpus 4 --cwd /var/tmp /tests/random_calls "$calls" "$seed" \
		>"$work/out" 2>"$work/log" </dev/null
	status=$?
	survived() { ended 0; }
	holds "$calls calls, seed $seed $*" survived
}

storm 300000 "${SEED:-1}"
storm 60000 "${SEED:-2}" --checked
finish
