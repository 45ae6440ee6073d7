# SPDX-License-Identifier: MIT
# Pipes with names: an open waits for the other end, and the last writer's close is the reader's end of file.
mkfifo pipe && stat -c %F pipe && (cat pipe & echo through the pipe >pipe; wait); ls -l pipe | cut -c1-10
mkfifo a b; (cat a >b &); (cat b | tr a-z A-Z >c; echo over >>c) & echo through two pipes >a; wait; cat c
say() { for i in $(seq 300); do echo "$1 $i"; done; }
(exec 4>pipe; say one >pipe & say two >pipe & wait) & sort <pipe | md5sum; wait
exec 3<>pipe; echo to myself >&3; read -r line <&3; echo "$line"; exec 3>&-
timeout 0.2 cat pipe; echo $?; rm pipe a b; ls
