printf '%s\n' '$x `date` \n "q"'
echo 'a
b'
