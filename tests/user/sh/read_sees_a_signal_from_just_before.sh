# read: a signal with a trap ends it, also one that has come before it began to wait
sleep 1 | sh -c 'trap "echo caught" USR1; v=$(kill -USR1 $$) read x; echo $?'
