f() { while read l; do echo "[$l]"; done; }
printf '1\n2\n' | f
f <<E
x
y
E
