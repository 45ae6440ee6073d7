x=1
unset x
echo "<$x>" ${x-unset}
unset never
echo $?
