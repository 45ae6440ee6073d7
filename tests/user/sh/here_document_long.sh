i=0
while [ $i -lt 300 ]; do echo "line $i of a long here-document that will not fit into a pipe"; i=$((i+1)); done >f
{ echo 'cat <<E | tail -n 2'; cat f; echo E; } >g
. ./g
cat <<E | wc -l
$(cat f)
E
