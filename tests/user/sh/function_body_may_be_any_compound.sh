f() ( cd /; x=2; pwd )
x=1
f; echo $x
g() if true; then echo if; fi
g
h() { echo to file; } >out.txt
h; cat out.txt
