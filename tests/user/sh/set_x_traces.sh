set -x
x=1
echo $x
set +x
echo done
