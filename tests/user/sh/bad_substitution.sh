echo a
echo ${x!y}
echo never
