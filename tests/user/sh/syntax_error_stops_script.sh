echo one
if then
echo never
