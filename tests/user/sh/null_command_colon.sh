: anything $((x=4)) >f
echo $x
[ -f f ] && echo created
while :; do break; done
