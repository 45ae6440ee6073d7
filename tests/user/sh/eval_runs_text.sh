x='echo hi; y=2'
eval $x
echo $y
eval 'a=1;' 'b=2'
echo $a $b
eval
echo $?
eval 'false'
echo $?
n=y
eval echo \$$n
eval "z=\$$n"
echo $z
