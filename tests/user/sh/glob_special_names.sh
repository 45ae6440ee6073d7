touch 'a b' 'c*d' '[x]'
for i in *; do echo "<$i>"; done
echo c\**
echo "c*"*
echo \[*
