{ sleep 1; echo second; } &
echo first
wait
sh -c 'exit 4' & p=$!
wait $p
echo $?
wait 99999
echo $?
