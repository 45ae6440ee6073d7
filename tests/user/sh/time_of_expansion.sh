x=a
x=b echo $x
f() { x=c; echo f; }
echo $x $(f) $x
f >/dev/null
echo $x
