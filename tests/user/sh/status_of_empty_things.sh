false
x=1
echo $?
false
(true)
echo $?
false
>f
echo $?
