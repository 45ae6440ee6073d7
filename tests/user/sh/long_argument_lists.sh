i=0 l=
while [ $i -lt 500 ]; do l="$l word$i"; i=$((i+1)); done
set -- $l
echo $# $1 ${500}
echo $l | wc -c
