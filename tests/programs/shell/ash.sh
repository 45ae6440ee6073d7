# SPDX-License-Identifier: MIT
# The shell language: functions, loops, substitution, redirection, subshells, traps.
fib() { [ "$1" -lt 2 ] && echo "$1" && return; echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); }
fib 9
x=atlas.tar.gz; echo ${x%.*} ${x%%.*} ${x#*.} ${x##*.} ${#x} ${x/tar/zip} ${x:2:3} ${none:-default} ${x:+set}
set -- a 'b c' d; echo $# "$2"; shift; echo "$*"; for w; do echo "<$w>"; done
case $x in *.zip) echo zip;; atlas.*) echo atlas;; esac
i=0; while :; do i=$((i + 1)); [ $i = 3 ] && continue; [ $i -gt 5 ] && break; echo $i; done
until [ $i = 0 ]; do i=$((i - 1)); done; echo $((1 << 40)) $((0xff & ~3)) $((7 % 3 * -2)) $((5 > 3 ? 10 : 20))
cat <<END
value $x, sum $((2 + 3)), `echo old style`
END
cat <<'END'
nothing $expanded
END
while read -r first rest; do echo "$first/$rest"; done <<END
one two three
four
END
(cd / && pwd); x=inner; (x=changed); echo $x; { echo grouped; echo twice; } | wc -l
echo error >&2 2>/dev/null; echo both >both 2>&1; exec 4>fd; echo four >&4; exec 4>&-; cat fd both; ls /nosuch 2>/dev/null || echo no
trap 'echo leaving; rm -f fd' EXIT; trap 'echo usr1' USR1; kill -USR1 $$; trap '' TERM; kill -TERM $$; echo alive; trap - TERM
sh -c 'trap "echo caught; exit 7" TERM; kill -TERM $$; echo not here'; echo $?
sh -c 'kill -KILL $$'; echo $?; sh -c 'exit 300'; echo $?; false; echo $?; ! false; echo $?; nosuchprogram 2>/dev/null; echo $?
sleep 0.2 & first=$!; sh -c 'sleep 0.1; exit 5' & second=$!; wait $second; echo $?; wait $first; echo $?; wait; echo $?
begun() { until [ "$(cat /proc/$1/comm)" = sleep ]; do sleep 0.01; done; } # a shell's child may not take a signal before
sleep 1000 & begun $!; kill $!; wait $!; echo $?; sleep 1000 & kill -0 $! && kill -KILL $!; wait $!; echo $?
seq 10000 | head -n 1; seq 100000 | tail -n 1; yes | head -n 3 | wc -c; echo a b c | (read x y; echo "$y"); cat /etc/nosuch | wc -c 2>/dev/null
set -e; (false; echo not here) || echo failed; set +e; (exit 4); echo $?; eval 'echo eval $x'
while getopts ab:c opt -a -b value -c; do echo "$opt ${OPTARG-none}"; done
f() { local x=local; echo $x; }; f; echo $x; unset x; echo ${x-unset}; readonly r=1; (r=2) 2>/dev/null; echo $?
printf '%s\n' $(seq 5) | xargs -n 2 echo; printf '%s\n' 1 2 3 | xargs -I{} echo 'item {}'; seq 20 | xargs -P 4 -n 1 sh -c 'echo $0' | sort -n | tail -n 1
echo "$(echo "nested $(echo "deeper $(echo deepest)")")"; IFS=:; for p in $(echo a:b:c); do echo $p; done; unset IFS
umask 027; : >masked; stat -c %a masked; ulimit -n 64; ulimit -n; test -t 0; echo $?; time -f '' true; type cd
echo $(for i in 1 2 3 4 5 6 7 8; do (echo $i | cat | cat | cat) & wait; done)
n=0; for i in $(seq 150); do (exit 3); [ $? = 3 ] && n=$((n + 1)); /proc/self/exe true 2>/dev/null; done; echo $n
command -v sh >/dev/null; echo $?; alias hi='echo hello'; hi 2>/dev/null; . ./sourced 2>/dev/null; echo 'echo from a file' >sourced; . ./sourced
