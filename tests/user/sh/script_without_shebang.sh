echo 'echo script $1; exit 3' >s
chmod +x s
./s arg
echo $?
