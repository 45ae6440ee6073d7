x=1
sh -c 'echo "<$x>"'
export x
sh -c 'echo "<$x>"'
export y='a b'
sh -c 'echo "<$y>"'
unset x
sh -c 'echo "<$x>"'
v='p q'
export z=$v
echo "$z"
