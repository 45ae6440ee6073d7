printf 'a\tb\n' | { IFS='	' read x y; echo "$x,$y"; }
IFS='
'
set -- $(printf 'l 1\nl 2\n')
echo $# "$1"
