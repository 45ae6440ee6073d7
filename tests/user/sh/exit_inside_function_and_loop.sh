f() { while true; do exit 9; done; }
(f)
echo $?
f
