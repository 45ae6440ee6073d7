[ a 2>/dev/null
echo $?
[ a b ] 2>/dev/null
echo $?
[ a -foo b ] 2>/dev/null
echo $?
