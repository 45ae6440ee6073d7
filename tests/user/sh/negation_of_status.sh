! true
echo $?
! false
echo $?
if ! false; then echo yes; fi
