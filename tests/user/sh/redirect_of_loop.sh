for i in 1 2 3; do echo $i; done >f
while read x; do echo "got $x"; done <f
while read x; do echo "p $x"; done <f | tail -n 1
