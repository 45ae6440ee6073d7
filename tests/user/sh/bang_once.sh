! false
echo $?
true | ! false
echo not reached
