sleep 0.1 &
wait $!
echo $?
(exit 7) &
wait $!
echo $?
(sleep 0.1; echo late) &
wait
echo end
