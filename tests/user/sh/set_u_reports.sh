set -u
x=1
echo $x ${y-def} "$#"
echo $y
echo never
