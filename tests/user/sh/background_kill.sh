sleep 10 &
kill $!
wait $! 2>/dev/null
echo $?
kill -0 $! 2>/dev/null || echo gone
