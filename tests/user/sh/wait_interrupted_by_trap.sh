trap 'echo usr' USR1
(sleep 2; kill -USR1 $$) &
sleep 15 & p=$!
wait $p
echo $?
kill $p
