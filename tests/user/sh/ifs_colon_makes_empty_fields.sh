IFS=:
x=a::b:c:
set -- $x
echo $#
for i; do echo "<$i>"; done
x=:a
set -- $x
echo $#
