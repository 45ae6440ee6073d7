#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What make leaves behind: nothing to do for a second make, no page both writable and executable in any program, a
# compile_commands.json that names existing files, help for every target that people type.
set -u
. tests/host/bad_input.bash
begin boot_make
build=${ATLAS_BUILD:-$root/build}
plain_make() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make B="$build" CC="${CC:-gcc}" "$@"; }

holds "a second make has nothing to do" plain_make -q all

apart() {
	local file bad=0
	for file in "$build"/atlas.elf "$build"/atlas-checked.elf "$build"/programs/init "$build"/programs/*/*; do
		readelf -lW "$file" | awk '$1 == "LOAD" && /RWE/ { exit 1 }' || { echo "# $file"; bad=1; }
	done
	return $bad
}
holds "no segment of any program is both writable and executable" apart
small() { [ "$(stat -c %s "$build/atlas.elf")" -lt $((1 << 20)) ]; }
holds "the kernel's image is smaller than 1 MiB" small

listed() {
	python3 - "$build/compile_commands.json" <<-'EOF'
		import json, os, sys
		entries = json.load(open(sys.argv[1]))
		files = [os.path.join(e["directory"], e["file"]) for e in entries]
		missing = [f for f in files if not os.path.exists(f)]
		named = {os.path.relpath(f, os.getcwd()) for f in files}
		forgotten = {"kernel/vm/fault.c", "arch/x86_64/trap.c", "user/bin/ls.c", "libc/src/stdio/printf.c"} - named
		print("#", missing, forgotten)
		sys.exit(bool(missing or forgotten))
	EOF
}
holds "compile_commands.json names files that exist" listed
helps() {
	local target text
	text=$(plain_make help)
	for target in run qemu qemu-gdb gdb test check grade bench iso clean V=1; do
		grep -qwF -- "$target" <<<"$text" || { echo "# $target"; return 1; }
	done
}
holds "make help names every target" helps
finish
