true && echo 1
false && echo 2
false || echo 3
true || echo 4
false && echo 5 || echo 6
true && false || echo 7
! true || echo 8
true &&
echo 9
