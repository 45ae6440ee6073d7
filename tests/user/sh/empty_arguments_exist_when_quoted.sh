set -- "" '' x
echo $#
e=
set -- $e "$e" ""$e
echo $#
