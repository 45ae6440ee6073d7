a=1 b=$a c=$b
echo $a $b $c
a=x$(echo y)z
echo $a
e=
echo "<$e>"
