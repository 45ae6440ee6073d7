read x </dev/null
echo $? "<$x>"
printf 'noeol' | { read x; echo "$? <$x>"; }
printf 'a\nb\n' >f
{ read x; read y; read z; echo "$? $x $y"; } <f
