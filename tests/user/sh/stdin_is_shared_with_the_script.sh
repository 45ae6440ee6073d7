sh <<'E'
echo one
read x
this is data
echo "x=$x"
cat
rest
of it
E
