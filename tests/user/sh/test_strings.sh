[ a = a ] && echo 1
[ a != b ] && echo 2
[ -z "" ] && echo 3
[ -n x ] && echo 4
[ x ] && echo 5
[ "" ] || echo 6
[ ! x ] || echo 7
[ -n ] && echo 8
[ = = = ] && echo 9
[ "(" = "(" ] && echo 10
[ ! = x ] || echo 11
test; echo $?
