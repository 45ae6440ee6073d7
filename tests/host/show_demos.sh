#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the demos of shared memory say, on one CPU and on four: memory over fork, through a file, through /dev/zero, through a
# driver, with a semaphore in it, and the ends of a mapping. A store that nobody synced is on the disk after a shutdown, and
# after write-back even when the power fails.
set -u
. tests/host/bad_input.bash || exit 1
begin show_demos

text() { debugfs -R "cat $1" "$work/disk.img" 2>/dev/null; }
clean() { e2fsck -fn "$work/disk.img" >"$work/fsck" 2>&1 || { sed 's/^/# /' "$work/fsck"; false; }; }

# One boot runs them all; a line "== NAME" begins what each says.
cat >"$work/script" <<'END'
section() { echo "== $1"; }
until_it_says() { until grep -q "$1" "$2"; do sleep 0.05; done; }
cd /home; exec 2>&1
echo 0 >/proc/sys/vm/dirty_writeback_centisecs # what a demo calls dirty is not written while it says so
section peek; peek lines
section devzero; devzero
section driver; tenbytes; mapdriver; tenbytes; tenbytes private
section capital; capital note; cat note
section sharedint; sharedint
section byteat
byteat note 1; byteat note 22; byteat note 4095
byteat note 4096; echo "status $?"
byteat note 1 unmapped; echo "status $?"
byteat note 1 write
section people
{ while [ ! -e read ]; do sleep 0.05; done; } | people f write >w &
until_it_says stored w
people f read; >read; wait; people f read
stat f | grep Size
section family; family
section semfile
semfile sem wait 3 >got & semfile sem post 3 50; wait; cat got
semfile sem post 2 0; semfile sem wait 2
section slice
slice lines 5003 17; slice lines 9980; slice lines 9 1000000 | wc -c; slice lines 10000
section mapbench; mapbench 4K | grep nanoseconds; mapbench -t 16K | grep -cE '^[a-z]+	[a-z0-9+K ]+	(4096|16384)	[1-9][0-9]*$'
section latestore; latestore late KEPT
section end
END
cat >"$work/wanted" <<'END'
== peek
10000 bytes: 6c 69 6e 65 20 30 30 30 31 0a
== devzero
parent: anonymous first, zero first
child: anonymous first, zero first
parent: anonymous second, zero second
child: anonymous second, zero second
== driver
tenbytes: /dev/mymap: No such file or directory
0 1 2 3 4 5 6 7 8 9
0 1 2 3 4 5 6 7 8 9
== capital
before: atlas, a book of maps
after:  Atlas, a book of maps
Atlas, a book of maps
== sharedint
child stored:  shared 100, own 100
parent sees:   shared 100, own 0
== byteat
byte 1 is 116 ('t')
byte 22 is 0 ('.')
byte 4095 is 0 ('.')
Bus error
status 135
Segmentation fault
status 139
byteat: mmap: Permission denied
== people
0: name 'a' age 20
1: name 'b' age 21
2: name 'c' age 22
3: name 'd' age 23
4: name 'e' age 24
5: name 'f' age 25
6: name 'g' age 26
7: name 'h' age 27
8: name 'i' age 28
9: name 'j' age 29
0: name 'a' age 20
1: name 'b' age 21
2: name 'c' age 22
3: name 'd' age 23
4: name 'e' age 24
5: name '' age 0
6: name '' age 0
7: name '' age 0
8: name '' age 0
9: name '' age 0
  Size: 40        	Blocks: 8          IO Block: 4096   regular file
== family
child reads:  a 20
child reads:  b 21
child reads:  c 22
child reads:  d 23
child reads:  e 24
parent reads: a 100
== semfile
post 1
post 2
post 3
got 1
got 2
got 3
post 1
post 2
got 1
got 2
== slice
e 0501
line 0502
line 0999
line 1000
9991
slice: lines has 10000 bytes only
== mapbench
scan, nanoseconds a KiB
copy, nanoseconds a KiB
pick, nanoseconds a record
18
== latestore
stored; it is dirty
== end
END

# The section of that name is as it should be.
section_of() { sed -n "/^== $1\$/,/^== /p" "$2" | sed '1d;$d'; }
says() {
	diff <(section_of "$1" "$work/wanted") <(section_of "$1" "$work/out") >"$work/diff" ||
		{ sed 's/^/# /' "$work/diff"; false; }
}
kept() { ended 0 && [ "$(text /home/late)" = "KEPT store" ] && [ "$(text /home/note)" = "Atlas, a book of maps" ]; }

echo "atlas, a book of maps" >"$work/note"
echo "late store" >"$work/late"
seq -f 'line %04.0f' 1 1000 >"$work/lines"
for cpus in 1 4; do
	fresh "$work/disk.img"
	boot --disk "$work/disk.img" --cpus "$cpus" --env PATH=/demos:/bin --add "$work/script" --add "$work/note" \
		--add "$work/late" --add "$work/lines" /bin/sh /home/script
	for demo in peek:"a private mapping for writing alone is looked at" \
		devzero:"/dev/zero and anonymous memory are shared over fork" \
		driver:"a driver's page shows its ten numbers" \
		capital:"a store changes the first character of a file" \
		sharedint:"an integer is shared over fork, a variable is not" \
		byteat:"zeros behind the end of a file, then SIGBUS; SIGSEGV after munmap; no writing through O_RDONLY" \
		people:"records past the end of a file are seen while their writer lives, and are not in the file" \
		family:"records are shared over fork, and an update comes back" \
		semfile:"a semaphore in a file is posted by one program and waited for by another" \
		slice:"a slice of a file begins at any byte" \
		mapbench:"mmap is measured against read and write in nine ways" \
		latestore:"a store makes a page dirty"; do
		holds "${demo#*:} ($cpus CPUs)" says "${demo%%:*}"
	done
	holds "without msync it is on the disk after a shutdown ($cpus CPUs)" kept
	holds "and the disk is clean" clean
done

# The power fails after write-back: the machine is ended when the demo sees no dirty page any more.
fresh "$work/disk.img"
: >"$work/out"
timeout 1200 "$root/tools/atlas" run --timeout 300 --disk "$work/disk.img" --add "$work/late" \
	/demos/latestore /home/late KEPT wait >"$work/out" 2>"$work/log" </dev/null &
machine=$!
until printed "written back" || ! kill -0 "$machine"; do sleep 0.1; done
kill "$machine"
wait "$machine"
status=$?
after_power_cut() {
	printed "written back" && no_panic || return 1
	e2fsck -fp "$work/disk.img" >"$work/fsck" 2>&1
	[ $? -le 1 ] && [ "$(text /home/late)" = "KEPT store" ]
}
holds "without msync it is on the disk after write-back, come what may" after_power_cut
finish
