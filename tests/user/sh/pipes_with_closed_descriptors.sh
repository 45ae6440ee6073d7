# A pipe's ends may get the numbers of standard descriptors that the shell has closed.
exec 3<&0 4>&1 <&-
echo a | cat
echo b | { cat; } | cat
exec <&3 >&-
echo c | cat >&4
x=$(echo d); echo $x >&4
{ echo e | cat; } >&4
exec <&-
echo f | cat | cat >&4
