# SPDX-License-Identifier: MIT
# Runs in Atlas, with busybox's shell: every case of /cases/list, a line "NAME COMMAND...", in an empty folder of its
# own, its output between two marks. tests/programs/run.py reads that and compares it with the same on Linux.
/bb/busybox --install -s /bb
PATH=/bb
while read -r name command; do
	mkdir -p "/home/cases/$name" && cd "/home/cases/$name" || exit
	echo "=== begin $name"
	env -i PATH=/bb HOME=/ timeout -s KILL 1000 $command </dev/null
	echo "=== end $name $?"
done </cases/list
