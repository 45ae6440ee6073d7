true | false
echo $?
false | true
echo $?
! false | false
echo $?
