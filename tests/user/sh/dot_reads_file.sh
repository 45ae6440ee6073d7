echo 'x=5; echo in file $1; return 3; echo never' >lib
. ./lib
echo $? $x
f() { . ./lib; echo $?; }
f arg
