echo $((echo a); (echo b))
echo $(((1)))
