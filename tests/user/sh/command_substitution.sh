echo $(echo a b) "$(echo 'c   d')" `echo e`
x=$(printf 'l1\nl2\n\n\n')
echo "$x"
echo $x
