x=1
{ x=2; echo in; }
echo $x
{ echo a; echo b; } | cat
{ echo c
echo d; } >o
cat o
