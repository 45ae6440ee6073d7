x='a   b'
echo $x
set -- $x
echo $#
