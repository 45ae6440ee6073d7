# ulimit
ulimit -n 50; ulimit -n; ulimit -Hn; ulimit -Sn
ulimit -S -n 40; ulimit -n; ulimit -H -n
ulimit -c 0; ulimit -c
ulimit -t unlimited; ulimit -t
ulimit -n 20
(ulimit -n 15; ulimit -n); ulimit -n
ulimit -f 8; ulimit -f; ulimit
ulimit -x
ulimit -n abc
echo $?
