set -e
(false; echo never) || echo no
x=$(echo a; false; echo never) || echo st $?
echo "$x"
(exit 3)
echo never
