# SPDX-License-Identifier: MIT
# Processes are started, timed, signalled, named and waited for.
timeout 0.3 sleep 1000; echo $?; timeout 100 true; echo $?; timeout -s KILL 0.3 sleep 1000; echo $?; timeout 100 sh -c 'exit 9'; echo $?
nohup sh -c 'kill -HUP $$; echo survived' 2>/dev/null; echo $?; kill -l 9; kill -l HUP; kill -l | wc -w
setsid sh -c 'echo in a new session'; nice sh -c nice; nice -n 5 nice; sh -c 'renice -n 3 -p $$ >/dev/null; nice'
sleep 1000 & pid=$!
named() { ps -o pid,comm | awk -v p=$pid '$1 == p { print $2 }'; }
until [ "$(named)" = sleep ]; do sleep 0.01; done; kill -STOP $pid
state() { awk '{ print $3 }' /proc/$pid/stat; }
until [ "$(state)" = T ]; do sleep 0.01; done; ps -o pid,stat | awk -v p=$pid '$1 == p { print substr($2, 1, 1) }'
kill -CONT $pid; until [ "$(state)" = S ]; do sleep 0.01; done; tr '\0' ' ' </proc/$pid/cmdline; echo; kill $pid; wait $pid; echo $?
kill -0 $pid; echo $?; kill 0x 2>/dev/null; echo $?
sh -c 'echo $PPID' | awk -v p=$$ '{ print ($1 == p) }'; env -i A=1 B=2 env | sort; env A=3 sh -c 'echo $A'; time -p true 2>&1 | awk '{ print $1 }'
start-stop-daemon -S -b -m -p pidfile -x /proc/self/exe -- sleep 1000 2>/dev/null; tr '\0' ' ' <"/proc/$$/comm" | wc -l
taskset -p $$ | sed 's/[0-9].*//'; chrt -p $$ 2>/dev/null | wc -l; nproc | grep -c '[1-9]'
(for i in 1 2 3 4 5 6 7 8 9 10; do sh -c "exit $i" & done; wait; echo all); for i in $(seq 40); do sleep 0.01 & done; wait; echo done
seq 50 | xargs -P 8 -n 1 sh -c 'seq 1000 | awk "{ s += \$1 } END { print s }"' | sort | uniq -c | awk '{ print $1, $2 }'
trap 'echo child ended' CHLD; sleep 0.1 & wait $!; trap - CHLD; cat /proc/self/status | grep -c '^Name:'; ls /proc/self/fd | grep -c '^[012]$'
readlink /proc/self/cwd | sed 's|.*/||' | grep -c .; cat /proc/self/comm; [ -s /proc/self/maps ]; echo $?; pwdx 2>/dev/null; which sh | wc -l
usleep 1000; echo $?; sleep 0.05; watch 2>/dev/null; echo $?; id -u | grep -c '[0-9]'; logname >/dev/null 2>&1; tty; echo $?
