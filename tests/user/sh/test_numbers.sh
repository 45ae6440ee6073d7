[ 1 -eq 1 ] && [ 1 -ne 2 ] && [ 1 -lt 2 ] && [ 2 -le 2 ] && [ 3 -gt 2 ] && [ 3 -ge 3 ] && echo ok
[ -1 -lt 0 ] && echo neg
[ 010 -eq 10 ] && echo decimal
[ a -eq 1 ] 2>/dev/null
echo $?
