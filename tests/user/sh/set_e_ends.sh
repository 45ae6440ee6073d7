set -e
echo a
false || echo tested
if false; then :; fi
false && echo x
! true
echo b
false
echo never
