i=0
while [ $i -lt 200 ]; do eval "v$i=$((i*i))"; i=$((i+1)); done
echo $v0 $v13 $v199
