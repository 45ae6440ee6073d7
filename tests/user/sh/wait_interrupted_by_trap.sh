trap 'echo usr' USR1
(sleep 0.2; kill -USR1 $$) &
sleep 3 & p=$!
wait $p
echo $?
kill $p
