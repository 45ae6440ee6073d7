echo 'a b c d' | { read x y z; echo "<$x><$y><$z>"; }
echo '  lead and trail  ' | { read x; echo "<$x>"; }
echo 'one' | { read x y; echo "<$x><$y>"; }
printf 'a\\ b c\n' | { read x y; echo "<$x><$y>"; }
printf 'a\\ b\n' | { read -r x; echo "<$x>"; }
