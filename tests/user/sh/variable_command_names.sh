c=echo
$c hi
c='echo two words'
$c
"$c" 2>/dev/null || echo nf
e=
$e echo skipped empty
