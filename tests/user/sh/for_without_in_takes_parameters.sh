set -- x 'y z'
for i; do echo "<$i>"; done
for i
do echo "$i"; done
for i in; do echo never; done
echo $i
