# SPDX-License-Identifier: MIT
# Storms of processes on 4 and 8 CPUs, plain and checked, longer than in the ordinary run; the disk is sound afterwards.
# Run by make test (names that begin with long_ are left out of make check). Output: "ok N - name".

out=${ATLAS_BUILD:?}/host/long_smp_storms
mkdir -p "$out"
n=0 failed=0

report() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

# A test of tests/user/ with many rounds, on a disk of its own that e2fsck looks at.
storm() { # ROUNDS NAME
	local cpus kernel status
	for cpus in 4 8; do
		for kernel in "" --checked; do
			cp "$ATLAS_BUILD/disk.img" "$out/disk"
			tools/atlas run --cpus $cpus $kernel --timeout 600 --disk "$out/disk" --cwd /var/tmp "/tests/$2" "$1" >"$out/log" 2>&1
			status=$?
			[ $status = 0 ] && { e2fsck -fn "$out/disk" >"$out/fsck" 2>&1 || status=$?; }
			[ $status = 0 ] || sed 's/^/# /' "$out/log" "$out/fsck" | tail -n 20
			report $status "$2, $1 rounds, $cpus CPUs${kernel:+, checked}"
		done
	done
	rm -f "$out/disk"
}

storm 600 names_change_from_all_sides
storm 400 many_processes_change_one_file
storm 60 fork_exec_and_wait_from_all_sides
storm 200 fork_while_threads_store
storm 600 stale_entries_are_never_used
storm 60 calls_end_when_either_side_is_killed
exit $failed
