f() { return 5; echo never; }
f
echo $?
g() { false; return; }
g
echo $?
h() { for i in 1 2 3; do [ $i = 2 ] && return 9; done; }
h; echo $? $i
