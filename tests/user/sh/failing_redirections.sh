# What cannot be done is told, and the command does not run.
echo z 99999>&1; echo $?
exec 9>out; echo a >&9; cat out
exec 9>&-; echo b 2>&9; echo $?
trap 'echo bye' EXIT
x=$(seq 3000); y=${x#*29}; echo ${#y}; y=${x##*9}; echo ${#y}; y=${x%%9*}; echo ${#y}; y=${x%1*}; echo ${#y}
exec /nonexistent/program
