set a b c
echo $# $1
set -- -x y
echo $1 $2
set --
echo $#
