# SPDX-License-Identifier: MIT
# The applets that look at the machine, its processes, disks and users, and those for files that `files` leaves out.
field() { awk -v n="$1" -v k="$2" '$1 == k { print $n }'; }
uname -s; hostname >/dev/null; echo $?; hostid >/dev/null; echo $?; date -u -d '2020-02-02 02:02:02' '+%s %A'; date +%Y | grep -c '^20'
free | awk 'NR == 1 { print NF } /^Mem:/ { print NF, ($2 >= $3 + $4), ($7 <= $2) }'; uptime | grep -c 'load average: '
df -k . | awk 'NR == 2 { print NF, ($2 >= $3 + $4) }'; df -i . | awk 'NR == 2 { print ($2 == $3 + $4) }'; df -h /dev/shm | awk 'NR == 2 { print $NF }'
mount | awk '$3 == "/" || $3 == "/proc" || $3 == "/dev/shm" { print $2, $3 }' | sort -u; stat -f -c %s .; sysctl -n kernel.ostype
stat -c '%F %t %T' /dev/null /dev/zero /dev/full /dev/urandom; [ -c /dev/tty ]; echo $?; ls -l /dev/null | cut -c1-10; echo full >/dev/full; echo $?
sleep 1000 & pid=$!; until [ "$(cat /proc/$pid/comm)" = sleep ]; do sleep 0.01; done
pidof sleep | tr ' ' '\n' | grep -c "^$pid$"; pidof nosuchprogram; echo $?; ps -o pid,ppid | field 2 $pid | grep -c "^$$\$"
own=$(ps -o pid,nice | field 2 $$) # the niceness of who runs this, perhaps not 0
ps -o pid,pgid,sid,stat,vsz,rss,nice,tty,comm | awk -v p=$pid -v own=$own '$1 == p { sub("N", "", $4); print ($2 > 0), ($3 > 0), $4, ($5 != ""), ($6 != ""), $7 - own, $NF }'
renice -n 5 -p $pid; echo $(($(ps -o pid,nice | field 2 $pid) - own)); taskset -p $pid | sed 's/[0-9a-f]*$//; s/^pid [0-9]*/pid/'
top -b -n1 | awk '$1 == "PID" { print $1, $2, $3, $4 }'; kill -STOP $pid; kill -CONT $pid; kill $pid; wait $pid; echo $?; killall nosuchprogram 2>/dev/null; echo $?
cat /proc/$pid/stat 2>/dev/null; echo $?; sh -c 'echo $(($$ == $(cut -d" " -f1 /proc/self/stat)))'; awk '/^(Pid|PPid|Threads):/ { print $1, NF }' /proc/self/status
(ulimit -f 1; head -c 100000 /dev/zero >big) 2>/dev/null; echo $?; stat -c %s big; (ulimit -t 1; while :; do :; done) 2>/dev/null; echo $?
id -u; id -g; setpriv --no-new-privs true; echo $?; nice -n 3 nice 2>/dev/null; nohup sh -c 'echo hung' 2>/dev/null; tty; stty 2>/dev/null; echo $?
chown 1:2 big; stat -c '%u %g' big; chgrp 3 big; stat -c '%u %g' big; chmod 6755 big; stat -c %a big; chown 4:5 big; stat -c %a big; echo x >>big; stat -c %a big
mknod node c 1 3; stat -c '%F %t %T' node; echo gone >node; cat node; mknod pipe p; stat -c %F pipe; ln -s loop loop; cat loop 2>/dev/null; echo $?
ln big hard; stat -c %h big; link big hard2; unlink hard; stat -c %h big; touch -d '2001-02-03 04:05:06' big; stat -c %Y big; [ big -ot node ]; echo $?
truncate -s 10K t; stat -c '%s %b' t; truncate -s 1 t; stat -c %s t; fallocate -l 20000 f; stat -c %s f; fallocate -o 30000 -l 1 f; stat -c %s f
ls -lan | awk 'NR > 1 { print $1, $2, $3, $4, $NF }' | grep -v ' \.\.*$' | sort -k5; ls -ln big | awk '{ print $3, $4, $5 }'; ls -lS | awk 'NR > 1 && NR < 5 { print $NF }'; ls -s t f | awk '{ print NF }'
tee copy <pipe >/dev/null & echo through >pipe; wait; cat copy; : >log; tail -f log >seen & t=$!; (sleep 0.2; echo late >>log) & until grep -q late seen; do sleep 0.1; done; kill $t; cat seen
find . -size +5k -exec stat -c '%n %s' {} \; | sort; find . -type p -o -type c | sort; find . -perm -4000; find . -user 4 | wc -l; find . -mmin -50 -type p; find / -xdev -maxdepth 1 -name etc
seq 3000 >n; find . -name n -o -name copy | sort | cpio -o -H newc 2>/dev/null >c.cpio; mkdir y; (cd y; cpio -i <../c.cpio 2>/dev/null; ls; cmp n ../n); tar cJf x.tar.xz n 2>/dev/null; xz -dc </dev/null 2>/dev/null; echo $?
cmp n copy; diff -q n copy; nl n | tail -n 1; sum n 2>/dev/null; sha512sum n | cut -c1-20; sha3sum n | cut -c1-20; od -An -tx2 n | head -n 1; hexdump -C n | sed -n 2p; xxd n | tail -n 1; head -c 5 n | base64; ts '' <copy | cut -c2-; tr -dc 1 <n | wc -c
timeout -s KILL 0.2 sleep 10; echo $?; usleep 10; time -f %x sh -c 'exit 4' 2>&1; expr 7 / 2; factor 84; echo '5 3 ^ p' | dc; cal 2 2000 | wc -l; which awk | wc -l; mkpasswd -m sha512 -S saltsalt word | cut -c1-20; printf '%s\n' b a | sort -c 2>/dev/null; echo $?; run-parts --test y 2>/dev/null | wc -l
mkdir z; (cd z; rmdir ../z; pwd | grep -c /z; ls -a | wc -l; (: >new) 2>/dev/null; echo $?); ls -d z 2>/dev/null; echo $?; head -c 70000 /dev/zero >swap; mkswap swap >/dev/null 2>&1; echo $?
