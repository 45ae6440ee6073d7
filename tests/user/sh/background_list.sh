true & echo a; false & echo b
wait
echo c
