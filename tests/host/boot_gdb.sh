#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# gdb attaches to the machine and sees the kernel's source and the symbols of the user program that runs.
set -u
. tests/host/bad_input.bash
begin boot_gdb
command -v gdb >/dev/null || { echo "ok 1 - gdb attaches # SKIP gdb is not installed"; exit 0; }
build=${ATLAS_BUILD:-$root/build}
# A free port below those that connections get: gdb, which tries until QEMU listens, could else connect to itself.
port=$(python3 - <<'EOF'
import random, socket
while True:
    port = random.randrange(10000, 32000)
    with socket.socket() as s:
        if s.connect_ex(("127.0.0.1", port)):
            break
print(port)
EOF
)

timeout 1200 "$root/tools/atlas" run --gdb "$port" --log "$work/log" /bin/ls -d /etc </dev/null >"$work/ls" 2>&1 &
machine=$!
timeout 1000 gdb -q --batch -ex 'set pagination off' -ex 'set tcp connect-timeout 600' -ex 'set remotetimeout 60' \
	-ex 'source tools/gdb_atlas.py' -ex "target remote 127.0.0.1:$port" \
	-ex 'break user_page_fault' -ex continue -ex 'echo kernel: \n' -ex backtrace -ex list -ex atlas-current -ex delete \
	-ex 'atlas-break ls main' -ex continue -ex 'echo user: \n' -ex backtrace -ex 'print argv[2]' -ex atlas-current \
	-ex delete -ex continue "$build/kernel/plain/atlas.elf" >"$work/out" 2>&1 </dev/null
wait $machine
status=$?

holds "a breakpoint in the kernel stops there, with arguments and line" printed \
	'^#0  user_page_fault \(frame=0x[0-9a-f]+, addr=[0-9]+\) at kernel/vm/report.c:[0-9]+'
holds "its source is shown" printed 'void user_page_fault'
holds "the process that runs is known" printed '^init, process 1'
holds "a breakpoint in a user program stops in this one only" printed '^#0  main \(argc=3, argv=0x[0-9a-f]+\) at user/bin/ls.c'
holds "its symbols are loaded, its memory can be read" printed '"/etc"'
holds "its name is known" printed '^ls, process'
went_on() { [ $status = 0 ] && [ "$(cat "$work/ls")" = /etc ]; }
holds "and the machine goes on" went_on
finish
