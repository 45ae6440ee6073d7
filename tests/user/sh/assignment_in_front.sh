x=1
x=2 sh -c 'echo $x'
echo $x
f() { echo $x; }
x=3 f
x=4 y=$x sh -c 'echo $x $y'
