echo hello | tr a-z A-Z | cat
printf 'b\na\n' | sort | head -n 1
