printf 'a 1\nb 2\n' | while read n v; do
echo "$n=$v"
done
printf '3\n4\n' | { s=0; while read x; do s=$((s+x)); done; echo $s; }
