# SPDX-License-Identifier: MIT
#
# What bad_disks.sh and the long_bad_*.sh scripts share: numbered results, a place for images, and boots whose output and log are kept.
#
#     begin NAME              work in $ATLAS_BUILD/host/NAME, empty at first
#     boot [OPTION...] PROG   tools/atlas run; standard output in $work/out, error output and log in $work/log,
#                             its status in $status
#     holds NAME COMMAND...   one result: whether the command succeeds; when not, the tails of out and log are shown
#     finish                  ends with 1 when a result was bad

export PATH="$PATH:/usr/sbin:/sbin"
root=$PWD
number=0 failed=0 status=0

begin() {
	work=${ATLAS_BUILD:-$root/build}/host/$1
	rm -rf "$work"
	mkdir -p "$work"
	trap 'rm -rf "$work"' EXIT
	for tool in mke2fs debugfs python3 qemu-system-x86_64; do
		command -v "$tool" >/dev/null || { echo "ok 1 - $1 # SKIP $tool is not installed"; exit 0; }
	done
}

boot() {
	timeout 1800 "$root/tools/atlas" run --timeout 400 "$@" >"$work/out" 2>"$work/log" </dev/null
	status=$?
}

holds() {
	local name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $name"
	else
		failed=$((failed + 1))
		echo "not ok $number - $name"
		echo "# status $status"
		tail -n 5 "$work/out" | sed 's/^/# out: /'
		tail -n 25 "$work/log" | sed 's/^/# log: /'
	fi
}

finish() {
	[ "$failed" -eq 0 ]
	exit
}

# Conditions for `holds`.
logged() { grep -aqE -- "$1" "$work/log"; }
printed() { grep -aqE -- "$1" "$work/out"; }
no_panic() { ! grep -aqiE 'panic|kernel fault|UBSan|audit: ' "$work/log"; }
ended() { [ "$status" -eq "$1" ] && no_panic; }

# A copy of the disk that `make` built, and changes to it: patch IMAGE OFFSET FORMAT VALUE... (Python's struct formats).
fresh() { cp --sparse=always "${ATLAS_BUILD:-$root/build}/disk.img" "$1"; }
patch() {
	python3 - "$@" <<-'EOF'
		import struct, sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(int(sys.argv[2], 0))
		    f.write(struct.pack("<" + sys.argv[3], *(int(v, 0) for v in sys.argv[4:])))
	EOF
}
