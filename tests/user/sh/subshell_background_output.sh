(echo a; sleep 0.05; echo b) | cat
{ echo c & wait; } | cat
