touch a1 a2
x='a*'
echo $x "$x"
y=$x
echo $y
set -f
echo $x
set +f
echo $x
