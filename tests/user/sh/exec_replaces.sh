(exec echo replaced; echo never)
exec >f
echo to file
exec >&2
cat f
